"""The same beer on two sites, from a benchmark of entity matching: a task that is not in tasks/.

python -m jobs.prepare docs/examples/beer.py --source train.txt
"""

import re

from tasks.common.baseline import CARDS_FIT
from tasks.common.declaration import Given, Layout, Number, Row, Task


def record(text: str) -> str:
    """'COL Beer_Name VAL Red Ale COL ABV VAL 5 %' -> 'Beer Name: Red Ale. ABV: 5 %'; empty columns are left out."""
    columns = re.findall(r"COL (\S+) VAL (.*?)(?= COL |$)", text.strip())
    return ". ".join(f"{name.replace('_', ' ')}: {value.strip()}" for name, value in columns if value.strip())


def shape(row: Row) -> Row:
    """Both records as text; pairs of one left record stay together, and so do pairs that share a right one."""
    left, right = record(row["left"]), record(row["right"])
    return {"sentence1": left, "sentence2": right, "label": row["label"], "group": left}


task = Task(
    name="beer",
    about="find the same beer on two sites",
    source="train.txt of data/er_magellan/Structured/Beer of github.com/megagonlabs/ditto",
    loss="contrastive",
    baseline={
        **CARDS_FIT,
        "margin": Number(0.5, "default of the library's ContrastiveLoss"),
        "global_batch_size": Number(8, "ours: as for invoices"),
        "epochs": Number(4, "ours: as for invoices"),
    },
    kind="binary",
    label="1.0: both describe the same beer; 0.0: two beers",
    recipe=Given(shared_texts="join"),
    layouts=(Layout(columns=("left", "right", "label"), shape=shape, header=False),),
    group="the left record",
    shares=(0.6, 0.2, 0.2),  # ours: the benchmark's own files share records
)
