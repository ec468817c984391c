"""What an audit takes: seconds, and the most memory that its process held at a time.

python -m benchmarks.audit_cost [--pairs 100000 --pairs 1000000]

Two splits, nine tenths of the pairs in train; a tenth of the texts repeat. MiniLM as it is is asked, too.
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
from benchmarks.search_cost import begun

WORDS = [f"{first}{last}" for first in ("ba", "do", "ki", "lu", "me", "no") for last in ("ran", "sel", "tip", "wo")]
WORDS_PER_TEXT = 12


def written(count: int, file: Path, seed: int) -> str:
    """So many labelled pairs, half of them sharing words."""
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
    """One row of the table."""
    progress(f"{count:,} pairs")
    with tempfile.TemporaryDirectory() as folder:
        with process({}) as other:  # a child's most memory is at least what its parent held when it began
            train = other.submit(written, count * 9 // 10, Path(folder, "train.parquet"), seed=0).result()
            test = other.submit(written, count // 10, Path(folder, "test.parquet"), seed=1).result()
        began = time.perf_counter()
        with patch.dict(os.environ, {"XDG_CACHE_HOME": folder}):
            audit = begun(["jobs.audit", train, "--columns", "a,b,label", "--test-source", test, "--json"])
        said = audit.stdout.read() if audit.stdout else ""
        _, status, used = os.wait4(audit.pid, 0)
        seconds = time.perf_counter() - began
    if not said or json.loads(said)["rows"] != count:
        raise RuntimeError(f"jobs.audit ended with {os.waitstatus_to_exitcode(status)}: {said}")
    most_mib = used.ru_maxrss / 1024
    return {"pairs": f"{count:,}", "seconds": seconds, "pairs/s": count / seconds, "most memory, MiB": most_mib}


def main(pairs: Annotated[list[int] | None, typer.Option()] = None) -> None:
    """Print a row per size."""
    report("audit_cost", "audits", [measured(count) for count in pairs or [100_000, 1_000_000]])


if __name__ == "__main__":
    typer.run(main)
