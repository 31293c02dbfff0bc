/** Options out of flags: named one by one, without those that were not given. */

/** Every option of `T` by its name, so that one that is misspelt or forgotten does not compile. */
type Named<T> = { readonly [K in keyof T]-?: Record<never, never> extends Pick<T, K> ? T[K] | undefined : T[K] }

export function given<T extends object>(options: Named<T>): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T
}
