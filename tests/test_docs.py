"""The documents: links lead somewhere, commands exist, and the tables of tasks and losses are theirs."""

import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest

from tasks.common import loading
from tasks.common.losses import LOSSES

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
README = (ROOT / "README.md").read_text()


def names(paths: list[Path]) -> list[str]:
    return [str(path.relative_to(ROOT)) for path in paths]


def links(document: Path) -> list[str]:
    """Where its links and pictures lead within the project."""
    targets = re.findall(r"\]\(([^)\s]+)\)", document.read_text())
    return [target for target in targets if not re.match(r"[a-z]+:|#", target)]


def commands(document: Path) -> list[tuple[str, set[str]]]:
    """(job, options) of every `python -m jobs.X ...` in it, lines continued with a backslash joined."""
    text = document.read_text().replace("\\\n", " ")
    found = re.findall(r"python -m jobs\.([a-z]\w*)([^\n`#]*)", text)
    return [(job, set(re.findall(r"(?<=\s)--[a-z-]+", rest))) for job, rest in found]


def test_there_are_documents_and_links() -> None:
    assert {"README.md", "CHANGELOG.md", "docs/design.md", "docs/cluster.md", "docs/add_a_task.md"} <= set(
        names(DOCUMENTS)
    )
    assert len([link for document in DOCUMENTS for link in links(document)]) >= 15
    assert len(commands(ROOT / "README.md")) >= 10


@pytest.mark.parametrize("document", DOCUMENTS, ids=names(DOCUMENTS))
def test_links_lead_somewhere(document: Path) -> None:
    missing = [link for link in links(document) if not (document.parent / unquote(link.split("#")[0])).exists()]
    assert not missing


def test_commands_and_their_options_exist() -> None:
    used: dict[str, set[str]] = {}
    for document in DOCUMENTS:
        for job, options in commands(document):
            used[job] = used.get(job, set()) | options
    assert {"prepare", "train", "tune", "evaluate"} <= set(used)
    wide = os.environ | {"COLUMNS": "200"}  # on a narrow terminal long options are cut short
    for job, options in used.items():
        command = [sys.executable, "-m", f"jobs.{job}", "--help"]
        shown = subprocess.run(command, cwd=ROOT, env=wide, text=True, capture_output=True)
        assert shown.returncode == 0, f"jobs.{job}: {shown.stderr}"
        assert not options - set(re.findall(r"--[a-z-]+", shown.stdout)), f"jobs.{job}"


def test_the_task_table_is_the_tasks() -> None:
    table = re.findall(r"^\| \[(\w+)\]\(tasks/(\w+)\.py\) \| (.*?) \| (\w+) \| `(.*?)` \|$", README, re.MULTILINE)
    declared = [loading.load(name) for name in loading.names()]
    assert len(declared) >= 5
    assert sorted(table) == sorted((task.name, task.name, task.about, task.loss, task.metric) for task in declared)


def test_the_table_of_losses_is_the_losses() -> None:
    """With the baseline of their own settings."""
    text = (ROOT / "docs" / "add_a_task.md").read_text()
    _, _, table = text.partition("| Loss | What it reads | Own settings |\n|---|---|---|\n")
    rows = [line.strip("|").split("|") for line in table.partition("\n\n")[0].splitlines()]
    declared = {
        loss.name: ", ".join(f"`{name}` {own.default.value:g}" for name, own in loss.parameters.items())
        for loss in LOSSES.values()
    }
    assert len(rows) >= 3
    assert {row[0].strip(): row[-1].strip() for row in rows} == declared


@pytest.mark.parametrize("document", DOCUMENTS, ids=names(DOCUMENTS))
def test_no_path_of_a_machine(document: Path) -> None:
    text = document.read_text()
    assert "shared/data" not in text
    assert not re.findall(r"(?<![\w.:/~])/(?:home|root|work|tmp|Users|opt)/\S+", text)


@pytest.mark.parametrize("target", re.findall(r"(?:^    |`)make (\w+)", README, re.MULTILINE))
def test_make_targets_exist(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
