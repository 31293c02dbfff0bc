/** The flags of processes that share their work with others. */
import type { Option } from 'commander'
import type { NatsOptions } from '../bus/nats/options.js'
import { flag, taskQueueFlag } from './flags.js'
import { seconds } from './parsers.js'

export interface SplitFlags {
  readonly taskQueue: string
  readonly nats?: string
  readonly natsCreds?: string
  readonly natsCa?: string
  readonly natsCert?: string
  readonly natsKey?: string
}

export function splitFlags(): Option[] {
  return [
    taskQueueFlag('where gateways leave the work and workers take it from'),
    flag('--nats <url>', 'NATS server that brings live events from workers to gateways; without, they poll', 'NATS'),
    flag('--nats-creds <path>', 'credentials file for NATS', 'NATS_CREDS'),
    flag('--nats-ca <path>', 'PEM file of the authority that signed the NATS server', 'NATS_CA'),
    flag('--nats-cert <path>', 'PEM file; shows who we are to NATS, together with --nats-key', 'NATS_CERT'),
    flag('--nats-key <path>', 'PEM file', 'NATS_KEY'),
  ]
}

/** @throws Error options of NATS without its address */
export function natsOptions(flags: SplitFlags): NatsOptions | undefined {
  const { nats: servers, natsCreds: credsFile, natsCa: caFile, natsCert: certFile, natsKey: keyFile } = flags
  const files = { credsFile, caFile, certFile, keyFile }
  const given = Object.entries(files).filter((entry): entry is [string, string] => entry[1] !== undefined)
  if (servers === undefined) {
    if (given.length > 0) throw new Error('the options of NATS need its address: --nats nats://host:4222')
    return undefined
  }
  return { servers, ...Object.fromEntries(given) }
}

/** @param text what the process does meanwhile */
export function drainFlag(text: string): Option {
  return flag('--drain <seconds>', text, 'DRAIN').argParser(seconds).default(0)
}

/** How live events come from turns to streams, for the banner. */
export function eventsLine(nats: NatsOptions | undefined): string {
  return `events  ${nats === undefined ? 'no bus: streams go at the pace of a poll; --nats makes them live' : 'over NATS'}`
}
