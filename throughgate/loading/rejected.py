"""Where rejected lines are kept: a file that is there only if a line was rejected.

An earlier file of the same name stays as it is until then, and is replaced.
"""

import json
import os
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TextIO

SUFFIX = ".rejected.ndjson"


class NotKept(Exception):
    """A rejected line cannot be written down."""

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(f"{path} cannot be written ({error.strerror}); name another file with --rejected")


def place_beside(file: Path) -> Path:
    """Beside `file`, or in the current folder where nothing can be written beside it."""
    name = file.name + SUFFIX
    return file.with_name(name) if os.access(file.parent, os.W_OK) else Path(name)


class RejectedLines:
    """A file of NDJSON, opened with its first line. `write` raises NotKept."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: TextIO | None = None

    def write(self, line: dict[str, Any]) -> None:
        try:
            if self._file is None:
                self._file = self.path.open("w", encoding="utf-8")
            self._file.write(json.dumps(line) + "\n")
            self._file.flush()
        except OSError as error:
            raise NotKept(self.path, error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        if self._file is not None:
            self._file.close()
