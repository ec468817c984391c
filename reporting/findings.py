"""Findings of an audit as text."""

import json
import textwrap
from collections.abc import Mapping
from typing import Any

from reporting import words

WIDTH = 110


def lines(name: str, audit: Mapping[str, Any]) -> list[str]:
    """The whole audit: a paragraph per finding, errors first.

    Args:
        audit: rows and findings, as in --json.
    """
    counts = {
        severity: sum(each["severity"] == severity for each in audit["findings"]) for severity in ("error", "warning")
    }
    said = ", ".join(f"{count} {severity}{'s' * (count != 1)}" for severity, count in counts.items())
    shown = [f"{name}: {audit['rows']:,} rows, {said}"]
    for each in audit["findings"]:
        shown += ["", *_paragraph(each)]
    return shown


def short_line(finding: Mapping[str, Any]) -> str:
    """One line, for the top of a training and for a mistake."""
    return f"{finding['code']}: {amount(finding)}; {finding['effect']}"


def _paragraph(finding: Mapping[str, Any]) -> list[str]:
    return [
        f"{finding['severity']}  {finding['code']}: {amount(finding)}",
        *_wrapped("it does", finding["effect"]),
        *_wrapped("to do", finding["advice"]),
        *(_wrapped("measured", _values(finding["statistic"])) if finding["statistic"] else []),
        *(_example(each) for each in finding["examples"]),
    ]


def amount(finding: Mapping[str, Any]) -> str:
    """'1,890 (92.2%)', with the split where the finding is of one alone."""
    of = f" of {finding['statistic']['split']}" if "split" in finding["statistic"] else ""
    return f"{finding['count']:,} ({finding['share']:.1%}){of}"


def _wrapped(what: str, text: str) -> list[str]:
    lead = f"  {what + ':':<10}"
    return textwrap.wrap(text, WIDTH, initial_indent=lead, subsequent_indent=" " * len(lead))


def _values(statistic: Mapping[str, Any]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {_value(value)}" for name, value in statistic.items())


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "(" + _values(value) + ")"
    return words.number(value) if isinstance(value, int | float) else str(value)


def _example(example: Mapping[str, Any]) -> str:
    held = {name: value for name, value in example.items() if name not in ("split", "row")}
    text = json.dumps(held, ensure_ascii=False, default=str)
    lead = f"  {example['split']} row {example['row']}: "
    return lead + (text if len(lead + text) <= 2 * WIDTH else text[: 2 * WIDTH - len(lead) - 3] + "...")
