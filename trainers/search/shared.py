"""Hold what completes the searched settings of a trial."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from common.space import Settings


@dataclass(frozen=True, kw_only=True)
class Shared:
    """The settings that all trials share.

    Attributes:
        settings: those that are not searched.
        epochs: loss -> epochs of its trainings, where a time budget affords fewer than the settings say.
    """

    settings: Settings
    epochs: Mapping[str, float] = field(default_factory=dict)

    def complete(self, searched: Settings) -> dict[str, Any]:
        """Return the whole settings of a trial."""
        whole = {**self.settings, **searched}
        lowered = self.epochs.get(whole.get("loss", ""))
        return whole if lowered is None else {**whole, "epochs": lowered}
