/** Search attributes of a namespace: made where we may, used where they are, never needed. */
import type { Logger } from '../internal/logger.js'

/** As the Temporal CLI names the types. */
export type SearchAttributeTypeName = 'Text' | 'Keyword' | 'Int' | 'Double' | 'Bool' | 'Datetime' | 'KeywordList'

/** Values of enum IndexedValueType. */
const INDEXED_VALUE_TYPES: Readonly<Record<SearchAttributeTypeName, number>> = {
  Text: 1,
  Keyword: 2,
  Int: 3,
  Double: 4,
  Bool: 5,
  Datetime: 6,
  KeywordList: 7,
}

export interface OperatorService {
  listSearchAttributes(request: { namespace: string }): Promise<{ customAttributes?: Record<string, unknown> | null }>
  addSearchAttributes(request: { namespace: string; searchAttributes: Record<string, number> }): Promise<unknown>
}

/** True when the namespace has them all afterwards. Never throws. */
export async function ensureSearchAttributes(
  operatorService: OperatorService,
  namespace: string,
  wanted: Readonly<Record<string, SearchAttributeTypeName>>,
  logger: Logger,
): Promise<boolean> {
  try {
    const { customAttributes } = await operatorService.listSearchAttributes({ namespace })
    const missing = Object.entries(wanted).filter(([name]) => customAttributes?.[name] === undefined)
    if (missing.length === 0) return true
    await operatorService.addSearchAttributes({
      namespace,
      searchAttributes: Object.fromEntries(missing.map(([name, type]) => [name, INDEXED_VALUE_TYPES[type]])),
    })
    logger.info({ namespace, added: missing.map(([name]) => name) }, 'search attributes added')
    return true
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    logger.info({ namespace, reason }, 'search attributes are not used: they could not be added')
    return false
  }
}
