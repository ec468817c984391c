"""Hold the baseline numbers that the five tasks share, each with its origin."""

from collections.abc import Mapping

from tasks.common.declaration import Number

CARDS_FIT: Mapping[str, Number] = {
    "learning_rate": Number(2e-5, "default of the fit() the card was made with (the 5e-05 it prints was not used)"),
    "weight_decay": Number(0.01, "default of the fit() the card was made with (the 0.0 it prints was not used)"),
    "warmup_ratio": Number(0.1, "ours: the card prints warm-up steps that were not used"),
}
