/** What clients do during a run: kinds of tasks in fixed shares, each with the outcome it must have. */
import { setTimeout as delay } from 'node:timers/promises'
import { booked, helped, said, script } from '../agents/script.js'
import { CANCELED, COMPLETED, follower, INPUT_REQUIRED, plan, planTold } from '../cells/cell.js'
import type { Site } from '../processes/site.js'
import type { Random } from './random.js'

export interface Kind {
  readonly name: string
  /** Part of all tasks, in percent. */
  readonly share: number
  run(site: Site, label: string, urls: readonly string[], random: Random): Promise<unknown>
}

/** A task may see several kills, each of which costs a heartbeat timeout and a retry. */
const DEADLINE_MS = 240_000

const options = (urls: readonly string[]) => ({ urls, deadlineMs: DEADLINE_MS })

export const KINDS: readonly Kind[] = [
  {
    name: 'stream',
    share: 20,
    async run(site, label, urls, random) {
      const count = 5 + random.int(60)
      planTold(site, label, count)
      await follower(site, label, { ...options(urls), wire: random.pick(['jsonrpc', 'rest']) }).say(
        script.tell(count, random.int(80)),
      )
    },
  },
  {
    name: 'two readers',
    share: 10,
    async run(site, label, urls, random) {
      const count = 20 + random.int(40)
      planTold(site, label, count)
      const text = script.tell(count, 30 + random.int(60))
      const id = await follower(site, label, { ...options(urls), name: 'starter' }).start(text)
      const watch = (name: string, order: readonly string[]) =>
        follower(site, label, { ...options(order), name }).watch(id)
      await Promise.all([watch('first reader', urls), watch('second reader', [...urls].reverse())])
    },
  },
  {
    name: 'blocking',
    share: 10,
    async run(site, label, urls, random) {
      const count = 1 + random.int(5)
      planTold(site, label, count)
      await follower(site, label, options(urls)).start(script.tell(count, random.int(50)))
    },
  },
  {
    name: 'conversation',
    share: 15,
    async run(site, label, urls, random) {
      const count = 1 + random.int(20)
      plan(site, { label, messages: 3, golden: `1: hello. 2: again. ${said(label, count)}` })
      const talk = follower(site, label, options(urls))
      await talk.say(script.chat('hello'))
      await delay(random.int(2_000))
      await talk.say(script.chat('again'))
      await talk.say(script.tell(count, random.int(50)))
    },
  },
  {
    name: 'queued messages',
    share: 5,
    async run(site, label, urls, random) {
      plan(site, { label, messages: 2, ends: [INPUT_REQUIRED, COMPLETED] })
      const talk = follower(site, label, options(urls))
      await talk.say(script.ask())
      await talk.start(script.chat(`about ${random.int(9)}`))
    },
  },
  {
    name: 'steps',
    share: 15,
    async run(site, label, urls, random) {
      const count = 1 + random.int(15)
      planTold(site, label, count)
      await follower(site, label, options(urls)).say(script.steps(count, random.int(300)))
    },
  },
  {
    name: 'booking',
    share: 10,
    async run(site, label, urls, random) {
      plan(site, { label, messages: 2, golden: booked(label, 'two') })
      const talk = follower(site, label, options(urls))
      await talk.say(script.book())
      await delay(random.int(2_000))
      await talk.say('two')
    },
  },
  {
    name: 'call',
    share: 5,
    async run(site, label, urls, random) {
      plan(site, { label, golden: booked(label, helped(label)) })
      await follower(site, label, options(urls)).say(script.call(random.int(6_000)))
    },
  },
  {
    name: 'canceled call',
    share: 5,
    async run(site, label, urls, random) {
      plan(site, { label, ends: [CANCELED] })
      const canceled = follower(site, label, options(urls))
      await canceled.start(script.call(60_000))
      await delay(random.int(3_000))
      await canceled.cancel()
    },
  },
  {
    name: 'cancel',
    share: 10,
    async run(site, label, urls, random) {
      plan(site, { label, ends: [CANCELED] })
      const canceled = follower(site, label, options(urls))
      await canceled.start(script.work())
      await delay(random.int(1_500))
      await canceled.cancel()
    },
  },
]

/** A kind, by its share. */
export function pickKind(random: Random, kinds: readonly Kind[] = KINDS): Kind {
  let rest = random.int(kinds.reduce((sum, { share }) => sum + share, 0))
  for (const kind of kinds) {
    rest -= kind.share
    if (rest < 0) return kind
  }
  throw new Error('shares do not add up')
}
