"""Render the findings of an audit as text."""

import json
import textwrap
from collections.abc import Mapping
from typing import Any

from reporting import formats

WIDTH = 110
"""Characters of a line."""


def lines(name: str, audit: Mapping[str, Any]) -> list[str]:
    """Return the lines of a whole audit: a heading, and a paragraph per finding, errors first.

    Args:
        name: of the task or file, for the heading.
        audit: rows and findings, as in --json.
    """
    severities = [finding["severity"] for finding in audit["findings"]]
    counts = {severity: severities.count(severity) for severity in ("error", "warning")}
    totals = ", ".join(f"{count} {severity}{'s' * (count != 1)}" for severity, count in counts.items())
    shown = [f"{name}: {audit['rows']:,} rows, {totals}"]
    for finding in audit["findings"]:
        shown += ["", *_paragraph(finding)]
    return shown


def short_line(finding: Mapping[str, Any]) -> str:
    """Return a finding as one line, for the top of a training and for an error."""
    return f"{finding['code']}: {amount(finding)}; {finding['effect']}"


def _paragraph(finding: Mapping[str, Any]) -> list[str]:
    return [
        f"{finding['severity']}  {finding['code']}: {amount(finding)}",
        *_wrapped("effect", finding["effect"]),
        *_wrapped("to do", finding["advice"]),
        *(_wrapped("measured", _values(finding["statistic"])) if finding["statistic"] else []),
        *(_example(example) for example in finding["examples"]),
    ]


def amount(finding: Mapping[str, Any]) -> str:
    """Return the size of a finding, such as '1,890 (92.2%)'.

    The split follows if the finding concerns one alone, and for a leak the fraction of test that it reaches.
    """
    of = f" of {finding['statistic']['split']}" if "split" in finding["statistic"] else ""
    leak = f", {text}" if (text := leaked(finding)) else ""
    return f"{finding['count']:,} ({finding['share']:.1%}){of}{leak}"


def leaked(finding: Mapping[str, Any]) -> str | None:
    """Return such as '98.2% of test has a text of train, 62.4% both texts'.

    It tells about dev if test has no leak; None if neither has.
    """
    for split in ("test", "dev"):
        leak = finding["statistic"].get(f"train-{split}", {}) if finding["code"] == "split_leak" else {}
        if leak.get("share_with_a_text"):
            both = leak.get("share_with_both_texts")
            more = f", {both:.1%} both texts" if both else ""
            return f"{leak['share_with_a_text']:.1%} of {split} has a text of train{more}"
    return None


def _wrapped(heading: str, text: str) -> list[str]:
    lead = f"  {heading + ':':<10}"
    return textwrap.wrap(text, WIDTH, initial_indent=lead, subsequent_indent=" " * len(lead))


def _values(statistic: Mapping[str, Any]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {_value(value)}" for name, value in statistic.items())


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "(" + _values(value) + ")"
    return formats.number(value) if isinstance(value, int | float) else str(value)


def _example(example: Mapping[str, Any]) -> str:
    columns = {name: value for name, value in example.items() if name not in ("split", "row")}
    text = json.dumps(columns, ensure_ascii=False, default=str)
    lead = f"  {example['split']} row {example['row']}: "
    return lead + (text if len(lead + text) <= 2 * WIDTH else text[: 2 * WIDTH - len(lead) - 3] + "...")
