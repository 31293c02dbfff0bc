/** The port that a server is to have: whether it can have it, and why not, for people. */
import { createServer } from 'node:net'

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is in use; choose another one, or 0 for any that is free (--port)',
  EACCES: 'may not be listened on by this user; choose one from 1024 on (--port)',
  EADDRNOTAVAIL: 'cannot be had: this machine has no such address (--host)',
}

/** In place of what the system says when it refuses a port, with the system's `code`. */
export function portError(error: unknown, port: number, host: string): unknown {
  const { code = '' } = error as NodeJS.ErrnoException
  const why = REASONS[code]
  const address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
  return why === undefined ? error : Object.assign(new Error(`${address} ${why}`), { code })
}

/**
 * Before what takes longer is started. Another process may still take the port afterwards.
 *
 * @throws Error the port cannot be listened on; the text says what to do
 */
export async function requireFreePort(port = 0, host = '127.0.0.1'): Promise<void> {
  if (port === 0) return
  await new Promise<void>((resolve, reject) => {
    const probe = createServer()
    probe.once('error', (error) => reject(portError(error, port, host)))
    probe.listen(port, host, () => probe.close(() => resolve()))
  })
}
