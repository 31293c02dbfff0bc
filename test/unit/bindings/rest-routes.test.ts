import { describe, expect, it } from 'vitest'
import { A2AService as OldService } from '../../../gen/a2a/v1/a2a_pb.js'
import { A2AService } from '../../../gen/lf/a2a/v1/a2a_pb.js'
import { parseTemplate } from '../../../src/bindings/rest/path-template.js'
import { createRouter, restRoutes } from '../../../src/bindings/rest/routes.js'

const route = createRouter(restRoutes(A2AService))

const oldRoute = createRouter(restRoutes(OldService))

function found(method: string, path: string, router = route): string | undefined {
  const match = router(method, path)
  if (match === undefined || 'allow' in match) return match?.allow.join()
  return `${match.route.method.name} ${JSON.stringify(match.variables)}`
}

describe('REST routes', () => {
  it('are those of the schema, with POST beside GET for subscribe', () => {
    expect(restRoutes(A2AService)).toHaveLength(24)
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

  it.each([
    ['POST', '/v1/message:send', 'SendMessage {}'],
    ['GET', '/v1/tasks/t%2F1', 'GetTask {"name":"tasks/t/1"}'],
    ['POST', '/v1/tasks/t1:cancel', 'CancelTask {"name":"tasks/t1"}'],
    ['GET', '/v1/tasks/t1:subscribe', 'TaskSubscription {"name":"tasks/t1"}'],
    ['POST', '/v1/tasks/t1:subscribe', 'TaskSubscription {"name":"tasks/t1"}'],
    [
      'POST',
      '/v1/tasks/t1/pushNotificationConfigs',
      'CreateTaskPushNotificationConfig {"parent":"tasks/t1/pushNotificationConfigs"}',
    ],
    ['GET', '/v1/tasks/t1/pushNotificationConfigs', 'ListTaskPushNotificationConfig {"parent":"tasks/t1"}'],
    [
      'GET',
      '/v1/tasks/t1/pushNotificationConfigs/c1',
      'GetTaskPushNotificationConfig {"name":"tasks/t1/pushNotificationConfigs/c1"}',
    ],
    [
      'DELETE',
      '/v1/tasks/t1/pushNotificationConfigs/c1',
      'DeleteTaskPushNotificationConfig {"name":"tasks/t1/pushNotificationConfigs/c1"}',
    ],
    ['GET', '/v1/card', 'GetAgentCard {}'],
    ['GET', '/tasks/t1', undefined],
  ])('0.3: %s %s', (method, path, expected) => {
    expect(found(method, path, oldRoute)).toBe(expected)
  })

  it('refuse templates they do not understand when they are made', () => {
    for (const template of ['/a/{b=**}', '/a/*', '/a/{b', 'a', '/{a=b/{c}}']) {
      expect(() => parseTemplate(template)).toThrow('not supported')
    }
  })
})
