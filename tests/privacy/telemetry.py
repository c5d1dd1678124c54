"""What processes sent of themselves so far: traces to the collector, metrics to whoever asks."""

from urllib.request import urlopen

from tests.privacy.conftest import Lived
from tests.privacy.marked import TRACES
from tests.support.collector import Collector
from throughgate.local.datadir import DataDir

PUSHED = "PUT /prison/v1/people/{person}/release-dates/{date_type}"
FOLLOWED = {
    ("gateway", PUSHED),
    ("caseload", "POST /v1/people/resolve"),
    ("release-notify", "PUT /v1/people/{person_id}/release-dates/{date_type}"),
    ("consent", "consent batch"),
    ("audit", "audit batch"),
    ("gateway-projector", "gateway-projector batch"),
}
"""Where a push goes: service and span."""


def spans_tell_of_nobody(collector: Collector) -> None:
    """Raises AssertionError for a span, or a byte that was sent, which tells of the marked person."""
    for span in collector.spans():
        said = f"{span.name} {span.attributes}".lower()
        assert not [each for each in TRACES if each in said], f"{span.service}: {said}"
    for sent in collector.bodies:
        assert not [each for each in TRACES if each.encode() in sent.lower()]


def metrics_tell_of_nobody(lived: Lived) -> set[str]:
    """The processes that were asked, all of whose databases are up. Raises AssertionError as above."""
    measured = DataDir.at(lived.world.stack.data_dir).read_stack().metrics
    for name, url in measured.items():
        with urlopen(url, timeout=30) as answer:
            said = answer.read().decode()
        assert "throughgate_database_up 1" in said, name
        assert not [each for each in TRACES if each in said.lower()], f"{name}: {said}"
    return set(measured)
