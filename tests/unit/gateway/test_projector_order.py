"""What was taken back goes before what was permitted, also when the projector was away for both."""

from chassis.db import Database
from chassis.settings import Environment, Settings
from contracts.topics import Topic
from gateway.projector import consumers
from tests.support.sharelog import MadeLog


async def test_the_log_waits_for_denials_and_they_for_nothing() -> None:
    nowhere = Database("postgresql://nobody@127.0.0.1:9/nothing")
    log, denials = consumers(Settings(environment=Environment.TEST), nowhere, MadeLog().key)
    assert (log.topics, denials.topics) == ((Topic.SHARE_LOG,), (Topic.SHARE_DENIALS,))
    assert log.first is denials
    assert denials.first is None
    await nowhere.close()
