"""The limits that the law sets to a clause (domain.md, table of laws), each with the sentence that explains it.

A worked default, not legal advice. A clause that breaks one is not published.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from consent.domain.policy import NHS_KINDS, kinds_of
from consent.domain.redaction import HEALTH, HEALTH_KINDS
from contracts.agreement import Agreement, Clause, Gateway
from contracts.codes import HEALTH_DATA, AgencyKind, Basis, Category, SubjectTo

Kind = AgencyKind
HUB = frozenset({Kind.PRISON, Kind.PROBATION})
LISTED = HUB | {Kind.POLICE, Kind.HOUSING, Kind.YOUTH, Kind.BENEFITS, Kind.PROVIDER}
RELEVANT_AUTHORITIES = frozenset(
    {Kind.POLICE, Kind.HOUSING, Kind.YOUTH, Kind.PROBATION, Kind.PRISON_HEALTH, Kind.MENTAL_HEALTH}
) | {Kind.LIAISON_DIVERSION}
MAPPA = frozenset(
    {Kind.PRISON, Kind.PROBATION, Kind.POLICE, Kind.YOUTH, Kind.HOUSING, Kind.BENEFITS}
    | {Kind.PRISON_HEALTH, Kind.MENTAL_HEALTH, Kind.LIAISON_DIVERSION}
)
"""Responsible authorities and agencies with a duty to co-operate."""
LAW_ENFORCEMENT = frozenset({Kind.PRISON, Kind.PROBATION, Kind.POLICE, Kind.COURT})
"""Competent authorities under Data Protection Act 2018 Part 3."""
PATIENT_INFORMATION = HEALTH_DATA | {Category.REFERRAL_STATUS, Category.WARNING}
OFFENCE_DATA = frozenset(
    {Category.RELEASE_DATE, Category.CUSTODY_STATUS, Category.LICENCE_CONDITIONS, Category.RISK_MARKERS}
) | {Category.CASELOAD}
HOMELESSNESS_DAYS = 56
EMERGENCY_HOURS = 72


@dataclass(frozen=True, slots=True)
class Breach:
    """A clause and the sentence that says which limit it breaks."""

    clause: str
    sentence: str


def breaches(agreement: Agreement) -> tuple[Breach, ...]:
    """Every limit that every clause breaks, in the agreement's order; empty if it may be published."""
    return tuple(Breach(clause.id, sentence) for clause in agreement.clauses for sentence in _sentences(clause))


def _sentences(clause: Clause) -> Iterator[str]:
    if clause.gateway is not None and clause.gateway in GATEWAYS:
        yield from GATEWAYS[clause.gateway](clause)
    yield from _any_clause(clause)


def _pairs(clause: Clause) -> Iterator[tuple[Kind, Kind]]:
    for flow in clause.flows:
        for source in kinds_of(flow.sources):
            for recipient in kinds_of(flow.recipients):
                yield source, recipient


def _has(clause: Clause, condition: str) -> bool:
    return any(found.kind == condition for found in clause.conditions)


def _offender_management(clause: Clause) -> Iterator[str]:
    pairs = list(_pairs(clause))
    if any(not ({source, recipient} & HUB) for source, recipient in pairs):
        yield (
            "Offender Management Act 2007 s.14 is a hub with spokes: prison or probation must be on one side of every"
            " share, and here both sides are others."
        )
    strange = sorted({kind for pair in pairs for kind in pair if kind not in LISTED})
    if strange:
        yield (
            "Offender Management Act 2007 s.14 lists police, local authorities, youth justice, government departments"
            f" and contractors, and no NHS body: {', '.join(strange)} cannot give or receive under it."
        )
    if any(Kind.PROVIDER in pair for pair in pairs) and not _has(clause, "contracted-by"):
        yield (
            "Offender Management Act 2007 s.14 reaches a provider only as a contractor of prison or probation: the"
            " clause must have the condition contracted-by."
        )


def _crime_and_disorder(clause: Clause) -> Iterator[str]:
    strange = sorted({recipient for _, recipient in _pairs(clause) if recipient not in RELEVANT_AUTHORITIES})
    if strange:
        yield (
            "Crime and Disorder Act 1998 s.115 is a power to tell a relevant authority (police, local authority,"
            f" probation, NHS body), which a prison is not: {', '.join(strange)} cannot receive under it."
        )
    if set(clause.purposes) - {"crime-prevention"}:
        yield (
            "Crime and Disorder Act 1998 s.115 is a power only where disclosure is necessary or expedient for that"
            " Act: its only purpose is crime-prevention."
        )


def _mappa(clause: Clause) -> Iterator[str]:
    if not _has(clause, "mappa-managed"):
        yield (
            "Criminal Justice Act 2003 s.325 speaks only of people managed under MAPPA: the clause must have the"
            " condition mappa-managed."
        )
    strange = sorted({kind for pair in _pairs(clause) for kind in pair if kind not in MAPPA})
    if strange:
        yield (
            "Criminal Justice Act 2003 s.325 binds responsible authorities and agencies with a duty to co-operate:"
            f" {', '.join(strange)} is neither."
        )


def _serious_violence(clause: Clause) -> Iterator[str]:
    markers = clause.redactions.get(Category.RISK_MARKERS)
    with_health = Category.RISK_MARKERS in clause.categories and not (markers and HEALTH in markers.remove)
    patient = set(clause.categories) & PATIENT_INFORMATION
    if patient or with_health:
        names = sorted(patient | ({Category.RISK_MARKERS} if with_health else set()))
        yield (
            "Police, Crime, Sentencing and Courts Act 2022 s.16 never allows patient information:"
            f" {', '.join(names)} may hold it."
        )


def _duty_to_refer(clause: Clause) -> Iterator[str]:
    if clause.basis != Basis.CONSENT:
        yield (
            "Housing Act 1996 s.213B lets a person be referred only with their consent to the referral and to"
            " passing on contact details: the basis must be consent."
        )
    if not _has(clause, "chosen-authority"):
        yield (
            "Housing Act 1996 s.213B leaves the choice of authority to the person: the clause must have the"
            " condition chosen-authority."
        )
    near = [found for found in clause.conditions if found.kind == "near-homelessness"]
    if not near or any(found.days is None or found.days > HOMELESSNESS_DAYS for found in near):
        yield (
            "Housing Act 1996 s.213B speaks of people who are homeless or may be within 56 days: the clause must have"
            " the condition near-homelessness of at most 56 days."
        )
    if any(recipient != Kind.HOUSING for _, recipient in _pairs(clause)):
        yield "Housing Act 1996 s.213B refers a person to a local housing authority and to nobody else."


def _prisoners_health(clause: Clause) -> Iterator[str]:
    if any(not (Kind.PRISON in pair and set(pair) & NHS_KINDS) for pair in _nhs(clause)):
        yield (
            "National Health Service Act 2006 s.249 is co-operation of prisons and NHS bodies for prisoners' health:"
            " a prison on one side and an NHS body on the other."
        )
    if clause.subject_to != SubjectTo.OBJECTION:
        yield "National Health Service Act 2006 s.249: the person may object, so the clause is subject to objection."


def _nhs(clause: Clause) -> Iterator[tuple[Kind, Kind]]:
    """The pairs, where a drug-and-alcohol service counts as an NHS body only if the clause asks for `nhs-bodies`."""
    for flow in clause.flows:
        for source, nhs_source in kinds_of(flow.sources).items():
            for recipient, nhs_recipient in kinds_of(flow.recipients).items():
                yield _unless_nhs(source, nhs_source), _unless_nhs(recipient, nhs_recipient)


def _unless_nhs(kind: Kind, asks: bool) -> Kind:
    return Kind.PROVIDER if kind == Kind.DRUG_ALCOHOL and not asks else kind


def _direct_care(clause: Clause) -> Iterator[str]:
    if any({source, recipient} - HEALTH_KINDS for source, recipient in _pairs(clause)):
        yield (
            "Health and Social Care Act 2012 s.251B is a duty between health and social-care bodies only: every source"
            " and every recipient must be one."
        )
    if set(clause.purposes) - {"direct-care"}:
        yield "Health and Social Care Act 2012 s.251B is for direct care only: no other purpose may be named."
    if clause.subject_to != SubjectTo.OBJECTION:
        yield "Health and Social Care Act 2012 s.251B: the person may object, so the clause is subject to objection."


def _any_clause(clause: Clause) -> Iterator[str]:
    yield from _out_of_part_3(clause)
    if clause.basis == Basis.STATUTORY and clause.gateway is None:
        yield "A statutory clause names the gateway in law that it stands on."
    if clause.basis == Basis.STATUTORY and clause.subject_to == SubjectTo.CONSENT:
        yield "A statutory clause is never called consent: it may be subject to objection, not to consent."
    if clause.basis == Basis.CONSENT and clause.subject_to != SubjectTo.CONSENT:
        yield "A clause on consent is subject to consent."
    if clause.basis == Basis.VITAL_INTERESTS:
        yield from _emergency(clause)
    if clause.as_referred:
        yield from _answer(clause)


def _answer(clause: Clause) -> Iterator[str]:
    if clause.basis != Basis.CONSENT:
        yield "An answer stands on law only where its referral came on law: the clause's own basis must be consent."
    if not _has(clause, "same-referral"):
        yield "An answer belongs to one referral: the clause must have the condition same-referral."
    if Category.REFERRAL in clause.categories:
        yield "A referral is no answer to itself: a clause that stands as the referral came cannot share referrals."


def _out_of_part_3(clause: Clause) -> Iterator[str]:
    """Law-enforcement data that leaves law enforcement (Data Protection Act 2018 Part 3)."""
    leaves = any(source in LAW_ENFORCEMENT and recipient not in LAW_ENFORCEMENT for source, recipient in _pairs(clause))
    if not leaves:
        return
    if clause.basis != Basis.VITAL_INTERESTS and not clause.authorising_law:
        yield (
            "Data of prison, probation or police leaves Data Protection Act 2018 Part 3 here: the clause must name the"
            " law that authorises it."
        )
    if "6(1)" not in clause.articles.article_6:
        yield (
            "Data of prison, probation or police leaves Data Protection Act 2018 Part 3 here: the clause must name an"
            " Article 6 basis."
        )
    if set(clause.categories) & OFFENCE_DATA and not clause.articles.article_10:
        yield (
            "Offence data leaves Data Protection Act 2018 Part 3 here: the clause must name its Article 10 condition."
        )
    if set(clause.categories) & PATIENT_INFORMATION and not clause.articles.article_9:
        yield "Health data leaves Data Protection Act 2018 Part 3 here: the clause must name its Article 9 condition."


def _emergency(clause: Clause) -> Iterator[str]:
    if not (clause.named_member and clause.justification and clause.review):
        yield (
            "Vital interests are asked for by a named member with a written justification and reviewed within one"
            " working day: the clause must say all three."
        )
    if not (_has(clause, "emergency-push") or _has(clause, "emergency-request")):
        yield "Vital interests are one case at a time: the clause must ask for an emergency push or request."
    if _has(clause, "emergency-request") and (clause.hours is None or clause.hours > EMERGENCY_HOURS):
        yield "An emergency request is limited in time: the clause must say at most 72 hours."


GATEWAYS: dict[Gateway, Callable[[Clause], Iterator[str]]] = {
    "oma-2007-s14": _offender_management,
    "cda-1998-s115": _crime_and_disorder,
    "cja-2003-s325": _mappa,
    "pcsc-2022-s16": _serious_violence,
    "ha-1996-s213b": _duty_to_refer,
    "nhsa-2006-s249": _prisoners_health,
    "hsca-2012-s251b": _direct_care,
}
"""Gateways with limits of their own; the sentencing gateways of referrals have none in the table."""
