"""Where a training step's time goes, operation by operation, ours and the library's, both in bf16 where it is native.

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
    """Operation -> its own milliseconds and calls, in all steps; the first training is not profiled."""
    trained(way, *arguments)
    with profile(activities=[ProfilerActivity.CPU]) as found:
        trained(way, *arguments)
    return {each.key: {"ms": each.self_cpu_time_total / 1e3, "calls": each.count} for each in found.key_averages()}


def main(case: str = "invoices b8", steps: int = 6, threads: int = 1) -> None:
    """Print a row per operation, those that cost most."""
    chosen = {each.name: each for each in CASES}[case]
    size, hardware = chosen.global_batch_size, choose("auto", "auto", threads, gpu=False)
    pairs = training_pairs(chosen, max(size * steps, chosen.rows), resolve_base_model(BASE_MODEL).reading().tokenizer)
    some = drawn(pairs, size * steps, SEED)
    found = {}
    for way, variables in ((OURS, ALLOCATOR), (BY_HAND if hardware.bf16 else LIBRARY, {})):
        progress(way)
        with process(variables) as worker:
            found[way] = worker.submit(profiled, way, chosen.task, size, some, hardware).result()
    cost = {name: sum(found[way].get(name, NOTHING)["ms"] for way in found) for way in found for name in found[way]}
    rows = [
        {"operation": name, **columns(found, name, steps)}
        for name in sorted(cost, key=lambda name: -cost[name])[:SHOWN]
    ]
    total = {f"{way}, ms a step": sum(each["ms"] for each in found[way].values()) / steps for way in found}
    rows.append({"operation": "all", **{name: total.get(name) for name in rows[0] if name != "operation"}})
    report("step_profile", f"{case}, {hardware.line()}", rows)


def columns(found: dict[str, dict[str, dict[str, float]]], name: str, steps: int) -> dict[str, float]:
    """Of one operation, both ways."""
    cells: dict[str, float] = {}
    for way, operations in found.items():
        own = operations.get(name, NOTHING)
        cells |= {f"{way}, ms a step": own["ms"] / steps, f"{way}, calls a step": own["calls"] / steps}
    return cells


if __name__ == "__main__":
    typer.run(main)
