"""Compare a training step of MiniLM with the processor's matrix products: achieved over measured FLOP/s.

python -m benchmarks.limit [--threads 2] [--rounds 5] [--precision fp32]

A step over n texts of t tokens, forward and backward, takes this number of floating-point operations:

    3 * n * t * layers * (2 * 4 * h * h + 2 * 2 * h * f + 2 * 2 * t * h)

with h hidden and f feed-forward dimensions: a multiply-add counts 2, the backward pass twice the forward (Kaplan et
al. 2020, section 2.1), the last term is attention. The operations of embeddings, norms, activations and dropout are not
counted; their time is. The rate of matrix products is the best of square products and of the model's own shapes,
measured in the same run.
"""

import os
import time
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any

import torch
import typer
from sentence_transformers import SentenceTransformer

from benchmarks.measure import in_turns, process, progress, report
from models.base_model import load_model, resolve_base_model
from tasks.common.declaration import BASE_MODEL
from trainers.cluster import ALLOCATOR
from trainers.dropout import use_cpu_dropout
from trainers.hardware import choose

LENGTHS = (8, 16, 32, 48, 64, 128, 256)
TOKENS = 2048
"""Tokens of a step, at every length."""
REPEATS = 3


def flop(config: Any, texts: int, tokens: int) -> float:
    """Return the floating-point operations of forward and backward, by the formula above."""
    hidden, inner, layers = int(config.hidden_size), int(config.intermediate_size), int(config.num_hidden_layers)
    per_token = 2 * 4 * hidden * hidden + 2 * 2 * hidden * inner + 2 * 2 * tokens * hidden
    return 3.0 * texts * tokens * layers * per_token


def rate(work: Callable[[], Any], operations: float, device: str) -> Callable[[], float]:
    """Return a function that measures the FLOP/s of this work."""

    def way() -> float:
        began = time.perf_counter()
        for _ in range(REPEATS):
            work()
        if device == "cuda":
            torch.cuda.synchronize()
        return REPEATS * operations / (time.perf_counter() - began)

    return way


def products(config: Any, device: str, dtype: torch.dtype) -> dict[str, Callable[[], float]]:
    """Return the matrix products [m, k] x [k, n] to measure."""
    hidden, inner = config.hidden_size, config.intermediate_size
    ways = {}
    for m, k, n in ((TOKENS, hidden, hidden), (TOKENS, hidden, inner), (TOKENS, inner, hidden), (2048, 2048, 2048)):
        left, right = (torch.rand(shape, device=device, dtype=dtype) for shape in ((m, k), (k, n)))
        ways[f"product {m}x{k}x{n}"] = rate(partial(torch.matmul, left, right), 2.0 * m * k * n, device)
    return ways


def steps(model: SentenceTransformer, device: str, bf16: bool) -> dict[str, Callable[[], float]]:
    """Return forward and backward passes of TOKENS tokens at every length, with dropout."""
    transformer: Any = model[0]
    config = transformer.model.config
    ways = {}
    for length in LENGTHS:
        ids = torch.randint(1000, 20000, (TOKENS // length, length), device=device)

        def step(ids: torch.Tensor = ids) -> None:
            with torch.autocast(device, torch.bfloat16, enabled=bf16):
                chunk = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
                model(chunk)["sentence_embedding"].float().square().sum().backward()
            model.zero_grad()

        ways[f"{length} tokens a text"] = rate(step, flop(config, len(ids), length), device)
    return ways


def measured(threads: int, rounds: int, precision: str, gpu: bool) -> tuple[str, list[dict[str, Any]]]:
    """Return the hardware in words, and a row for each product and each length."""
    torch.set_num_threads(threads)
    hardware = choose(precision, "auto", threads, gpu)
    model = load_model(resolve_base_model(BASE_MODEL).files(), max(LENGTHS), hardware.device).train()
    if hardware.device == "cpu":
        use_cpu_dropout(model)
    dtype = torch.bfloat16 if hardware.bf16 else torch.float32
    transformer: Any = model[0]
    config = transformer.model.config
    peaks, trainings = products(config, hardware.device, dtype), steps(model, hardware.device, hardware.bf16)
    for way in (peaks | trainings).values():
        way()  # the first call allocates
    rates = in_turns(peaks | trainings, rounds, progress)
    best = [max(rates[name][number] for name in peaks) for number in range(rounds)]
    rows = [
        {
            "work": name,
            "GFLOP/s": [value / 1e9 for value in own],
            "fraction of the best product": [value / top for value, top in zip(own, best, strict=True)],
        }
        for name, own in rates.items()
    ]
    return hardware.line(), rows


def main(
    threads: int = os.cpu_count() or 1,
    rounds: int = 5,
    precision: str = "auto",
    gpu: Annotated[bool, typer.Option("--gpu")] = False,
) -> None:
    """Print a row for each product and each length."""
    with process(ALLOCATOR) as worker:
        hardware, rows = worker.submit(measured, threads, rounds, precision, gpu).result()
    report("limit", f"limit ({hardware})", rows)


if __name__ == "__main__":
    typer.run(main)
