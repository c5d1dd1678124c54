"""The facts of persons, read under their locks: one statement per kind of fact, however many persons."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from consent.domain.facts import (
    AgencyFact,
    Consent,
    EmergencyRequest,
    Involvement,
    Mappa,
    Objection,
    PersonFacts,
    Referral,
    Scope,
    Withdrawal,
)
from consent.domain.plan import release_date_of
from consent.models import (
    ConsentRow,
    EmergencyRequestRow,
    InvolvementRow,
    MappaRow,
    ObjectionRow,
    OfferRow,
    PersonRow,
    WithdrawalRow,
)
from contracts.codes import AgencyKind, Category, InvolvementState, Purpose

Row = TypeVar("Row", bound=Any)


async def facts_of(
    session: AsyncSession,
    persons: Sequence[PersonRow],
    offers: Mapping[str, Sequence[OfferRow]],
    register: Mapping[str, AgencyFact],
) -> dict[str, PersonFacts]:
    """The facts of each person by id; `offers` are the current ones, for what they say of release and referrals."""
    ids = [person.id for person in persons]
    involvements = await by_person(session, InvolvementRow, ids)
    consents = await by_person(session, ConsentRow, ids)
    withdrawals = await by_person(session, WithdrawalRow, ids)
    objections = await by_person(session, ObjectionRow, ids)
    mappa = await by_person(session, MappaRow, ids)
    requests = await by_person(session, EmergencyRequestRow, ids)
    return {
        person.id: PersonFacts(
            version=person.version,
            restricted=person.restricted,
            release_date=release_date_of(
                (offer.category, offer.content)
                for offer in sorted(offers.get(person.id, ()), key=lambda row: row.occurred_at, reverse=True)
            ),
            involvements=tuple(sorted(map(_involvement, involvements[person.id]), key=lambda fact: fact.version)),
            consents=tuple(sorted(map(consent_fact, consents[person.id]), key=lambda fact: fact.id)),
            withdrawals=tuple(sorted(map(_withdrawal, withdrawals[person.id]), key=lambda fact: fact.at)),
            objections=tuple(sorted(map(_objection, objections[person.id]), key=lambda fact: fact.id)),
            mappa=tuple(sorted(map(_mappa, mappa[person.id]), key=lambda fact: (fact.agency, fact.version))),
            requests=tuple(sorted(map(_request, requests[person.id]), key=lambda fact: fact.id)),
            referrals=_referrals(offers.get(person.id, ()), register),
        )
        for person in persons
    }


def referral_fact(row: OfferRow, register: Mapping[str, AgencyFact]) -> Referral | None:
    """What the offer's owner asserts of its referral; None if nothing, or if nobody knows the sender."""
    said = row.referral
    sender = None if said is None else register.get(said["sender"])
    if said is None or sender is None:
        return None
    return Referral(
        id=said["referral_id"],
        sender=sender,
        receiver=said["receiver"],
        ordered=bool((said.get("order_reference") or "").strip()),
        live=said["live"],
        screening=bool(said.get("screening")),
    )


def _referrals(offers: Sequence[OfferRow], register: Mapping[str, AgencyFact]) -> tuple[Referral, ...]:
    """The referrals that are offered now and live."""
    current = [row for row in offers if row.category == Category.REFERRAL and row.content is not None]
    found = [referral_fact(row, register) for row in current]
    return tuple(sorted((each for each in found if each and each.live), key=lambda fact: fact.id))


async def by_person(session: AsyncSession, table: type[Row], ids: Sequence[str]) -> defaultdict[str, list[Row]]:
    """Every row of a table of facts about these persons, by person."""
    found: defaultdict[str, list[Row]] = defaultdict(list)
    statement = select(table).where(table.person_id.in_(ids)).execution_options(populate_existing=True)
    for row in await session.scalars(statement):
        found[row.person_id].append(row)
    return found


def consent_fact(row: ConsentRow) -> Consent:
    return Consent(
        id=row.id,
        decision="given" if row.decision == "given" else "refused",
        scope=_scope(row.categories, row.agencies, row.kinds, row.purposes),
        given_at=row.given_at,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        recorded_by=row.recorded_by,
        version=row.version,
    )


def _scope(
    categories: list[str] | None, agencies: list[str] | None, kinds: list[str] | None, purposes: list[str] | None
) -> Scope:
    return Scope(
        categories=None if categories is None else tuple(Category(item) for item in categories),
        agencies=None if agencies is None else tuple(agencies),
        kinds=None if kinds is None else tuple(AgencyKind(item) for item in kinds),
        purposes=None if purposes is None else tuple(Purpose(item) for item in purposes),
    )


def _involvement(row: InvolvementRow) -> Involvement:
    state = InvolvementState(row.state)
    return Involvement(row.agency, state, tuple(row.roles), row.since, row.until, row.version)


def _withdrawal(row: WithdrawalRow) -> Withdrawal:
    return Withdrawal(row.at, _scope(row.categories, row.agencies, row.kinds, None), row.consent_id, row.version)


def _objection(row: ObjectionRow) -> Objection:
    scope = _scope(row.categories, row.agencies, row.kinds, row.purposes)
    return Objection(row.id, scope, row.valid_from, row.valid_until, row.version)


def _mappa(row: MappaRow) -> Mappa:
    return Mappa(row.agency, row.managed, row.until, row.version)


def _request(row: EmergencyRequestRow) -> EmergencyRequest:
    return EmergencyRequest(
        id=row.id,
        agency=row.agency,
        member=row.member,
        category=Category(row.category),
        source=row.source,
        justification=row.justification,
        requested_at=row.requested_at,
        expires_at=row.expires_at,
        version=row.version,
        unjustified=row.unjustified,
    )
