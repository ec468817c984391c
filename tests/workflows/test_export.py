"""The commands in a card repeat the same search and train the same weights."""

import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pairs import prepared
from reporting.trials import TrialRecord
from search_spaces.default import first_trials, fixed, for_task
from search_spaces.overrides import losses_in
from tasks.common.losses import active
from tests.trainers.cases import rows
from workflows.export import mixture, reproduce, searched
from workflows.options import Options
from workflows.request import Request
from workflows.request_checks import check_request

MACHINE: dict[str, Any] = {
    "workers": 2,
    "cpus_per_worker": 3,
    "precision": "bf16",
    "optimizer": "adamw_torch_fused",
    "gpu": True,
}

MORE = {"--concurrent": ["2"], "--repeat-seeds": ["1"], "--export": ["best"]}


@pytest.fixture
def asked(tmp_path: Path, tiny_model: str) -> Request:
    """Return the request of a search with two settings narrowed."""
    tables = {"train": rows(64, "contrastive"), "dev": rows(24, "contrastive", seed=1)}
    manifest = {"task": "invoices", "fingerprint": prepared.fingerprint(tables), "declaration": {"kind": "binary"}}
    prepared.write(str(tmp_path / "data"), tables, manifest)
    given = {
        "task": "invoices",
        "set": ["margin=0.625:0.7", "epochs=2,3"],
        "accept": ["too_small", "split_leak"],
        "data": str(tmp_path / "data"),
        "run": str(tmp_path / "run"),
        "base_model": tiny_model,
        "seed": 3,
        "trials": 7,
        "minutes": 2.5,
        "scheduler": "fifo",
        "distinct": True,
        "concurrent": 2,
        "repeat_seeds": 1,
        "export": "best",
        **MACHINE,
    }
    return check_request(given, dry_run=True, quiet=True)


def options(command: str) -> dict[str, list[str]]:
    words = shlex.split(command)[4:]
    found: dict[str, list[str]] = {}
    for place, word in enumerate(words):
        if word.startswith("--"):
            value = words[place + 1 : place + 2]
            found.setdefault(word, []).extend(each for each in value if not each.startswith("--"))
    return found


@pytest.mark.parametrize("job", [searched, lambda asked: reproduce(asked, asked.baseline)])
def test_the_same_machines_are_asked_for(asked: Request, job: Callable[[Request], str]) -> None:
    given = options(job(asked))
    assert given.pop("--gpu") == []
    for name in ("workers", "cpus_per_worker", "precision", "optimizer"):
        assert given[f"--{name.replace('_', '-')}"] == [str(MACHINE[name])]


@pytest.mark.parametrize("job", [searched, lambda asked: reproduce(asked, asked.baseline)])
def test_the_audit_lets_it_pass_again_and_the_run_folder_is_a_new_one(
    asked: Request, job: Callable[[Request], str]
) -> None:
    given = options(job(asked))
    assert given["--accept"] == ["too_small", "split_leak"]
    assert given["--run"] == [f"{asked.options.run}-again"]


def test_a_search_can_be_asked_for_again(asked: Request) -> None:
    command = searched(asked)
    given = options(command)
    assert command.startswith("python -m jobs.tune invoices ")
    names = ("--trials", "--minutes", "--scheduler", "--seed", "--distinct", "--base-model", *MORE)
    assert {name: given[name] for name in names} == {
        "--trials": ["7"],
        "--minutes": ["2.5"],
        "--scheduler": ["fifo"],
        "--seed": ["3"],
        "--distinct": [],
        "--base-model": [asked.options.base_model],
        **MORE,
    }
    assert for_task(asked.task, list(asked.views), given["--set"], 32, 1) == asked.space


def test_a_training_can_be_asked_for_again(asked: Request) -> None:
    settings = {**active(asked.baseline), "learning_rate": 1.2345678901234567e-05}
    command = reproduce(asked, settings)
    given = options(command)
    assert command.startswith("python -m jobs.train invoices ")
    again = fixed(asked.task, losses_in(given["--set"], asked.task.declared_kind), given["--set"], 64, 1)
    assert first_trials(asked.task, again)[0] == settings
    assert given["--seed"] == ["3"]


def test_the_command_of_a_training_gives_its_own_weights_and_no_mixture(asked: Request) -> None:
    assert options(reproduce(asked, asked.baseline))["--refine"] == ["none"]
    assert "--refine" not in options(searched(asked))


def test_each_part_of_a_mixture_has_its_command_and_folder(asked: Request) -> None:
    records = [
        TrialRecord(trial=f"trial-0{n}", settings=dict(asked.baseline), metric="m", epochs=2, epoch=n, best_steps=4 * n)
        for n in (1, 2)
    ]
    outcome: Any = SimpleNamespace(records=records, best=records[0])
    soup = mixture(asked, outcome, {"trial-01": 0.5, "trial-02": 0.5})
    assert [options(part["command"])["--run"] for part in soup] == [
        [f"{asked.options.run}-again"],
        [f"{asked.options.run}-again-2"],
    ]
    assert [part["model"] for part in soup] == [f"{asked.options.run}-again{end}/best" for end in ("", "-2")]
    assert [(part["steps"], part["whole"]) for part in soup] == [(4, False), (8, True)]
    mixed = mixture(asked, outcome, {"best": 0.8, "base": 0.2})
    assert (mixed[0]["trial"], mixed[1]["fraction"]) == ("trial-01", 0.2)
    assert "command" not in mixed[1]


@pytest.mark.parametrize("job", [searched, lambda asked: reproduce(asked, {})])
def test_what_is_as_by_default_is_not_in_the_command(asked: Request, job: Callable[[Request], str]) -> None:
    plain = {**asked.options.model_dump(), "workers": 1, "seed": 42, "gpu": False, "distinct": False, "accept": ()}
    task = replace(asked.task, base_model=asked.options.base_model)
    given = options(job(replace(asked, options=Options(**plain), task=task)))
    assert not {"--workers", "--seed", "--gpu", "--distinct", "--accept", "--base-model", "--prompt1"} & set(given)
