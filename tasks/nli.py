"""Natural language inference: how far does one sentence follow from another?

python -m jobs.prepare nli --source snli_train_18k.tsv --test-source snli_validation.tsv
"""

from collections.abc import Mapping

from tasks import _published
from tasks.common.baseline import CARDS_FIT
from tasks.common.declaration import Given, Layout, Number, Row, Task

# Both files number the three relations, each in its own way. The card had them upside down: entailment 0.0.
WITHOUT_HEADER = {"3": 1.0, "1": 0.5, "2": 0.0}
WITH_HEADER = {"0": 1.0, "1": 0.5, "2": 0.0}


def pair(row: Row, labels: Mapping[str, float]) -> Row | None:
    """Pair premise and hypothesis; drop a pair that annotators disagreed on, which has another number."""
    label = labels.get(str(row["label"]))
    if label is None:
        return None
    return {"sentence1": row["premise"], "sentence2": row["hypothesis"], "label": label, "group": row["premise"]}


task = Task(
    name="nli",
    about="grade how far a sentence follows from another",
    source=(
        "SNLI as tab separated text: label, label, premise, hypothesis without a header "
        "(github.com/academic-repository/cat), or premise, hypothesis, label with one (github.com/MJ-Jang/BECEL)"
    ),
    loss="cosine",
    baseline={**CARDS_FIT, "global_batch_size": Number(16, "card"), "epochs": Number(1, "card")},
    kind="graded",
    label="1.0: entailment, 0.5: neutral, 0.0: contradiction",
    recipe=Given(shared_texts="drop"),
    layouts=(
        Layout(columns=("premise", "hypothesis", "label"), shape=lambda row: pair(row, WITH_HEADER)),
        Layout(
            columns=("label", "label_again", "premise", "hypothesis"),
            shape=lambda row: pair(row, WITHOUT_HEADER),
            header=False,
        ),
    ),
    group="premise",
    published=_published.NLI,
    shares=(1.0, 0.0, 0.0),  # dev has a fixed size, test its own file
    dev_rows=2_000,  # ours: a search needs no more, whatever the size of the source
)
