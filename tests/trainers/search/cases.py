"""Make plans of searches that need no cluster."""

from dataclasses import replace
from typing import Any

from common.run_folder import RunFolder
from tests.trainers.cases import BARE_JOB
from trainers.search.plan import SearchPlan

BASELINE = {"margin": 0.5}


def plan(**changes: Any) -> SearchPlan:
    """Return a plan whose trials evaluate dev at least four times; it has no groups, so it cannot be carried out."""
    values: dict[str, Any] = {
        "run": RunFolder("r"),
        "template": replace(BARE_JOB, reports=4),
        "groups": [],
        "board": None,
        "space": {},
        "first_trials": [BASELINE],
        "trials": 8,
        "minutes": None,
        "scheduler": "asha",
    }
    return SearchPlan(**(values | changes))
