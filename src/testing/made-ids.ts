/** Ids that are the same in every run of a test. */
import { createSecrets } from '../server/secrets.js'
import type { Secrets } from '../service/ports.js'

export class MadeIds implements Secrets {
  private readonly secrets = createSecrets(new Uint8Array(32))
  private made = 0
  readonly taskIdFor = this.secrets.taskIdFor
  readonly fingerprint = this.secrets.fingerprint
  readonly seal = this.secrets.seal
  readonly open = this.secrets.open

  /** A UUID (version 8, RFC 9562) that counts in its first digits. */
  newTaskId(): string {
    this.made += 1
    return `${this.made.toString(16).padStart(8, '0')}-0000-8000-8000-000000000000`
  }

  newMessageId(): string {
    return this.newTaskId()
  }
}
