/** Translations there and back, over messages made at random from both schemas. */

import { StreamResponse } from '@a2a-js/sdk'
import { legacyPushNotificationToV1StreamResponse } from '@a2a-js/sdk/compat/v0_3'
import { type DescMessage, fromJson, type JsonObject, type JsonValue, toJson } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import * as old from '../../../../gen/a2a/v1/a2a_pb.js'
import * as v1 from '../../../../gen/lf/a2a/v1/a2a_pb.js'
import * as kindFrom from '../../../../src/bindings/dialects/v0_3/json/from-v1.js'
import * as kindTo from '../../../../src/bindings/dialects/v0_3/json/to-v1.js'
import * as protoFrom from '../../../../src/bindings/dialects/v0_3/proto/from-v1.js'
import * as protoTo from '../../../../src/bindings/dialects/v0_3/proto/to-v1.js'
import { arbitraryJson } from '../../../support/arbitrary-json.js'
import { fc } from '../../../support/property.js'

const RUNS = { numRuns: 100 }

function normal(desc: DescMessage, json: JsonValue): JsonObject {
  return toJson(desc, fromJson(desc, json)) as JsonObject
}

/** Every object in the JSON, changed from the inside out; what structs and values hold is left alone. */
function everywhere(json: JsonValue, change: (object: JsonObject) => JsonObject): JsonValue {
  if (Array.isArray(json)) return json.map((item) => everywhere(item, change))
  if (typeof json !== 'object' || json === null) return json
  return change(
    Object.fromEntries(
      Object.entries(json).map(([name, value]) => [
        name,
        name === 'metadata' || name === 'data' ? value : everywhere(value as JsonValue, change),
      ]),
    ),
  )
}

/** What has no place in 0.3: of parts that are no files, the name and the media type. */
function withoutLost(json: JsonObject): JsonObject {
  const { mediaType: _, filename: __, ...part } = json
  return 'text' in json || 'data' in json ? part : json
}

function withoutReferences({ referenceTaskIds: _, ...json }: JsonObject): JsonObject {
  return json
}

/** Not itself wrapped data, which could not be told from what is wrapped on the way. */
function isUnmarked(json: JsonValue): boolean {
  return !JSON.stringify(json).includes('data_part_compat')
}

describe('1.0 in the words of 0.3 and back', () => {
  it.each([
    ['Task', v1.TaskSchema, kindFrom.taskFromV1, kindTo.taskToV1],
    ['Message', v1.MessageSchema, kindFrom.messageFromV1, kindTo.messageToV1],
    ['Artifact', v1.ArtifactSchema, kindFrom.artifactFromV1, kindTo.artifactToV1],
    [
      'StreamResponse',
      v1.StreamResponseSchema,
      (event: JsonObject) => kindFrom.eventFromV1(event, false),
      kindTo.eventToV1,
    ],
  ] as const)('%s, with kinds', (_, desc, from, to) => {
    fc.assert(
      fc.property(arbitraryJson(desc as DescMessage).filter(isUnmarked), (json) => {
        const there = from(json) as JsonObject
        expect(normal(desc, to(there))).toEqual(normal(desc, everywhere(json, withoutLost)))
      }),
      RUNS,
    )
  })

  it.each([
    ['Task', v1.TaskSchema, old.TaskSchema, protoFrom.taskFromV1, protoTo.taskToV1],
    ['Message', v1.MessageSchema, old.MessageSchema, protoFrom.messageFromV1, protoTo.messageToV1],
    ['Artifact', v1.ArtifactSchema, old.ArtifactSchema, protoFrom.artifactFromV1, protoTo.artifactToV1],
    [
      'StreamResponse',
      v1.StreamResponseSchema,
      old.StreamResponseSchema,
      (event: JsonObject) => protoFrom.eventFromV1(event, true),
      protoTo.eventToV1,
    ],
  ] as const)('%s, in the schema of 0.3', (_, desc, oldDesc, from, to) => {
    fc.assert(
      fc.property(arbitraryJson(desc as DescMessage).filter(isUnmarked), (json) => {
        // Only what the schema of 0.3 takes can be sent.
        const there = normal(oldDesc, from(json))
        const back = normal(desc, to(there))
        const kept = everywhere(json, (object) => withoutReferences(withoutLost(object)))
        expect(back).toEqual(normal(desc, kept))
      }),
      RUNS,
    )
  })
})

describe('0.3 in the words of 1.0 and back', () => {
  it.each([
    ['Task', old.TaskSchema, v1.TaskSchema, protoTo.taskToV1, protoFrom.taskFromV1],
    ['Message', old.MessageSchema, v1.MessageSchema, protoTo.messageToV1, protoFrom.messageFromV1],
    ['Artifact', old.ArtifactSchema, v1.ArtifactSchema, protoTo.artifactToV1, protoFrom.artifactFromV1],
  ] as const)('%s', (_, oldDesc, desc, to, from) => {
    fc.assert(
      fc.property(
        arbitraryJson(oldDesc as DescMessage)
          .filter(isUnmarked)
          .filter(hasContent),
        (json) => {
          const there = normal(desc, to(json))
          expect(normal(oldDesc, from(there))).toEqual(json)
        },
      ),
      RUNS,
    )
  })

  it('requests: the operation is asked for the same', () => {
    const text = fc.string({ minLength: 1, maxLength: 8 }).filter((value) => !value.includes('/'))
    fc.assert(
      fc.property(text, text, (taskId, id) => {
        const name = `tasks/${taskId}/pushNotificationConfigs/${id}`
        expect(protoTo.configNameToV1({ name })).toEqual({ taskId, id })
        expect(protoFrom.taskPushConfigFromV1({ taskId, id, url: 'u' }).name).toBe(name)
        expect(protoTo.taskNameToV1({ name: `tasks/${taskId}` })).toEqual({ id: taskId })
      }),
      RUNS,
    )
  })
})

describe('another library', () => {
  it('reads our events of 0.3 as the events of 1.0 that they were', () => {
    const event = arbitraryJson(v1.StreamResponseSchema, 4).filter(isUnmarked)
    fc.assert(
      fc.property(event, (json) => {
        // A task of ours always has a context.
        const full = everywhere(json, (object) =>
          withoutLost('status' in object && 'id' in object ? { contextId: 'c', ...object } : object),
        ) as JsonObject
        const read = legacyPushNotificationToV1StreamResponse(kindFrom.eventFromV1(full, true))
        const theirs = normal(v1.StreamResponseSchema, StreamResponse.toJSON(read) as JsonValue)
        expect(theirs).toEqual(normal(v1.StreamResponseSchema, full))
      }),
      RUNS,
    )
  })
})

/** Empty messages and no messages are one and the same in JSON. */
function hasContent(json: JsonObject): boolean {
  return !JSON.stringify(json).includes('{}')
}
