"""Where somebody will live after release, and when two people give the same place."""

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum


class AddressKind(StrEnum):
    ADDRESS = "address"
    NO_FIXED_ABODE = "no-fixed-abode"
    APPROVED_PREMISES = "approved-premises"


@dataclass(frozen=True)
class Address:
    kind: AddressKind
    lines: tuple[str, ...] = ()
    postcode: str | None = None


def address_key(address: Address | None) -> str | None:
    """The same for the same place however it is spaced, capitalised or punctuated; None where there is no address."""
    if address is None or address.kind is not AddressKind.ADDRESS:
        return None
    plain = re.sub(r"[^a-z0-9]", "", " ".join((*address.lines, address.postcode or "")).lower())
    return hashlib.sha256(plain.encode()).hexdigest() if plain else None
