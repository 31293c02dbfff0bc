/** Makes a missing case of a closed union a compile error; at run time it names the value that slipped through. */
export function assertNever(value: never): never {
  throw new TypeError(`unexpected value: ${JSON.stringify(value)}`)
}
