"""Test the live table on a terminal, when piped, when quiet, and from several threads."""

import io
import threading
from dataclasses import replace

import pytest
from rich.console import Console

from reporting.live import REFRESHES_PER_SECOND, Live
from tests.reporting.test_trials import record


def console(terminal: bool, height: int = 40, width: int = 120) -> Console:
    return Console(file=io.StringIO(), force_terminal=terminal, width=width, height=height, color_system=None)


def written(live: Live) -> str:
    assert isinstance(live.console.file, io.StringIO)
    return live.console.file.getvalue()


def drawn(live: Live) -> str:
    with live.console.capture() as capture:
        live.console.print(live.render())
    return capture.get()


def test_piped_each_report_is_one_line() -> None:
    with Live("cosine_ap", 3, console(terminal=False)) as live:
        live.header(["starting worker groups"])
        live.header(["starting worker groups"])
        live.update(record("trial-01", settings={"learning_rate": 2e-5, "margin": 0.512345}, value=0.5, epoch=1.0))
        live.say("a line that is much longer than the console is wide " * 5)
        live.update(record("trial-01", value=0.75, epoch=4.0, state="failed", error="loss is nan\nat step 3"))
    lines = written(live).splitlines()
    assert len(lines) == 4
    assert lines[0] == "starting worker groups"
    assert lines[1].startswith("trial-01: running, epoch 1/4, cosine_ap 0.5000, learning_rate=2e-05 margin=0.5123, ")
    assert "0/3 trials done, best cosine_ap 0.5000 (trial-01)" in lines[1]
    assert "trial-01: failed" in lines[3]
    assert "loss is nan at step 3" in lines[3]
    assert "1/3 trials done" in lines[3]


def test_the_difference_on_a_guard_set_is_shown_beside_the_score() -> None:
    check = {"score": {}, "difference": {"value": -0.02, "low": -0.03, "high": -0.01}, "holds": False}
    with Live("cosine_ap", 3, console(terminal=False)) as live:
        live.update(record("trial-01", value=0.5, epoch=1.0))
        assert "guard" not in drawn(live)
        live.update(record("trial-02", value=0.75, epoch=1.0, guard=check, lowered=-0.3))
    first, second = written(live).splitlines()
    assert "guard" not in first
    assert "cosine_ap 0.7500, guard -0.0200 (broken), " in second
    assert "best cosine_ap 0.5000 (trial-01)" in second
    table = drawn(live)
    assert "guard" in table
    assert "-0.0200" in table


def test_quiet_prints_nothing_on_a_terminal_or_piped() -> None:
    for terminal in (True, False):
        with Live("cosine_ap", 3, console(terminal), quiet=True) as live:
            live.header(["starting worker groups"])
            live.update(record())
            live.say("text")
            live.time_left(3.0)
        assert written(live) == ""


def test_a_terminal_gets_a_table_that_stays() -> None:
    with Live("cosine_ap", 2, console(terminal=True)) as live:
        live.header(["2 worker groups"])
        live.update(record("trial-01", value=0.5, epoch=4.0, state="completed"))
        live.say("said above")
    shown = written(live)
    assert "said above" in shown
    assert "trial-01" in shown.rpartition("2 worker groups")[2]


def test_the_table_has_every_column_and_short_numbers() -> None:
    live = Live("cosine_ap", 2, console(terminal=True, width=80))
    live.header(["starting worker groups 1/2"])
    first = {
        "learning_rate": 2.0e-05,
        "global_batch_size": 16.0,
        "warmup_ratio": 0.123456,
        "margin": 0.5,
        "epochs": 4.0,
    }
    second = {"learning_rate": 3.2e-05, "global_batch_size": 8.0, "warmup_ratio": 0.2, "margin": 0.25, "epochs": 4.0}
    live.update(record("trial-01", settings=first, value=0.8, epoch=1.0, train_s=10.0))
    live.update(record("trial-02", settings=second, value=0.9, epoch=2.5, state="stopped", train_s=10.0))
    lines = drawn(live).splitlines()
    assert lines[:2] == ["starting worker groups 1/2", "settings: epochs=4"]
    assert lines[2].startswith("1/2 trials done, best cosine_ap 0.9000 (trial-02)")
    names = [line.split() for line in lines[3:6]]
    assert names[2] == ["trial", "rate", "size", "ratio", "margin", "epoch", "ap", "state", "left"]
    rows = [line.split() for line in lines if line.strip().startswith("trial-")]
    assert rows[0][:8] == ["trial-01", "2e-05", "16", "0.1235", "0.5", "1/4", "0.8000", "running"]
    assert rows[0][-1] == "30s"
    assert rows[1] == ["trial-02", "3.2e-05", "8", "0.2", "0.25", "2.5/4", "0.9000", "stopped"]
    assert max(len(line) for line in lines) <= 80


def test_a_full_screen_keeps_running_and_best_trials_and_says_how_many_are_hidden() -> None:
    live = Live("cosine_ap", 40, console(terminal=True, height=16))
    live.update(record("trial-00", value=0.1, epoch=1.0))
    live.update(record("trial-01", value=0.99, epoch=4.0, state="completed"))
    for number in range(2, 30):
        live.update(record(f"trial-{number:02d}", value=0.5, epoch=4.0, state="completed"))
    shown = drawn(live)
    rows = [line.split()[0] for line in shown.splitlines() if line.strip().startswith("trial-")]
    assert rows == ["trial-00", "trial-01", "trial-27", "trial-28", "trial-29"]
    assert "and 25 more, all in trials.jsonl" in shown
    assert len(shown.splitlines()) <= 15


def test_the_estimate_is_shown_until_all_trials_are_done() -> None:
    live = Live("cosine_ap", 1, console(terminal=True))
    assert "left" not in live.title()
    live.time_left(7200.0)
    assert "left" in live.title()
    live.time_left(None)
    assert "left" not in live.title()
    live.time_left(7200.0)
    live.update(record(state="completed"))
    assert live.title().startswith("1/1 trials done")
    assert "left" not in live.title()


def test_a_budget_that_ends_before_the_estimate_is_said_beside_it() -> None:
    live = Live("cosine_ap", 16, console(terminal=True))
    live.budget(600.0)
    live.time_left(60.0)
    assert live.title().endswith(" left")
    live.time_left(7200.0)
    assert " of the budget left (all trials: up to " in live.title()


@pytest.mark.parametrize("terminal", [True, False])
def test_threads_report_while_the_table_is_drawn(terminal: bool) -> None:
    """The test ends only if no thread waits for a lock while it holds another."""
    live = Live("cosine_ap", 4, console(terminal))

    def report(name: str) -> None:
        for step in range(8):
            live.update(record(name, steps=step, epoch=1.0))
            live.say(f"{name} said {step}")
            live.header([f"{name} {step}"])
            live.time_left(float(step))
            if live._screen:
                live._screen.refresh()
        live.update(replace(record(name), state="completed"))

    def run() -> None:
        with live:
            threads = [threading.Thread(target=report, args=(f"trial-{number}",), daemon=True) for number in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

    whole = threading.Thread(target=run, daemon=True)
    whole.start()
    whole.join(timeout=60)
    assert not whole.is_alive(), "it waits for ever"
    assert live.title().startswith("4/4 trials done")
    assert written(live).count("said 7") == 4


def test_reports_do_not_draw_by_themselves() -> None:
    """The table is drawn by the clock alone, at most four times a second, however many reports arrive."""
    assert REFRESHES_PER_SECOND <= 4
    drawings = 0

    class Counting(Live):
        def render(self):  # type: ignore[no-untyped-def]
            nonlocal drawings
            drawings += 1
            return super().render()

    with Counting("cosine_ap", 4, console(terminal=True)) as live:
        assert live._screen is not None
        live._screen.auto_refresh = False
        before = drawings
        for step in range(200):
            live.update(record(steps=step))
        assert drawings - before <= 2  # the clock's own, should it strike meanwhile
