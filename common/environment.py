"""Describe the machine and the package versions of a run, so that its numbers can be compared later."""

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
"""Packages that can change a number of a run. One that is not installed is left out."""


def environment() -> dict[str, Any]:
    """Return plain values for environment.json.

    Torch is not imported: GPU names are included only if it is loaded already.
    """
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
    """Return package -> version for the installed ones of these packages."""
    installed = {}
    for name in names:
        try:
            installed[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return installed


def _git_commit() -> str | None:
    """Return the commit of this code, with '-dirty' if files differ from it; None for a copy without git."""
    root = Path(__file__).parent.parent
    command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    if not (root / ".git").exists():  # git would search the folders above and return another repository's commit
        return None
    try:
        process = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return process.stdout.strip() or None
