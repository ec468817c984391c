"""Profile a training step operation by operation, ours and the library's, both in bf16 where it is native.

python -m benchmarks.step_profile [--case "invoices b8"] [--steps 6] [--threads 1]
"""

from typing import Any

import typer
from torch.profiler import ProfilerActivity, profile

from benchmarks.cases import CASES, drawn, training_pairs
from benchmarks.measure import process, progress, report
from benchmarks.training_step import BY_HAND, LIBRARY, OURS, SEED, trained
from models.base_model import resolve_base_model
from tasks.common.declaration import BASE_MODEL
from trainers.cluster import ALLOCATOR
from trainers.hardware import choose

SHOWN = 16
NOTHING = {"ms": 0.0, "calls": 0.0}


def profiled(way: str, *arguments: Any) -> dict[str, dict[str, float]]:
    """Return the own milliseconds and calls of each operation in all steps; the first training is not profiled."""
    trained(way, *arguments)
    with profile(activities=[ProfilerActivity.CPU]) as profiler:
        trained(way, *arguments)
    operations = profiler.key_averages()
    return {
        operation.key: {"ms": operation.self_cpu_time_total / 1e3, "calls": operation.count} for operation in operations
    }


def main(case: str = "invoices b8", steps: int = 6, threads: int = 1) -> None:
    """Print a row for each of the most expensive operations."""
    chosen = {known.name: known for known in CASES}[case]
    size, hardware = chosen.global_batch_size, choose("auto", "auto", threads, gpu=False)
    pairs = training_pairs(chosen, max(size * steps, chosen.rows), resolve_base_model(BASE_MODEL).reading().tokenizer)
    some = drawn(pairs, size * steps, SEED)
    profiles = {}
    for way, variables in ((OURS, ALLOCATOR), (BY_HAND if hardware.bf16 else LIBRARY, {})):
        progress(way)
        with process(variables) as worker:
            profiles[way] = worker.submit(profiled, way, chosen.task, size, some, hardware).result()
    names = [name for own in profiles.values() for name in own]
    cost = {name: sum(own.get(name, NOTHING)["ms"] for own in profiles.values()) for name in names}
    rows = [
        {"operation": name, **columns(profiles, name, steps)}
        for name in sorted(cost, key=lambda name: -cost[name])[:SHOWN]
    ]
    total = {f"{way}, ms a step": sum(cells["ms"] for cells in own.values()) / steps for way, own in profiles.items()}
    rows.append({"operation": "all", **{name: total.get(name) for name in rows[0] if name != "operation"}})
    report("step_profile", f"{case}, {hardware.line()}", rows)


def columns(profiles: dict[str, dict[str, dict[str, float]]], name: str, steps: int) -> dict[str, float]:
    """Return the cells of one operation, both ways."""
    cells: dict[str, float] = {}
    for way, operations in profiles.items():
        own = operations.get(name, NOTHING)
        cells |= {f"{way}, ms a step": own["ms"] / steps, f"{way}, calls a step": own["calls"] / steps}
    return cells


if __name__ == "__main__":
    typer.run(main)
