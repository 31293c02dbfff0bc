/** The message as a class's handlers get it. */
import type { JsonValue } from '@bufbuild/protobuf'
import type { MessageJson, PartJson } from '../../../gen/lf/a2a/v1/a2a_pb.js'
import { type IncomingFile, type IncomingMessage, incomingMessage } from '../incoming-message.js'

/** The message that a method of an agent class answers. */
export class Message {
  private readonly view: IncomingMessage

  /** @param raw the Message as ProtoJSON */
  constructor(raw: MessageJson) {
    this.view = incomingMessage(raw)
  }

  /** A message of a caller with this text, for tests and for handlers that call each other. */
  static text(text: string, metadata?: NonNullable<MessageJson['metadata']>): Message {
    return new Message({
      messageId: globalThis.crypto.randomUUID(),
      role: 'ROLE_USER',
      parts: [{ text }],
      ...(metadata === undefined ? {} : { metadata }),
    })
  }

  /** All text parts, joined. Empty when there are none. */
  get text(): string {
    return this.view.text
  }

  get files(): readonly IncomingFile[] {
    return this.view.files
  }

  /** The first data part; undefined when there is none. */
  data(): JsonValue | undefined {
    return this.view.data
  }

  get parts(): readonly PartJson[] {
    return this.view.parts
  }

  get messageId(): string {
    return this.view.messageId
  }

  get metadata(): NonNullable<MessageJson['metadata']> {
    return this.view.metadata
  }

  /** The Message as ProtoJSON. */
  get raw(): MessageJson {
    return this.view.raw
  }
}
