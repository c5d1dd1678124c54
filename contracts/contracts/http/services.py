"""HTTP bodies of the directory of services (api.md, Referring and receiving)."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from contracts.codes import Need
from contracts.event import Day
from contracts.http.referral import Body, Short

Age = Annotated[int, Field(ge=0, le=120)]
Days = Annotated[int, Field(ge=0, le=1000)]


class ServiceBody(Body):
    """`PUT /services/{service_id}`: an entry of the directory, kept by the agency that runs the service."""

    name: Short
    area: Short
    needs: Annotated[list[Need], Field(min_length=1, max_length=20)]
    age_from: Age | None = None
    age_until: Age | None = None
    women_only: bool = False
    exclusions: Annotated[list[Short], Field(default_factory=list, max_length=40)]
    statutory: bool = True
    voluntary: bool = True
    contact: Short | None = None
    opens_days_before_release: Days | None = None
    next_start: Day | None = None

    @model_validator(mode="after")
    def _ages(self) -> Self:
        if self.age_from is not None and self.age_until is not None and self.age_from >= self.age_until:
            raise ValueError("age_from is below age_until")
        return self


class ServiceAnswer(ServiceBody):
    """With what answers say: `waiting_days` from receipt to the first appointment, `acceptance_rate` in steps of 5 %.

    Both are of answers before today, and only where enough different senders had one, so that nobody can tell a
    single answer from them.
    """

    service_id: str
    agency: str
    version: int
    waiting_days: int | None = None
    acceptance_rate: float | None = None


class ServiceList(Body):
    items: list[ServiceAnswer]
    next: str | None


class Gap(Body):
    need: Need
    area: str
    detail: str


class Gaps(Body):
    items: list[Gap]
    next: str | None
