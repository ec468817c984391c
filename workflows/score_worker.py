"""Scores one part after another inside a Ray Data actor."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from common.writing import write_then_rename
from evaluation.metrics import Floats, normalized, pair_cosines
from models.encode import encode
from pairs.clean import folded, one_spaced
from pairs.reading import NO_PROMPTS, Prompts

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

PAIR_COLUMNS = ("score", "decision")
CANDIDATE_COLUMNS = ("candidates", "scores")
"""What is added to a table of pairs, and to one of texts."""


class Scorer:
    """Adds to a table of pairs their scores, or to one of texts their best candidates.

    Args:
        texts: names of the two texts, or of one.
        candidates: what the one is held against.
        top_k: how many of them are named.
        threshold: score from which on a pair belongs together; None: no decision.
        prompts: what stands before the texts when the model reads them; candidates are second texts.
    """

    def __init__(
        self,
        model: "SentenceTransformer",
        texts: tuple[str, ...],
        candidates: tuple[str, ...] | None,
        top_k: int,
        threshold: float | None,
        prompts: Prompts = NO_PROMPTS,
    ) -> None:
        self.model, self.texts, self.candidates, self.top_k = model, texts, candidates, top_k
        self.threshold, self.prompts = threshold, prompts
        self.choice = self._vectors([prompts.second + text for text in candidates]) if candidates else None

    def scored(self, table: pa.Table) -> pa.Table:
        """The table with score and decision, or with the best candidates and their scores.

        Where a text is empty, or nothing in it can be seen, all of them are null: a row is not scored without both.
        """
        texts = [[one_spaced(value) for value in table[name].to_pylist()] for name in self.texts]
        rows = [place for place, row in enumerate(zip(*texts, strict=True)) if all(map(folded, row))]
        texts = [[prompt + column[row] for row in rows] for prompt, column in zip(self.prompts, texts, strict=False)]
        places = {text: place for place, text in enumerate(dict.fromkeys(text for column in texts for text in column))}
        vectors = self._vectors(list(places))
        columns = [vectors[[places[text] for text in column]] for column in texts]
        found = self._pairs(*columns) if self.choice is None else self._best(columns[0] @ self.choice.T)
        for name, values in found.items():
            table = table.append_column(name, _spread(values, rows, table.num_rows))
        return table

    def _pairs(self, first: Floats, second: Floats) -> dict[str, pa.Array]:
        cosines = pair_cosines(first, second)
        score, decision = PAIR_COLUMNS
        found = {score: pa.array(cosines, pa.float32())}
        return found if self.threshold is None else {**found, decision: pa.array(cosines >= self.threshold, pa.bool_())}

    def _best(self, cosines: Floats) -> dict[str, pa.Array]:
        assert self.candidates is not None
        order = np.argsort(-cosines, axis=1, kind="stable")[:, : self.top_k]
        names = [[self.candidates[place] for place in row] for row in order]
        scores = np.take_along_axis(cosines, order, axis=1).astype(np.float32).tolist()
        named, scored = CANDIDATE_COLUMNS
        return {named: pa.array(names, pa.list_(pa.string())), scored: pa.array(scores, pa.list_(pa.float32()))}

    def _vectors(self, texts: list[str]) -> Floats:
        if not texts:
            return np.empty((0, self.model.get_embedding_dimension() or 0))
        return normalized(encode(self.model, texts, lambda done, total: None))


def _spread(values: pa.Array, rows: list[int], num_rows: int) -> pa.Array:
    """Values of some rows as a column of all; null where there is none."""
    places: list[int | None] = [None] * num_rows
    for place, row in enumerate(rows):
        places[row] = place
    return values.take(pa.array(places, pa.int64()))


class PartScorer:
    """Reads a staged part, lets it be scored, writes it under its final name; the model is loaded once.

    Args:
        files: [reference to the model's files].
        out: file system and path of the folder of the parts, with the staged ones below it.
        settings: of Scorer.
    """

    def __init__(
        self,
        files: list[Any],
        out: tuple[Any, str],
        device: str,
        threads: int,
        trust_remote_code: bool = False,
        **settings: Any,
    ) -> None:
        import ray
        import torch

        from models.base_model import load_model

        torch.set_num_threads(threads)
        model = load_model(ray.get(files[0]), None, device, trust_remote_code)
        self.out, self.scorer = out, Scorer(model, **settings)

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """{'part': [number]} of a part that is now written."""
        from workflows.scored_folder import STAGED, name_of

        for part in batch["part"]:
            name, (file_system, path) = name_of(int(part)), self.out
            table = self.scorer.scored(
                pq.read_table(f"{path}/{STAGED}/{name}", filesystem=file_system, partitioning=None)
            )
            half = f"{path}/{STAGED}/{name}.scored"  # goes with the stage if this process dies
            with write_then_rename(file_system, f"{path}/{name}", half=half) as stream:
                pq.write_table(table, stream)
        return {"part": batch["part"]}
