/** Large values as a store keeps them, in memory. */
import { createHash } from 'node:crypto'
import { LARGE_VALUES, type LargeValueStore, type StoredPart } from '../../src/task/large-values.js'
import { withStandIns } from '../../src/task/stand-ins.js'

export function keptLargeValues(): LargeValueStore {
  const kept = new Map<string, string>()
  return {
    async takeOut(_, value, walk) {
      return walk(value, (parts) =>
        withStandIns(parts, (kind, content) => {
          const size = Buffer.byteLength(content, kind === 'raw' ? 'base64' : 'utf8')
          const pieces = Array.from({ length: Math.ceil(size / LARGE_VALUES.pieceBytes) }, (_, place) =>
            createHash('sha256').update(`${place} ${content}`).digest('hex'),
          )
          kept.set(pieces.join(), content)
          return { kind, size, pieces }
        }),
      )
    },
    async putBack(value, walk) {
      return walk(value, (parts) =>
        parts.flatMap((part): readonly StoredPart[] => {
          const { large, ...rest } = part
          if (large === undefined) return [part]
          const content = kept.get(large.pieces.join())
          if (content === undefined) throw new Error('no such value')
          if (large.kind === 'parts') return JSON.parse(content) as StoredPart[]
          return [{ ...rest, [large.kind]: large.kind === 'data' ? JSON.parse(content) : content }]
        }),
      )
    },
  }
}
