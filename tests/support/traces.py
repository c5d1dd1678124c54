"""Where in a database something stands: every row of every table as text, bytes and JSON included."""

from collections.abc import Iterable
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from tests.support.postgres import PASSWORD
from throughgate.local.databases import url_for
from throughgate.local.postgres import SUPERUSER

_TABLES = """
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1
"""


def traces(url: str, words: Iterable[str], *, but: Iterable[str] = (), password: str = PASSWORD) -> dict[str, set[str]]:
    """The tables that hold any of these words, and which; `but` names tables that are not looked at.

    `url` names the database; it is read as the superuser, whom row-level security does not bind. Case does not count.
    """
    wanted = {word: (word.lower(), word.encode().hex()) for word in words}
    found: dict[str, set[str]] = {}
    place = url_for(url, role=SUPERUSER, password=password, database=urlsplit(url).path.strip("/"))
    with psycopg.connect(place) as connection:
        for (table,) in connection.execute(_TABLES).fetchall():
            if table in set(but):
                continue
            for (row,) in connection.execute(sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(table))):
                said = str(row).lower()
                hits = {word for word, forms in wanted.items() if any(form in said for form in forms)}
                if hits:
                    found.setdefault(table, set()).update(hits)
    return found
