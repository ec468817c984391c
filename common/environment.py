"""The machine and the versions a run was made with, so that its numbers can be placed later."""

import os
import platform
import subprocess
import sys
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Any

DEPENDENCIES = (
    "accelerate",
    "numpy",
    "optuna",
    "pyarrow",
    "pydantic",
    "ray",
    "scikit-learn",
    "scipy",
    "sentence-transformers",
    "tensorboardX",
    "tokenizers",
    "torch",
    "transformers",
)
"""What can change a number of a run. A package that is not installed is left out."""


def environment() -> dict[str, Any]:
    """Plain values for environment.json. Does not import torch: GPU names are there only where it is loaded already."""
    import psutil

    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpus": os.cpu_count(),
        "cpu_model": _cpu_model(),
        "memory_bytes": psutil.virtual_memory().total,
        "gpus": _gpus(),
        "versions": versions(DEPENDENCIES),
        "git_commit": _git_commit(),
    }


def _cpu_model() -> str:
    file = Path("/proc/cpuinfo")  # platform.processor() is empty or the bare architecture on Linux
    if file.is_file():
        for line in file.read_text(encoding="utf8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _gpus() -> list[str]:
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available():
        return []
    return [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]


def versions(names: Iterable[str]) -> dict[str, str]:
    """Package -> its version, of those that are installed."""
    found = {}
    for name in names:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _git_commit() -> str | None:
    """The commit of this code, '-dirty' where files differ from it; None for a copy without git."""
    root = Path(__file__).parent.parent
    command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    if not (root / ".git").exists():  # git would search the folders above and name a stranger's commit
        return None
    try:
        found = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return found.stdout.strip() or None
