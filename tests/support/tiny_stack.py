"""A stack of the real servers and one tiny service, as a process: `python -m tests.support.tiny_stack PORT DATA_DIR`.

Events come as JSON lines on standard output, as from `throughgate up --json`.
"""

import asyncio
import sys
from pathlib import Path

from throughgate.commands.up import REFUSALS, json_line, until_told
from throughgate.local.programs import Program
from throughgate.local.stack import Options, Stack

TINY = (Program("gateway", "tests.support.tiny_service"),)


def main() -> None:
    """Run until SIGTERM; a stack that cannot start says why on standard error and exits 1."""
    options = Options(port=int(sys.argv[1]), data_dir=Path(sys.argv[2]))
    try:
        asyncio.run(until_told(Stack(options, json_line, programs=TINY, databases={})))
    except REFUSALS as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
