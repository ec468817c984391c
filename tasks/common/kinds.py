"""The kinds of evaluation: what each is decided by and what it needs of the rows that it judges."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of evaluation.

    Attributes:
        metric: the score that decides, in the library's names; higher is better.
        lowest: the lowest value that it can take; the highest is 1.
        labels: what it needs in the rows that it judges. binary: 0 and 1, both of them; graded: at least two different
            ones; none: rows that belong together, those labelled 0 are left out.
        ranked: whether a first text is held against all candidates, not only against the second text of its pair.
        threshold: whether a cosine from which two texts belong together is chosen on dev.
    """

    name: str
    metric: str
    lowest: float = 0.0
    labels: Literal["none", "binary", "graded"]
    ranked: bool
    threshold: bool = False


KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(name="binary", metric="cosine_ap", labels="binary", ranked=False, threshold=True),
        Kind(name="graded", metric="spearman_cosine", lowest=-1.0, labels="graded", ranked=False),
        Kind(name="category", metric="macro_f1", labels="none", ranked=True),
        Kind(name="retrieval", metric="cosine_mrr@10", labels="none", ranked=True),
    )
}
