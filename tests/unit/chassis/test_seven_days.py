"""What goes by itself goes within the seven days that an erasure promises."""

from datetime import timedelta

import pytest

from chassis import idempotency, relay
from chassis.broker import topic_configs
from contracts.topics import Topic, specs

PROMISE = timedelta(days=7)


@pytest.mark.parametrize("topic", Topic)
def test_a_message_is_gone_from_its_topic(topic: Topic) -> None:
    """A broker deletes whole segments by their newest message; the oldest is older by as long as a segment grows."""
    told = topic_configs(specs()[topic])
    longest = timedelta(milliseconds=int(told["retention.ms"]) + int(told["segment.ms"]))
    assert timedelta(days=1) < longest <= PROMISE


def test_a_sent_row_is_gone_from_its_outbox() -> None:
    assert relay.KEPT + relay.TIDIED_EVERY <= PROMISE


def test_a_stored_answer_is_forgotten() -> None:
    assert idempotency.KEPT <= PROMISE
