"""Findings of an audit as text."""

import json
import textwrap
from collections.abc import Mapping
from typing import Any

from reporting import formats

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
    """'1,890 (92.2%)', with the split where the finding is of one alone, and what a leak means for test."""
    of = f" of {finding['statistic']['split']}" if "split" in finding["statistic"] else ""
    leak = f", {said}" if (said := leaked(finding)) else ""
    return f"{finding['count']:,} ({finding['share']:.1%}){of}{leak}"


def leaked(finding: Mapping[str, Any]) -> str | None:
    """'98.2% of test has a text of train, 62.4% both texts'; of dev without test, None where nothing leaks."""
    for split in ("test", "dev"):
        found = finding["statistic"].get(f"train-{split}", {}) if finding["code"] == "split_leak" else {}
        if found.get("share_with_a_text"):
            both = found.get("share_with_both_texts")
            more = f", {both:.1%} both texts" if both else ""
            return f"{found['share_with_a_text']:.1%} of {split} has a text of train{more}"
    return None


def _wrapped(what: str, text: str) -> list[str]:
    lead = f"  {what + ':':<10}"
    return textwrap.wrap(text, WIDTH, initial_indent=lead, subsequent_indent=" " * len(lead))


def _values(statistic: Mapping[str, Any]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {_value(value)}" for name, value in statistic.items())


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "(" + _values(value) + ")"
    return formats.number(value) if isinstance(value, int | float) else str(value)


def _example(example: Mapping[str, Any]) -> str:
    held = {name: value for name, value in example.items() if name not in ("split", "row")}
    text = json.dumps(held, ensure_ascii=False, default=str)
    lead = f"  {example['split']} row {example['row']}: "
    return lead + (text if len(lead + text) <= 2 * WIDTH else text[: 2 * WIDTH - len(lead) - 3] + "...")
