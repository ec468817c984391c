"""Test the description of a run's machine and versions."""

import importlib.metadata
import json
import subprocess
import sys
from pathlib import Path

import pytest

from common import environment

ROOT = Path(__file__).parents[2]


def test_it_names_machine_and_versions_in_plain_values() -> None:
    found = environment.environment()
    assert json.loads(json.dumps(found)) == found
    assert found["python"].count(".") == 2
    assert found["cpus"] >= 1
    assert found["memory_bytes"] > 2**20
    assert found["cpu_model"]
    assert found["versions"]["torch"] == importlib.metadata.version("torch")
    assert len(found["versions"]) >= 10


def test_a_package_that_is_missing_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "DEPENDENCIES", ("rich", "no-such-package"))
    assert set(environment.environment()["versions"]) == {"rich"}


def test_reporting_imports_neither_torch_nor_ray() -> None:
    modules = [f"reporting.{path.stem}" for path in (ROOT / "reporting").glob("[a-z]*.py")]
    assert len(modules) >= 8
    code = f"import sys, {', '.join(modules)}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, text=True, capture_output=True, check=True)
    assert not {"torch", "ray", "sentence_transformers", "transformers", "tensorboardX"} & set(loaded.stdout.split())
