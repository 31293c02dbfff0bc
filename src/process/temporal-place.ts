/** Where Temporal is, as people and programs outside may see it: without what else a process knows of its server. */
export interface TemporalPlace {
  /** `host:port` */
  readonly address: string
  readonly namespace: string
  /** Where the server came from. */
  readonly source: string
}

interface KnownServer {
  readonly address: string
  readonly namespace: string
  readonly source: { readonly detail: string }
}

export function placeOf({ address, namespace, source }: KnownServer): TemporalPlace {
  return { address, namespace, source: source.detail }
}
