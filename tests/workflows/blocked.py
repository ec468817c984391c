"""Hold a run folder whose storage stops in the middle of a state; a trial's actor imports it, so it is light."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from common.run_folder import STATES, RunFolder


class Blocked(RunFolder):
    """Write the states of the first trial; block while writing those of the next one, and report it through a pipe."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.told, self.never = (Path(f"{self.path}.{name}") for name in ("told", "never"))
        for pipe in (self.told, self.never):
            if not pipe.exists():
                os.mkfifo(pipe)

    @contextmanager
    def writing(self, name: str) -> Iterator[Any]:
        with super().writing(name) as stream:
            yield stream
            if name.startswith(STATES) and self._another_trial_has_one(name):
                self.told.write_text("blocked")  # waits until the test reads it
                self.never.read_text()

    def _another_trial_has_one(self, name: str) -> bool:
        own = Path(name).name.partition("-")[0]
        return any(not each.name.startswith((own, f".{own}")) for each in Path(self.at(STATES)).iterdir())
