"""Show progress of long work on standard error, and remove it when the work is done."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import Progress, TaskID

QUIET_S = 2.0
"""Seconds before progress is shown."""


@contextmanager
def waiting(what: str, *, quiet: bool = False, console: Console | None = None) -> Iterator[None]:
    """Show on a terminal that `what` goes on, if its progress is unknown; show nothing if output is piped."""
    console = console or Console(stderr=True)
    if quiet or not console.is_terminal:
        yield
        return
    with console.status(what):
        yield


class _ProgressDisplay:
    """Shows a bar on a terminal, or one line elsewhere, after the first QUIET_S seconds."""

    def __init__(self, console: Console | None = None, quiet_s: float = QUIET_S, quiet: bool = False) -> None:
        self.console = console or Console(stderr=True)
        self.quiet_s, self.quiet = quiet_s, quiet
        self._began = time.monotonic()
        self._bar: Progress | None = None
        self._task = TaskID(0)
        self._printed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def _show(self, what: str, fraction: float) -> None:
        if self.quiet or time.monotonic() - self._began < self.quiet_s:
            return
        if self.console.is_terminal:
            self._draw(what, fraction)
        elif not self._printed and fraction < 1:
            self._printed = True
            self.console.print(f"{what}, {fraction:.0%} done", highlight=False)

    def _draw(self, what: str, fraction: float) -> None:
        if self._bar is None:
            self._bar = Progress(console=self.console, transient=True)
            self._task = self._bar.add_task(what, total=1.0)
            self._bar.start()
        self._bar.update(self._task, description=what, completed=fraction)


class EncodingProgress(_ProgressDisplay):
    """Shows how many texts are encoded."""

    def __call__(self, done: int, total: int) -> None:
        """Show that `done` of `total` texts are encoded."""
        self._show(f"encoding {total:,} texts", done / total)


class MiningProgress(_ProgressDisplay):
    """Shows how many texts are encoded, and then for how many pairs negatives are mined."""

    def encoding(self, done: int, total: int) -> None:
        """Show that `done` of `total` texts are encoded."""
        self._show(f"encoding {total:,} texts", done / total)

    def __call__(self, done: int, total: int) -> None:
        """Show that negatives are mined for `done` of `total` pairs."""
        self._show(f"mining negatives of {total:,} pairs", done / total)


class ReadingProgress(_ProgressDisplay):
    """Shows how much of a split is read."""

    def __call__(self, split: str, rows: int, fraction: float) -> None:
        """Show that `rows` rows are read, which are this fraction of the split's file."""
        self._show(f"reading {split}, {rows:,} rows so far", fraction)


class ScoringProgress(_ProgressDisplay):
    """Shows how many rows are scored."""

    def __call__(self, done: int, total: int) -> None:
        """Show that `done` of `total` rows are scored."""
        self._show(f"scoring {total:,} rows", done / total)
