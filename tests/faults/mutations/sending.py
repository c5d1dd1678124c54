"""Breakages of the outbox, of what sends it, and of the connections that this has."""

from tests.faults.mutations.mutation import Mutation

APART = "tests/integration/chassis/test_apart.py"
LOST = "tests/integration/chassis/test_lost_broker.py"
TWO = "tests/faults/test_two_at_once.py"
CRASHES = "tests/faults/test_crash_points.py"
UNSENT = "tests/integration/chassis/test_unsent.py"

SENDING = (
    Mutation(
        "relay-marks-before-the-send",
        "chassis/waves.py",
        '            crash.here("relay.before_send")\n',
        "            await self._mark([row.id for row in rows], clock.now())\n"
        '            crash.here("relay.before_send")\n',
        (CRASHES, "-k", "any_point"),
        environment=(("FAULTS_ONLY", "relay.before_send"),),
    ),
    Mutation(
        "relay-picks-ids-above-the-last",
        "chassis/unsent.py",
        "WHERE sent_at IS NULL AND lane = :lane",
        "WHERE id > (SELECT coalesce(max(id), 0) FROM outbox WHERE sent_at IS NOT NULL) AND lane = :lane",
        (f"{TWO}::test_what_was_written_first_and_committed_last_is_sent_too",),
    ),
    Mutation(
        "a-new-broker-is-not-sent-what-the-old-one-lost",
        "chassis/relay.py",
        "await unsent.unsend(self.database)",
        "pass",
        (LOST,),
    ),
    Mutation(
        "a-row-is-as-young-as-when-it-was-last-sent",
        "chassis/unsent.py",
        "WHERE sent_at IS NOT NULL AND time < :before",
        "WHERE sent_at IS NOT NULL AND sent_at < :before",
        (LOST,),
    ),
    Mutation(
        "a-withdrawal-is-sent-after-what-was-written-before-it",
        "chassis/waves.py",
        "            if not await self._wave():\n",
        '            turn = self.database.__dict__.setdefault("turn", asyncio.Lock())\n'
        "            async with turn:\n                sent = await self._wave()\n            if not sent:\n",
        (f"{UNSENT}::test_a_withdrawal_waits_for_no_wave_of_what_was_written_before_it",),
    ),
    Mutation(
        "what-is-to-be-sent-waits-for-the-connections-of-requests",
        "chassis/relay.py",
        "database.apart(len(topics) + 1)",
        "database",
        (APART,),
    ),
    Mutation(
        "what-is-to-be-taken-waits-for-the-connections-of-requests",
        "chassis/consumer.py",
        "database.apart(1)",
        "database",
        (APART,),
    ),
    Mutation(
        "what-is-written-while-it-stops-waits-for-the-next-start",
        "chassis/waves.py",
        "        if stop.is_set():\n",
        "        if False:\n",
        (f"{UNSENT}::test_what_is_written_before_it_is_over_is_sent_before_it_ends",),
    ),
    Mutation(
        "who-lost-the-lock-marks-what-a-lost-broker-had",
        "chassis/waves.py",
        "            if not await broker.is_still(session, PART, self.cluster):\n                raise AnotherRelay\n",
        "",
        (f"{TWO}::test_who_lost_the_lock_marks_nothing_once_another_relay_has_met_a_new_broker",),
    ),
    Mutation(
        "two-relays-lead",
        "chassis/relay.py",
        "            self.ready = not (got and got[0])\n            if not self.ready:\n",
        "            self.ready = not (got and got[0])\n            if True:\n",
        (f"{TWO}::test_a_second_relay_is_ready_while_the_first_one_sends_and_takes_over_from_it",),
    ),
    Mutation(
        "who-never-led-sends-when-it-stops",
        "chassis/relay.py",
        "        else:\n            return\n",
        "",
        (f"{TWO}::test_who_is_told_to_stop_before_it_has_the_lock_sends_nothing",),
    ),
)
