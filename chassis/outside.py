"""Which addresses outside this deployment may be called at all: what an agency gives us is never trusted to be one.

Invariant: what is connected to is an address that was itself checked, after the name was resolved and for this attempt
alone; so neither a name that changes its mind (DNS rebinding) nor a number in disguise leads to a machine of ours.
"""

import asyncio
import re
import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import ClassVar
from urllib.parse import urlsplit

from chassis.settings import Settings
from contracts.errors import Invalid

RESOLVE_SECONDS = 4.0
LONGEST = 2000
PORTS = {"https": 443, "http": 80}

NEVER_V4 = tuple(
    IPv4Network(each)
    for each in (
        *("0.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24"),
        *("198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
    )
)
"""What no endpoint has: link-local (where clouds keep their metadata), shared, documentation, multicast, reserved."""
OURS_V4 = tuple(IPv4Network(each) for each in ("10.0.0.0/8", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
OURS_V6 = tuple(IPv6Network(each) for each in ("::1/128", "fc00::/7"))
"""Loopback and private networks: for development alone."""
GLOBAL_V6 = IPv6Network("2000::/3")
NEVER_V6 = tuple(IPv6Network(each) for each in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"))
"""Within the global ones: tunnels, which hold another address, and documentation."""

_VISIBLE = re.compile(r"[\x21-\x7e]+")
_NAME = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"\d+|0x[0-9a-f]*")
_RESOLVERS = ThreadPoolExecutor(max_workers=64, thread_name_prefix="resolver")
"""Their own threads: somebody's slow name server takes none from anybody else's work."""


class UrlRefused(Invalid):
    """An endpoint is an https URL with a host, without user, fragment or space, of at most 2,000 characters."""

    code: ClassVar[str] = "url-refused"


class AddressRefused(Invalid):
    """The host has no public address, or not only such."""

    code: ClassVar[str] = "address-refused"


@dataclass(frozen=True, slots=True)
class Rules:
    """`local`: plain http, loopback and private addresses are allowed. In development alone."""

    local: bool = False


def rules_of(settings: Settings) -> Rules:
    """What this deployment allows."""
    return Rules(local=settings.is_local)


@dataclass(frozen=True, slots=True)
class Target:
    """A URL taken apart once. `host` is lower case and without brackets; `path` has the query with it."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """The value of the header Host."""
        return _bracketed(self.host) + ("" if self.port == PORTS[self.scheme] else f":{self.port}")

    def at(self, address: str) -> str:
        """The same URL with a checked address in the place of the name."""
        return f"{self.scheme}://{_bracketed(address)}:{self.port}{self.path}"


def target_of(url: str, rules: Rules) -> Target:
    """The URL taken apart. Raises UrlRefused; an address in it is checked by `addresses_of`."""
    if len(url) > LONGEST or "\\" in url or "#" in url or not _VISIBLE.fullmatch(url):
        raise UrlRefused(pointer="/url")
    try:
        parts = urlsplit(url)
        port, host = parts.port, (parts.hostname or "").lower()
    except ValueError as error:
        raise UrlRefused(pointer="/url") from error
    scheme = parts.scheme.lower()
    allowed = scheme == "https" or (scheme == "http" and rules.local)
    if not allowed or "@" in parts.netloc or port == 0 or not _is_host(host):
        raise UrlRefused(pointer="/url")
    return Target(scheme, host, port or PORTS[scheme], (parts.path or "/") + (f"?{parts.query}" if parts.query else ""))


async def addresses_of(target: Target, rules: Rules) -> tuple[str, ...]:
    """Every address of the target's host, best first, if all of them may be called. Raises AddressRefused.

    A name that cannot be resolved is refused in the same words: what names there are inside is nobody's business.
    """
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(RESOLVE_SECONDS):
            found = await loop.run_in_executor(_RESOLVERS, _resolve, target.host, target.port)
    except (OSError, UnicodeError, TimeoutError) as error:
        raise AddressRefused(pointer="/url") from error
    if not found or not all(may_call(address, rules) for address in found):
        raise AddressRefused(pointer="/url")
    return found


def may_call(address: str, rules: Rules) -> bool:
    """Whether an address may be connected to."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    if isinstance(found, IPv4Address):
        if any(found in network for network in OURS_V4):
            return rules.local
        return not any(found in network for network in NEVER_V4)
    if any(found in network for network in OURS_V6):
        return rules.local
    return found.scope_id is None and found in GLOBAL_V6 and not any(found in network for network in NEVER_V6)


def _resolve(host: str, port: int) -> tuple[str, ...]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return tuple(dict.fromkeys(str(each[4][0]) for each in found))


def _is_host(host: str) -> bool:
    """A name, or an address in its one usual form: `2130706433`, `0x7f.1` and `127.1` are neither."""
    if ":" in host or _NUMBER.fullmatch(host.rpartition(".")[2]):
        try:
            return "%" not in host and bool(ip_address(host))
        except ValueError:
            return False
    return len(host) <= 253 and _NAME.fullmatch(host) is not None


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
