"""The gateway's own rows as one agency may read them: under row-level security, as the role of the application."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from tests.support.stack import RunningStack
from throughgate.local.datadir import DataDir

_ASKING = "SELECT set_config('throughgate.agency', %s, false)"


def gateway_login(stack: RunningStack, role: str = "gateway") -> str:
    """The URL by which this role enters the gateway's database."""
    return DataDir.at(stack.data_dir).read_stack().databases["gateway"].login_urls[role]


@contextmanager
def rows_as(stack: RunningStack, agency: str) -> Iterator[psycopg.Connection]:
    """A connection that sees what is this agency's and nothing else; each statement by itself."""
    with psycopg.connect(gateway_login(stack), autocommit=True) as connection:
        connection.execute(_ASKING, (agency,))
        yield connection
