"""Keep the states of the best trials of a search, delete those of the others: a long search fills no disk."""

from collections.abc import Iterable, Mapping
from contextlib import suppress

from common import storage
from common.mistakes import Mistakes
from common.run_folder import STATES, RunFolder

BEST_TRIALS = 5
"""Trials whose states are kept while the search runs: the most that a soup averages."""


class Retention:
    """Delete the states of ended trials that are neither among the best nor the baseline's.

    Args:
        run: folder with the states.
        number: trials whose states are kept beside the baseline's and those that still run.
    """

    def __init__(self, run: RunFolder, number: int = BEST_TRIALS) -> None:
        self.run, self.number = run, number
        self._deleted: set[str] = set()

    def delete_others(self, ended: Mapping[str, float], needed: Iterable[str]) -> None:
        """Delete every state that is no longer needed.

        Args:
            ended: trial's id -> its best value on dev, in the order in which the trials began.
            needed: ids of further trials whose states stay.
        """
        best = sorted(ended, key=lambda trial: -ended[trial])[: self.number]
        outside = set(ended) - set(best) - set(needed) - self._deleted
        if not outside:
            return
        with suppress(OSError, Mistakes):  # the folder is deleted at the end
            for name in storage.file_names(self.run.at(STATES)):
                if name.rpartition("-")[0] in outside:
                    self.run.delete_file(f"{STATES}/{name}")
        self._deleted |= outside
