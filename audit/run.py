"""Run all checks of a plan, in one pass over its files and one more for the examples."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from audit.checks import categories, ids, labels, leaks, one_label, polarity, repeats, shortcut, sizes, texts, truncated
from audit.checks import unknown_tokens as unknown
from audit.finding import CODES, Finding, Rows
from audit.limits import EXAMPLE_CHARACTERS
from audit.plan import Plan
from audit.scan import GROUPS, Facts, OnProgress, scan


class BaseModel(Protocol):
    """The model that training starts from, loaded at its first use."""

    @property
    def unknown_id(self) -> int | None:
        """The id of the unknown token; None if the vocabulary lacks nothing, such as one of bytes."""

    def token_ids(self, texts: list[str]) -> list[list[int]]:
        """Return the token ids of each text, special ones included, nothing cut off."""

    def lengths(self, texts: list[str]) -> list[int]:
        """Return the number of tokens of each text, special ones included, nothing cut off."""

    def cosines(self, first: list[str], second: list[str]) -> NDArray[np.float64]:
        """Return the cosine of each pair."""


@dataclass(frozen=True, kw_only=True)
class Audit:
    """The findings of an audit, errors first."""

    rows: int
    findings: tuple[Finding, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the audit as --json and audit.json hold it."""
        return {"rows": self.rows, "findings": [finding.to_dict() for finding in self.findings]}


def audit(plan: Plan, on_progress: OnProgress, model: BaseModel | None) -> Audit:
    """Read every split and run every check.

    Args:
        plan: the files, and what a training on them reads.
        on_progress: called after each batch of rows.
        model: None leaves out label_polarity, truncated, unknown_tokens and the model's figure beside a shortcut.

    Raises:
        Mistakes: a file cannot be read.
    """
    splits = [scan(split, plan.read_table(split), on_progress) for split in plan.tables]
    findings = [*_check_data(plan, splits), *(_check_model(plan, splits[0], model) if model else ())]
    order = list(CODES)
    findings.sort(key=lambda finding: (finding.severity, order.index(finding.code)))
    return Audit(rows=sum(facts.rows for facts in splits), findings=tuple(_with_examples(plan, findings)))


def _check_data(plan: Plan, splits: Sequence[Facts]) -> Iterable[Finding]:
    for module in (texts, labels, repeats, categories, leaks, one_label, sizes):
        yield from module.check(plan, splits)
    yield from ids.check(plan, splits[0])


def _check_model(plan: Plan, train: Facts, model: BaseModel) -> Iterable[Finding]:
    yield from truncated.check(plan, train, model.lengths)
    yield from unknown.check(train, model.token_ids, model.unknown_id)
    if plan.labelled:
        yield from polarity.check(train, model.cosines, stored_only=plan.mined)
        yield from shortcut.check(train, model.cosines)


def _with_examples(plan: Plan, findings: Sequence[Finding]) -> Iterable[Finding]:
    wanted = {row for finding in findings for row in finding.rows}
    shown = _read(plan, list(wanted))
    for finding in findings:
        yield replace(finding, examples=tuple(shown[row] for row in finding.rows))


def _read(plan: Plan, rows: Rows) -> dict[tuple[str, int], dict[str, Any]]:
    """Read rows again: (split, index) -> the row with its texts shortened and its number from 1, as in a message."""
    by_split: dict[str, set[int]] = defaultdict(set)
    for split, row in rows:
        by_split[split].add(row)
    shown: dict[tuple[str, int], dict[str, Any]] = {}
    for split, numbers in by_split.items():
        start = 0
        for batch, _ in plan.read_table(split).batches():
            length = len(next(iter(batch.values())))
            for row in [row for row in numbers if start <= row < start + length]:
                values = {name: _short(values[row - start]) for name, values in batch.items() if name not in GROUPS}
                shown[split, row] = {"split": split, "row": row + 1, **values}
            start += length
            if start > max(numbers):
                break
    return shown


def _short(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= EXAMPLE_CHARACTERS else text[: EXAMPLE_CHARACTERS - 3] + "..."
