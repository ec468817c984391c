"""A test split that cannot be judged."""

from collections.abc import Iterator, Sequence

import numpy as np

from audit.checks.labels import first_rows
from audit.finding import Finding
from audit.plan import Plan
from audit.scan import Facts


def check(plan: Plan, splits: Sequence[Facts]) -> Iterator[Finding]:
    """One label alone where labels are told apart or ranked, or no pair where answers are looked for.

    That is what evaluation/evaluator.py refuses. Of dev it would end a training; of test it costs the verdict on test.
    """
    for facts in splits:
        if facts.split != "test" or facts.labels is None or not facts.rows:
            continue
        values = np.unique(facts.labels[~np.isnan(facts.labels)])
        told_apart = plan.declared_kind.labels != "none"
        if len(values) < 2 if told_apart else values.tolist() == [0.0]:
            yield Finding(
                code="one_label_test",
                severity="warning",
                count=facts.rows,
                share=1.0,
                statistic={"split": "test", "label": ", ".join(map(str, values.tolist())) or "none"},
                rows=first_rows("test", np.ones(facts.rows, bool)),
            )
