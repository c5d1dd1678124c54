"""The policy and register in force, compiled once per change and kept in memory by the name of the change.

Deciders hold the policy's advisory lock shared, those who change it exclusively, so that a snapshot read under the
lock is the one in force until the transaction ends.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from consent.domain.facts import AgencyFact
from consent.domain.policy import Policy, compile_policy
from consent.models import AgencyRow, AgreementRow, PolicyState
from contracts.agreement import Agreement
from contracts.codes import AgencyKind

LOCK = 0x706F6C696379
"""The advisory lock's number: "policy" in ASCII."""
KEPT = 4


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that is the same for every person: the compiled agreements and the register of agencies."""

    policy: Policy
    agencies: Mapping[str, AgencyFact]
    agreements: Mapping[str, str]
    """The version of each agreement in force."""
    since: datetime
    """When it came into force: who waited for that decides no earlier."""


_compiled: dict[tuple[str, int], Snapshot] = {}


async def shared_snapshot(session: AsyncSession) -> Snapshot:
    """The snapshot in force, held in force until the transaction ends."""
    await session.execute(text("SELECT pg_advisory_xact_lock_shared(:lock)"), {"lock": LOCK})
    return await snapshot(session)


async def lock_policy(session: AsyncSession) -> None:
    """Waits for every decider under way and keeps the others out until the transaction ends."""
    await session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})


async def snapshot(session: AsyncSession) -> Snapshot:
    """The snapshot in force at this moment; nothing holds it in force."""
    state = (await session.scalars(select(PolicyState).execution_options(populate_existing=True))).one()
    name, version = state.policy_set, state.version
    found = _compiled.get((name, version))
    if found is None:
        found = await _compile(session, version, state.changed_at)
        while len(_compiled) >= KEPT:
            _compiled.pop(next(iter(_compiled)))
        _compiled[name, version] = found
    return found


async def current_agreements(session: AsyncSession) -> list[Agreement]:
    """The version in force of each agreement."""
    rows = await session.scalars(select(AgreementRow).order_by(AgreementRow.agreement_id))
    return [Agreement.model_validate_json(row.document) for row in rows if row.current]


async def agreements_of(session: AsyncSession, versions: Mapping[str, str]) -> list[Agreement]:
    """These versions of these agreements, whichever is in force now."""
    rows = await session.scalars(select(AgreementRow))
    return [
        Agreement.model_validate_json(row.document) for row in rows if versions.get(row.agreement_id) == row.version
    ]


async def _compile(session: AsyncSession, version: int, since: datetime) -> Snapshot:
    agreements = await current_agreements(session)
    rows = (await session.scalars(select(AgencyRow))).all()
    kinds = {row.id: AgencyKind(row.kind) for row in rows}
    agencies = {
        row.id: AgencyFact(
            id=row.id,
            kind=kinds[row.id],
            area=row.area,
            nhs_body=row.nhs_body,
            contracted_by=row.contracted_by,
            contractor_kind=kinds.get(row.contracted_by or ""),
            suspended=row.suspended,
        )
        for row in rows
    }
    policy = compile_policy(agreements, version=version)
    return Snapshot(policy, agencies, {agreement.id: agreement.version for agreement in agreements}, since)
