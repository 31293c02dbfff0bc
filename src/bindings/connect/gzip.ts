/** The one compression that is spoken. Brotli would cost milliseconds per message, at any caller's wish. */
import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import type { ConnectRouterOptions } from '@connectrpc/connect'
import { A2AError } from '../../a2a/errors.js'
import { tooLarge } from '../http/body.js'
import { toConnectError } from './errors.js'

/** A compression as the library has it. */
export type Compression = NonNullable<ConnectRouterOptions['acceptCompression']>[number]

const compress = promisify(gzip)
const decompress = promisify(gunzip)

/** Answers below this size are not worth compressing, even when a caller would take them so. */
export const COMPRESS_MIN_BYTES = 16_384

export const gzipCompression: Compression = {
  name: 'gzip',
  compress: async (bytes) => new Uint8Array(await compress(bytes)),
  /** @throws ConnectError PAYLOAD_TOO_LARGE, PARSE_ERROR */
  async decompress(bytes, maxBytes) {
    if (bytes.length === 0) return new Uint8Array()
    try {
      return new Uint8Array(await decompress(bytes, { maxOutputLength: maxBytes }))
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException
      throw toConnectError(
        code === 'ERR_BUFFER_TOO_LARGE'
          ? tooLarge(maxBytes)
          : new A2AError('PARSE_ERROR', 'The message is not valid gzip', { cause }),
      )
    }
  },
}
