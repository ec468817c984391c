"""Test mined negatives: which texts are near enough, far enough and not of the same group."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from pairs.mining import Mined, Miner, mine, mined_note, mined_record
from pairs.recipes import Pair


def at_angles(texts: list[str]) -> NDArray[np.float64]:
    """Embed 'name 20' at 20 degrees."""
    angles = np.radians([float(text.split()[-1]) for text in texts])
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def mined(pairs: list[Pair], count: int = 2, below: float = 0.95, *, mutual: bool = False, **changes: Any) -> Mined:
    vectors = {"first": at_angles, "second": at_angles}
    return mine(pairs, Miner(count=count, below=below, model="m", sha256="s", **vectors | changes), mutual=mutual)


def negatives(*arguments: Any, **options: Any) -> list[tuple[str, ...]]:
    return [pair.negatives for pair in mined(*arguments, **options).pairs]


def pair(first: str, second: str, label: float | None = None, **more: Any) -> Pair:
    return Pair(**{"sentence1": first, "sentence2": second, "label": label, "group": first, **more})


OTHERS = [pair(f"q{angle} {angle + 180}", f"o {angle}") for angle in (22, 40, 60, 80)]
"""Their second texts stand at 22 to 80 degrees, and their first ones far away."""


def test_the_nearest_texts_below_the_share_are_chosen_hardest_first() -> None:
    pairs = [pair("q 0", "a 20"), *OTHERS]
    assert negatives(pairs)[0] == ("o 40", "o 60")  # 0.95 * cos 20 = cos 26.8
    assert negatives(pairs, below=1.0)[0] == ("o 22", "o 40")
    assert negatives(pairs, below=0.5)[0] == ("o 80",)
    assert mined([pairs[0], *(each._replace(label=0.0) for each in OTHERS)], 3).too_near == 1


def test_a_negative_cosine_keeps_its_distance_too() -> None:
    pairs = [pair("q 0", "a 130"), pair("q 310", "o 131"), pair("q 320", "o 140")]  # cos 130 = -0.64
    assert negatives(pairs, 3)[0] == ("o 140",)  # -0.77 <= -0.64 * 1.05 < cos 131


def test_what_belongs_with_the_first_text_in_any_spelling_is_no_negative() -> None:
    pairs = [pair("q 0", "a 20"), pair("Q  0", "o 40"), *OTHERS, pair("O 60", "q 0")]
    assert negatives(pairs)[0] == ("o 80",)


def test_a_text_is_no_negative_of_itself_also_where_prompts_set_it_apart() -> None:
    def turned(texts: list[str]) -> NDArray[np.float64]:
        return at_angles([f"{text.rsplit(' ', 1)[0]} {float(text.split()[-1]) + 40}" for text in texts])

    pairs = [pair("q 0", "a 340"), pair("r 180", "Q 0", 0.0), pair("r 180", "o 10", 0.0)]
    assert negatives(pairs, second=turned)[0] == ("o 10",)


def test_what_belongs_to_the_group_is_no_negative() -> None:
    pairs = [pair("q 0", "a 20", group="g"), *(each._replace(group="g") for each in OTHERS[:2]), *OTHERS[2:]]
    assert negatives(pairs)[0] == ("o 60", "o 80")
    within = [pair("x 0", "x 20", 1.0, group="x", group2="x"), pair("y 200", "x 45", 0.0, group="y", group2="x")]
    within += [pair("y 200", "z 50", 0.0, group="y", group2="z")]
    assert negatives(within, mutual=True)[0] == ("z 50",)
    given = [pair("q 0", "a 20", 1.0, group="g"), pair("p 30", "o 40", 0.0, group="g"), pair("r 180", "p 30", 0.0)]
    assert negatives(given)[0] == ("o 40",)


def test_belonging_passes_on_where_it_is_mutual() -> None:
    pairs = [pair("a 0", "b 20", 1.0), pair("b 20", "c 40", 1.0), pair("c 40", "d 50", 1.0), pair("e 170", "f 60", 1.0)]
    assert negatives(pairs, 3, mutual=True)[0] == ("f 60",)
    assert negatives(pairs, 3)[0] == ("c 40", "d 50", "f 60")


def test_a_negative_that_the_first_text_has_already_is_not_mined_again() -> None:
    given = [pair("q 0", "a 20", negatives=("O 40",)), pair("q 0", "o 60", 0.0), *OTHERS]
    assert negatives(given)[0] == ("O 40", "o 80")
    twice = [pair("q 0", "a 20"), pair("q 0", "a 10"), *OTHERS]
    assert negatives(twice)[:2] == [("o 40", "o 60"), ("o 22", "o 80")]


@pytest.mark.parametrize("mutual", [True, False])
def test_two_texts_are_negatives_of_each_other_once_where_it_is_mutual(mutual: bool) -> None:
    pairs = [pair("a 0", "b 5", 1.0), pair("c 40", "d 42", 1.0), pair("f 200", "a 0", 0.0), pair("f 200", "c 40", 0.0)]
    made = negatives(pairs, 3, mutual=mutual)
    assert made[0] == ("c 40", "d 42")
    assert made[1] == (("b 5",) if mutual else ("b 5", "a 0"))


def test_only_pairs_that_belong_together_get_negatives() -> None:
    pairs = [pair("q 0", "a 20", 1.0), pair("q 0", "o 50", 0.0), pair("r 1", "o 60", 0.5)]
    assert negatives(pairs) == [("o 60",), (), ()]


def test_counts_and_progress() -> None:
    told: list[tuple[int, int]] = []
    result = mined([pair("q 0", "a 20"), *OTHERS], on_progress=lambda *done: told.append(done))
    assert result.positives == 5
    assert result.negatives == sum(len(each.negatives) for each in result.pairs)
    assert result.missing == 10 - result.negatives
    assert told[-1] == (5, 5)
    miner = Miner(count=2, below=0.95, model="m", sha256="s", first=at_angles, second=at_angles)
    assert mined_record(miner, result)["negatives"] == result.negatives
    assert f"mined negatives: {result.negatives} for 5 pairs of train, by m" in mined_note(miner, result)


def test_blocks_of_rows_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = [pair(f"q {angle}", f"a {angle + 5}") for angle in range(0, 90, 3)]
    whole = negatives(pairs)
    monkeypatch.setattr("pairs.mining.ROWS_AT_ONCE", 7)
    assert negatives(pairs) == whole
    assert all(len(each) == 2 for each in whole)
