"""Says of each webhook whether it may be reached, by Python's ipaddress and the rules as they are documented.

One JSON array a line: [scheme, has user name, port or null, addresses as [family, number], ranges that are allowed].
It sees the addresses themselves, never how they were written. One line of 0 and 1 for each line of many.
"""

import ipaddress
import json
import sys

# What registries list as special and Python, in some version or in all, takes for global.
SPECIAL = [
    ipaddress.ip_network(text)
    for text in (
        "192.0.0.0/24",  # IETF protocol assignments
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # relays of 6to4
        "192.175.48.0/24",  # AS112
        "168.63.129.16/32",  # Azure's WireServer
        "2001::/23",  # IETF protocol assignments
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
        "5f00::/16",  # segment routing
    )
]


def is_public(address):
    if not address.is_global or address.is_multicast or address.is_reserved or address.is_unspecified:
        return False
    if address.is_private or address.is_loopback or address.is_link_local:
        return False
    if address.version == 6 and (address.is_site_local or address.sixtofour or address.teredo):
        return False
    return not any(address.version == network.version and address in network for network in SPECIAL)


def verdict(scheme, user, port, found, allow):
    if user or scheme not in ("http", "https") or not found:
        return False
    addresses = []
    for family, number in found:
        address = ipaddress.IPv4Address(int(number)) if family == 4 else ipaddress.IPv6Address(int(number))
        addresses.append(getattr(address, "ipv4_mapped", None) or address)
    networks = [ipaddress.ip_network(text) for text in allow]
    rest = [a for a in addresses if not any(a.version == n.version and a in n for n in networks)]
    if not rest:
        return True
    if not all(is_public(address) for address in rest):
        return False
    return scheme == "https" and (port is None or port == 443 or port > 1023)


for line in sys.stdin:
    print("".join("1" if verdict(*webhook) else "0" for webhook in json.loads(line)), flush=True)
