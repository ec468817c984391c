"""Measure what chunks and the CPU's own dropout save: forward and backward on one thread, the ways in turns.

python -m benchmarks.chunks PATH/TO/prepared/pairs [--precision fp32]
"""

import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pyarrow as pa
import torch
import typer
from sentence_transformers import SentenceTransformer

from benchmarks.measure import in_turns, progress, report
from models.base_model import load_model, resolve_base_model
from pairs.prepared import PreparedPairs
from tasks.common import loading
from tasks.common.declaration import BASE_MODEL, Task
from tokens.collate import collate, pad
from tokens.order import Shard, batches_in_memory
from tokens.tokenized import tokenize_batch
from trainers.dropout import Dropout, use_cpu_dropout
from trainers.hardware import TOKENS_PER_CALL, Hardware, choose
from trainers.losses.build import build_loss
from trainers.pair_trainer import embed

STEPS = 3
ROUNDS = 3
PRICES = (0, 16, 64, 256, 1024)
"""Prices of a call, in tokens."""
ACTIVATIONS = 16 * 12 * 55 * 55
"""Attention weights of one layer for 16 texts of 55 tokens, as invoices are."""
Embeddings = list[torch.Tensor]


def column_by_column(model: SentenceTransformer, batch: pa.Table, pad_id: int) -> tuple[Embeddings, int]:
    """Embed as the library does, each column padded to its longest text; return the tokens computed, too."""
    columns = [pad(batch[name].combine_chunks(), pad_id) for name in ("ids1", "ids2")]
    return [model(column)["sentence_embedding"] for column in columns], sum(c["input_ids"].numel() for c in columns)


def in_chunks(price: int) -> Callable[[SentenceTransformer, pa.Table, int], tuple[Embeddings, int]]:
    """Return our way to embed, with this price of a call."""

    def way(model: SentenceTransformer, batch: pa.Table, pad_id: int) -> tuple[Embeddings, int]:
        arranged = collate(batch, pad_id, price)
        return embed(model, arranged), sum(chunk["input_ids"].numel() for chunk in arranged["chunks"])

    return way


def measured(task: Task, tokens: pa.Table, files: dict[str, bytes], hardware: Hardware) -> list[dict[str, Any]]:
    """Measure a row for each way."""
    settings = task.settings
    size, plain = int(settings["global_batch_size"]), load_model(files, task.tokens, "cpu").train()
    quick = load_model(files, task.tokens, "cpu").train()
    use_cpu_dropout(quick)
    ways: dict[str, tuple[SentenceTransformer, Any]] = {"column by column": (plain, column_by_column)}
    ways |= {f"chunks, {price} tokens a call": (plain, in_chunks(price)) for price in PRICES}
    ways["chunks as trained, our dropout"] = (quick, in_chunks(TOKENS_PER_CALL["cpu"]))
    batches = list(batches_in_memory(tokens, Shard(global_batch_size=size), seed=0, epoch=0))[:STEPS]
    tokens_read = sum(len(batch[name].combine_chunks().flatten()) for batch in batches for name in ("ids1", "ids2"))
    parameters = {name: settings[name] for name in task.declared_loss.parameters}
    computed = dict.fromkeys(ways, 0)

    def seconds(name: str) -> float:
        model, way = ways[name]
        loss: Any = build_loss(task.loss, model, parameters)
        began, computed[name] = time.perf_counter(), 0
        for batch in batches:
            with torch.autocast("cpu", torch.bfloat16, enabled=hardware.bf16):
                embeddings, count = way(model, batch, model.tokenizer.pad_token_id)
            loss.compute_loss_from_embeddings(embeddings, collate(batch, 0)["label"]).backward()
            model.zero_grad()
            computed[name] += count
        return time.perf_counter() - began

    rounds = in_turns({name: partial(seconds, name) for name in ways}, ROUNDS, progress)
    pairs = size * len(batches)
    return [
        {
            "way": name,
            "pairs/s": [pairs / own for own in values],
            "tokens computed / read": computed[name] / tokens_read,
        }
        for name, values in rounds.items()
    ]


def dropout_ms(times: int = 20) -> dict[str, float]:
    """Measure the median milliseconds of torch's dropout and of ours, in turns."""
    activations = torch.rand(ACTIVATIONS)

    def milliseconds(layer: torch.nn.Module) -> float:
        began = time.perf_counter()
        layer(activations)
        return 1e3 * (time.perf_counter() - began)

    layers = {"torch": torch.nn.Dropout(0.1), "ours": Dropout(0.1)}
    ways = {name: partial(milliseconds, layer) for name, layer in layers.items()}
    return {name: statistics.median(values) for name, values in in_turns(ways, times).items()}


def main(folder: str, precision: str = "auto") -> None:
    """Print a row for each way."""
    torch.set_num_threads(1)
    hardware = choose(precision, "auto", cpus_per_worker=1, gpu=False)
    pairs, model = PreparedPairs.open(folder), resolve_base_model(BASE_MODEL)
    task = loading.load(pairs.manifest["task"], folder)
    tokens = tokenize_batch(pairs.table("train"), model.reading(task.tokens)).combine_chunks()
    report("chunks", f"{task.name} ({hardware.line()})", measured(task, tokens, model.files(), hardware))
    milliseconds = ", ".join(f"{name} {value:.1f} ms" for name, value in dropout_ms().items())
    print(f"dropout of {ACTIVATIONS:,} activations: {milliseconds}")


if __name__ == "__main__":
    typer.run(main)
