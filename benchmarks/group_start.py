"""Where the first start of worker groups goes: CPU seconds of every process until the groups wait for a job.

python -m benchmarks.group_start [--groups 2] [--workers 1]
"""

import tempfile
import time
from collections import Counter
from typing import Any

import psutil
import ray
import typer

from benchmarks.measure import report
from tasks.common.declaration import BASE_MODEL
from trainers.base_model import resolve_base_model
from trainers.cluster import connect
from trainers.progress import Board
from trainers.worker_group import GroupConfig, WorkerGroup, end_groups

POLL_S = 0.1


def kind(process: psutil.Process) -> str:
    """Ray names its processes after the actor in them."""
    words = process.cmdline()
    name = words[0] if words else ""
    return name.removeprefix("ray::").split(".")[0] if name.startswith("ray::") else "Ray's own services"


def cpu_seconds() -> dict[int, tuple[str, float]]:
    """Process id -> what it is and its CPU seconds so far, of all children of this process."""
    found = {}
    for process in psutil.Process().children(recursive=True):
        try:
            times = process.cpu_times()
            found[process.pid] = kind(process), times.user + times.system
        except psutil.Error:
            continue
    return found


def waiting(mailbox: Any) -> bool:
    """Whether all workers of the group have come for a job."""
    return bool(ray.get(mailbox.__ray_call__.remote(lambda actor: bool(actor.full or actor.arrived))))


def main(groups: int = 2, workers: int = 1) -> None:
    """Print a row per kind of process."""
    began = time.perf_counter()
    connect(cpus_per_worker=1)
    connected = time.perf_counter()
    model = resolve_base_model(BASE_MODEL)
    before = cpu_seconds()
    with tempfile.TemporaryDirectory() as folder:
        config = GroupConfig(
            model=[ray.put(model.files())],
            board=Board.remote(),
            max_length=256,
            num_workers=workers,
            cpus_per_worker=1,
            gpu=False,
            storage=folder,
        )
        started = [WorkerGroup(config, f"group-{number}") for number in range(groups)]
        while not all(waiting(group.mailbox) for group in started):
            time.sleep(POLL_S)
        ready = time.perf_counter()
        after = cpu_seconds()
        end_groups(started)
    spent: dict[str, float] = {}
    for pid, (name, seconds) in after.items():
        spent[name] = spent.get(name, 0.0) + seconds - before.get(pid, ("", 0.0))[1]
    counts = Counter(name for name, _ in after.values())
    rows = [
        {"process": name, "number": str(counts[name]), "CPU s": seconds, "CPU s each": seconds / counts[name]}
        for name, seconds in sorted(spent.items(), key=lambda each: -each[1])
    ]
    title = (
        f"{groups} groups of {workers}: Ray {connected - began:.1f} s, then {ready - connected:.1f} s until they wait"
    )
    report("group_start", title, rows)


if __name__ == "__main__":
    typer.run(main)
