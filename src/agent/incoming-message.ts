/** The message a handler is given: the parts sorted by kind, and the Message itself. */
import type { JsonValue } from '@bufbuild/protobuf'
import type { MessageJson, PartJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { textOf } from '../a2a/parts.js'

/** A file of the message: its bytes, or where they are. */
export interface IncomingFile {
  readonly name?: string
  readonly mediaType?: string
  /** Where the file is, when the caller sent a reference. Never fetched by us. */
  readonly url?: string
  /** The bytes, when the caller sent them. */
  readonly bytes?: Uint8Array
}

/** The message that a handler answers. */
export interface IncomingMessage {
  /** All text parts, joined. Empty when there are none. */
  readonly text: string
  readonly files: readonly IncomingFile[]
  /** The first data part; undefined when there is none. */
  readonly data: JsonValue | undefined
  readonly parts: readonly PartJson[]
  readonly messageId: string
  /** The message's own metadata; the request's is `ctx.metadata`. */
  readonly metadata: NonNullable<MessageJson['metadata']>
  /** The Message as ProtoJSON. */
  readonly raw: MessageJson
}

export function incomingMessage(raw: MessageJson): IncomingMessage {
  return new MessageView(raw)
}

class MessageView implements IncomingMessage {
  readonly raw: MessageJson

  constructor(raw: MessageJson) {
    this.raw = raw
  }

  get text(): string {
    return textOf(this.raw.parts)
  }

  get files(): IncomingFile[] {
    return this.parts.filter((part) => part.raw !== undefined || part.url !== undefined).map(toFile)
  }

  get data(): JsonValue | undefined {
    return this.parts.find((part) => part.data !== undefined)?.data
  }

  get parts(): readonly PartJson[] {
    return this.raw.parts ?? []
  }

  get messageId(): string {
    return this.raw.messageId ?? ''
  }

  get metadata(): NonNullable<MessageJson['metadata']> {
    return this.raw.metadata ?? {}
  }
}

function toFile({ filename, mediaType, url, raw }: PartJson): IncomingFile {
  return {
    ...(filename === undefined ? {} : { name: filename }),
    ...(mediaType === undefined ? {} : { mediaType }),
    ...(url === undefined ? {} : { url }),
    ...(raw === undefined ? {} : { bytes: Uint8Array.from(atob(raw), (char) => char.charCodeAt(0)) }),
  }
}
