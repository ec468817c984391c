"""Write a run's trials while they run: trials.jsonl and TensorBoard events."""

import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from common.run_folder import EVENTS, TRIALS, RunFolder
from reporting.trials import TrialRecord

if TYPE_CHECKING:
    from tensorboardX import SummaryWriter


class TrialLog:
    """Writes one line and one TensorBoard folder per trial; may be called from several threads.

    If the run is in a store, event files are written on this machine, and copied when a trial ends and at `close`.
    """

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder
        self._records: dict[str, TrialRecord] = {}
        self._lines: dict[str, str] = {}
        self._writers: dict[str, SummaryWriter] = {}
        self._lock = threading.Lock()
        self._local_copy = None if folder.is_local else tempfile.TemporaryDirectory(prefix="events-")
        self._events = Path(self._local_copy.name if self._local_copy else folder.events)

    def update(self, record: TrialRecord) -> None:
        """Replace the trial's line."""
        with self._lock:
            if self._records.get(record.trial) == record:
                return
            self._records[record.trial] = record
            self._lines[record.trial] = record.to_line() + "\n"
            self.folder.write_text(TRIALS, "".join(self._lines.values()))
            if record.state != "running":
                self._end(record.trial)

    def scalars(self, trial: str, step: int, values: Mapping[str, float]) -> None:
        """Add TensorBoard points of a trial at an optimizer step."""
        with self._lock:
            writer = self._writer(trial)
            for name, value in values.items():
                writer.add_scalar(name, value, step)
            writer.flush()  # a run that is killed keeps its curves

    def close(self) -> None:
        """Close the event files of all trials."""
        with self._lock:
            for trial in list(self._writers):
                self._end(trial)
            if self._local_copy:
                self._local_copy.cleanup()

    def _writer(self, trial: str) -> "SummaryWriter":
        from tensorboardX import SummaryWriter

        if trial not in self._writers:
            self._writers[trial] = SummaryWriter(str(self._events / trial), write_to_disk=True)
        return self._writers[trial]

    def _end(self, trial: str) -> None:
        if writer := self._writers.pop(trial, None):
            writer.close()
            if self._local_copy:
                self.folder.put_folder(str(self._events / trial), f"{EVENTS}/{trial}")
