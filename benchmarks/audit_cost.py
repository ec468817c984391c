"""Measure an audit: seconds, and the peak memory of its process.

python -m benchmarks.audit_cost [--pairs 100000 --pairs 1000000]

There are two splits, with nine tenths of the pairs in train; a tenth of the texts repeat. The untrained MiniLM scores
the pairs, too.
"""

import json
import os
import random
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any
from unittest.mock import patch

import pyarrow as pa
import pyarrow.parquet as pq
import typer

from benchmarks.measure import process, progress, report
from benchmarks.search_cost import started

WORDS = [f"{first}{last}" for first in ("ba", "do", "ki", "lu", "me", "no") for last in ("ran", "sel", "tip", "wo")]
WORDS_PER_TEXT = 12


def written(count: int, file: Path, seed: int) -> str:
    """Write `count` labelled pairs, half of them sharing words, and return the file's path."""
    draw = random.Random(seed)
    texts = [" ".join(draw.choices(WORDS, k=WORDS_PER_TEXT)) for _ in range(2 * count * 9 // 10)]
    first = [draw.choice(texts) for _ in range(count)]
    second = [
        " ".join([*text.split()[:6], *draw.choices(WORDS, k=6)]) if n % 2 else draw.choice(texts)
        for n, text in enumerate(first)
    ]
    pq.write_table(pa.table({"a": first, "b": second, "label": [float(n % 2) for n in range(count)]}), file)
    return str(file)


def measured(count: int) -> dict[str, Any]:
    """Measure one row of the table."""
    progress(f"{count:,} pairs")
    with tempfile.TemporaryDirectory() as folder:
        with process({}) as other:  # a child's peak is at least its parent's memory at its start
            train = other.submit(written, count * 9 // 10, Path(folder, "train.parquet"), seed=0).result()
            test = other.submit(written, count // 10, Path(folder, "test.parquet"), seed=1).result()
        began = time.perf_counter()
        with patch.dict(os.environ, {"XDG_CACHE_HOME": folder}):
            audit = started(["jobs.audit", train, "--columns", "a,b,label", "--test-source", test, "--json"])
        output = audit.stdout.read() if audit.stdout else ""
        _, status, used = os.wait4(audit.pid, 0)
        seconds = time.perf_counter() - began
    if not output or json.loads(output)["rows"] != count:
        raise RuntimeError(f"jobs.audit ended with {os.waitstatus_to_exitcode(status)}: {output}")
    peak_mib = used.ru_maxrss / 1024
    return {"pairs": f"{count:,}", "seconds": seconds, "pairs/s": count / seconds, "peak memory, MiB": peak_mib}


def main(pairs: Annotated[list[int] | None, typer.Option()] = None) -> None:
    """Print a row per size."""
    report("audit_cost", "audits", [measured(count) for count in pairs or [100_000, 1_000_000]])


if __name__ == "__main__":
    typer.run(main)
