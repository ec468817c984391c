"""Test that the command line and its reference page are those that workflows/options.py declares."""

from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from jobs import common, train, tune
from jobs.options import command
from jobs.options_page import page
from workflows.options import Options, TrainOptions, declared, flag

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(("job", "options"), [(train, TrainOptions), (tune, Options)])
def test_a_job_has_the_declared_options_with_their_defaults(job: Any, options: type[TrainOptions]) -> None:
    shown: Any = typer.main.get_command(job.app)
    own = {each.name: each for each in shown.params}
    for name, field in declared(options).items():
        assert own[name].opts == [flag(name)]
        assert own[name].help == field.description
        if not field.is_required() and field.default != ():
            assert own[name].default == field.default
    assert {*own} - {*declared(options)} == {"task", "dry_run", "json"}


def given_to(options: type[TrainOptions], *words: str) -> dict[str, Any]:
    """Return the values that a command with these options receives for these words."""
    app, found = common.new_app("about"), dict[str, Any]()

    @command(app, options)
    def run(**given: Any) -> None:
        found.update(given)

    done = CliRunner().invoke(app, [*words])
    assert done.exit_code == 0, done.output
    return found


def test_words_become_values_of_their_types_and_what_is_not_given_is_the_default() -> None:
    given = given_to(Options, "invoices", "--workers", "2", "--gpu", "--minutes", "2.5", "--set", "a=1", "--set", "b=2")
    assert given["task"] == "invoices"
    assert (given["workers"], given["gpu"], given["minutes"], given["set"]) == (2, True, 2.5, ["a=1", "b=2"])
    assert (given["trials"], given["data"], given["accept"], given["dry_run"]) == (16, None, None, False)


@pytest.mark.parametrize("options", [TrainOptions, Options])
def test_a_command_made_of_options_gives_the_same_options(options: type[TrainOptions]) -> None:
    changed: dict[str, Any] = {
        "task": "invoices",
        "data": "/d d",
        "run": "/r",
        "base_model": "other",
        "workers": 3,
        "distinct": True,
        "prompt1": "",
        "set": ("margin=0.5", "epochs=2"),
        "accept": ("too_small",),
    }
    if options is Options:
        changed |= {"trials": 3, "minutes": 2.5, "export": "base"}
    made = options(**changed)
    words = made.command("jobs.tune", "the task's own")
    assert words[:4] == ["python", "-m", "jobs.tune", "invoices"]
    again = {name: value for name, value in given_to(options, *words[3:]).items() if value is not None}
    assert options(**{name: again[name] for name in again if name in options.model_fields}) == made
    assert len(words) == 4 + sum(1 if value is True else 2 for name, value in flat(changed) if name != "task")


def flat(values: dict[str, Any]) -> list[tuple[str, Any]]:
    return [
        (name, each) for name, value in values.items() for each in (value if isinstance(value, tuple) else (value,))
    ]


def test_the_tasks_own_base_model_is_not_named() -> None:
    made = TrainOptions(task="invoices", data="/d", run="/r", base_model="own")
    assert "--base-model" not in made.command("jobs.train", "own")


def test_the_page_of_options_is_up_to_date() -> None:
    assert (ROOT / "docs" / "reference" / "options.md").read_text() == page()


def test_every_option_is_explained() -> None:
    for name, field in Options.model_fields.items():
        assert field.description or name in ("task", "max_length")
