"""Give each test of models a folder of its own that it may damage."""

import shutil
from pathlib import Path

import pytest


@pytest.fixture
def model(tiny_model: str, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_model, tmp_path / "model"))
