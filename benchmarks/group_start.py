"""Measure the start of a search: the processes of the smallest search there is, with their CPU seconds.

python -m benchmarks.group_start [--trials 2] [--workers 1]

It trains on about 50 pairs of invoices, an epoch of a few steps: nearly all of its seconds are start and end.
"""

import json
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import typer

from benchmarks.measure import report
from benchmarks.search_cost import prepared, started

PAIRS = 50
POLL_S = 0.2


class Seen(NamedTuple):
    """A process and its CPU seconds."""

    kind: str
    cpu_s: float
    first_s: float
    """Seconds from the command's start until the process was first seen."""


def kind(process: psutil.Process) -> str:
    """Return the kind of a process: Ray names its processes after the actor in them."""
    words = process.cmdline()
    name = words[0] if words else ""
    return name.removeprefix("ray::").split(".")[0] if name.startswith("ray::") else "Ray's own services"


def watched(command: subprocess.Popen[str]) -> dict[int, Seen]:
    """Watch the command's processes until it ends, and return the last state of each, by process id."""
    began, root, seen = time.monotonic(), psutil.Process(command.pid), dict[int, Seen]()
    while command.poll() is None:
        for process in family(root):
            try:
                name = "driver" if process == root else kind(process)
                times, now = process.cpu_times(), time.monotonic() - began
            except psutil.Error:
                continue
            first_s = seen[process.pid].first_s if process.pid in seen else now
            seen[process.pid] = Seen(name, times.user + times.system, first_s)
        time.sleep(POLL_S)
    return seen


def family(root: psutil.Process) -> Iterator[psutil.Process]:
    """Yield the process and its descendants."""
    try:
        yield from [root, *root.children(recursive=True)]
    except psutil.Error:
        return


def main(trials: int = 2, workers: int = 1) -> None:
    """Print a row for each kind of process."""
    with tempfile.TemporaryDirectory() as folder:
        data = prepared(Path(folder, "data"), PAIRS)
        options = ["--data", data.folder, "--run", f"{folder}/run", "--trials", str(trials), "--workers", str(workers)]
        began = time.monotonic()
        with started(["jobs.tune", "invoices", *options, "--set", "epochs=1", "--json"]) as command:
            seen = list(watched(command).values())
            whole = time.monotonic() - began
            assert command.stdout is not None
            groups = json.loads(command.stdout.read().splitlines()[-1])["group_times"].values()
    rows: list[dict[str, Any]] = []
    for name in sorted({p.kind for p in seen}, key=lambda name: -sum(p.cpu_s for p in seen if p.kind == name)):
        own = [process for process in seen if process.kind == name]
        cpu = sum(process.cpu_s for process in own)
        rows.append(
            {
                "process": name,
                "number": str(len(own)),
                "CPU s": cpu,
                "CPU s each": cpu / len(own),
                "first seen after s": min(process.first_s for process in own),
            }
        )
    whole_cpu = sum(process.cpu_s for process in seen)
    rows.append(
        {"process": "all", "number": str(len(seen)), "CPU s": whole_cpu, "CPU s each": None, "first seen after s": None}
    )
    starting = max(times["starting"] for times in groups)
    report("group_start", f"{trials} trials of two steps: {whole:.1f} s, groups starting {starting:.1f} s of it", rows)


if __name__ == "__main__":
    typer.run(main)
