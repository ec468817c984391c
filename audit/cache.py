"""Cache audits: the same files, plan and checks give the same findings."""

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
from common.writing import write_then_rename
from files import batches
from pairs import clean
from tasks.common import values
from tokens import reading

CODE = (
    Path(__file__).parent,
    Path(batches.__file__).parent,
    Path(clean.__file__).parent,
    Path(reading.__file__).parent,
    Path(storage.__file__).parent,
    Path(values.__file__).parent,
)
"""Folders of the code that decides a finding: the checks, and what reads, folds, hashes and joins texts."""


def cached_audit(plan: Plan, base_model: str | None, make: Callable[[], Audit]) -> Audit:
    """Return the cached audit of the same contents, else make a new one and cache it.

    Args:
        plan: what is audited.
        base_model: SHA-256 of the base model's files, since a name stays the same when weights change; None if the
            audit uses no model.
        make: runs the audit.
    """
    file = _folder() / f"{_key(plan, base_model)}.json"
    if cached := _read(file):
        return cached
    audit = make()
    _write(file, audit)
    return audit


def _read(file: Path) -> Audit | None:
    """Return the cached audit; None if there is none or it cannot be read."""
    try:
        return _from_json(file.read_text())
    except (OSError, ValueError, LookupError, TypeError):
        return None


def _write(file: Path, audit: Audit) -> None:
    """Write the audit, readable by its owner alone: the examples are rows of the data."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.parent.chmod(0o700)
        half = str(file.with_suffix(f".{os.getpid()}"))
        with write_then_rename(*storage.locate(str(file)), half=half, private=True) as stream:
            stream.write(json.dumps(audit.to_dict()).encode())
    except OSError:
        return  # a machine that cannot write the cache audits again


def _from_json(text: str) -> Audit:
    content = json.loads(text)
    names = ("code", "severity", "count", "share", "statistic")
    findings = [
        Finding(**{name: finding[name] for name in names}, examples=tuple(finding["examples"]))
        for finding in content["findings"]
    ]
    return Audit(rows=content["rows"], findings=tuple(findings))


def _folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pairtune" / "audits"


def _key(plan: Plan, base_model: str | None) -> str:
    """Hash the files' bytes, the plan, the base model and the code; the locations of the files do not count."""
    own = asdict(plan) | {"tables": None, "name": None, "base_model": base_model}
    digest = hashlib.sha256(json.dumps(own).encode())
    for folder in CODE:
        for code in sorted(folder.rglob("*.py")):
            digest.update(code.read_bytes())
    for split, table in plan.tables.items():
        own = {**asdict(table), "location": None}
        digest.update(json.dumps([split, own, table.sha256()]).encode())
    return digest.hexdigest()
