/** Where the fields of a REST request come from: its path first, then its body, and the query for what the body has no place for. */
import type { JsonObject } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import { restTarget } from '../../../src/bindings/rest/targets.js'

const CREATE = '/v1/tasks/t/pushNotificationConfigs'
const hook = { pushNotificationConfig: { url: 'https://example.com/hook' } }

function requestOf(query: string, body: JsonObject): JsonObject {
  const target = restTarget('0.3', 'POST', CREATE)
  if (target === undefined || 'allow' in target) throw new Error('nothing is served there')
  const { method, json } = target.read(new URLSearchParams(query), body)
  return target.request(method, json)
}

describe('a webhook of 0.3 over REST', () => {
  it.each([
    ['the field alone, its id in the query', 'configId=mine', hook],
    ['the field alone, its id in the query in snake_case', 'config_id=mine', hook],
    ['the whole request', '', { config: hook, configId: 'mine' }],
    ['the whole request with another parent than the path', '', { parent: 'tasks/t', config: hook, config_id: 'mine' }],
    ['the whole request for another task', '', { parent: 'tasks/other', config: hook, config_id: 'mine' }],
  ])('comes as %s', (_, query, body) => {
    expect(requestOf(query, body)).toEqual({ taskId: 't', id: 'mine', url: 'https://example.com/hook' })
  })
})
