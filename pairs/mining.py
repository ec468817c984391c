"""Mine hard negatives of train: second texts of other pairs that a model holds for near.

`sentence_transformers.util.mine_hard_negatives` is not used. It knows a positive by its spelling alone, so a text of
the same group, or one that differs in case, becomes a negative. It drops rows with fewer negatives than asked for.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pairs.belonging import Belonging, belong
from pairs.recipes import Pair
from pairs.spelling import one_of_each
from tasks.common.texts import folded

Floats = NDArray[np.float32]
Vectors = Callable[[list[str]], NDArray[np.float64]]
"""Texts -> their embeddings of length 1, shape (texts, dimensions)."""

ROWS_AT_ONCE = 512
"""Rows of the pairs x texts matrix in memory at a time: 200 MB with 100,000 texts."""


def _no_progress(_done: int, _total: int) -> None:
    """Show nothing."""


@dataclass(frozen=True, kw_only=True)
class Miner:
    """What mining needs of a model, and how it chooses.

    Attributes:
        count: most negatives of a pair.
        below: share of the positive's cosine that a negative's may have at most.
        model: name of the model, as the user gave it.
        sha256: of its weights, in hex.
        first: embeds first texts.
        second: embeds second texts.
        on_progress: called with (pairs done, pairs in all).
    """

    count: int
    below: float
    model: str
    sha256: str
    first: Vectors
    second: Vectors
    on_progress: Callable[[int, int], None] = _no_progress


@dataclass(frozen=True, kw_only=True)
class Mined:
    """Pairs that have mined negatives after their given ones, hardest first, and their numbers.

    Attributes:
        pairs: all pairs of the split, in their order.
        positives: number of pairs that negatives were looked for.
        negatives: number of mined negatives.
        missing: number of negatives that pairs lack, because no further text is far enough from them.
        too_near: number of texts that were left out for a cosine above the share of the positive's, summed over pairs.
    """

    pairs: list[Pair]
    positives: int
    negatives: int
    missing: int
    too_near: int


def mine(pairs: Sequence[Pair], miner: Miner, *, mutual: bool) -> Mined:
    """Mine for each pair that belongs together the nearest second texts of the split that do not belong to it.

    A negative's cosine is at most `positive - |positive| * (1 - below)`, where `positive` is that of the pair: nearer
    texts are often positives that nobody has labelled. This is TopK-PercPos of NV-Retriever (Moreira et al. 2024,
    arXiv 2407.15831), written as in the library, so that it holds for a negative cosine, too. Nothing is drawn: the
    same pairs and the same model give the same negatives.

    Args:
        pairs: those of train alone, so that no text of another split becomes a negative.
        miner: the model, and how many negatives.
        mutual: whether belonging together passes on, see `Belonging`.
    """
    texts = one_of_each(pair.sentence2 for pair in pairs)
    belonging, cosines = Belonging(pairs, texts, mutual=mutual), _cosines(pairs, texts, miner)
    mined, missing, too_near = list(pairs), 0, 0
    positives = [number for number, pair in enumerate(pairs) if belong(pair)]
    for done, (number, row) in enumerate(zip(positives, cosines, strict=True), start=1):
        pair = pairs[number]
        positive = float(row[belonging.index[folded(pair.sentence2)]])
        row[belonging.excluded(pair)] = -np.inf
        near = row > positive - abs(positive) * (1 - miner.below)
        row[near] = -np.inf
        chosen = [texts[index] for index in _highest(row, miner.count)]
        belonging.use(pair.sentence1, chosen)
        mined[number] = pair._replace(negatives=(*pair.negatives, *chosen))
        missing, too_near = missing + miner.count - len(chosen), too_near + int(near.sum())
        miner.on_progress(done, len(positives))
    found = miner.count * len(positives) - missing
    return Mined(pairs=mined, positives=len(positives), negatives=found, missing=missing, too_near=too_near)


def _cosines(pairs: Sequence[Pair], texts: list[str], miner: Miner) -> Iterator[Floats]:
    """Yield for each pair that belongs together the cosines of its first text with all texts, shape (texts,)."""
    firsts = [folded(pair.sentence1) for pair in pairs if belong(pair)]
    distinct = one_of_each(pair.sentence1 for pair in pairs if belong(pair))
    row_of = {folded(text): row for row, text in enumerate(distinct)}
    first, second = (np.asarray(vectors, np.float32) for vectors in (miner.first(distinct), miner.second(texts)))
    for start in range(0, len(firsts), ROWS_AT_ONCE):
        yield from first[[row_of[text] for text in firsts[start : start + ROWS_AT_ONCE]]] @ second.T


def _highest(cosines: Floats, count: int) -> list[int]:
    """Return the indices of at most so many finite cosines, highest first; of equal ones the first."""
    count = min(count, len(cosines))
    highest = np.argpartition(-cosines, count - 1)[:count]
    ordered = highest[np.lexsort((highest, -cosines[highest]))]
    return [int(index) for index in ordered if np.isfinite(cosines[index])]


def mined_record(miner: Miner, mined: Mined) -> dict[str, Any]:
    """Return what a manifest says about mined negatives."""
    own = {"model": miner.model, "sha256": miner.sha256, "count": miner.count, "below": miner.below}
    return own | {name: getattr(mined, name) for name in ("positives", "negatives", "missing", "too_near")}


def mined_note(miner: Miner, mined: Mined) -> str:
    """Return the same as a note for the user."""
    return (
        f"mined negatives: {mined.negatives:,} for {mined.positives:,} pairs of train, by {miner.model}; "
        f"{mined.too_near:,} texts nearer than {miner.below:.0%} of a positive's cosine were left out"
        + (f"; {mined.missing:,} fewer than wanted" if mined.missing else "")
    )
