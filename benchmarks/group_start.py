"""Where a search's start goes: the processes of the smallest search there is, with their CPU seconds.

python -m benchmarks.group_start [--trials 2] [--workers 1]

Invoices, 40 pairs, an epoch of two steps: all but a few of its seconds are start and end.
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
from benchmarks.search_cost import begun, prepared

PAIRS = 50
POLL_S = 0.2


class Seen(NamedTuple):
    """What is known of a process."""

    kind: str
    cpu_s: float
    first_s: float
    """When it was seen first, seconds after the command's begin."""


def kind(process: psutil.Process) -> str:
    """Ray names its processes after the actor in them."""
    words = process.cmdline()
    name = words[0] if words else ""
    return name.removeprefix("ray::").split(".")[0] if name.startswith("ray::") else "Ray's own services"


def watched(command: subprocess.Popen[str]) -> dict[int, Seen]:
    """Process id -> what was last seen of it, until the command ends."""
    began, root, found = time.monotonic(), psutil.Process(command.pid), dict[int, Seen]()
    while command.poll() is None:
        for process in family(root):
            try:
                name = "driver" if process == root else kind(process)
                times, now = process.cpu_times(), time.monotonic() - began
            except psutil.Error:
                continue
            found[process.pid] = Seen(
                name, times.user + times.system, found[process.pid].first_s if process.pid in found else now
            )
        time.sleep(POLL_S)
    return found


def family(root: psutil.Process) -> Iterator[psutil.Process]:
    """The process and what it started."""
    try:
        yield from [root, *root.children(recursive=True)]
    except psutil.Error:
        return


def main(trials: int = 2, workers: int = 1) -> None:
    """Print a row per kind of process."""
    with tempfile.TemporaryDirectory() as folder:
        data = prepared(Path(folder, "data"), PAIRS)
        options = ["--data", data.folder, "--run", f"{folder}/run", "--trials", str(trials), "--workers", str(workers)]
        began = time.monotonic()
        with begun(["jobs.tune", "invoices", *options, "--set", "epochs=1", "--json"]) as command:
            seen = list(watched(command).values())
            whole = time.monotonic() - began
            assert command.stdout is not None
            groups = json.loads(command.stdout.read().splitlines()[-1])["group_times"].values()
    rows: list[dict[str, Any]] = []
    for name in sorted({each.kind for each in seen}, key=lambda name: -sum(s.cpu_s for s in seen if s.kind == name)):
        own = [each for each in seen if each.kind == name]
        cpu = sum(each.cpu_s for each in own)
        rows.append(
            {
                "process": name,
                "number": str(len(own)),
                "CPU s": cpu,
                "CPU s each": cpu / len(own),
                "first seen after s": min(each.first_s for each in own),
            }
        )
    whole_cpu = sum(each.cpu_s for each in seen)
    rows.append(
        {"process": "all", "number": str(len(seen)), "CPU s": whole_cpu, "CPU s each": None, "first seen after s": None}
    )
    starting = max(times["starting"] for times in groups)
    report("group_start", f"{trials} trials of two steps: {whole:.1f} s, groups starting {starting:.1f} s of it", rows)


if __name__ == "__main__":
    typer.run(main)
