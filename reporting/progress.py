"""A word about work that takes more than a moment, on standard error, and gone when the work is done."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import Progress, TaskID

QUIET_S = 2.0
"""What is done sooner needs no word."""


@contextmanager
def waiting(what: str, *, quiet: bool = False, console: Console | None = None) -> Iterator[None]:
    """Show on a terminal what is waited for, where nobody knows how far it is; nothing where output is piped."""
    console = console or Console(stderr=True)
    if quiet or not console.is_terminal:
        yield
        return
    with console.status(what):
        yield


class _Told:
    """A bar on a terminal, one line elsewhere, nothing in the first two seconds."""

    def __init__(self, console: Console | None = None, quiet_s: float = QUIET_S, quiet: bool = False) -> None:
        self.console = console or Console(stderr=True)
        self.quiet_s, self.quiet = quiet_s, quiet
        self._began = time.monotonic()
        self._bar: Progress | None = None
        self._task = TaskID(0)
        self._said = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def _tell(self, what: str, share: float) -> None:
        if self.quiet or time.monotonic() - self._began < self.quiet_s:
            return
        if self.console.is_terminal:
            self._draw(what, share)
        elif not self._said and share < 1:
            self._said = True
            self.console.print(f"{what}, {share:.0%} done", highlight=False)

    def _draw(self, what: str, share: float) -> None:
        if self._bar is None:
            self._bar = Progress(console=self.console, transient=True)
            self._task = self._bar.add_task(what, total=1.0)
            self._bar.start()
        self._bar.update(self._task, description=what, completed=share)


class EncodingProgress(_Told):
    """Shows how many texts are encoded."""

    def __call__(self, done: int, total: int) -> None:
        """`done` of `total` texts are encoded."""
        self._tell(f"encoding {total:,} texts", done / total)


class ReadingProgress(_Told):
    """Shows how much of a split is read."""

    def __call__(self, split: str, rows: int, share: float) -> None:
        """So many rows are read, which are that share of the split's file."""
        self._tell(f"reading {split}, {rows:,} rows so far", share)


class ScoringProgress(_Told):
    """Shows how many rows are scored."""

    def __call__(self, done: int, total: int) -> None:
        """`done` of `total` rows are scored."""
        self._tell(f"scoring {total:,} rows", done / total)
