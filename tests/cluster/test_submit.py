"""Test a search sent with `ray job submit` to a real head that requires a token; these tests share the head."""

import csv
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import ray

from tests.cluster.local_head import ROOT, Head, local_head

pytestmark = pytest.mark.cluster

WHERE = """
import json, os, ray
ray.init(logging_level="ERROR")

@ray.remote
def where():
    import tasks
    return {"tasks": tasks.__file__, "folder": os.getcwd(), "mode": os.environ["RAY_AUTH_MODE"]}

print("WHERE", json.dumps(ray.get(where.remote())))
"""


@pytest.fixture(scope="module")
def head() -> Iterator[Head]:
    with local_head(num_cpus=4) as head:
        yield head


@pytest.fixture
def prepared(tmp_path: Path) -> Path:
    """Prepare pairs of a file with jobs.prepare: label 1.0 where both texts name the same thing."""
    colours, kinds = ("red", "green", "blue", "white"), ("door", "book", "car", "cup")
    things = [f"{colour} {kind}" for colour in colours for kind in kinds]
    with (tmp_path / "pairs.csv").open("w", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(["question", "answer", "label"])
        for number, thing in enumerate(things * 4):
            other = things[(number * 7 + 3) % len(things)]
            lines.writerow([f"where is the {thing} {number}", f"the {thing} is here", 1])
            lines.writerow([f"where is the {thing} {number}", f"the {other} is here", 1 if other == thing else 0])
    data = tmp_path / "data"
    command = ["jobs.prepare", str(tmp_path / "pairs.csv"), "--columns", "question,answer,label", "--data", str(data)]
    subprocess.run([sys.executable, "-m", *command], cwd=ROOT, check=True, capture_output=True)
    return data


@pytest.mark.parametrize(
    ("changes", "answer"),
    [
        pytest.param({"RAY_AUTH_MODE": "disabled"}, "Missing authentication token", id="no token"),
        pytest.param({"RAY_AUTH_TOKEN": "0" * 64}, "Invalid authentication token", id="another token"),
    ],
)
def test_who_has_not_the_token_is_refused(head: Head, changes: dict[str, str], answer: str) -> None:
    refused = head.submit("python", "-c", "print('it' + ' ran')", **changes)
    assert refused.returncode != 0
    assert answer in refused.stdout
    assert "it ran" not in refused.stdout
    closed = subprocess.run(
        [sys.executable, "-c", "from trainers.cluster import connect; connect(1)"],
        cwd=ROOT,
        env=head.environment | changes | {"RAY_ADDRESS": head.address},
        text=True,
        capture_output=True,
    )
    assert f"Mistakes: RAY_ADDRESS: '{head.address}' does not let this job in (InvalidAuthToken" in closed.stderr


def test_workers_run_the_uploaded_code(head: Head) -> None:
    job = head.submit("python", "-c", WHERE)
    assert job.returncode == 0, job.stdout
    (line,) = [line for line in job.stdout.splitlines() if line.startswith("WHERE")]
    where = json.loads(line.removeprefix("WHERE"))
    assert "working_dir_files" in where["folder"]
    assert where["tasks"].startswith(where["folder"])
    assert where["mode"] == "token"


def test_a_search_leaves_its_result(head: Head, prepared: Path, tiny_model: str, tmp_path: Path) -> None:
    run = tmp_path / "run"
    places = ["--data", str(prepared), "--run", str(run), "--base-model", tiny_model]
    resources = ["--workers", "1", "--cpus-per-worker", "1", "--concurrent", "1"]
    settings = ["--trials", "2", "--set", "global_batch_size=8", "--set", "epochs=1"]
    job = head.submit("python", "-m", "jobs.tune", "pairs", *places, *resources, *settings, "--json")
    assert job.returncode == 0, job.stdout
    printed = [json.loads(line) for line in job.stdout.splitlines() if line.startswith("{")]
    assert len(printed) == 1
    assert json.loads((run / "result.json").read_text())["metric"] == printed[0]["metric"]
    trials = [json.loads(line) for line in (run / "trials.jsonl").read_text().splitlines()]
    assert len(trials) == 2
    assert {trial["state"] for trial in trials} <= {"completed", "stopped"}
    assert all(trial["settings"]["global_batch_size"] == 8 and trial["steps"] > 0 for trial in trials)
    assert (run / "best" / "modules.json").exists()
    workers = json.loads((run / "environment.json").read_text())["workers"]  # as one of them has seen itself
    assert (workers["device"], workers["threads"], workers["versions"]["ray"]) == ("CPU", 1, ray.__version__)


def test_a_relative_path_is_refused_on_a_cluster(head: Head, prepared: Path) -> None:
    job = head.submit("python", "-m", "jobs.tune", "pairs", "--data", str(prepared), "--run", "runs/here")
    assert job.returncode != 0
    assert "error: run: " in job.stdout
    assert "runs/here" in job.stdout
    assert "absolute" in job.stdout
