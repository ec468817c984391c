"""Report faults of single values: no text, no label, nothing, or too much."""

from collections.abc import Iterator, Mapping, Sequence

from audit.finding import Finding, Severity
from audit.plan import Plan
from audit.scan import Facts

SEVERITY: Mapping[str, Severity] = {
    "record_as_text": "error",
    "null_value": "error",
    "empty_text": "error",
    "oversized_text": "warning",
    "missing_as_text": "warning",
    "label_type": "error",
}


def check(plan: Plan, splits: Sequence[Facts]) -> Iterator[Finding]:
    """Yield one finding per kind of fault, over all splits."""
    total = sum(facts.rows for facts in splits)
    for code in SEVERITY:
        kinds = {code, "null_label"} if code == "null_value" and plan.labelled else {code}
        if code == "label_type" and not plan.labelled:
            continue
        faults_of = {
            facts.split: [facts.faults[kind] for kind in kinds if kind in facts.faults]
            for facts in splits
            if kinds & set(facts.faults)
        }
        counts = {split: sum(fault.count for fault in faults) for split, faults in faults_of.items()}
        if count := sum(counts.values()):
            yield Finding(
                code=code,
                severity=SEVERITY[code],
                count=count,
                share=count / total,
                statistic=counts,
                rows=[(split, row) for split, faults in faults_of.items() for fault in faults for row in fault.rows],
            )
