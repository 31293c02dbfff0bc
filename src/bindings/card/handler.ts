/** The agent card at its well-known path, with the headers that let clients cache it (A2A section 8.6). */
import { createHash } from 'node:crypto'
import type { JsonObject } from '@bufbuild/protobuf'
import { type HttpRequest, type HttpResponse, header, reply } from '../http/exchange.js'

/** How long a client may use a card without asking again, in seconds. */
const MAX_AGE_SECONDS = 300

export interface ServedCard {
  readonly text: string
  readonly etag: string
  readonly lastModified: string
}

/** @param since when the card began to be as it is */
export function servedCard(card: JsonObject, since: Date): ServedCard {
  const text = JSON.stringify(card)
  const digest = createHash('sha256').update(text).digest('base64url').slice(0, 27)
  return { text, etag: `"${digest}"`, lastModified: since.toUTCString() }
}

export function answerCard(req: HttpRequest, res: HttpResponse, card: ServedCard): void {
  const headers = {
    'content-type': 'application/json',
    'cache-control': `public, max-age=${MAX_AGE_SECONDS}`,
    etag: card.etag,
    'last-modified': card.lastModified,
    'x-content-type-options': 'nosniff',
  }
  if (isFresh(req, card)) reply(res, 304, headers)
  else reply(res, 200, headers, card.text)
}

/** If-None-Match decides when it is there, If-Modified-Since otherwise (RFC 9110, section 13.2.2). */
function isFresh(req: HttpRequest, { etag, lastModified }: ServedCard): boolean {
  const tags = header(req, 'if-none-match')
  if (tags !== undefined) {
    return tags.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag)
  }
  const since = Date.parse(header(req, 'if-modified-since') ?? '')
  return !Number.isNaN(since) && Date.parse(lastModified) <= since
}
