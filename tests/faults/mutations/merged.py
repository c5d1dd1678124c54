"""Breakages of what happens around merges, and of one that must not hold up others."""

from tests.faults.mutations.mutation import Mutation

MERGED = (
    Mutation(
        "a-parted-number-gets-back-what-its-own-custody-ended",
        "services/release-notify/release_notify/operations/merges.py",
        "WHERE ended_by <> ALL(:numbers) AND release_id IN (",
        "WHERE release_id IN (",
        ("tests/integration/release_notify/test_undone_merges.py",),
    ),
    Mutation(
        "what-was-told-of-another-stays-with-them",
        "services/consent/consent/domain/plan.py",
        "        if live is not None and live.elsewhere:\n",
        "        if live is not None and not live.id:\n",
        ("tests/integration/consent/test_told_as.py",),
    ),
    Mutation(
        "an-unreachable-registration-is-offered",
        "services/caseload/caseload/operations/shadowed.py",
        "now=now, retracted=registration.id in after))",
        "now=now))",
        ("tests/integration/caseload/test_two_registrations.py",),
    ),
    Mutation(
        "receipts-lock-their-number-alone",
        "services/referral/referral/handlers.py",
        "        return (data.subject_ref,)\n",
        "        return ()\n",
        ("tests/integration/referral/test_receipts_ahead.py",),
    ),
    Mutation(
        "a-receipt-that-was-overtaken-holds",
        "services/referral/referral/operations/receipts.py",
        "if (receipt.index or 0) < (case.row.decided_index or 0):",
        "if (receipt.index or 0) < 0:",
        ("tests/integration/referral/test_receipts_ahead.py",),
    ),
    Mutation(
        "one-who-cannot-be-decided-holds-up-all",
        "services/consent/consent/main.py",
        "                    cannot |= failed.persons\n",
        "                    return\n",
        ("tests/integration/consent/test_deciding.py", "-k", "holds_up"),
    ),
    Mutation(
        "a-row-that-no-message-carries-is-written",
        "chassis/outbox.py",
        "    if len(body) > event.MAX_BYTES:\n",
        "    if len(body) < 0:\n",
        ("tests/integration/chassis/test_heavy.py", "-k", "refused_before"),
    ),
    Mutation(
        "decisions-of-an-offer-go-in-one-message",
        "services/consent/consent/operations/telling.py",
        "        if weight > room and parts[-1]:\n",
        "        if weight < 0 and parts[-1]:\n",
        ("tests/integration/consent/test_heavy.py",),
    ),
)
