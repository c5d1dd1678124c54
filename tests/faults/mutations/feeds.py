"""Breakages of what an agency is given in the end, that its counts do not show: for those who judge after a fault."""

from tests.faults.mutations.mutation import Mutation

CRASHES = ("tests/faults/test_crash_points.py", "-k", "any_point")
ONE_POINT = (("FAULTS_ONLY", "relay.mid_wave"),)
ITEMS = "_fields(item) for item in changes.items.values()"

FEEDS = (
    Mutation(
        "a-feed-lacks-what-was-counted",
        "services/gateway/gateway/operations/board_rows.py",
        ITEMS,
        f'{ITEMS} if item.category != "custody-status"',
        CRASHES,
        environment=ONE_POINT,
    ),
    Mutation(
        "a-view-says-what-was-said-first",
        "services/gateway/gateway/operations/board_rows.py",
        "cursor = EXCLUDED.cursor, body = EXCLUDED.body",
        "cursor = EXCLUDED.cursor",
        CRASHES,
        environment=ONE_POINT,
    ),
    Mutation(
        "what-was-withdrawn-can-still-be-read-in-the-feed",
        "services/gateway/gateway/domain/bodies.py",
        '{**json.loads(body), "content": None, "change": None, "withdrawn": True}',
        '{**json.loads(body), "change": None, "withdrawn": True}',
        CRASHES,
        environment=ONE_POINT,
    ),
    Mutation(
        "an-item-is-never-announced",
        "services/gateway/gateway/operations/sending.py",
        "FROM unnest(CAST(:ids AS text[]), CAST(:cursors AS bigint[])) s(i, c)\n",
        "FROM unnest(CAST(:ids AS text[]), CAST(:cursors AS bigint[])) s(i, c) WHERE s.c % 5 <> 0\n",
        CRASHES,
        environment=ONE_POINT,
    ),
    Mutation(
        "a-fault-is-told-as-our-own",
        "chassis/problems.py",
        "super().__init__(503, detail, code=code,",
        "super().__init__(500, detail, code=code,",
        CRASHES,
        environment=ONE_POINT,
    ),
    Mutation(
        "a-slow-reader-is-given-what-was-taken-back",
        "services/gateway/gateway/api/feed.py",
        "            if clock_s() > stale:\n                break\n",
        "            stale = clock_s()\n",
        ("tests/integration/gateway/test_slow_stream.py",),
    ),
)
