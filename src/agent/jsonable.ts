import type { JsonValue } from '@bufbuild/protobuf'

/** What JSON has no form for. Other classes are found by their methods. */
type NotJson = ((...args: never) => unknown) | bigint | symbol | Date

/** The type itself where a value of it is JSON, interfaces and readonly arrays included; `never` where it is not. */
export type Jsonable<Value> = Value extends JsonValue | undefined
  ? Value
  : Value extends NotJson
    ? never
    : { [Key in keyof Value]: Jsonable<Value[Key]> }
