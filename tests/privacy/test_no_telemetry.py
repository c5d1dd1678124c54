"""Traces and metrics leave our machines for other people's: they hold templates, topics, counts and ids, and nobody."""

from datetime import timedelta

from chassis.clock import now
from chassis.ids import new_id
from tests.privacy.conftest import Lived
from tests.privacy.telemetry import FOLLOWED, PUSHED, metrics_tell_of_nobody, spans_tell_of_nobody
from tests.support.collector import Collector, Sent
from tests.support.eventually import eventually
from tests.system.world import NORTHGATE


async def test_a_push_is_followed_from_the_gateway_to_the_projector_and_no_span_tells_of_anybody(
    lived: Lived, collector: Collector
) -> None:
    trace = new_id().replace("-", "")
    day = (now().date() + timedelta(days=44)).isoformat()
    body = {"date": day, "status": "confirmed", "reason": "recalculation"}
    headers = {"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
    path = f"{lived.person.path}/release-dates/CRD"
    answer = await lived.world.desk(NORTHGATE).call("PUT", path, body, headers=headers)
    assert answer.ok, answer.body

    def arrived() -> list[Sent]:
        spans = collector.spans()
        prefix = lived.world.stack.topic_prefix
        there = {(span.service, span.name.removeprefix(prefix)) for span in _following(spans, trace)}
        assert there >= FOLLOWED, f"on the way of a push: {sorted(there)}"
        return spans

    # What is sent leaves each process in order, so by now all that the person lived through is here.
    spans = await eventually(arrived, within=60, every=0.5)
    pushed = next(span for span in spans if span.name == PUSHED)
    assert pushed.attributes == {"http.route": PUSHED.split()[1], "http.response.status_code": 201}
    spans_tell_of_nobody(collector)


def _following(spans: list[Sent], trace: str) -> list[Sent]:
    """The spans of this trace, and of those that a batch made of it."""
    known = {trace}
    while more := {each for span in spans if span.traces & known for each in span.traces} - known:
        known |= more
    return [span for span in spans if span.traces & known]


def test_the_metrics_of_no_process_tell_of_anybody(lived: Lived) -> None:
    assert {"gateway", "caseload", "release-notify", "consent", "audit", "projector"} <= metrics_tell_of_nobody(lived)
