"""The person and the referral that a message speaks of. What has no field of its own is a line of the reason.

Unknown codes are kept and never guessed at; an urgency that is not known refuses, for it must not turn into routine.
"""

from typing import Any, ClassVar

from contracts.codes import AgencyKind, Need, Scheme
from contracts.errors import Invalid
from contracts.nhs_number import canonical_nhs_number
from gateway.fhir import lines
from gateway.fhir.codes import (
    IDENTIFIER,
    NEED_OF_SNOMED,
    NEEDS,
    NHS_NUMBER,
    REFERRAL,
    SCORE_OF,
    SNOMED,
    URGENCY_OF,
    usual_needs,
)
from gateway.fhir.lines import Entry
from gateway.fhir.message import Message
from gateway.fhir.tree import Resource, codings, identifiers, many, one, texts, words

READ_NHS_NUMBERS = frozenset(
    {AgencyKind.MENTAL_HEALTH, AgencyKind.DRUG_ALCOHOL, AgencyKind.LIAISON_DIVERSION, AgencyKind.PRISON_HEALTH}
)
LONGEST_REASON = 4000
LONGEST_PLACE = 200
CUT = "(The care plan is longer than this; the sender has the rest.)"


class NoPerson(Invalid):
    """The Patient has no identifier that is known here: an NHS number, or one of ours."""

    code: ClassVar[str] = "patient-without-identifier"


class PersonIncomplete(Invalid):
    """A person who is not known yet needs a family name, a given name and a full birthDate."""

    code: ClassVar[str] = "patient-incomplete"


class PriorityUnknown(Invalid):
    """ServiceRequest.priority is routine, urgent, asap or stat."""

    code: ClassVar[str] = "priority-unknown"


class NeedUnknown(Invalid):
    """The message codes no need, and agencies of this kind take many."""

    code: ClassVar[str] = "need-unknown"


class NothingSaid(Invalid):
    """A referral says why: a reason code, a note, a care plan or an observation."""

    code: ClassVar[str] = "reason-missing"


class TooLong(Invalid):
    """The words and codes together are longer than a referral's reason may be."""

    code: ClassVar[str] = "reason-too-long"


def person_of(patient: Resource) -> list[tuple[Scheme, str]]:
    """The identifiers by which the person may be known, the NHS number first; none if the only one fails its check.
    Raises NoPerson."""
    nhs = _nhs_numbers(patient)
    found = [(Scheme.NHS, number) for value in nhs if (number := canonical_nhs_number(value))]
    found += [
        (Scheme(system.removeprefix(IDENTIFIER)), value)
        for system, value in identifiers(patient)
        if system.startswith(IDENTIFIER) and system.removeprefix(IDENTIFIER) in set(Scheme)
    ]
    if not (found or nhs):
        raise NoPerson(pointer="/Patient/identifier")
    return list(dict.fromkeys(found))


def claimed_of(patient: Resource) -> list[str]:
    """What is called an NHS number and fails its check: it identifies nobody, and is passed on as words alone."""
    return [value for value in _nhs_numbers(patient) if not canonical_nhs_number(value)]


def registration_of(patient: Resource) -> dict[str, Any]:
    """The body of a registration. Raises NoPerson, PersonIncomplete."""
    names = many(patient, "name")
    name = next((each for each in names if words(each, "use") == "official"), next(iter(names), {}))
    family, given, born = words(name, "family"), words(name, "given"), words(patient, "birthDate")
    if not (family and given and born and len(born) == len("2000-01-01")):
        raise PersonIncomplete(pointer="/Patient")
    said: dict[str, Any] = {
        "identifiers": [{"scheme": scheme, "value": value} for scheme, value in person_of(patient)],
        "name": {"family": family, "given": given},
        "date_of_birth": born,
    }
    if (gender := words(patient, "gender")) in ("female", "male", "other"):
        said["sex"] = gender
    return said


def referral_of(message: Message, kind: AgencyKind) -> dict[str, Any]:
    """What the sender says, for a receiver of this kind. Raises PriorityUnknown and what the parts below raise."""
    request = message.request()
    said: dict[str, Any] = {
        "needs": needs_of(message, kind),
        "reason": reason_of(message, kind),
        "urgency": URGENCY_OF.get((words(request, "priority") or "routine").lower()),
        "statutory": False,
    }
    if said["urgency"] is None:
        raise PriorityUnknown(pointer="/ServiceRequest/priority")
    if scores := scores_of(message):
        said["scores"] = scores
    if place := place_of(message):
        said["location"] = place
    return said


def needs_of(message: Message, kind: AgencyKind) -> list[Need]:
    """Those that are coded, each once; else what agencies of this kind are there for. Raises NeedUnknown."""
    found: list[Need] = []
    for system, code, _ in codings(_concepts(message)):
        if system == NEEDS and code in set(Need):
            found.append(Need(code))
        elif system == SNOMED and code in NEED_OF_SNOMED:
            found.append(NEED_OF_SNOMED[code])
    needs = list(dict.fromkeys(found)) or usual_needs(kind)
    if not needs:
        raise NeedUnknown(pointer="/ServiceRequest/orderDetail")
    return needs


def reason_of(message: Message, kind: AgencyKind) -> str:
    """The reason, a line each, for a receiver of this kind. Raises NothingSaid, TooLong.

    A care plan's words fill the room that the request's own leave; where they are cut, a line says so.
    """
    request, plan = message.request(), _plan(message)
    coded = [*_codes_of(request), *(_coded(lines.REASON, *each) for each in codings(plan))]
    own = [each for reason in many(request, "reasonCode") for each in _words(words(reason, "text"))]
    own += [each for note in many(request, "note") for each in _words(words(note, "text"))]
    beside = [*_observed(message), *_numbers(message), *_claimed(message, kind)]
    room = LONGEST_REASON - len(lines.write([*coded, *own, *beside])) - 1
    planned = lines.write(each for concept in plan for each in _words(words(concept, "text")))
    if len(planned) > room:
        planned = f"{planned[: max(room - len(CUT) - 1, 0)].rstrip()}\n{CUT}"
    text = lines.write([*coded, *own, *_words(planned), *beside])
    if not text:
        raise NothingSaid(pointer="/ServiceRequest/reasonCode")
    if len(text) > LONGEST_REASON:
        raise TooLong(pointer="/ServiceRequest/reasonCode")
    return text


def scores_of(message: Message) -> dict[str, int]:
    """Total scores of known questionnaires."""
    found = {}
    for observation in message.all("Observation"):
        name = _score(observation)
        value = observation.get("valueInteger", one(observation, "valueQuantity").get("value"))
        if name and (isinstance(value, int) or (isinstance(value, float) and value.is_integer())):
            found[name] = int(value)
    return found


def place_of(message: Message) -> str | None:
    """Where: the name and address of the request's Location, in one line."""
    location = message.at(one(message.request(), "locationReference"))
    address = one(location, "address")
    parts = [words(location, "name"), *texts(address, "line"), words(address, "city"), words(address, "postalCode")]
    return ", ".join(part for part in parts if part)[:LONGEST_PLACE] or None


def _codes_of(request: Resource) -> list[Entry]:
    found = [_coded(lines.CATEGORY, *each) for each in codings(many(request, "category"))]
    found += [_coded(lines.CODE, *each) for each in codings(many(request, "code")) if each[0] != NEEDS]
    return found + [_coded(lines.REASON, *each) for each in codings(many(request, "reasonCode"))]


def _observed(message: Message) -> list[Entry]:
    """Observations that are no scores."""
    return [
        _coded(lines.OBSERVATION, *each)
        for observation in message.all("Observation")
        if _score(observation) is None
        for each in codings(many(observation, "code"))
    ]


def _numbers(message: Message) -> list[Entry]:
    """When it is wanted, and the sender's own numbers."""
    request = message.request()
    period = one(request, "occurrencePeriod")
    start, end = words(period, "start") or words(request, "occurrenceDateTime"), words(period, "end")
    found = [Entry(lines.WHEN, "", start or "", end or "")] if start or end else []
    numbers = [*identifiers(request), *(each for seen in _encounters(message) for each in identifiers(seen))]
    return found + [Entry(lines.REFERENCE, "", *number) for number in numbers if number[0] != REFERRAL]


def _claimed(message: Message, kind: AgencyKind) -> list[Entry]:
    """For receivers to whom an NHS number may go; to others a wrong one does not go either."""
    values = claimed_of(message.patient()) if kind in READ_NHS_NUMBERS else []
    return [Entry(lines.CLAIMED, "", NHS_NUMBER, value) for value in values]


def _coded(role: str, system: str, code: str, display: str | None) -> Entry:
    return Entry(role, display or "", system, code)


def _words(text: str | None) -> list[Entry]:
    return [Entry(lines.WORDS, line) for line in (text or "").splitlines() if line.strip()]


def _plan(message: Message) -> list[Resource]:
    """What the care plan that the request rests on came to."""
    plans = [message.at(reference) for reference in many(message.request(), "basedOn")]
    return [concept for plan in plans for concept in many(plan, "activity", "outcomeCodeableConcept")]


def _encounters(message: Message) -> list[Resource]:
    return [message.at(reference) for reference in many(message.request(), "encounter")]


def _concepts(message: Message) -> list[Resource]:
    request = message.request()
    return [each for name in ("orderDetail", "code", "category", "reasonCode") for each in many(request, name)]


def _score(observation: Resource) -> str | None:
    known = (SCORE_OF.get((system, code)) for system, code, _ in codings(many(observation, "code")))
    return next((name for name in known if name), None)


def _same(system: str, wanted: str) -> bool:
    """Published examples disagree on http or https, and on small letters."""
    return system.lower().removeprefix("https://").removeprefix("http://") == wanted.lower().removeprefix("https://")


def _nhs_numbers(patient: Resource) -> list[str]:
    found = ["".join(value.split()) for system, value in identifiers(patient) if _same(system, NHS_NUMBER)]
    return list(dict.fromkeys(found))
