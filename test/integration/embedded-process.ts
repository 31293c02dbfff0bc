/**
 * A process that opens an embedded server and says what happens, one JSON object a line; for tests that kill it.
 * Usage: node embedded-process.ts DATABASE_FILE. The word `stop` on standard
 * input ends it properly, `exit` ends it without, `listen` has it handle SIGTERM.
 */
import { registerHooks } from 'node:module'

// Sources import each other as they are named after compilation; run uncompiled, `.js` is `.ts`.
registerHooks({
  resolve: (specifier, context, next) =>
    next(
      specifier.startsWith('.') && context.parentURL?.includes('/src/') ? specifier.replace(/\.js$/, '.ts') : specifier,
      context,
    ),
})
const { openTemporal } = (await import('../../src/temporal/embedded/index.ts' as string)) as {
  openTemporal: typeof import('../../src/temporal/embedded/index.js').openTemporal
}

const say = (what: Record<string, unknown>) => process.stdout.write(`${JSON.stringify(what)}\n`)
const log = (level: string) => (fields: object, message: string) => say({ level, message, ...fields })

const server = await openTemporal({
  databaseFile: process.argv[2] ?? '',
  logger: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
})
server.onStatus((status) => say({ status }))
say({
  opened: server.address,
  kind: server.source.kind,
  detail: server.source.detail,
  secret: Buffer.from(server.secret ?? []).toString('base64'),
})
process.stdin.on('data', (data) => {
  if (data.toString().includes('exit')) process.exit()
  if (data.toString().includes('listen')) {
    process.on('SIGTERM', (signal) => say({ signal }))
    say({ listening: true })
  }
  if (!data.toString().includes('stop')) return
  process.stdin.destroy() // a pipe that is only paused would keep the process
  // What is closed is gone a moment later.
  void server.stop().then(() => setImmediate(() => say({ stopped: true, held: process.getActiveResourcesInfo() })))
})
