"""Audits that were made before: the same files, plan and checks have the same findings."""

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from evaluation.audit.audit import Audit
from evaluation.audit.finding import Finding
from evaluation.audit.plan import Plan
from tasks.common import storage


def kept_or_made(plan: Plan, with_model: bool, make: Callable[[], Audit]) -> Audit:
    """The audit of an earlier call with the same contents, else a new one, which is kept."""
    file = _folder() / f"{_key(plan, with_model)}.json"
    if file.is_file():
        return _from_json(file.read_text())
    made = make()
    _write(file, made)
    return made


def _write(file: Path, made: Audit) -> None:
    half = file.with_suffix(f".{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        half.write_text(json.dumps(made.to_dict()))
        half.replace(file)
    except OSError:
        return  # a machine without a place to write audits again, that is all


def _from_json(text: str) -> Audit:
    values = json.loads(text)
    names = ("code", "severity", "count", "share", "statistic")
    findings = [
        Finding(**{name: each[name] for name in names}, examples=tuple(each["examples"])) for each in values["findings"]
    ]
    return Audit(rows=values["rows"], findings=tuple(findings))


def _folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pairtune" / "audits"


def _key(plan: Plan, with_model: bool) -> str:
    """Of the files' bytes, the plan and this folder's code; not of where the files lie."""
    digest = hashlib.sha256(json.dumps([asdict(plan) | {"tables": None, "name": None}, with_model]).encode())
    for code in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(code.read_bytes())
    for split, table in plan.tables.items():
        contents = storage.sha256(table.location)
        digest.update(json.dumps([split, dict(table.columns), table.names, contents]).encode())
    return digest.hexdigest()
