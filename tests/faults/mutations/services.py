"""Breakages of one service each."""

from tests.faults.mutations.mutation import Mutation

RACES = "tests/faults/test_withdrawal_races.py"
ERASED = ("tests/privacy/test_erased.py",)
WALK = ("tests/system/test_referral_walk.py", "-k", "story")

SERVICES = (
    Mutation(
        "decision-ignores-withdrawals",
        "services/consent/consent/domain/grounds.py",
        "    if withdrawn is not None:\n        return NotCovered(Reason.CONSENT_WITHDRAWN",
        "    if withdrawn is not None and not withdrawn:\n        return NotCovered(Reason.CONSENT_WITHDRAWN",
        (RACES, "-k", "test_everything_at_once"),
    ),
    Mutation(
        "decider-does-not-lock-the-person",
        "services/consent/consent/operations/persons.py",
        "        .with_for_update()\n",
        "",
        (RACES, "-k", "test_everything_at_once"),
    ),
    Mutation(
        "a-withdrawal-names-the-newest-version-alone",
        "services/consent/consent/operations/denying.py",
        "        older[newest].append((share_id, same_basis))\n",
        "        continue\n",
        ("tests/integration/consent/test_consents.py", "-k", "older_versions"),
    ),
    Mutation(
        "projector-skips-the-signature",
        "services/gateway/gateway/domain/proof.py",
        "    if not batch_holds(\n",
        "    if not key and not batch_holds(\n",
        ("tests/unit/gateway/test_proof.py",),
        cheap=True,
    ),
    Mutation(
        "projector-ignores-denials",
        "services/gateway/gateway/domain/projection.py",
        "        board.deny(share.recipient, share.share_id, denial.effect)\n",
        "        continue\n",
        ("tests/unit/gateway/test_board.py",),
        cheap=True,
    ),
    Mutation(
        "row-level-security-off",
        "services/gateway/gateway/migrations/versions/0001_gateway.py",
        "{table} ENABLE ROW LEVEL SECURITY",
        "{table} DISABLE ROW LEVEL SECURITY",
        ("tests/integration/gateway/test_row_security.py",),
        cheap=True,
    ),
    Mutation(
        "the-sender-is-given-the-receivers-version",
        "services/referral/referral/api/translate.py",
        '            "version": side.version,\n',
        '            "version": case.receiver.version,\n',
        WALK,
    ),
    Mutation(
        "the-sender-is-told-the-receivers-reason",
        "services/referral/referral/api/translate.py",
        "    words = {name: row.said.get(name) for name in SAID} if is_sender else",
        "    words = {name: row.said.get(name) or row.answer.get(name) for name in SAID} if is_sender else",
        WALK,
    ),
    Mutation(
        "a-list-is-filtered-by-what-is-so",
        "services/referral/referral/queries/referrals.py",
        "  AND (CAST(:state AS text) IS NULL OR s.state = :state)\n",
        "  AND (CAST(:state AS text) IS NULL OR :state ="
        " (SELECT v.state FROM side v WHERE v.referral_id = r.referral_id AND v.role = 'receiver'))\n",
        WALK,
    ),
    Mutation(
        "the-sender-hears-an-answer-that-was-refused",
        "services/referral/referral/operations/receipts.py",
        "        if row.sender not in receipt.permitted_to or receipt.version",
        "        if receipt.version",
        WALK,
    ),
    Mutation(
        "any-consent-is-consent-to-everything",
        "services/consent/consent/domain/grounds.py",
        "for consent in person.consents if consent.scope.covers(ground) and _begins_at",
        "for consent in person.consents if _begins_at",
        WALK,
    ),
    Mutation(
        "a-withdrawn-share-stays-in-the-feed",
        "services/consent/consent/domain/plan.py",
        "        Reason.CONSENT_WITHDRAWN,\n",
        "",
        WALK,
    ),
    Mutation(
        "a-source-learns-of-an-order-that-is-not-its-own",
        "services/consent/consent/domain/referrals.py",
        "any(referral.ordered or not ordered for referral in own)",
        "bool(own)",
        ("tests/unit/consent/test_referral_grounds.py",),
        cheap=True,
    ),
    Mutation(
        "an-erasure-keeps-sections",
        "services/caseload/caseload/operations/erasure.py",
        '    "section",\n',
        "",
        ERASED,
    ),
    Mutation(
        "an-erasure-keeps-offers",
        "services/consent/consent/operations/erasure.py",
        '    "offer",\n',
        "",
        ERASED,
    ),
    Mutation(
        "release-notify-does-not-erase",
        "services/release-notify/release_notify/handlers.py",
        "    PersonErasedV1: on_person_erased,\n",
        "",
        ERASED,
    ),
    Mutation(
        "referral-does-not-erase",
        "services/referral/referral/handlers.py",
        "    PersonErasedV1: on_person_erased,\n",
        "",
        ERASED,
    ),
    Mutation(
        "audit-keeps-keys-and-details",
        "services/audit/audit/handlers.py",
        "    ErasureRecordedV1: _on_erasure,\n",
        "",
        ERASED,
    ),
    Mutation(
        "the-gateway-does-not-erase",
        "services/gateway/gateway/operations/project.py",
        "await erase(session, step, now=now)",
        "continue",
        ERASED,
    ),
    Mutation(
        "an-erasure-tells-whose-the-entries-are",
        "services/audit/audit/domain/entries.py",
        "            agency=event.by,\n",
        "            agency=event.by,\n            person_id=event.person_id,\n",
        ("tests/integration/audit/test_erasure.py",),
    ),
    Mutation(
        "an-erasure-is-believed-unsigned",
        "services/gateway/gateway/domain/proof.py",
        '    if not detail_holds(leaf.content_digest, entry.salt, entry.detail):\n        return None, "digest"\n'
        "    ids, subjects",
        "    ids, subjects",
        ("tests/integration/gateway/test_erasure.py",),
    ),
    Mutation(
        "a-long-poll-takes-a-place",
        "services/gateway/gateway/api/feed.py",
        "with aside(caller.request.scope):",
        "with aside({}):",
        ("tests/integration/gateway/test_feed.py", "-k", "takes_nobodys_place"),
    ),
)
