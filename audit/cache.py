"""Audits that were made before: the same files, plan and checks have the same findings."""

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from audit.finding import Finding
from audit.plan import Plan
from audit.run import Audit
from common import storage
from pairs import batches
from tasks.common import values

CODE = (
    Path(__file__).parent,
    Path(batches.__file__).parent,
    Path(storage.__file__).parent,
    Path(values.__file__).parent,
)
"""Folders of what decides a finding: the checks, what reads, folds, hashes and joins texts, and what is a text."""


def kept_or_made(plan: Plan, base_model: str | None, make: Callable[[], Audit]) -> Audit:
    """The audit of an earlier call with the same contents, else a new one, which is kept.

    Args:
        base_model: SHA-256 of the base model's files, as a name stays the same where weights change; None where the
            audit asks no model.
    """
    file = _folder() / f"{_key(plan, base_model)}.json"
    if found := _read(file):
        return found
    made = make()
    _write(file, made)
    return made


def _read(file: Path) -> Audit | None:
    """None where there is none, or what is there cannot be read."""
    try:
        return _from_json(file.read_text())
    except (OSError, ValueError, LookupError, TypeError):
        return None


def _write(file: Path, made: Audit) -> None:
    """Readable by its owner alone: the examples are rows of the data."""
    half = file.with_suffix(f".{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.parent.chmod(0o700)
        half.unlink(missing_ok=True)
        with open(os.open(half, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as stream:
            stream.write(json.dumps(made.to_dict()))
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


def _key(plan: Plan, base_model: str | None) -> str:
    """Of the files' bytes, the plan, the model, this folder's code and that of pairs; not of where these lie."""
    own = asdict(plan) | {"tables": None, "name": None, "base_model": base_model}
    digest = hashlib.sha256(json.dumps(own).encode())
    for folder in CODE:
        for code in sorted(folder.rglob("*.py")):
            digest.update(code.read_bytes())
    for split, table in plan.tables.items():
        own = {**asdict(table), "location": None}
        digest.update(json.dumps([split, own, table.sha256()]).encode())
    return digest.hexdigest()
