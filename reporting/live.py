"""Show trials while they run: a table on a terminal, one plain line per report when piped, or nothing."""

import threading
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Literal

from rich import box
from rich.console import Console, Group
from rich.live import Live as RichLive
from rich.table import Table
from rich.text import Text

from reporting import formats
from reporting.trials import TrialRecord, best_of, epochs_reached

REFRESHES_PER_SECOND = 4
STATE_STYLE = {"running": "cyan", "completed": "green", "stopped": "yellow", "failed": "red"}
LINES_AROUND = 11
"""Lines of a terminal for title, shared settings, column names, rules, caption and the prompt below."""
FEWEST_ROWS = 3
"""Rows that are shown on a terminal of any height."""


class Live:
    """Shows trials as they report; every method may be called from any thread.

    Args:
        metric: name of the deciding metric, higher is better.
        total: trials of the whole run.
        console: standard output by default.
        piped: print one line per report and no table; by default if the console is no terminal.
        quiet: show nothing (for --json).
    """

    def __init__(
        self,
        metric: str,
        total: int,
        console: Console | None = None,
        piped: bool | None = None,
        quiet: bool = False,
    ) -> None:
        self.metric, self.total = metric, total
        self.console = console or Console()
        self.quiet = quiet
        fixed = not self.console.is_terminal or self.console.is_dumb_terminal
        self.piped = fixed if piped is None else piped
        self._lock = threading.RLock()  # rich draws in its own thread, while another one may print a line
        self._records: dict[str, TrialRecord] = {}
        self._header: list[str] = []
        self._started = time.monotonic()
        self._ends: float | None = None
        self._budget_ends: float | None = None
        self._screen: RichLive | None = None

    def __enter__(self) -> "Live":
        self._started = time.monotonic()
        if not self.quiet and not self.piped:
            self._screen = RichLive(
                get_renderable=self.render, console=self.console, refresh_per_second=REFRESHES_PER_SECOND
            )
            self._screen.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop drawing; the last table stays on the screen."""
        if self._screen is not None:
            self._screen.stop()
            self._screen = None

    def update(self, record: TrialRecord) -> None:
        """Show a trial's newest record."""
        with self._lock:
            self._records[record.trial] = record
            line = self._line(record)
        if self.piped:
            self.say(line)

    def header(self, lines: Sequence[str]) -> None:
        """Replace the lines above the table, such as 'starting worker groups'."""
        with self._lock:
            new = [line for line in lines if line not in self._header]
            self._header = list(lines)
        if self.piped:
            for line in new:
                self.say(line)

    def say(self, text: str) -> None:
        """Print a line that stays, above the table.

        Our lock must not be held here: rich calls `render`, which takes our lock, while it holds its own.
        """
        if not self.quiet:
            self.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def time_left(self, seconds: float | None) -> None:
        """Set the estimated time of the rest of the run, counted down until the next estimate; None: not known."""
        with self._lock:
            self._ends = None if seconds is None else time.monotonic() + seconds

    def budget(self, seconds: float) -> None:
        """Set the seconds from now after which the budget ends the run, whatever the estimate is."""
        with self._lock:
            self._budget_ends = time.monotonic() + seconds

    def title(self) -> str:
        """Return the title: trials done, best so far, time used and left."""
        with self._lock:
            records = list(self._records.values())
            done = sum(record.state != "running" for record in records)
            best = best_of(records)
            parts = [f"{done}/{self.total} trials done"]
            if best is not None:
                parts.append(f"best {self.metric} {formats.score(best.value)} ({best.trial})")
            parts.append(f"{formats.duration(time.monotonic() - self._started)} elapsed")
            if self._ends is not None and done != self.total:
                parts.append(self._time_left(self._ends))
            return ", ".join(parts)

    def _time_left(self, ends: float) -> str:
        now = time.monotonic()
        estimate = formats.duration(max(0.0, ends - now))
        if self._budget_ends is None or ends <= self._budget_ends:
            return f"{estimate} left"
        left = formats.duration(max(0.0, self._budget_ends - now))
        return f"{left} of the budget left (all trials: up to {estimate})"

    def render(self) -> Group:
        """Return the table as it is now; rich calls this at most REFRESHES_PER_SECOND times a second.

        A setting that all trials share is shown above the table, so that the columns fit 80 characters.
        """
        with self._lock:
            shown, hidden = self._rows()
            names = self._varied()
            table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
            guard = ["guard"] * any(record.guard for record in self._records.values())
            for name in ("trial", *names, "epoch", self.metric, *guard, "state", "time left"):
                header = name.replace("_", "\n").replace(" ", "\n")  # narrow columns, rows of one line
                justify: Literal["left", "right"] = "left" if name in ("trial", "state") else "right"
                table.add_column(header, justify=justify, no_wrap=name != "state")
            best = best_of(self._records.values())
            for record in shown:
                table.add_row(*self._cells(record, names, bool(guard)), style="bold" if record is best else None)
            above = [Text(line) for line in [*self._header, *self._shared(names)]]
            below = [Text(f"and {hidden} more, all in trials.jsonl")] if hidden else []
            return Group(*above, Text(self.title(), style="bold"), table, *below)

    def _varied(self) -> list[str]:
        """Return the names of settings that differ between trials."""
        trials = [record.settings for record in self._records.values()]
        names = dict.fromkeys(name for settings in trials for name in settings)
        return [name for name in names if len({settings.get(name) for settings in trials}) > 1]

    def _shared(self, varied: Sequence[str]) -> list[str]:
        first = next(iter(self._records.values()), None)
        same = {name: value for name, value in first.settings.items() if name not in varied} if first else {}
        return [f"settings: {formats.settings(same)}"] if same else []

    def _rows(self) -> tuple[list[TrialRecord], int]:
        """Return the trials that fit the screen, in the order of their start, and the number of the others.

        Running trials come first, then the best, then the newest.
        """
        records = list(self._records.values())
        room = max(FEWEST_ROWS, self.console.height - LINES_AROUND - len(self._header))
        best = best_of(records)

        def priority(index: int) -> tuple[bool, bool, int]:
            return records[index].state != "running", records[index] is not best, -index

        selected = sorted(sorted(range(len(records)), key=priority)[:room])
        return [records[index] for index in selected], len(records) - len(selected)

    def _cells(self, record: TrialRecord, names: Sequence[str], guard: bool) -> list[Text]:
        state = Text(record.state, style=STATE_STYLE[record.state], no_wrap=True, overflow="ellipsis")
        if error := record.error:
            state.append(f" {error.splitlines()[0]}")
        values = [formats.setting_of(name, record.settings.get(name)) for name in names]
        plain = (record.trial, *values, epochs_reached(record.epoch, record.epochs), formats.score(record.value))
        checked = [Text(_guarded(record), style="red" if record.breaks_guard else "")] if guard else []
        left = formats.duration(record.time_left) if record.state == "running" else ""
        return [*(Text(cell) for cell in plain), *checked, state, Text(left)]

    def _line(self, record: TrialRecord) -> str:
        parts = [f"{record.trial}: {record.state}", f"epoch {epochs_reached(record.epoch, record.epochs)}"]
        parts.append(f"{self.metric} {formats.score(record.value)}")
        parts += [f"guard {_guarded(record)}{' (broken)' * record.breaks_guard}"] if record.guard else []
        parts.append(formats.settings(record.settings))
        if record.time_left is not None:
            parts.append(f"{formats.duration(record.time_left)} left")
        parts += [record.error] if record.error else []
        return f"{', '.join(parts)} | {self.title()}".replace("\n", " ")


def _guarded(record: TrialRecord) -> str:
    """Return the difference to the base model on the guard set; '' before the first report."""
    return formats.difference(record.guard["difference"]["value"]) if record.guard else ""
