"""The wheel holds what a process needs without the checkout: packages, topics, agencies, agreements, migrations."""

from pathlib import Path

from hatchling.builders.wheel import WheelBuilder

from contracts.topics import Topic

ROOT = Path(__file__).resolve().parents[2]


def test_everything_a_process_reads_is_in_the_wheel() -> None:
    held = {file.distribution_path for file in WheelBuilder(str(ROOT)).recurse_included_files()}
    wanted = {f"contracts/_topics/{topic}.yaml" for topic in Topic}
    wanted |= {f"throughgate/_deploy/agencies/{path.name}" for path in (ROOT / "deploy" / "agencies").glob("*.yaml")}
    agreements = (ROOT / "deploy" / "agreements").glob("*.yaml")
    wanted |= {f"throughgate/_deploy/agreements/{path.name}" for path in agreements}
    for package in (ROOT / "services").glob("*/*/__init__.py"):
        folder = package.parent
        wanted |= {f"{folder.name}/{path.relative_to(folder)}" for path in folder.rglob("*.py")}
    assert wanted - held == set()
    assert len(wanted) > 100
