/** Payloads as Temporal's default converter writes them: one JSON value each. */
import { defaultPayloadConverter, type Payload } from '@temporalio/common'

type Payloads = { readonly payloads?: readonly Payload[] | null } | null | undefined

/** The first value, or undefined when there is none. */
export function firstValue<T>(payloads: Payloads): T | undefined {
  const payload = payloads?.payloads?.[0]
  return payload === undefined ? undefined : defaultPayloadConverter.fromPayload<T>(payload)
}

export function toPayloads(value: unknown): { payloads: Payload[] } {
  return { payloads: [defaultPayloadConverter.toPayload(value)] }
}
