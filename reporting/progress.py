"""A word about work that takes more than a moment, on standard error, and gone when the work is done."""

import time
from types import TracebackType

from rich.console import Console
from rich.progress import Progress, TaskID

QUIET_S = 2.0
"""What is done sooner needs no word."""


class EncodingProgress:
    """Shows how many texts are encoded: a bar on a terminal, one line elsewhere, nothing in the first two seconds."""

    def __init__(self, console: Console | None = None, quiet_s: float = QUIET_S) -> None:
        self.console = console or Console(stderr=True)
        self.quiet_s = quiet_s
        self._began = time.monotonic()
        self._bar: Progress | None = None
        self._task = TaskID(0)
        self._said = False

    def __enter__(self) -> "EncodingProgress":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, done: int, total: int) -> None:
        """`done` of `total` texts are encoded."""
        if time.monotonic() - self._began < self.quiet_s:
            return
        if self.console.is_terminal:
            self._draw(done, total)
        elif not self._said and done < total:
            self._said = True
            self.console.print(f"encoding {total} texts, {done} done", highlight=False)

    def _draw(self, done: int, total: int) -> None:
        if self._bar is None:
            self._bar = Progress(console=self.console, transient=True)
            self._task = self._bar.add_task(f"encoding {total} texts", total=total)
            self._bar.start()
        self._bar.update(self._task, completed=done, total=total)
