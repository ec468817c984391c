"""Test the summary at the end of a search."""

import json
import shlex
from dataclasses import replace

import pytest
from rich.console import Console
from rich.table import Table

from reporting.result import RunResult, next_commands, outcome_dict
from reporting.summary import outcome_lines, outcome_table, time_table

RESULT = RunResult(
    task="tickets",
    run="runs/my tickets",
    metric="macro_f1",
    base=0.5,
    baseline=0.71,
    best=0.76,
    best_trial="trial-04",
    best_epoch=10.0,
    baseline_epoch=2.0,
    best_settings={"learning_rate": 4e-5, "global_batch_size": 16.0, "epochs": 10.0},
    baseline_settings={"learning_rate": 2e-5, "global_batch_size": 32.0, "epochs": 10.0},
    model="runs/my tickets/best",
    states={"completed": 3, "stopped": 2},
    wall_s=321.0,
    group_times={
        "group-1": {"starting": 20.0, "training": 260.0, "idle": 41.0},
        "group-2": {"starting": 22.0, "training": 262.6, "idle": 36.4},
    },
)


def drawn(table: Table, width: int = 120) -> list[list[str]]:
    """Return the cells of every row."""
    console = Console(width=width, color_system=None)
    with console.capture() as capture:
        console.print(table)
    return [[cell.strip() for cell in line.split("│")[1:-1]] for line in capture.get().splitlines() if "│" in line]


def test_the_table_compares_untuned_baseline_and_best() -> None:
    assert drawn(outcome_table(RESULT)) == [
        ["base", "0.5000", "", "", ""],
        ["baseline settings", "0.7100", "+0.2100", "2/10", "learning_rate=2e-05 global_batch_size=32"],
        ["best (trial-04)", "0.7600", "+0.2600", "10/10", "learning_rate=4e-05 global_batch_size=16"],
    ]


def test_no_setting_is_cut_off_where_there_is_little_room() -> None:
    cells = [row[-1] for row in drawn(outcome_table(RESULT), width=70)]
    assert "".join(cells) == "learning_rate=2e-05global_batch_size=32learning_rate=4e-05global_batch_size=16"


def test_the_time_of_every_group_is_shown_and_of_all() -> None:
    assert drawn(time_table(RESULT)) == [
        ["group-1", "20s (6%)", "4:20 (81%)", "41s (13%)"],
        ["group-2", "22s (7%)", "4:23 (82%)", "36s (11%)"],
        ["all", "42s (7%)", "8:43 (81%)", "1:17 (12%)"],
    ]


def test_many_groups_are_shown_as_one() -> None:
    many = {f"group-{number}": {"training": 1.0, "idle": 1.0} for number in range(9)}
    assert drawn(time_table(replace(RESULT, group_times=many))) == [["all", "9s (50%)", "9s (50%)"]]


def test_the_lines_say_states_time_share_and_model() -> None:
    text = "\n".join(outcome_lines(RESULT))
    assert "trials: 3 completed, 2 stopped" in text
    spent = "wall time: 5:21; 642 core- or GPU-seconds, of which the worker groups trained 81%"
    assert spent in text
    budgeted = outcome_lines(replace(RESULT, minutes=6.0, budget_s=355.0))
    assert spent.replace("5:21", "5:21; with timing and verdict 5:55 of a budget of 6 minutes") in budgeted
    assert "model: runs/my tickets/best" in text
    assert "no better" not in text


def test_the_three_commands_can_be_pasted() -> None:
    commands = next_commands(RESULT)
    evaluate, curves, load = (shlex.split(command) for command in commands)
    assert evaluate == ["python", "-m", "jobs.evaluate", "runs/my tickets/best"]
    assert curves == ["python", "-m", "tensorboard.main", "--logdir", "runs/my tickets/events"]
    assert load[:2] == ["python", "-c"]
    assert 'SentenceTransformer("runs/my tickets/best")' in load[2]
    compile(load[2], "command", "exec")
    assert all(command in "\n".join(outcome_lines(RESULT)) for command in commands)


def test_no_better_than_untuned_is_said() -> None:
    assert any("no better" in line for line in outcome_lines(replace(RESULT, best=0.5)))


def test_notes_are_said() -> None:
    assert "note: the baseline settings failed" in outcome_lines(
        replace(RESULT, notes=["the baseline settings failed"])
    )


def test_without_a_model_the_reader_is_sent_to_the_trials() -> None:
    nothing = replace(
        RESULT,
        model=None,
        error="TypeError: no bf16",
        best=None,
        baseline=None,
        best_trial=None,
        best_epoch=None,
        states={"failed": 2},
    )
    assert next_commands(nothing) == []
    said = "no model: TypeError: no bf16; see runs/my tickets/trials.jsonl"
    assert outcome_dict(nothing)["error"] == "TypeError: no bf16"
    assert outcome_lines(nothing)[-1] == said
    assert drawn(outcome_table(nothing))[-1][0] == "best"


def test_the_dict_is_json_with_everything() -> None:
    found = json.loads(json.dumps(outcome_dict(replace(RESULT, baseline=float("nan"))), allow_nan=False))
    assert found["baseline"] is None
    assert found["best"] == 0.76
    assert found["states"] == {"completed": 3, "stopped": 2}
    assert len(found["next"]) == 3
    assert found["training_share"] == pytest.approx(0.814, abs=1e-3)
