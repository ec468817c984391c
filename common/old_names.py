"""Names of earlier versions that are still understood, for one release; whoever uses one is told the new one."""

from collections.abc import Mapping

SETTINGS: Mapping[str, str] = {"warmup_share": "warmup_ratio"}
"""Of a task's baseline, of --set, of the settings of a run."""
OPTIONS: Mapping[str, str] = {"--seeds": "--repeat-seeds", "--best": "--top-k", "--untuned": "--base"}
"""Of a command line."""
MODELS: Mapping[str, str] = {"winner": "best", "untuned": "base"}
"""Of --export, and of the files of a run."""
