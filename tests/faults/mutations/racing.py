"""Breakages of what withdrawals and suspensions do: for those who judge the races."""

from tests.faults.mutations.mutation import Mutation

RACES = "tests/faults/test_withdrawal_races.py"

RACING = (
    Mutation(
        "decision-ignores-withdrawals",
        "services/consent/consent/domain/grounds.py",
        "    if withdrawn is not None:\n        return NotCovered(Reason.CONSENT_WITHDRAWN",
        "    if withdrawn is not None and not withdrawn:\n        return NotCovered(Reason.CONSENT_WITHDRAWN",
        (RACES, "-k", "test_everything_at_once"),
    ),
    Mutation(
        "what-is-withdrawn-is-hidden-when-the-log-says-so",
        "services/gateway/gateway/operations/project.py",
        "            apply_denial(board, step)\n",
        "            continue\n",
        (RACES, "-k", "standing_still"),
    ),
    Mutation(
        "bulk-goes-with-what-is-urgent",
        "services/release-notify/release_notify/operations/batch.py",
        "now=now, lane=Lane.BULK)",
        "now=now, lane=Lane.URGENT)",
        (RACES, "-k", "under_a_bulk"),
    ),
    Mutation(
        "a-batch-is-decided-without-a-turn-for-others",
        "services/consent/consent/operations/decisions.py",
        "            await asyncio.sleep(0)\n",
        "            pass\n",
        ("tests/integration/consent/test_deciding.py::test_between_two_who_are_decided_others_have_their_turn",),
    ),
    Mutation(
        "a-suspended-agency-is-given-to",
        "services/consent/consent/domain/decide.py",
        "offer.source.suspended or recipient.suspended:",
        "offer.source.suspended:",
        (RACES, "-k", "test_everything_at_once"),
    ),
    Mutation(
        "a-share-whose-denial-came-first-is-shown",
        "services/gateway/gateway/domain/projection.py",
        "effect = board.denied.get(share.share_id)",
        "effect = None",
        (RACES, "-k", "under_a_bulk"),
    ),
    Mutation(
        "a-share-says-nothing",
        "services/gateway/gateway/domain/bodies.py",
        '"content": detail.content,\n            "source": _source(share),\n            "purpose"',
        '"content": None,\n            "source": _source(share),\n            "purpose"',
        (RACES, "-k", "standing_still"),
    ),
)
