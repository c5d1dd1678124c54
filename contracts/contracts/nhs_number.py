"""NHS numbers: a number that fails its check is nobody's, wherever it is met (domain.md, Identifiers)."""

import re
from datetime import datetime

_CHI = ("0100000000", "3112999999")
"""Numbers of Scotland, which begin with the day, month and year of birth."""


def canonical_nhs_number(value: str) -> str | None:
    """Ten digits whose last is the modulus-11 check of the first nine [NHS Data Dictionary]; None if it fails."""
    digits = re.sub(r"[\s-]+", "", value)
    if not re.fullmatch(r"\d{10}", digits, re.ASCII) or (_CHI[0] <= digits <= _CHI[1] and not _begins_with_day(digits)):
        return None
    check = 11 - sum(int(digit) * weight for digit, weight in zip(digits, range(10, 1, -1), strict=False)) % 11
    return digits if check % 11 == int(digits[9]) and check != 10 else None


def _begins_with_day(digits: str) -> bool:
    try:
        datetime.strptime(digits[:6], "%d%m%y")  # noqa: DTZ007 (a calendar day, no instant)
    except ValueError:
        return False
    return True
