/**
 * A program for runtimes that are not this one: sends, streams over a connection that is cut meanwhile, answers a question,
 * and meets an error, over each transport of `fetch`. JavaScript, for modules of any kind.
 */

/** What to put where; expressions of JavaScript. */
export interface CutScript {
  /** Specifier of the client. */
  readonly client: string
  /** The URL of the agent, which is reached through a proxy. */
  readonly agent: string
  /** The URL that cuts all connections of the proxy when it is posted to. */
  readonly cut: string
  /** What is done with the object of all that was seen, named `seen`. */
  readonly report: string
}

export function cutScript({ client, agent, cut, report }: CutScript): string {
  return `
    import { connect } from ${client}
    const seen = {}
    try {
      for (const transport of ['jsonrpc', 'rest', 'connect']) {
        const bot = await connect(${agent}, { transports: [transport] })
        const run = await bot.stream('slow 0 1 2 3 4 5 6 7 8 9')
        let text = ''
        for await (const chunk of run.textStream()) {
          text += chunk
          if (chunk === '2') await fetch(${cut}, { method: 'POST' })
        }
        const asked = await bot.send('ask which?')
        await asked.reply('this')
        const error = await bot.getTask({ id: 'none' }).catch((thrown) => thrown)
        seen[transport] = [text, run.state, await asked.text(), error.reason]
      }
    } catch (error) {
      seen.error = String(error && error.stack)
    }
    ${report}
  `
}

const ONE = ['0123456789', 'TASK_STATE_COMPLETED', 'turn 2 after UA: this', 'TASK_NOT_FOUND']

/** What each runtime sees; one cut a transport. */
export const CUT_SCRIPT_SEEN = { jsonrpc: ONE, rest: ONE, connect: ONE }
