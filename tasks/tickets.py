"""IT tickets: which category does a ticket belong to?

python -m jobs.prepare tickets --source fine_tuning_dataset.csv --test-source reference_dataset.csv
"""

from tasks.common.baseline import CARDS_FIT
from tasks.common.declaration import AgainstCategory, Layout, Number, Row, Task


def shape(row: Row) -> Row:
    """Pair the ticket's text with its category; every ticket is a group of its own."""
    return {"text": row["Document"], "category": row["Topic_group"], "group": row["Document"]}


task = Task(
    name="tickets",
    about="find the category of an IT ticket",
    source=(
        "fine_tuning_dataset.csv, and reference_dataset.csv as --test-source, of "
        "github.com/Alexandre-Azouri/Demo-Classification-VecDB (columns Document, Topic_group)"
    ),
    loss="cosine",
    baseline={**CARDS_FIT, "global_batch_size": Number(32, "card"), "epochs": Number(10, "card")},
    max_length=Number(256, "card: Maximum Sequence Length"),
    kind="category",
    label="1.0: the ticket's category; 0.0: another category",
    recipe=AgainstCategory(negatives_per_text=Number(1, "card: 4,000 pairs of 2,000 tickets")),
    layouts=(Layout(columns=("Document", "Topic_group"), shape=shape),),
    group="the ticket",
    shares=(0.8, 0.2, 0.0),  # ours: the card trains on all 2,000 and tests on a second file
)
