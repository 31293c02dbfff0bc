/** Errors of operations in the words of an older version. */
import { A2AError, invalidParams } from '../../a2a/errors.js'

/** Before 1.0 there was one error for an agent without a card for authenticated callers (protocol note 10.4). */
export function noExtendedCard(error: A2AError): A2AError {
  return error.reason === 'UNSUPPORTED_OPERATION'
    ? new A2AError('EXTENDED_AGENT_CARD_NOT_CONFIGURED', error.message, { metadata: error.metadata })
    : error
}

/** Fields by the names that the version has for them. */
export function renameFields(names: readonly (readonly [v1: RegExp, older: string])[]): (error: A2AError) => A2AError {
  return (error) => {
    if (error.reason !== 'INVALID_PARAMS' || error.violations.length === 0) return error
    return invalidParams(
      error.violations.map(({ field, description }) => ({
        field: names.reduce((name, [v1, older]) => name.replace(v1, older), field),
        description,
      })),
    )
  }
}
