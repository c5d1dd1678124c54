"""The numbers of the rules, as one versioned value: two national services already disagree on some of them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Policy:
    """Numbers of domain.md, "Release dates". `version` names this set; a changed number is a new version."""

    version: str = "2026-1"

    short_notice_below: int = 5
    """`short-notice`: fewer working days than this."""
    immediate_below: int = 1
    """`immediate`: fewer working days than this."""
    shared_address_from: int = 5
    """`address-shared`: this many people, or more, give the same address for their release."""

    minimum_days_served: int = 28
    """Offenders (Day of Release from Detention) Act 2023: below this no discretion."""
    adult_days: int = 1
    under_18_days: int = 2
    most_days: int = 2
    """Eligible working days that a governor may bring a release forward by; above `adult_days` it needs approval."""

    days_before: tuple[int, ...] = (84, 56, 28, 14, 7)
    working_days_before: tuple[int, ...] = (2,)
    days_after: tuple[int, ...] = (28,)
    months_after: tuple[int, ...] = (6,)
    days_before_expiry: tuple[int, ...] = (28,)


DEFAULT = Policy()
