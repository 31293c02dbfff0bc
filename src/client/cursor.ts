/** The place of an event in its task's life, as our servers give it: opaque here, only handed back. */
import type { JsonObject } from '@bufbuild/protobuf'
import type { StreamResponseJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { CURSOR_EXTENSION } from '../a2a/cursor-text.js'
import type { StreamItem } from './transport.js'

export interface PlacedEvent {
  readonly event: StreamResponseJson
  readonly cursor: string | undefined
}

/** The event as its agent made it, and its cursor apart. */
export function takeCursor({ event, id }: StreamItem): PlacedEvent {
  const [kind, inner] = Object.entries(event)[0] as [keyof StreamResponseJson, { metadata?: JsonObject }]
  const cursor = inner.metadata?.[CURSOR_EXTENSION]
  if (cursor === undefined) return { event, cursor: id === '' ? undefined : id }
  const { [CURSOR_EXTENSION]: _, ...metadata } = inner.metadata ?? {}
  const { metadata: __, ...rest } = inner
  const bare = Object.keys(metadata).length === 0 ? rest : { ...rest, metadata }
  return { event: { [kind]: bare }, cursor: typeof cursor === 'string' ? cursor : id }
}
