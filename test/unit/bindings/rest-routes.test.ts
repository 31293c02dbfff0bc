import { describe, expect, it } from 'vitest'
import { parseTemplate } from '../../../src/bindings/rest/path-template.js'
import { createRestRouter, restRoutes } from '../../../src/bindings/rest/routes.js'

const route = createRestRouter()

function found(method: string, path: string): string | undefined {
  const match = route(method, path)
  if (match === undefined || 'allow' in match) return match?.allow.join()
  return `${match.route.method.name} ${JSON.stringify(match.variables)}`
}

describe('REST routes', () => {
  it('are those of the schema, with POST beside GET for subscribe', () => {
    expect(restRoutes()).toHaveLength(24)
  })

  it.each([
    ['POST', '/message:send', 'SendMessage {}'],
    ['POST', '/acme/message:stream', 'SendStreamingMessage {"tenant":"acme"}'],
    ['GET', '/tasks/t1', 'GetTask {"id":"t1"}'],
    ['GET', '/tasks', 'ListTasks {}'],
    ['GET', '/acme/tasks', 'ListTasks {"tenant":"acme"}'],
    ['POST', '/tasks/a:b:cancel', 'CancelTask {"id":"a:b"}'],
    ['GET', '/tasks/a:b', 'GetTask {"id":"a:b"}'],
    ['GET', '/tasks/x:subscribe', 'SubscribeToTask {"id":"x"}'],
    ['POST', '/tasks/x:subscribe', 'SubscribeToTask {"id":"x"}'],
    ['GET', '/tasks/a%2Fb%20c', 'GetTask {"id":"a/b c"}'],
    [
      'DELETE',
      '/acme/tasks/t/pushNotificationConfigs/c',
      'DeleteTaskPushNotificationConfig {"tenant":"acme","task_id":"t","id":"c"}',
    ],
    ['GET', '/extendedAgentCard', 'GetExtendedAgentCard {}'],
    ['GET', '/tasks/%zz', undefined],
    ['GET', '/tasks/..', undefined],
    ['GET', '/a/b/c/d/e', undefined],
    ['PUT', '/tasks/t1', 'GET'],
  ])('%s %s', (method, path, expected) => {
    expect(found(method, path)).toBe(expected)
  })

  it('refuse templates they do not understand when they are made', () => {
    expect(() => parseTemplate('/a/{b=**}')).toThrow('not supported')
  })
})
