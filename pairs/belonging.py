"""Say which texts are no new negatives of a pair: those that belong to it, and those that it has already."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from pairs.recipes import Pair
from pairs.splits.cut import root
from tasks.common.texts import folded


def belong(pair: Pair) -> bool:
    """Check whether the two texts belong together: the pair is labelled 1, or has no label."""
    return pair.label is None or pair.label == 1


class Belonging:
    """The texts of a split that belong to a pair or to its group; texts are the same if they are equal when folded.

    Args:
        pairs: of the split.
        texts: the texts to choose negatives from, each once.
        mutual: whether belonging together passes on: with (a, b) and (b, c), c belongs to a. Then no two texts become
            negatives of each other twice. If not, to a text belong those that it makes a pair with, and those of its
            group.
    """

    def __init__(self, pairs: Sequence[Pair], texts: Sequence[str], *, mutual: bool) -> None:
        self.index = {folded(text): index for index, text in enumerate(texts)}
        """Folded text -> its index among the texts to choose from."""
        self._mutual = mutual
        self._parent: dict[str, str] = {}
        self._own: dict[str, set[int]] = defaultdict(set)
        self._used: dict[str, set[int]] = defaultdict(set)
        together = [pair for pair in pairs if belong(pair)]
        for pair in together if mutual else ():
            self._join(*_keys(pair))
        for pair in together:
            for key in _keys(pair):
                self._own[self._root(key)] |= self._indices(pair.sentence1, pair.sentence2)
        for pair in pairs:
            self._own[self._root(f"group {pair.group}")] |= self._indices(pair.sentence1)
            if pair.group2 is not None:
                self._own[self._root(f"group {pair.group2}")] |= self._indices(pair.sentence2)
            self.use(pair.sentence1, [*pair.negatives, *([] if belong(pair) else [pair.sentence2])])

    def excluded(self, pair: Pair) -> list[int]:
        """Return the indices of the texts that belong to the pair or its group, or are its first text's negatives."""
        text, group = f"text {folded(pair.sentence1)}", f"group {pair.group}"  # the text itself is of the group
        return sorted(self._own[self._root(text)] | self._own[self._root(group)] | self._used[text])

    def use(self, first: str, negatives: Iterable[str]) -> None:
        """Exclude texts as further negatives of a first text and, where belonging is mutual, it as one of theirs."""
        for negative in negatives:
            self._used[f"text {folded(first)}"] |= self._indices(negative)
            if self._mutual:
                self._used[f"text {folded(negative)}"] |= self._indices(first)

    def _indices(self, *texts: str) -> set[int]:
        return {self.index[alike] for alike in map(folded, texts) if alike in self.index}

    def _root(self, key: str) -> str:
        return root(self._parent, key) if key in self._parent else key

    def _join(self, *keys: str) -> None:
        first, *others = [root(self._parent, key) for key in keys if self._parent.setdefault(key, key)]
        for other in others:
            self._parent[other] = first


def _keys(pair: Pair) -> list[str]:
    """Return the names of the texts and groups of a pair whose texts belong together."""
    groups = {pair.group, pair.group if pair.group2 is None else pair.group2}
    return [*(f"text {folded(text)}" for text in pair[:2]), *(f"group {group}" for group in sorted(groups))]
