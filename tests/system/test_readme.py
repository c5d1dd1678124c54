"""The README's story is run as it stands, block by block, so that it cannot rot."""

import os
import re
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from tests.support.stack import RunningStack

ROOT = Path(__file__).resolve().parents[2]
_BLOCK = re.compile(r"<!-- run(?: expect: (?P<expect>.+?))? -->\n```sh\n(?P<script>.*?)```", re.DOTALL)


@dataclass(frozen=True)
class Block:
    script: str
    expect: str


def blocks() -> list[Block]:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return [Block(found["script"], found["expect"] or "") for found in _BLOCK.finditer(text)]


def test_every_call_of_the_readme_works_as_written(stack: RunningStack) -> None:
    setting_up, *story = blocks()
    assert len(story) > 8
    for block in story:
        script = f"set -euo pipefail\n{setting_up.script}\n{block.script}"
        deadline = time.monotonic() + 30
        while True:
            # news takes a moment; a call that changes something is right at once, so only reads come here twice
            done = subprocess.run(
                ["bash", "-c", script],
                cwd=ROOT,
                env={**os.environ, "URL": stack.url},
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
            answer = done.stdout.replace(": ", ":").replace(", ", ",")
            if done.returncode == 0 and block.expect in answer:
                break
            is_read = "POST" not in block.script and "PUT" not in block.script
            assert is_read, f"{block.script}\n{done.stdout}\n{done.stderr}"
            assert time.monotonic() < deadline, f"{block.script}\n{done.stdout}\n{done.stderr}"
