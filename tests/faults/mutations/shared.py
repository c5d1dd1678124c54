"""Breakages of what all services share: chassis and throughgate."""

from tests.faults.mutations.mutation import Mutation
from tests.support.kafka import LIB

CUT_OFF = "tests/integration/chassis/test_cut_off.py"
PIPE = "tests/integration/chassis/test_pipe.py"
TURNS = "tests/integration/chassis/test_turns.py"
CRASHES = "tests/faults/test_crash_points.py"
SUPPLY = "tests/unit/throughgate/test_supply.py"
TOPICS = "tests/badinput/test_topics.py"
ON_KAFKA = (("KAFKA_LIB", str(LIB)),)
"""Of a suite that runs on Apache Kafka alone: where there is none, the mutation is not noticed."""

SHARED = (
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
        "who-was-given-no-partition-has-not-caught-up",
        "chassis/lag.py",
        "        return True\n",
        "        return bool(self._client.assignment())\n",
        ("tests/faults/test_second_processes.py::test_the_same_on_apache_kafka",),
        environment=ON_KAFKA,
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
        "problems.in_words_of_the_route(after_the_token(problems.on_validation))",
        "problems.in_words_of_the_route(problems.on_validation)",
        ("tests/system/test_tokens.py", "-k", "told_nothing"),
    ),
    Mutation(
        "an-assertion-outlives-its-issuer",
        "throughgate/issuer/clients.py",
        'if claims["iat"] <= self._since + LEEWAY_SECONDS:',
        'if claims["iat"] < 0:',
        ("tests/system/test_tokens.py", "-k", "issuer_died"),
    ),
    Mutation(
        "an-assertion-from-a-clock-ahead-outlives-its-issuer",
        "throughgate/issuer/clients.py",
        'if claims["iat"] <= self._since + LEEWAY_SECONDS:',
        'if claims["iat"] <= self._since:',
        ("tests/unit/issuer/test_begun_again.py",),
        cheap=True,
    ),
    Mutation(
        "what-was-not-looked-up-is-not-unsafe",
        "throughgate/supply.py",
        "if found is not None and found.looked_at:",
        "if found is not None:",
        (f"{SUPPLY}::test_a_service_that_knows_none_of_us_has_looked_at_nothing",),
        cheap=True,
    ),
    Mutation(
        "everyone-is-let-in",
        "chassis/capacity.py",
        "        if self.capacity.is_full:\n",
        "        if self.capacity.at_once < 0:\n",
        ("tests/unit/chassis/test_capacity.py",),
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
    Mutation(
        "two-take-the-same-turn",
        "chassis/stream.py",
        "ORDER BY topic, key FOR UPDATE\n",
        "ORDER BY topic, key\n",
        ("tests/faults/test_second_processes.py",),
    ),
    Mutation(
        "a-full-disk-is-told-as-our-own-fault",
        "chassis/db.py",
        '"53300", "53100",',
        '"53300",',
        ("tests/faults/test_disk_full_under_traffic.py",),
    ),
    Mutation(
        "what-is-parked-stays-parked",
        "chassis/parked.py",
        "SET version = :at, parked_at = NULL, parked_reason = NULL",
        "SET version = :at, parked_reason = NULL",
        ("tests/integration/chassis/test_parking.py",),
    ),
    Mutation(
        "a-full-disk-says-something-of-the-data",
        "chassis/db.py",
        '"53300", "53100", "53200"',
        '"53300", "53200"',
        ("tests/faults/test_disk_full.py",),
    ),
    Mutation(
        "what-goes-first-is-not-waited-for",
        "chassis/consumer.py",
        "while self.first is not None and not self.first.caught_up",
        "while self.first is None and not self.caught_up and False",
        ("tests/integration/chassis/test_pipe.py", "-k", "goes_first"),
    ),
    Mutation(
        "who-ends-a-connection-while-it-is-made-is-a-fault-of-ours",
        "chassis/http_client.py",
        "except AttributeError as error",
        "except LookupError as error",
        ("tests/integration/chassis_http/test_ended_at_once.py",),
    ),
    Mutation(
        "a-connection-that-is-gone-ends-what-keeps-a-client",
        "chassis/cut_off.py",
        "except RuntimeError as error",
        "except LookupError as error",
        (CUT_OFF, "-k", "connection"),
        cheap=True,
    ),
    Mutation(
        "a-deaf-client-is-asked-for-ever",
        "chassis/cut_off.py",
        "asyncio.wait({working, *hearing}",
        "asyncio.wait({working}",
        (CUT_OFF, "-k", "deaf"),
    ),
    Mutation(
        "a-client-that-cannot-be-closed-fetches-on",
        "chassis/cut_off.py",
        "        left.cancel()",
        "        left.done()",
        (CUT_OFF, "-k", "outlives"),
    ),
    Mutation(
        "what-could-not-be-taken-is-written-down",
        "chassis/batches.py",
        "                await self._not_now(failures, error, stop)\n        raise Stopping",
        '                log.warning("consumer.again", error=str([each.value for each in messages]))\n'
        "                await self._not_now(failures, error, stop)\n        raise Stopping",
        ("tests/privacy/test_no_trace.py",),
    ),
    Mutation(
        "what-was-seen-before-is-written-down",
        "chassis/stream.py",
        "            seen += 1\n",
        "            seen += 1\n            print(message.value)\n",
        ("tests/faults/test_random_kills.py::test_any_process_the_broker_or_the_database_may_die_at_any_moment",),
    ),
    Mutation(
        "any-signature-is-the-log-s",
        "contracts/contracts/log_proof.py",
        "    except (InvalidSignature, ValueError):\n        return False\n",
        "    except (InvalidSignature, ValueError):\n        return True\n",
        (f"{TOPICS}::test_what_the_log_did_not_sign_shows_nothing_and_takes_no_turn_in_its_stream[embedded]",),
    ),
    Mutation(
        "a-column-beside-an-entry-says-what-it-likes",
        "throughgate/verifying.py",
        "    if columns != said:\n",
        "    if not said:\n",
        ("tests/integration/audit/test_verifying.py",),
    ),
    Mutation(
        "what-may-be-erased-beside-an-entry-says-what-it-likes",
        "throughgate/verifying.py",
        "return _wrong_beside(leaf, *beside) if beside else None",
        "return None",
        ("tests/integration/audit/test_verifying.py",),
    ),
    Mutation(
        "all-that-was-loaded-is-looked-through-again",
        "chassis/service.py",
        "    gc.freeze()\n",
        "",
        ("tests/unit/chassis/test_started.py",),
    ),
)
