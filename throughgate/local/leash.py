"""Child processes that cannot outlive their parent.

Invariant: when the process that started a leashed command dies, however it dies, the kernel sends the command its
death signal. The kernel ties this to the starting *thread*, so leashed commands are started from a main thread.
"""

import os
import pwd
import shutil
from collections.abc import Sequence

_UNPRIVILEGED_USER = "nobody"


def leashed(argv: Sequence[str], *, death_signal: str = "KILL") -> list[str]:
    """`argv` so wrapped that it gets `death_signal` (a name without SIG) when its parent dies.

    Needs util-linux's `setpriv`; where there is none (not Linux) the command comes back as it is, and only an
    orderly end of the parent ends it. The wrapper replaces itself by the command: the process id stays the same.
    """
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        return list(argv)
    return [setpriv, "--pdeathsig", death_signal, "--", *argv]


def unprivileged(argv: Sequence[str], *, death_signal: str = "KILL") -> list[str]:
    """As `leashed`, and, when this process is root, as the user `nobody`.

    PostgreSQL refuses to run as root. `nobody` keeps the one capability to reach files below folders that only root
    may enter (a checkout in root's home or below `mktemp -d`), and no other; with `no_setuid_fixup` access(2), by which
    initdb looks for its programs, counts it too.
    """
    setpriv = shutil.which("setpriv")
    if os.geteuid() != 0 or setpriv is None:
        return leashed(argv, death_signal=death_signal)
    user = pwd.getpwnam(_UNPRIVILEGED_USER)
    only = "-all,+dac_override"
    return [
        setpriv,
        *("--securebits", "+no_setuid_fixup"),
        *("--reuid", str(user.pw_uid), "--regid", str(user.pw_gid), "--clear-groups"),
        *("--inh-caps", only, "--bounding-set", only, "--ambient-caps", only),
        *("--pdeathsig", death_signal, "--", *argv),
    ]


def give_to_unprivileged(path: str | os.PathLike[str]) -> None:
    """Make `path` the property of the user that `unprivileged` commands run as."""
    if os.geteuid() == 0:
        user = pwd.getpwnam(_UNPRIVILEGED_USER)
        os.chown(path, user.pw_uid, user.pw_gid)
