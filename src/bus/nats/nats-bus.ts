/**
 * The bus between processes, over NATS: core publish and subscribe for events, request and reply for questions to the
 * process that runs a turn. Readers in this process are served without a detour, and one subscription a task serves them
 * all. Nothing here is durable, and nothing has to be.
 */
import type { Msg } from '@nats-io/transport-node'
import type { Position } from '../../a2a/cursor.js'
import type { Logger } from '../../internal/logger.js'
import { mapPicture } from '../../task/large-records.js'
import { contentLength, KnownValues, type LargeValueStore, mapEvent } from '../../task/large-values.js'
import type { TurnPicture } from '../../task/turn-picture.js'
import type { EventBus, SubscribeOptions, Subscription, TurnOwner } from '../event-bus.js'
import { InProcessBus } from '../in-process-bus.js'
import type { LiveEvent } from '../live-event.js'
import { InOrder } from './in-order.js'
import { Lingering } from './lingering.js'
import { NatsLink } from './link.js'
import type { NatsOptions } from './options.js'
import { type Subjects, subjectsOf } from './subjects.js'
import {
  decodeEvent,
  decodeEvents,
  decodePicture,
  decodeQuestion,
  decodeStoredEvent,
  decodeStoredPicture,
  encodeEvent,
  encodeEvents,
  encodeLost,
  encodePicture,
  encodeQuestion,
  encodeStored,
  isStored,
} from './wire.js'

export interface NatsBusOptions extends NatsOptions {
  /** Processes of the same namespace hear each other. */
  readonly namespace: string
  readonly logger: Logger
  /** Takes what is too large for a message on its way to other processes. */
  readonly largeValues: LargeValueStore
}

/** How long the owner of a turn may take to answer, in milliseconds. Without an answer the last checkpoint is read. */
const ANSWER_MS = 250

/** How long after a turn its events are told to those who come back, in milliseconds, and of how many tasks. */
const REMEMBERED_MS = 60_000
const MAX_REMEMBERED = 10_000

/** Events of one task that wait behind a large one; with more, readers get a Task in their place. */
const MAX_WAITING = 1_024
/** How long a stop waits for large events that are on their way, in milliseconds. */
const CLOSE_MS = 1_000

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
  private readonly outgoing = new InOrder(MAX_WAITING, (key) => this.sendLost(key))
  private readonly incoming = new InOrder(MAX_WAITING, (key) => this.local.nudge(key))
  /** Of tasks whose turns run here: what others have been told of them. */
  private readonly told = new Map<string, KnownValues>()
  private readonly largeValues: LargeValueStore
  private link!: NatsLink

  private constructor({ namespace, logger, largeValues }: NatsBusOptions) {
    this.namespace = namespace
    this.logger = logger
    this.largeValues = largeValues
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
    this.outgoing.run(event.key, () => this.send(event))
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
    const stop = this.link.subscribe(this.subjects(key).owner, (question) => void this.answer(key, owner, question))
    const release = this.remembered.hold(key)
    this.told.set(key, new KnownValues())
    return () => {
      stop()
      this.told.delete(key)
      disown()
      release()
    }
  }

  async request(key: string): Promise<TurnPicture | undefined> {
    const here = await this.local.request(key)
    if (here !== undefined) return here
    const answer = await this.link.request(this.subjects(key).owner, encodeQuestion({ ask: 'picture' }), ANSWER_MS)
    if (answer === undefined) return undefined
    if (!isStored(answer)) return decodePicture(answer)
    const stored = decodeStoredPicture(answer)
    // Where the store does not answer, the last checkpoint is read: it says so.
    return stored === undefined ? undefined : this.largeValues.putBack(stored, mapPicture).catch(() => undefined)
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
    await this.outgoing.settled(CLOSE_MS)
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

  private send(event: LiveEvent): Promise<void> | undefined {
    const { events } = this.subjects(event.key)
    if (!this.link.connected) return undefined
    // A reader can do without the task, which it finds by looking.
    const { task, ...rest } = event
    const small = event.bytes <= this.link.maxPayload
    if (small && task !== undefined && this.link.publish(events, encodeEvent(event)) !== 'too-large') return undefined
    if (small && this.link.publish(events, encodeEvent(rest)) !== 'too-large') return undefined
    return this.sendStored(rest)
  }

  /** With references in place of large values. */
  private async sendStored(event: LiveEvent): Promise<void> {
    const { key } = event
    const stored = await this.largeValues.takeOut(key, event.event, mapEvent, this.told.get(key))
    const sent = this.link.publish(this.subjects(key).events, encodeStored(stored, event))
    if (sent === 'too-large') this.sendLost(key)
  }

  /** Readers elsewhere have to know that there is something to look at. */
  private sendLost(key: string): void {
    this.link.publish(this.subjects(key).events, encodeLost())
  }

  private receive(key: string, data: Uint8Array): void {
    this.incoming.run(key, () => {
      if (isStored(data)) return this.receiveStored(key, data)
      const received = decodeEvent(key, data)
      if (received === 'lost') this.local.nudge(key)
      else this.hear(key, received, data.length)
      return undefined
    })
  }

  private async receiveStored(key: string, data: Uint8Array): Promise<void> {
    const stored = decodeStoredEvent(key, data)
    if (stored === undefined) return this.hear(key, undefined, data.length)
    const event = await this.largeValues.putBack(stored.event, mapEvent)
    this.hear(key, { ...stored, event, bytes: stored.bytes + contentLength(event, mapEvent) }, data.length)
  }

  private hear(key: string, event: LiveEvent | undefined, bytes: number): void {
    if (event !== undefined) this.local.publish(event)
    else this.logger.debug({ key, bytes }, 'a message on the bus is no event of its task')
  }

  private async answer(key: string, owner: TurnOwner, { data, reply }: Msg): Promise<void> {
    const question = decodeQuestion(data)
    if (question?.ask === 'cancel') owner.cancelHint()
    if (question?.ask !== 'picture' || !reply) return
    const picture = owner.picture()
    if (contentLength(picture, mapPicture) <= this.link.maxPayload) {
      if (this.link.publish(reply, encodePicture(picture)) !== 'too-large') return
    }
    // Where that does not work either, the checkpoint shows the same a little later.
    const stored = await this.storedPicture(key, picture).catch(() => undefined)
    if (stored === undefined || this.link.publish(reply, stored) === 'too-large') {
      this.link.publish(reply, encodePicture(undefined))
    }
  }

  private async storedPicture(key: string, picture: TurnPicture | undefined): Promise<Uint8Array | undefined> {
    if (picture === undefined) return undefined
    const { turn, attempt, seq, status, artifacts } = picture
    const said = { turn, attempt, seq, artifacts, ...(status === undefined ? {} : { status }) }
    return encodeStored(await this.largeValues.takeOut(key, said, mapPicture, this.told.get(key)))
  }
}
