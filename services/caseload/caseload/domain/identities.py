"""Whether two agencies speak of one person. Nothing here is certain, so a doubt goes to people and joins nobody."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Identity:
    """Who an agency says somebody is. Empty where only an identifier is known."""

    family: str | None = None
    given: str | None = None
    date_of_birth: date | None = None


def tidy_name(name: str) -> str:
    """A name as it is kept: composed Unicode (NFC), single spaces, none at the ends; capitals as given."""
    return re.sub(r"\s+", " ", unicodedata.normalize("NFC", name)).strip()


def folded(name: str) -> str:
    """A name as it is compared: no accents, case, spaces, hyphens or apostrophes."""
    plain = unicodedata.normalize("NFKD", name).casefold()
    return "".join(letter for letter in plain if letter.isalnum())


def agree(one: Identity, other: Identity) -> bool:
    """True if at least two of family name, given name and date of birth agree. What is not known agrees.

    So a married name or one mistyped date joins; another name with another date, or two of three unlike, does not.
    """
    unlike = sum(
        (
            _unlike(one.family, other.family),
            _unlike(one.given, other.given),
            one.date_of_birth is not None
            and other.date_of_birth is not None
            and one.date_of_birth != other.date_of_birth,
        )
    )
    return unlike <= 1


def _unlike(one: str | None, other: str | None) -> bool:
    return one is not None and other is not None and folded(one) != folded(other)
