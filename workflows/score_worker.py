"""Score one part after another inside a Ray Data actor."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from common.writing import write_then_rename
from evaluation.calibration import Calibration
from evaluation.metrics import Floats, normalized, pair_cosines
from models.encode import encode
from tasks.common.texts import folded, one_spaced
from tokens.reading import NO_PROMPTS, Prompts

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

PAIR_COLUMNS = ("score", "probability", "decision")
CANDIDATE_COLUMNS = ("candidates", "scores")
"""The columns that are added to a table of texts; those above to a table of pairs."""


class Scorer:
    """Add scores to a table of pairs, or the best candidates to a table of texts.

    Args:
        model: encodes the texts.
        texts: names of the two text columns, or of one.
        candidates: texts to compare the one column with; None for pairs.
        top_k: number of candidates to name for each text.
        threshold: least score of a pair that belongs together; None for no decision.
        prompts: prompts before first and second texts; candidates are second texts.
        vectors: those to compare with in place of the candidates' embeddings, in their order.
        calibration: the probability for a cosine; None for no probability.
        prevalence: share of the pairs that belong together; None for that of the calibration.
    """

    def __init__(
        self,
        model: "SentenceTransformer",
        texts: tuple[str, ...],
        candidates: tuple[str, ...] | None,
        top_k: int,
        threshold: float | None,
        prompts: Prompts = NO_PROMPTS,
        vectors: NDArray[Any] | None = None,
        calibration: Calibration | None = None,
        prevalence: float | None = None,
    ) -> None:
        self.model, self.texts, self.candidates, self.top_k = model, texts, candidates, top_k
        self.threshold, self.prompts = threshold, prompts
        self.calibration, self.prevalence = calibration, prevalence
        self.candidate_vectors = None if vectors is None else normalized(vectors)
        if candidates and vectors is None:
            self.candidate_vectors = self._vectors([prompts.second + text for text in candidates])

    def scored(self, table: pa.Table) -> pa.Table:
        """Return the table with score, probability and decision, or with the best candidates and their scores.

        They are null in a row where a text is empty or has no visible character.
        """
        texts = [[one_spaced(value) for value in table[name].to_pylist()] for name in self.texts]
        rows = [index for index, row in enumerate(zip(*texts, strict=True)) if all(map(folded, row))]
        texts = [[prompt + column[row] for row in rows] for prompt, column in zip(self.prompts, texts, strict=False)]
        indices = {text: index for index, text in enumerate(dict.fromkeys(text for column in texts for text in column))}
        vectors = self._vectors(list(indices))
        columns = [vectors[[indices[text] for text in column]] for column in texts]
        choices = self.candidate_vectors
        added = self._pairs(*columns) if choices is None else self._best(columns[0] @ choices.T)
        for name, values in added.items():
            table = table.append_column(name, _spread(values, rows, table.num_rows))
        return table

    def _pairs(self, first: Floats, second: Floats) -> dict[str, pa.Array]:
        cosines = pair_cosines(first, second)
        score, probability, decision = PAIR_COLUMNS
        columns = {score: pa.array(cosines, pa.float32())}
        if self.calibration:
            columns[probability] = pa.array(self.calibration.of(cosines, self.prevalence), pa.float32())
        if self.threshold is not None:
            columns[decision] = pa.array(cosines >= self.threshold, pa.bool_())
        return columns

    def _best(self, cosines: Floats) -> dict[str, pa.Array]:
        assert self.candidates is not None
        order = np.argsort(-cosines, axis=1, kind="stable")[:, : self.top_k]
        names = [[self.candidates[index] for index in row] for row in order]
        scores = np.take_along_axis(cosines, order, axis=1).astype(np.float32).tolist()
        named, scored = CANDIDATE_COLUMNS
        return {named: pa.array(names, pa.list_(pa.string())), scored: pa.array(scores, pa.list_(pa.float32()))}

    def _vectors(self, texts: list[str]) -> Floats:
        if not texts:
            return np.empty((0, self.model.get_embedding_dimension() or 0))
        return normalized(encode(self.model, texts, lambda _done, _total: None))


def _spread(values: pa.Array, rows: list[int], num_rows: int) -> pa.Array:
    """Return the values of some rows as a column of all rows; the others are null."""
    indices: list[int | None] = [None] * num_rows
    for index, row in enumerate(rows):
        indices[row] = index
    return values.take(pa.array(indices, pa.int64()))


class PartScorer:
    """Read a staged part, score it and write it under its final name. An actor loads the model once.

    Args:
        files: a list of one object reference to the model's files.
        out: file system and path of the output folder, which holds the stage.
        device: cpu or cuda.
        threads: number of threads.
        trust_remote_code: whether code that the model brings may run.
        **settings: further arguments of Scorer.
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
        """Score the parts of a batch, {'part': [number]}, and return it."""
        from workflows.scored_folder import STAGED, name_of

        for part in batch["part"]:
            name, (file_system, path) = name_of(int(part)), self.out
            table = self.scorer.scored(
                pq.read_table(f"{path}/{STAGED}/{name}", filesystem=file_system, partitioning=None)
            )
            half = f"{path}/{STAGED}/{name}.scored"  # deleted with the stage if this process dies
            with write_then_rename(file_system, f"{path}/{name}", half=half) as stream:
                pq.write_table(table, stream)
        return {"part": batch["part"]}
