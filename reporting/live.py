"""What a user sees while trials run: a calm table on a terminal, one plain line per report when piped, or nothing."""

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


class Live:
    """Shows trials as they report; every method may be called from any thread.

    Args:
        metric: name of the metric that decides, higher is better.
        total: trials that the run will have.
        console: where to show it; standard output by default.
        piped: one line per report in place of a table; by default where the console is no terminal.
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
        self._lock = threading.RLock()  # rich draws in its own thread, and a line may be said while it does
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
        """Leave the last table on the screen."""
        if self._screen is not None:
            self._screen.stop()
            self._screen = None

    def update(self, record: TrialRecord) -> None:
        """Take a trial's newest record."""
        with self._lock:
            self._records[record.trial] = record
            line = self._line(record)
        if self.piped:
            self.say(line)

    def header(self, lines: Sequence[str]) -> None:
        """What is going on besides the trials, such as 'starting worker groups', in place of the lines before."""
        with self._lock:
            new = [line for line in lines if line not in self._header]
            self._header = list(lines)
        if self.piped:
            for line in new:
                self.say(line)

    def say(self, text: str) -> None:
        """A line that stays, above the table.

        Never printed under our own lock: rich holds its lock while it asks for the table, which takes ours.
        """
        if not self.quiet:
            self.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def time_left(self, seconds: float | None) -> None:
        """The estimate for the whole run, counted down until the next one; None: not known."""
        with self._lock:
            self._ends = None if seconds is None else time.monotonic() + seconds

    def budget(self, seconds: float) -> None:
        """The run is ended after this time from now, whatever the estimate says."""
        with self._lock:
            self._budget_ends = time.monotonic() + seconds

    def title(self) -> str:
        """Trials done, best so far, time used and left."""
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
        """The table as it stands now; rich calls it at most four times a second.

        A setting that all trials share stands above it, one that differs has a column, so that 80 characters do.
        """
        with self._lock:
            shown, hidden = self._rows()
            names = self._varied()
            table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
            for name in ("trial", *names, "epoch", self.metric, "state", "time left"):
                header = name.replace("_", "\n").replace(" ", "\n")  # narrow columns, rows of one line
                justify: Literal["left", "right"] = "left" if name in ("trial", "state") else "right"
                table.add_column(header, justify=justify, no_wrap=name != "state")
            best = best_of(self._records.values())
            for record in shown:
                table.add_row(*self._cells(record, names), style="bold" if record is best else None)
            above = [Text(line) for line in [*self._header, *self._shared(names)]]
            below = [Text(f"and {hidden} more, all in trials.jsonl")] if hidden else []
            return Group(*above, Text(self.title(), style="bold"), table, *below)

    def _varied(self) -> list[str]:
        every = [record.settings for record in self._records.values()]
        names = dict.fromkeys(name for settings in every for name in settings)
        return [name for name in names if len({settings.get(name) for settings in every}) > 1]

    def _shared(self, varied: Sequence[str]) -> list[str]:
        one = next(iter(self._records.values()), None)
        same = {name: value for name, value in one.settings.items() if name not in varied} if one else {}
        return [f"settings: {formats.settings(same)}"] if same else []

    def _rows(self) -> tuple[list[TrialRecord], int]:
        """The trials that fit the screen, in the order of their start, and how many do not.

        Kept are the running ones first, then the best, then the newest.
        """
        records = list(self._records.values())
        room = max(FEWEST_ROWS, self.console.height - LINES_AROUND - len(self._header))
        best = best_of(records)

        def need(index: int) -> tuple[bool, bool, int]:
            return records[index].state != "running", records[index] is not best, -index

        kept = sorted(sorted(range(len(records)), key=need)[:room])
        return [records[index] for index in kept], len(records) - len(kept)

    def _cells(self, record: TrialRecord, names: Sequence[str]) -> list[Text]:
        state = Text(record.state, style=STATE_STYLE[record.state], no_wrap=True, overflow="ellipsis")
        if told := record.error:
            state.append(f" {told.splitlines()[0]}")
        values = [formats.number(record.settings.get(name)) for name in names]
        plain = (record.trial, *values, epochs_reached(record.epoch, record.epochs), formats.score(record.value))
        left = formats.duration(record.time_left) if record.state == "running" else ""
        return [*(Text(cell) for cell in plain), state, Text(left)]

    def _line(self, record: TrialRecord) -> str:
        parts = [f"{record.trial}: {record.state}", f"epoch {epochs_reached(record.epoch, record.epochs)}"]
        parts.append(f"{self.metric} {formats.score(record.value)}")
        parts.append(formats.settings(record.settings))
        if record.time_left is not None:
            parts.append(f"{formats.duration(record.time_left)} left")
        parts += [record.error] if record.error else []
        return f"{', '.join(parts)} | {self.title()}".replace("\n", " ")
