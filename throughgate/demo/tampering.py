"""The last act: the share log is verified, somebody with every right on the database changes one row, and it shows."""

import psycopg

from throughgate.demo.stage import Stage
from throughgate.local.datadir import DataDir
from throughgate.verifying import read_key, verify_log


async def somebody_tampers(stage: Stage, data: DataDir) -> None:
    """Verifies the log with the public key alone; then again with one row changed by the tables' owner."""
    key = read_key(data.keys / "share-log.pub")
    audit = data.read_stack().databases["audit"]
    with psycopg.connect(audit.owner_url) as connection:
        log = verify_log(connection, key)
        stage.notes["log_entries"] = log.entries
        stage.check(f"all {log.entries} entries of the log are as they were signed", not log.findings and log.entries)
    with psycopg.connect(audit.login_urls["audit"]) as connection:
        try:
            connection.execute("UPDATE log_entry SET leaf = leaf")
            changed = True
        except psycopg.errors.InsufficientPrivilege:
            changed = False
    stage.check("the audit service itself may not change a row", not changed)
    with psycopg.connect(audit.owner_url) as connection:
        row = connection.execute("SELECT max(log_index) FROM log_entry WHERE decision = 'permitted'").fetchone()
        target = int(row[0]) if row else -1
        connection.execute("ALTER TABLE log_entry DISABLE TRIGGER USER")
        connection.execute(
            "UPDATE log_entry SET leaf = replace(leaf, '\"permitted\"', '\"refused\"') WHERE log_index = %s", (target,)
        )
        found = verify_log(connection, key).findings
        connection.rollback()
    stage.check(
        "the owner of the tables changes one all the same, and the verifier says which",
        [finding.index for finding in found] == [target],
        "; ".join(f"entry {finding.index}: {finding.what}" for finding in found),
    )
