/**
 * The bus between processes, over NATS: core publish and subscribe for events, request and reply for questions to the
 * process that runs a turn. Readers in this process are served without a detour, and one subscription a task serves them
 * all. Nothing here is durable, and nothing has to be.
 */
import type { Msg } from '@nats-io/transport-node'
import type { Position } from '../../a2a/cursor.js'
import type { Logger } from '../../internal/logger.js'
import type { TurnPicture } from '../../task/turn-picture.js'
import type { EventBus, SubscribeOptions, Subscription, TurnOwner } from '../event-bus.js'
import { InProcessBus } from '../in-process-bus.js'
import type { LiveEvent } from '../live-event.js'
import { Lingering } from './lingering.js'
import { NatsLink } from './link.js'
import type { NatsOptions } from './options.js'
import { type Subjects, subjectsOf } from './subjects.js'
import {
  decodeEvent,
  decodeEvents,
  decodePicture,
  decodeQuestion,
  encodeEvent,
  encodeEvents,
  encodeLost,
  encodePicture,
  encodeQuestion,
} from './wire.js'

export interface NatsBusOptions extends NatsOptions {
  /** Processes of the same namespace hear each other. */
  readonly namespace: string
  readonly logger: Logger
}

/** How long the owner of a turn may take to answer, in milliseconds. Without an answer the last checkpoint is read. */
const ANSWER_MS = 250

/** How long after a turn its events are told to those who come back, in milliseconds, and of how many tasks. */
const REMEMBERED_MS = 60_000
const MAX_REMEMBERED = 10_000

export class NatsBus implements EventBus {
  private readonly local = new InProcessBus()
  private readonly namespace: string
  private readonly logger: Logger
  private readonly listening = new Map<string, { readonly readers: Set<Subscription>; readonly stop: () => void }>()
  /** Tasks whose turns ran here, of which others may have missed something. */
  private readonly remembered = new Lingering(
    (key) => this.link.subscribe(this.subjects(key).recent, (question) => void this.tellMissed(key, question)),
    REMEMBERED_MS,
    MAX_REMEMBERED,
  )
  private link!: NatsLink

  private constructor({ namespace, logger }: NatsBusOptions) {
    this.namespace = namespace
    this.logger = logger
  }

  /** @throws NatsConfigError the options make no sense, or the server refuses the credentials */
  static async open(options: NatsBusOptions): Promise<NatsBus> {
    const bus = new NatsBus(options)
    bus.link = await NatsLink.open({
      nats: options,
      logger: options.logger,
      // Whatever was said meanwhile, nobody here has heard it.
      onChange: () => bus.local.nudge(),
    })
    return bus
  }

  get hearsOthers(): boolean {
    return this.link.connected
  }

  publish(event: LiveEvent): void {
    this.local.publish(event)
    const { events } = this.subjects(event.key)
    const sent = this.link.publish(events, encodeEvent(event))
    if (sent !== 'too-large') return
    // A reader can do without the task, which it finds by looking, but not without knowing that it has to look.
    const { task: _, ...rest } = event
    if (event.task !== undefined && this.link.publish(events, encodeEvent(rest)) !== 'too-large') return
    this.link.publish(events, encodeLost())
  }

  subscribe(key: string, options?: SubscribeOptions): Subscription {
    const subscription = this.local.subscribe(key, options)
    const known = this.listening.get(key)
    if (known === undefined) {
      const stop = this.link.subscribe(this.subjects(key).events, ({ data }) => this.receive(key, data))
      this.listening.set(key, { readers: new Set([subscription]), stop })
    } else {
      known.readers.add(subscription)
    }
    return subscription
  }

  unsubscribe(key: string, subscription: Subscription): void {
    this.local.unsubscribe(key, subscription)
    const known = this.listening.get(key)
    known?.readers.delete(subscription)
    if (known === undefined || known.readers.size > 0) return
    known.stop()
    this.listening.delete(key)
  }

  own(key: string, owner: TurnOwner): () => void {
    const disown = this.local.own(key, owner)
    const stop = this.link.subscribe(this.subjects(key).owner, (question) => this.answer(owner, question))
    const release = this.remembered.hold(key)
    return () => {
      stop()
      disown()
      release()
    }
  }

  async request(key: string): Promise<TurnPicture | undefined> {
    const here = await this.local.request(key)
    if (here !== undefined) return here
    const answer = await this.link.request(this.subjects(key).owner, encodeQuestion({ ask: 'picture' }), ANSWER_MS)
    return answer === undefined ? undefined : decodePicture(answer)
  }

  async missed(key: string, after: Position): Promise<readonly LiveEvent[]> {
    const here = await this.local.missed(key, after)
    if (here.length > 0) return here
    const question = encodeQuestion({ ask: 'missed', after })
    const answer = await this.link.request(this.subjects(key).recent, question, ANSWER_MS)
    return answer === undefined ? [] : decodeEvents(key, answer)
  }

  cancel(key: string): void {
    this.local.cancel(key)
    this.link.publish(this.subjects(key).owner, encodeQuestion({ ask: 'cancel' }))
  }

  async close(): Promise<void> {
    this.remembered.close()
    await this.link.close()
    await this.local.close()
  }

  private subjects(key: string): Subjects {
    return subjectsOf(this.namespace, key)
  }

  /** Several may have run turns of the task: those who have nothing to tell leave the answer to the others. */
  private async tellMissed(key: string, { data, reply }: Msg): Promise<void> {
    const question = decodeQuestion(data)
    if (question?.ask !== 'missed' || !reply) return
    const events = await this.local.missed(key, question.after)
    if (events.length > 0) this.link.publish(reply, encodeEvents(events, this.link.maxPayload))
  }

  private receive(key: string, data: Uint8Array): void {
    const received = decodeEvent(key, data)
    if (received === 'lost') this.local.nudge(key)
    else if (received !== undefined) this.local.publish(received)
    else this.logger.debug({ key, bytes: data.length }, 'a message on the bus is no event of its task')
  }

  private answer(owner: TurnOwner, { data, reply }: Msg): void {
    const question = decodeQuestion(data)
    if (question?.ask === 'cancel') owner.cancelHint()
    if (question?.ask !== 'picture' || !reply) return
    // Too large a picture is not sent: the checkpoint shows the same a little later.
    if (this.link.publish(reply, encodePicture(owner.picture())) === 'too-large') {
      this.link.publish(reply, encodePicture(undefined))
    }
  }
}
