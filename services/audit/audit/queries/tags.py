"""From the ids that an auditor asks with to the tags that the log is searched by.

Invariant: without the key there is no tag, so what was erased is found by nobody.
"""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from audit.domain.drafts import member_ref, member_tag, person_ref, person_tag

_SAME_PERSON = text(
    "WITH RECURSIVE same(id) AS ("
    " SELECT CAST(:person AS varchar) UNION SELECT a.removed_id FROM person_alias a JOIN same ON a.kept_id = same.id"
    ") SELECT id FROM same"
)


async def person_tags(session: AsyncSession, person_id: str) -> list[bytes]:
    """The tags of a person and of every id that was merged into it."""
    ids = list(await session.scalars(_SAME_PERSON, {"person": person_id}))
    keys = await _keys(session, [person_ref(found) for found in ids])
    return [bytes.fromhex(person_tag(found, keys)) for found in ids if person_ref(found) in keys]


async def member_tags(session: AsyncSession, member: str) -> list[bytes]:
    keys = await _keys(session, [member_ref(member)])
    return [bytes.fromhex(member_tag(member, keys))] if keys else []


async def _keys(session: AsyncSession, refs: Sequence[str]) -> dict[str, bytes]:
    rows = await session.execute(text("SELECT ref, key FROM subject_key WHERE ref = ANY(:refs)"), {"refs": list(refs)})
    return {ref: bytes(key) for ref, key in rows}
