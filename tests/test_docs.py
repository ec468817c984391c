"""Test the documents: links lead somewhere, commands exist, tables and quoted examples are those of the code."""

import os
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from urllib.parse import unquote

import pytest

from audit.finding import CODES
from common.run_folder import FILES, WORKING
from evaluation.verdict import SplitVerdict, Verdict
from reporting.result import RunResult
from reporting.trials import TrialRecord
from tasks.common import loading
from tasks.common.kinds import KINDS
from tasks.common.losses import LOSSES
from tests.house import MAY_IMPORT

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
RESULTS = sorted(path for path in (DOCS / "results").glob("*.md") if path.name != "index.md")
HISTORY = ROOT / "CHANGELOG.md"
README = (ROOT / "README.md").read_text()
FOLDERS = (*MAY_IMPORT, "benchmarks", "tests", "docs")
COMMIT = re.compile(r"`[0-9a-f]{7}`")


def names(paths: list[Path]) -> list[str]:
    return [str(path.relative_to(ROOT)) for path in paths]


def links(document: Path) -> list[str]:
    """Return the targets of a document's links and pictures within the project, headings (#...) included."""
    targets = re.findall(r"\]\(([^)\s]+)\)", document.read_text())
    return [target for target in targets if not re.match(r"[a-z]+:", target)]


def anchors(document: Path) -> set[str]:
    """Return the headings of a document as GitHub names them in an address."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def commands(document: Path) -> list[tuple[str, set[str]]]:
    """Return (job, options) of every `python -m jobs.X ...` in a document, with continued lines joined."""
    text = document.read_text().replace("\\\n", " ")
    found = re.findall(r"python -m jobs\.([a-z]\w*)([^\n`#]*)", text)
    return [(job, set(re.findall(r"(?<=\s)--[a-z0-9-]+", rest))) for job, rest in found]


def quotes(document: Path) -> list[tuple[str, str]]:
    """Return (file, its text) of every example that is quoted under a comment with its path."""
    return re.findall(r"<!-- (\S+) -->\n```python\n(.*?)```", document.read_text(), re.DOTALL)


def first_column(document: Path) -> list[str]:
    return re.findall(r"^\| `(\w+)` \|", document.read_text(), re.MULTILINE)


def shown(document: Path, command: str) -> str:
    """Return the output of a command as the document shows it."""
    _, _, rest = document.read_text().partition(f"$ {command}\n")
    return rest.partition("```")[0].partition("\n$ ")[0].rstrip()


def test_there_are_documents_and_links() -> None:
    expected = {"README.md", "CHANGELOG.md", "docs/index.md", "docs/tutorial.md", "docs/design.md"}
    assert expected <= set(names(DOCUMENTS))
    assert len([path for path in DOCUMENTS if path.parent.name == "how_to"]) >= 8
    assert len([link for document in DOCUMENTS for link in links(document)]) >= 100
    assert sum(len(commands(document)) for document in DOCUMENTS) >= 60
    assert len(commands(DOCS / "tutorial.md")) >= 5


@pytest.mark.parametrize("document", DOCUMENTS, ids=names(DOCUMENTS))
def test_links_lead_somewhere(document: Path) -> None:
    missing = []
    for link in links(document):
        path, _, heading = unquote(link).partition("#")
        target = document.parent / path if path else document
        if not target.exists() or (heading and heading not in anchors(target)):
            missing.append(link)
    assert not missing


@pytest.mark.parametrize("document", DOCUMENTS, ids=names(DOCUMENTS))
def test_every_document_is_reached_from_the_readme(document: Path) -> None:
    reached, new = set(), [ROOT / "README.md"]
    while new:
        reached.add(page := new.pop().resolve())
        targets = [(page.parent / unquote(link.split("#")[0])).resolve() for link in links(page) if link[0] != "#"]
        new += [target for target in targets if target.suffix == ".md" and target.exists() and target not in reached]
    assert document in reached


def test_the_files_that_documents_name_exist() -> None:
    """Written `folder/file.py`, or beside a link to its folder, where the folder's name may be left out."""
    sources = {f"/{path.relative_to(ROOT)}" for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")}
    present = [document for document in DOCUMENTS if document not in (*RESULTS, HISTORY)]
    files = {name for document in present for name in re.findall(r"`([\w/]+\.py)`", document.read_text())}
    assert len(files) >= 30
    assert not [name for name in files if not any(source.endswith(f"/{name}") for source in sources)]


def test_commands_and_their_options_exist() -> None:
    used: dict[str, set[str]] = {}
    for document in DOCUMENTS:
        for job, options in commands(document) if document != HISTORY else []:
            used[job] = used.get(job, set()) | options
    assert {"prepare", "audit", "train", "tune", "evaluate", "score"} <= set(used)
    wide = os.environ | {"COLUMNS": "200"}  # on a narrow terminal long options are cut short
    for job, options in used.items():
        command = [sys.executable, "-m", f"jobs.{job}", "--help"]
        help_text = subprocess.run(command, cwd=ROOT, env=wide, text=True, capture_output=True)
        assert help_text.returncode == 0, f"jobs.{job}: {help_text.stderr}"
        assert not options - set(re.findall(r"--[a-z0-9-]+", help_text.stdout)), f"jobs.{job}"


def test_the_task_table_is_the_tasks() -> None:
    table = re.findall(r"^\| \[(\w+)\]\(tasks/(\w+)\.py\) \| (.*?) \| (\w+) \| `(.*?)` \|$", README, re.MULTILINE)
    declared = [loading.load(name) for name in loading.names()]
    assert len(declared) >= 5
    assert sorted(table) == sorted((task.name, task.name, task.about, task.loss, task.metric) for task in declared)


def test_the_tables_of_the_reference_are_the_declarations() -> None:
    reference = DOCS / "reference"
    losses = first_column(reference / "losses.md")
    assert losses[: len(LOSSES)] == list(LOSSES)
    parameters = {name for loss in LOSSES.values() for name in loss.parameters}
    assert parameters <= set(losses[len(LOSSES) :])
    kinds = re.findall(r"^\| `(\w+)` \| `(.*?)` \|", (reference / "kinds.md").read_text(), re.MULTILINE)
    assert kinds == [(kind.name, kind.metric) for kind in KINDS.values()]
    assert set(first_column(reference / "audit.md")) == set(CODES)


def test_the_documents_quote_whole_examples() -> None:
    quoted = {(page.parent / path).resolve(): text for page in DOCUMENTS for path, text in quotes(page)}
    assert sorted(path.name for path in quoted) == ["beer.py"]
    for path, text in quoted.items():
        assert text == path.read_text()


def test_the_tutorial_shows_what_its_first_commands_print(tmp_path: Path) -> None:
    tutorial = DOCS / "tutorial.md"
    environment = os.environ | {"COLUMNS": "100", "PYTHONPATH": str(ROOT)}
    for command, program in (
        ("python docs/examples/listings.py", [str(DOCS / "examples" / "listings.py")]),
        ("python -m jobs.prepare listings.csv --columns ours,theirs,same", None),
    ):
        arguments = [sys.executable, *(program or command.split()[1:])]
        done = subprocess.run(arguments, cwd=tmp_path, env=environment, text=True, capture_output=True)
        printed = "\n".join(line.rstrip() for line in done.stdout.splitlines())
        assert shown(tutorial, command) == printed, done.stderr


def test_the_readme_shows_the_verdict_of_the_tutorial() -> None:
    verdict = README.split("```")[1].strip().splitlines()
    assert README.index(verdict[-1]) < README.index("\n## ")  # on the first screen
    assert any(line.startswith("verdict: ") for line in verdict)
    assert not set(verdict) - set((DOCS / "tutorial.md").read_text().splitlines())


def test_every_result_has_date_commit_and_machine() -> None:
    assert len(RESULTS) >= 10
    for page in RESULTS:
        text = page.read_text()
        assert re.search(r"\b20\d\d-\d\d-\d\d\b", text), page.name
        assert COMMIT.search(text), page.name
        assert "cores" in text or "simulation" in text, page.name


@pytest.mark.parametrize("document", DOCUMENTS, ids=names(DOCUMENTS))
def test_only_results_and_history_name_commits(document: Path) -> None:
    assert document in (*RESULTS, HISTORY) or not COMMIT.search(document.read_text())


@pytest.mark.parametrize("document", DOCUMENTS, ids=names(DOCUMENTS))
def test_no_path_of_a_machine(document: Path) -> None:
    text = document.read_text()
    assert "shared/data" not in text
    assert not re.findall(r"(?<![\w.:/~])/(?:home|root|work|tmp|Users|opt)/\S+", text)


@pytest.mark.parametrize("target", re.findall(r"(?:^    |`)make (\w+)", README, re.MULTILINE))
def test_make_targets_exist(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_the_page_of_the_run_folder_names_every_file_and_field() -> None:
    page = (DOCS / "reference" / "run_folder.md").read_text()
    named = set(re.findall(r"`([\w.*]+)/?`", page))
    assert {*FILES, *WORKING} <= named
    for kind in (TrialRecord, RunResult, Verdict):
        assert {each.name for each in fields(kind)} <= named, kind
    assert {f"splits.*.{each.name}" for each in fields(SplitVerdict)} - named <= {
        "splits.*.metric",
        "splits.*.pairs",
        "splits.*.groups",
        "splits.*.states",
    }
