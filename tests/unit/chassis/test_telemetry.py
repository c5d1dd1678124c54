"""One trace goes through every hop; it is made where there is none."""

import re

import pytest

from chassis import telemetry
from chassis.settings import Environment, Settings

FORM = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-0[0-3]")
GIVEN = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def trace_id(traceparent: str | None) -> str:
    assert traceparent is not None
    assert FORM.fullmatch(traceparent)
    return traceparent.split("-")[1]


def test_outside_a_span_there_is_nothing_to_hand_on() -> None:
    assert telemetry.current_traceparent() is None


def test_a_trace_is_made_where_there_is_none() -> None:
    made = []
    for _ in range(2):
        with telemetry.span("first"):
            made.append(trace_id(telemetry.current_traceparent()))
    assert made[0] != made[1]


def test_a_trace_that_was_handed_over_goes_on_with_a_span_of_its_own() -> None:
    with telemetry.span("next", traceparent=GIVEN):
        here = telemetry.current_traceparent()
    assert trace_id(here) == trace_id(GIVEN)
    assert here != GIVEN


def test_a_span_inside_a_span_is_of_the_same_trace() -> None:
    with telemetry.span("outer"):
        outer = trace_id(telemetry.current_traceparent())
        with telemetry.span("inner", links=(GIVEN, "nonsense")):
            assert trace_id(telemetry.current_traceparent()) == outer


@pytest.mark.parametrize("nonsense", ["", "x", "00-0-0-00", "00-" + "0" * 32 + "-" + "0" * 16 + "-00"])
def test_nonsense_handed_over_begins_a_new_trace(nonsense: str) -> None:
    with telemetry.span("next", traceparent=nonsense):
        trace_id(telemetry.current_traceparent())


def test_nothing_is_recorded_without_an_endpoint() -> None:
    telemetry.configure(Settings(environment=Environment.TEST))
    with telemetry.span("quiet") as span:
        assert not span.is_recording()
