"""Deliberate breakages, each with the suite that must go red for it.

Invariant: `old` stands exactly once in its file; a mutation whose text is gone is out of date, and that is an error.
A suite is a pytest selection that is green on the code as it is.
"""

from dataclasses import dataclass

PIPE = "tests/integration/chassis/test_pipe.py"
TURNS = "tests/integration/chassis/test_turns.py"
LOST = "tests/integration/chassis/test_lost_broker.py"
TWO = "tests/faults/test_two_at_once.py"
CRASHES = "tests/faults/test_crash_points.py"
RACES = "tests/faults/test_withdrawal_races.py"
TOPICS = "tests/badinput/test_topics.py"
ERASED = ("tests/privacy/test_erased.py",)
WALK = ("tests/system/test_referral_walk.py", "-k", "story")


@dataclass(frozen=True, slots=True)
class Mutation:
    """What is broken, where, and who must notice. A `cheap` one is tried in every run of CI."""

    name: str
    file: str
    old: str
    new: str
    suite: tuple[str, ...]
    cheap: bool = False
    environment: tuple[tuple[str, str], ...] = ()


MUTATIONS = (
    Mutation(
        "consumer-commits-offsets-before-the-effect",
        "chassis/consumer.py",
        "        await self.process(messages, stop)\n        self.progress",
        "        await consumer.commit({partition: batch[-1].offset + 1 for partition, batch in records.items()})\n"
        "        await self.process(messages, stop)\n        self.progress",
        (CRASHES, "-k", "any_point"),
        environment=(("FAULTS_ONLY", "consumer.before_commit"),),
    ),
    Mutation(
        "relay-marks-before-the-send",
        "chassis/relay.py",
        '            crash.here("relay.before_send")\n',
        "            await self._mark([row.id for row in rows], cluster, clock.now())\n"
        '            crash.here("relay.before_send")\n',
        (CRASHES, "-k", "any_point"),
        environment=(("FAULTS_ONLY", "relay.before_send"),),
    ),
    Mutation(
        "relay-picks-ids-above-the-last",
        "chassis/relay.py",
        "WHERE sent_at IS NULL AND lane = 'urgent' AND topic = ANY(:topics) ORDER BY id LIMIT :limit",
        "WHERE id > (SELECT coalesce(max(id), 0) FROM outbox WHERE sent_at IS NOT NULL)"
        " AND lane = 'urgent' AND topic = ANY(:topics) ORDER BY id LIMIT :limit",
        (TWO, "-k", "committed_last"),
        cheap=True,
    ),
    Mutation(
        "a-new-broker-is-not-sent-what-the-old-one-lost",
        "chassis/relay.py",
        "UPDATE outbox SET sent_at = NULL WHERE sent_at IS NOT NULL",
        "SELECT 1",
        (CRASHES, "-k", "lost_everything"),
    ),
    Mutation(
        "consumer-ignores-stream-versions",
        "chassis/stream.py",
        "        if message.envelope.version <= at[stream]:\n            seen += 1\n        elif stream in parked or"
        " message.envelope.version > at[stream] + 1:",
        "        if stream in parked:",
        (TURNS, PIPE, "-k", "not kafka"),
        cheap=True,
    ),
    Mutation(
        "an-event-is-taken-from-any-stream",
        "chassis/consumer.py",
        "    if (data.TOPIC, data.key) != message.stream:\n        raise Misplaced\n",
        "",
        (TOPICS, "-k", "another_stream"),
    ),
    Mutation(
        "a-part-may-end-unnoticed",
        "chassis/service.py",
        "        raise PartEnded from error\n",
        "        return\n",
        ("tests/faults/test_parts.py",),
        cheap=True,
    ),
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
        "idempotency-off",
        "chassis/idempotency.py",
        "    if key is None:\n        return\n    key_hash",
        "    if key is not None:\n        return\n    key_hash",
        ("tests/integration/chassis_http/test_idempotency.py",),
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
        "a-token-for-another-audience-is-taken",
        "chassis/tokens.py",
        '"aud": {"essential": True, "value": audience},',
        '"aud": {"essential": True},',
        ("tests/unit/chassis/test_tokens.py",),
        cheap=True,
    ),
    Mutation(
        "a-body-is-looked-at-before-the-token",
        "chassis/http.py",
        "    app.add_exception_handler(RequestValidationError, after_the_token(problems.on_validation))\n",
        "",
        ("tests/system/test_tokens.py", "-k", "told_nothing"),
    ),
    Mutation(
        "an-assertion-outlives-its-issuer",
        "throughgate/issuer/clients.py",
        'if claims["iat"] < self._since:',
        'if claims["iat"] < 0:',
        ("tests/system/test_tokens.py", "-k", "issuer_died"),
    ),
    Mutation(
        "what-was-not-looked-up-is-not-unsafe",
        "throughgate/supply.py",
        "if found is not None and found.looked_at:",
        "if found is not None:",
        ("tests/unit/throughgate/test_supply.py", "-k", "knows_none"),
        cheap=True,
    ),
    Mutation(
        "everyone-is-let-in",
        "chassis/capacity.py",
        "        if self.capacity.is_full:\n",
        "        if self.capacity.at_once < 0:\n",
        ("tests/unit/chassis/test_capacity.py",),
        cheap=True,
    ),
    Mutation(
        "a-long-poll-takes-a-place",
        "services/gateway/gateway/api/feed.py",
        "with aside(caller.request.scope):",
        "with aside({}):",
        ("tests/integration/gateway/test_feed.py", "-k", "takes_nobodys_place"),
    ),
    Mutation(
        "what-nobody-reads-stays",
        "chassis/service.py",
        "        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_MS)\n",
        "        pass\n",
        ("tests/integration/chassis_http/test_unread.py",),
    ),
    Mutation(
        "something-is-kept-of-each-request",
        "chassis/access_log.py",
        "        scope[_SEEN] = True\n",
        '        scope[_SEEN] = True\n        log.__dict__.setdefault("kept", []).append(b"x" * 1_048_576)\n',
        ("tests/load/test_long_run.py",),
    ),
)
