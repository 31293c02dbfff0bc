/**
 * What this framework finds wrong with a handler: a result that is none, a call that is refused, too much of something. It
 * would be wrong again, so it is not tried again, and it says nothing that its caller may not know. Any other error of a
 * handler, also an `A2AError` such as one of a client that it uses, is tried again and stays in the log.
 */
import { A2AError, type A2AErrorReason, isA2AError } from '../a2a/errors.js'

/** A registered symbol, so that two copies of this package understand each other. Its value: the caller may read the text. */
const FAULT = Symbol.for('temporal-a2a.handler-fault')

export function handlerFault(reason: A2AErrorReason, message: string): A2AError {
  return asHandlerFault(new A2AError(reason, message))
}

export function asHandlerFault(error: A2AError): A2AError {
  return Object.defineProperty(error, FAULT, { value: true })
}

/** What a server elsewhere has refused: as final, but what it says is for the handler. */
export function refusedElsewhere(reason: A2AErrorReason, message: string): A2AError {
  return Object.defineProperty(new A2AError(reason, message), FAULT, { value: false })
}

export function isHandlerFault(error: unknown): error is A2AError {
  return isA2AError(error) && FAULT in error
}

/** What the caller may read of it; undefined: nothing. */
export function faultText(error: unknown): string | undefined {
  if (!isHandlerFault(error)) return undefined
  return (error as { [FAULT]?: boolean })[FAULT] === true ? error.message.toWellFormed() : undefined
}
