/** The bus of one process, which keeps what was published. */
import type { StreamResponseJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { InProcessBus } from '../bus/in-process-bus.js'
import type { LiveEvent } from '../bus/live-event.js'

export class RecordingBus extends InProcessBus {
  private readonly published = new Map<string, StreamResponseJson[]>()
  /** How many events there were, of all tasks. */
  count = 0

  override publish(event: LiveEvent): void {
    this.count += 1
    this.eventsOf(event.key).push(event.event)
    super.publish(event)
  }

  /** The events of a task, oldest first. */
  eventsOf(key: string): StreamResponseJson[] {
    const events = this.published.get(key) ?? []
    this.published.set(key, events)
    return events
  }
}
