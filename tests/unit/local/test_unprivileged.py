"""What runs as `nobody` reaches what its root parent has below a folder that root alone may enter."""

import os
import subprocess
import sys
from pathlib import Path

from tests.support.missing import missing
from throughgate.local.leash import unprivileged


def test_a_program_that_asks_by_access_is_told_what_it_may(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        missing("only root has others run as nobody")
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    (closed / "file").touch()
    asked = "import os, sys; sys.exit(not (os.getuid() and os.access(sys.argv[1], os.R_OK)))"
    done = subprocess.run(unprivileged([sys.executable, "-c", asked, str(closed / "file")]), check=False)
    assert done.returncode == 0
