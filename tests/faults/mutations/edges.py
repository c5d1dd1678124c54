"""Breakages of what is told at the edges: to agencies that may not know, to logs, to a client in a hurry."""

from tests.faults.mutations.mutation import Mutation

WALK = ("tests/isolation/test_walk.py",)
UNSEEN = ("tests/isolation/test_unseen.py",)

EDGES = (
    Mutation(
        "to-claim-a-person-is-enough-for-the-law",
        "services/consent/consent/domain/decide.py",
        'if wanted == "confirmed" and involvement.state != "confirmed":',
        'if wanted == "confirmed" and involvement.state == "ended":',
        WALK,
    ),
    Mutation(
        "an-objection-stops-nothing",
        "services/consent/consent/domain/decide.py",
        "        if objection is not None:\n",
        "        if objection is not None and objection.valid_until is not None:\n",
        WALK,
    ),
    Mutation(
        "what-has-no-recipient-to-name-is-shown-to-its-source",
        "services/gateway/gateway/domain/projection.py",
        "recipient=share.recipient if named else None,",
        "recipient=share.recipient,",
        WALK,
    ),
    Mutation(
        "a-referral-of-others-is-there",
        "services/referral/referral/operations/case.py",
        "        return RECEIVER\n    raise NoSuchReferral\n",
        "        return RECEIVER\n    return SENDER\n",
        UNSEEN,
    ),
    Mutation(
        "a-problem-says-again-what-was-sent",
        "chassis/validation.py",
        '"detail": _detail(rule, found)}',
        '"detail": f"{_detail(rule, found)}: {found.get(\'input\')}"}',
        ("tests/badinput/test_bodies.py",),
    ),
    Mutation(
        "the-access-log-holds-the-path",
        "chassis/access_log.py",
        'return str(scope.get("root_path", "")) + path, found',
        'return str(scope["path"]), found',
        ("tests/privacy/test_no_trace.py",),
    ),
    Mutation(
        "the-database-logs-what-failed",
        "throughgate/local/postgres.py",
        '"log_min_error_statement": "panic",',
        '"log_min_error_statement": "error",',
        ("tests/privacy/test_database_log.py",),
    ),
    Mutation(
        "whoever-is-told-to-ask-again-is-not-told-when",
        "chassis/problems.py",
        'super().__init__(503, detail, code=code, headers={"Retry-After": str(retry_after)})',
        "super().__init__(503, detail, code=code, headers={})",
        ("tests/load/test_overload.py",),
        environment=(("MINUTES", "0"),),
    ),
    Mutation(
        "a-lost-broker-is-not-sent-what-it-had",
        "chassis/relay.py",
        "await unsent.unsend(self.database)",
        "pass",
        ("tests/faults/test_random_kills.py", "-k", "database_may_die"),
    ),
    Mutation(
        "a-line-nested-too-deep-ends-the-bulk",
        "services/gateway/gateway/domain/bulk.py",
        "    except (ValueError, RecursionError):\n",
        "    except ValueError:\n",
        ("tests/badinput/test_lines.py", "-k", "no_other"),
    ),
    Mutation(
        "a-message-nested-too-deep-is-a-fault",
        "services/gateway/gateway/fhir/message.py",
        "    except (ValueError, RecursionError) as error:\n",
        "    except ValueError as error:\n",
        ("tests/badinput/test_messages.py",),
    ),
    Mutation(
        "a-message-about-nobody-is-a-fault",
        "services/gateway/gateway/fhir/message.py",
        'else next(iter(self.all("Patient")), {})',
        'else next(iter(self.all("Patient")))',
        ("tests/badinput/test_bars.py",),
    ),
    Mutation(
        "the-feed-s-page-is-not-as-described",
        "services/gateway/gateway/api/feed.py",
        '"next":"{following}"',
        '"following":"{following}"',
        ("tests/badinput/test_documents.py", "-k", "police"),
    ),
    Mutation(
        "what-an-answer-leads-to-is-a-fault",
        "services/gateway/gateway/domain/referrals.py",
        'found["appointments"] = appointments',
        'found["appointments"] = None',
        ("tests/badinput/test_sequences.py",),
    ),
    Mutation(
        "a-span-is-named-by-the-path",
        "chassis/access_log.py",
        'span.update_name(f"{method} {route}")',
        "span.update_name(f\"{method} {scope['path']}\")",
        ("tests/privacy/test_no_telemetry.py",),
    ),
    Mutation(
        "one-endpoint-is-called-at-a-time",
        "services/gateway/gateway/delivering.py",
        "        done = await self._attempt_all(held, claimed)\n",
        '        LineRun.one = getattr(LineRun, "one", None) or asyncio.Lock()\n'
        "        async with LineRun.one:\n            done = await self._attempt_all(held, claimed)\n",
        ("tests/load/test_slow_and_dead.py",),
        environment=(("MINUTES", "0"),),
    ),
)
