"""Advice on the day of release. Throughgate advises, the governor decides; the release itself is never rewritten.

Base rule: a release on a weekend, bank holiday, Christmas Day or Good Friday moves to the nearest earlier working day.
Discretion: Offenders (Day of Release from Detention) Act 2023. Vectors: calculate-release-dates
`NonFridayReleaseServiceTest`.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from contracts.codes import DateType
from release_notify.domain.effective import ACTUAL
from release_notify.domain.notice import DAY, Holidays, is_holiday, is_working_day, previous_working_day
from release_notify.domain.policy import Policy

COVERED = frozenset({DateType.CRD, DateType.ARD, DateType.PRRD, DateType.ETD, DateType.MTD, DateType.LTD})
FRIDAY = 4


class SentenceKind(StrEnum):
    DETERMINATE = "determinate"
    INDETERMINATE = "indeterminate"
    RECALL = "recall"
    REMAND = "remand"


@dataclass(frozen=True)
class Sentence:
    """`days_served` by the day of release, time on remand included, where the prison gave it."""

    kind: SentenceKind
    sentenced_at: date
    days_served: int | None = None
    under_18: bool = False


class AdviceReason(StrEnum):
    """Why a day is advised, or why none is although the due day is one that may move."""

    WEEKEND_OR_HOLIDAY = "weekend-or-holiday"
    FRIDAY_RELEASE = "friday-release"
    PRE_BANK_HOLIDAY = "pre-bank-holiday"
    SENTENCE_UNKNOWN = "sentence-unknown"
    HOME_DETENTION_CURFEW = "excluded-home-detention-curfew"
    PAROLE_BOARD = "excluded-parole-board"
    INDETERMINATE = "excluded-indeterminate"
    NOT_SENTENCED = "excluded-not-sentenced"
    TOO_SHORT = "excluded-under-28-days"
    TOO_LATE = "too-late"


@dataclass(frozen=True)
class Advice:
    """`day` None: nothing is advised. `mandatory`: the base rule moves the due day whatever the governor thinks."""

    day: date | None = None
    reason: AdviceReason | None = None
    mandatory: bool = False


NOTHING = Advice()


def rolled(due: date, holidays: Holidays) -> date:
    """The base rule: the day itself, or the nearest earlier working day."""
    return due if is_working_day(due, holidays) else previous_working_day(due, holidays)


def movable(day: date, holidays: Holidays) -> AdviceReason | None:
    """Why a working day may come forward: it is a Friday, or the eve of a bank holiday; else None."""
    if day.weekday() == FRIDAY:
        return AdviceReason.FRIDAY_RELEASE
    return AdviceReason.PRE_BANK_HOLIDAY if is_holiday(day + DAY, holidays) else None


def forward(day: date, days: int, holidays: Holidays) -> date:
    """`days` eligible working days (not followed by a non-working day) before `day`."""
    for _ in range(days):
        day = previous_working_day(day, holidays)
        while not is_working_day(day + DAY, holidays):
            day = previous_working_day(day, holidays)
    return day


def earliest_allowed(due: date, holidays: Holidays, policy: Policy) -> date:
    """The earliest day a governor may bring a release due on `due` forward to; `due` itself where nothing may move."""
    base = rolled(due, holidays)
    return forward(base, policy.most_days, holidays) if movable(base, holidays) else base


def advise(
    due: date, date_type: DateType, sentence: Sentence | None, *, today: date, holidays: Holidays, policy: Policy
) -> Advice:
    """What the policy says of a release due on `due`; NOTHING for a day that need not move, or that is not ahead."""
    if due <= today:
        return NOTHING
    base = rolled(due, holidays)
    mandatory, may_move = base != due, movable(base, holidays)
    if not mandatory and may_move is None:
        return NOTHING
    if date_type not in COVERED:
        return Advice(reason=_other_type(date_type))
    days, reason = _discretion(due, sentence, policy) if may_move else (0, AdviceReason.WEEKEND_OR_HOLIDAY)
    candidates = [(forward(base, days, holidays), reason or may_move)] if days else []
    candidates += [(base, reason or AdviceReason.WEEKEND_OR_HOLIDAY)] if mandatory else []
    for day, why in candidates:
        if day >= today:
            return Advice(day, why, mandatory)
    return Advice(None, AdviceReason.TOO_LATE if candidates else reason, mandatory)


def _other_type(date_type: DateType) -> AdviceReason | None:
    if date_type not in ACTUAL:
        return None
    return AdviceReason.HOME_DETENTION_CURFEW if date_type is DateType.HDCAD else AdviceReason.PAROLE_BOARD


def _discretion(due: date, sentence: Sentence | None, policy: Policy) -> tuple[int, AdviceReason | None]:
    """(eligible days presumed, None), or (0, why there is no discretion)."""
    if sentence is None:
        return 0, AdviceReason.SENTENCE_UNKNOWN
    if sentence.kind is SentenceKind.INDETERMINATE:
        return 0, AdviceReason.INDETERMINATE
    if sentence.kind is SentenceKind.REMAND:
        return 0, AdviceReason.NOT_SENTENCED
    if sentence.days_served is not None:
        if sentence.days_served < policy.minimum_days_served:
            return 0, AdviceReason.TOO_SHORT
    elif (due - sentence.sentenced_at).days < policy.minimum_days_served:
        # Time since sentence is the least that can have been served; remand before it may make up the rest.
        return 0, AdviceReason.SENTENCE_UNKNOWN
    return (policy.under_18_days if sentence.under_18 else policy.adult_days), None
