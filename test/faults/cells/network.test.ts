/** Links that are slow, cut, deaf or dead: between clients and a server, and between the server and Temporal. */
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { said, script } from '../agents/script.js'
import { RecordedClient } from '../client/recorded-client.js'
import { Site } from '../processes/site.js'
import { CANCELED, COMPLETED, follower, plan, planTold, START_MS, untilEffect, untilSaid, verdict } from './cell.js'

let site: Site

beforeAll(async () => {
  site = await Site.start({ replicas: 1, temporal: 'apart' })
}, START_MS)

afterAll(async () => {
  await site?.stop()
})

afterEach(async () => {
  await site.heal()
})

const link = () => site.gateway(0).proxy

describe('between a client and its server', () => {
  it('cut in the middle of a sentence, the stream is found again', async () => {
    planTold(site, 'cut', 60)
    const saying = follower(site, 'cut').say(script.tell(60, 20))
    await untilSaid(site, 'cut', 'cut-10 ')
    link().reset()
    await untilSaid(site, 'cut', 'cut-30 ')
    link().reset()
    await saying
    expect(await verdict(site, ['cut'])).toBe('')
  })

  it('cut after every few bytes, the stream is found again each time', async () => {
    planTold(site, 'shreds', 80)
    const saying = follower(site, 'shreds').say(script.tell(80, 25))
    await untilSaid(site, 'shreds', 'shreds-5 ')
    link().set({ cutAfterBytes: 3_000 })
    await saying
    link().heal()
    expect(await verdict(site, ['shreds'])).toBe('')
  })

  it('cut before the answer, the same key finds the same task', async () => {
    planTold(site, 'unanswered', 5)
    link().set({ blocked: new Set(['b-to-a']) })
    const saying = follower(site, 'unanswered').say(script.tell(5))
    await untilEffect(site, 'unanswered', 'message-unanswered-1')
    link().reset()
    link().heal()
    await saying
    expect(await verdict(site, ['unanswered'])).toBe('')
  })

  it('a link that was dead for a while brings everything once', async () => {
    planTold(site, 'silence', 60)
    const saying = follower(site, 'silence').say(script.tell(60, 20))
    await untilSaid(site, 'silence', 'silence-5 ')
    link().blackhole()
    await delay(2_000)
    link().heal()
    await saying
    expect(await verdict(site, ['silence'])).toBe('')
  })

  it('a slow reader does not slow another one', async () => {
    planTold(site, 'slow', 2_000)
    const starter = follower(site, 'slow', { name: 'starter' })
    const id = await starter.start(script.gated(2_000, 1, 'slow'))
    const fast = new RecordedClient({ name: 'fast', agent: 'teller', recorder: site.recorder })
    link().set({ bytesPerSecond: 60_000 })
    const slowly = follower(site, 'slow', { name: 'slow' }).watch(id)
    await site.recorder.until((event) => event.kind === 'opened' && event.client === 'slow', 'the slow reader')
    const reading = (async () => {
      let frames = 0
      for await (const _ of fast.stream('SubscribeToTask', { id }, { url: link().targetUrl, label: 'slow' }))
        frames += 1
      return frames
    })()
    await site.recorder.until((event) => event.kind === 'framed' && event.label === 'slow', 'the fast reader')
    site.openGate('slow')
    await reading
    link().heal()
    expect((await slowly).state).toBe(COMPLETED)
    expect(await verdict(site, ['slow'])).toBe('')
  }, 40_000)

  it('a client that goes away never touches its task', async () => {
    planTold(site, 'left', 40)
    const leave = new AbortController()
    const client = new RecordedClient({ name: 'leaver', agent: 'teller', recorder: site.recorder })
    const message = { messageId: 'message-left-1', role: 'ROLE_USER', parts: [{ text: script.tell(40, 20) }] }
    const options = { url: site.gateway(0).url, label: 'left', key: 'left-1', signal: leave.signal }
    for await (const { event } of client.stream('SendStreamingMessage', { message }, options)) {
      if (event.artifactUpdate !== undefined) break
    }
    leave.abort()
    expect(await verdict(site, ['left'])).toBe('')
  })

  it('fifty copies of one send make one task and get one answer', async () => {
    planTold(site, 'copies', 5)
    const client = new RecordedClient({ name: 'sender', agent: 'teller', recorder: site.recorder })
    const message = { messageId: 'message-copies-1', role: 'ROLE_USER', parts: [{ text: script.tell(5, 20) }] }
    const options = { url: site.gateway(0).url, label: 'copies', key: 'copies-1' }
    const tasks = await Promise.all(Array.from({ length: 50 }, () => client.call('SendMessage', { message }, options)))
    expect(new Set(tasks.map((task) => task?.id)).size).toBe(1)
    expect(tasks.every((task) => task?.status?.state === COMPLETED)).toBe(true)
    expect(
      site.history().filter(({ kind, ...event }) => kind === 'effect' && 'label' in event && event.label === 'copies'),
    ).toHaveLength(1)
    expect(await verdict(site, ['copies'])).toBe('')
  })
})

describe('between the server and Temporal', () => {
  it('cut for a moment in the middle of a sentence, nobody notices', async () => {
    planTold(site, 'blink', 40)
    const saying = follower(site, 'blink').say(script.tell(40, 50))
    await untilSaid(site, 'blink', 'blink-5 ')
    site.temporal.reset()
    await untilSaid(site, 'blink', 'blink-20 ')
    site.temporal.reset()
    await saying
    expect(await verdict(site, ['blink'])).toBe('')
  })

  it('cut when a turn ends, the end is shown when Temporal has it', async () => {
    planTold(site, 'late-end', 20)
    const saying = follower(site, 'late-end').say(script.gated(20, 5, 'late-end'))
    await untilEffect(site, 'late-end', 'at-gate')
    site.temporal.cut()
    site.openGate('late-end')
    await untilSaid(site, 'late-end', 'late-end-19 ')
    await delay(1_500)
    const ended = site
      .history()
      .some(
        (event) =>
          event.kind === 'framed' &&
          event.label === 'late-end' &&
          event.event.statusUpdate?.status?.state === COMPLETED,
      )
    expect(ended).toBe(false)
    site.temporal.heal()
    await saying
    expect(await verdict(site, ['late-end'])).toBe('')
  }, 60_000)

  it('a start that Temporal has written and whose answer is lost is found under its key', async () => {
    planTold(site, 'lost-ack', 5)
    site.temporal.set({ blocked: new Set(['b-to-a']) })
    const saying = follower(site, 'lost-ack').say(script.tell(5))
    await delay(3_000)
    site.temporal.reset()
    site.temporal.heal()
    await saying
    expect(await verdict(site, ['lost-ack'])).toBe('')
  }, 60_000)

  it('dead for longer than a heartbeat, all goes on when it is back', async () => {
    planTold(site, 'dead-link', 30)
    plan(site, { label: 'dead-link-answer', messages: 2, golden: said('dead-link-answer', 5) })
    plan(site, { label: 'dead-link-cancel', ends: [CANCELED] })
    const answered = follower(site, 'dead-link-answer')
    await answered.say(script.ask())
    const canceled = follower(site, 'dead-link-cancel')
    await canceled.start(script.work())
    const saying = follower(site, 'dead-link').say(script.gated(30, 5, 'dead-link'))
    await untilEffect(site, 'dead-link', 'at-gate')
    await untilEffect(site, 'dead-link-cancel', '1')
    site.temporal.blackhole()
    const rest = [answered.say(script.tell(5)), canceled.cancel()]
    await delay(8_000)
    site.temporal.heal()
    site.openGate('dead-link')
    await Promise.all([saying, ...rest])
    expect(await verdict(site, ['dead-link', 'dead-link-answer', 'dead-link-cancel'])).toBe('')
  }, 60_000)

  it('slow and narrow, everything is late and nothing is lost', async () => {
    site.temporal.set({ latencyMs: 250, bytesPerSecond: 64_000 })
    planTold(site, 'narrow', 30)
    plan(site, { label: 'narrow-talk', messages: 2, golden: said('narrow-talk', 5) })
    const talk = follower(site, 'narrow-talk')
    const talking = talk.say(script.ask()).then(() => talk.say(script.tell(5)))
    await Promise.all([talking, follower(site, 'narrow').say(script.tell(30, 20))])
    expect(await verdict(site, ['narrow', 'narrow-talk'])).toBe('')
  }, 60_000)
})
