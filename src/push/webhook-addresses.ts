/**
 * Which addresses a webhook may reach: those of the public internet, and those that the operator has allowed.
 *
 * An address is public when the registries of IANA know nothing special about it (`unicast` to ipaddr.js), it is of the
 * one block that IPv6 has given out, and no cloud answers its own machines there.
 */
import { isIP, isIPv4 } from 'node:net'
import ipaddr from 'ipaddr.js'

type Address = ipaddr.IPv4 | ipaddr.IPv6

/** An address and how many of its leading bits count. */
export type AddressRange = readonly [Address, number]

/** All that IPv6 has given out to the public (RFC 4291, section 2.4; IANA's list of address space). */
const IPV6_PUBLIC: AddressRange = [ipaddr.IPv6.parse('2000::'), 3]

/** Public to the registries, and yet a cloud's own service to the machines in it: Azure's WireServer. */
const CLOUD_SERVICES: readonly AddressRange[] = [[ipaddr.IPv4.parse('168.63.129.16'), 32]]

/**
 * An address, or a range such as `10.0.0.0/8` or `fd00::/8`.
 *
 * @throws TypeError for anything else, also for the short and octal forms that some programs read as addresses
 */
export function addressRange(text: string): AddressRange {
  const [, address = '', bits] = /^([^/%]+)(?:\/(\d{1,3}))?$/.exec(text) ?? []
  const family = isIP(address)
  const width = family === 4 ? 32 : 128
  const prefix = bits === undefined ? width : Number(bits)
  if (family === 0 || prefix > width) {
    throw new TypeError(`${JSON.stringify(text)} is neither an address nor a range such as 10.0.0.0/8`)
  }
  const parsed = ipaddr.parse(address)
  if (!isMapped(parsed)) return [parsed, prefix]
  if (bits !== undefined) throw new TypeError(`${text}: write a range of IPv4 addresses as one, such as 10.0.0.0/8`)
  return [parsed.toIPv4Address(), 32]
}

/** Of the public internet. False for what is no address. */
export function isPublicAddress(text: string): boolean {
  const address = parse(text)
  if (address === undefined || address.range() !== 'unicast') return false
  return address.kind() === 'ipv6' ? within(address, [IPV6_PUBLIC]) : !within(address, CLOUD_SERVICES)
}

/** Of one of the ranges. False for what is no address. */
export function isWithin(text: string, ranges: readonly AddressRange[]): boolean {
  const address = parse(text)
  return address !== undefined && within(address, ranges)
}

/** IPv4 in the clothes of IPv6 (`::ffff:127.0.0.1`) is taken as what it reaches. Undefined for what is no address. */
function parse(text: string): Address | undefined {
  if (isIP(text) === 0 || text.includes('%')) return undefined
  const address = isIPv4(text) ? ipaddr.IPv4.parse(text) : ipaddr.IPv6.parse(text)
  return isMapped(address) ? address.toIPv4Address() : address
}

function isMapped(address: Address): address is ipaddr.IPv6 {
  return address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress()
}

function within(address: Address, ranges: readonly AddressRange[]): boolean {
  return ranges.some(([range, bits]) => range.kind() === address.kind() && address.match(range, bits))
}
