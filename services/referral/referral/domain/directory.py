"""Which services are for whom: need, area, age, sex, statutory or voluntary, exclusions, next start."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from contracts.codes import Need


@dataclass(frozen=True, slots=True)
class Service:
    """An entry of the directory. Ages are half-open: `age_from` <= age < `age_until`."""

    service_id: str
    agency: str
    area: str
    needs: tuple[Need, ...]
    age_from: int | None = None
    age_until: int | None = None
    women_only: bool = False
    exclusions: tuple[str, ...] = ()
    statutory: bool = True
    voluntary: bool = True
    next_start: date | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody looks for; None asks nothing. `without` are exclusions that the person would fall under."""

    need: Need | None = None
    area: str | None = None
    age: int | None = None
    sex: str | None = None
    statutory: bool | None = None
    without: str | None = None
    starts_before: date | None = None


def matches(service: Service, wanted: Wanted) -> bool:
    """Whether this service takes such a person."""
    return (
        (wanted.need is None or wanted.need in service.needs)
        and (wanted.area is None or wanted.area == service.area)
        and (wanted.age is None or _takes_age(service, wanted.age))
        and (wanted.sex is None or not service.women_only or wanted.sex == "female")
        and (wanted.statutory is None or (service.statutory if wanted.statutory else service.voluntary))
        and (wanted.without is None or wanted.without not in service.exclusions)
        and (wanted.starts_before is None or service.next_start is None or service.next_start < wanted.starts_before)
    )


def gaps(services: Iterable[Service], area: str) -> tuple[Need, ...]:
    """The needs that nobody in the area takes."""
    covered = {need for service in services if service.area == area for need in service.needs}
    return tuple(need for need in Need if need not in covered)


def _takes_age(service: Service, age: int) -> bool:
    return (service.age_from is None or service.age_from <= age) and (
        service.age_until is None or age < service.age_until
    )


def in_steps(rate: float) -> float:
    """In steps of 5 %, so that one more answer seldom shows."""
    return round(rate * 20) / 20
