"""Make training rows of several splits of prepared pairs: for a refit, and for folds over train and dev."""

import random
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from pairs.prepare import table_of_pairs
from pairs.prepared import PreparedPairs
from pairs.recipes import against_categories, with_negatives
from tasks.common.declaration import AgainstCategory, Task


def training_rows(pairs: PreparedPairs, task: Task, splits: Sequence[str], seed: int) -> pa.Table:
    """Return the stored rows of these splits as one table, those of dev and test made as rows of train are.

    The pairs of dev and test are those of the recipe, too, but for categories: there each text stands with its own
    category alone, and wrong ones are drawn here.

    Args:
        pairs: the prepared pairs, or a view of them.
        task: its recipe draws wrong categories.
        splits: names, in the order of the rows.
        seed: of the draw.
    """
    tables = [PreparedPairs.table(pairs, split) for split in splits]
    if isinstance(task.recipe, AgainstCategory):
        count = pairs.manifest.get("negatives_per_positive")
        recipe = task.recipe if count is None else with_negatives(task.recipe, count)
        assert isinstance(recipe, AgainstCategory)
        tables = [
            table if split == "train" else _with_wrong(table, recipe, pairs.candidates() or [], f"{seed}-{split}")
            for split, table in zip(splits, tables, strict=True)
        ]
    return pa.concat_tables(tables, promote_options="default")


def _with_wrong(table: pa.Table, recipe: AgainstCategory, categories: Sequence[str], seed: str) -> pa.Table:
    right = table.filter(pc.not_equal(table["label"], 0.0)) if "label" in table.column_names else table
    rows = [
        {"text": text, "category": category, "group": group}
        for text, category, group in zip(
            *(right[name].to_pylist() for name in ("sentence1", "sentence2", "group")), strict=True
        )
    ]
    return table_of_pairs(
        against_categories(rows, categories, int(recipe.negatives_per_text.value), random.Random(seed))
    )
