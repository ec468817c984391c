"""Test what a model cannot read: words without tokens, numbers instead of texts; and a test with one label."""

from pathlib import Path
from typing import Any

import pytest

from audit.base_model import LazyBaseModel
from audit.checks.ids import is_key
from models.base_model import load_model, resolve_base_model
from tests.audit.cases import FixedModel, codes, found, plan, rows

AMHARIC = ["\u1218\u133d\u1210\u134d", "\u12cd\u1203", "\u1264\u1275", "\u12a8\u1270\u121b"]


def mixed(readable: int, unreadable: int) -> list[dict[str, Any]]:
    """Make pairs of distinct texts, the later ones in letters that the tiny model lacks."""
    train = rows(readable, [0.0, 1.0])
    for number in range(unreadable):
        words = [AMHARIC[(number // 4**digit) % 4] for digit in range(4)]
        train.append({"sentence1": " ".join(words), "sentence2": " ".join(words[::-1]) + " x", "label": number % 2})
    return train


def lazy_base_model(folder: str) -> LazyBaseModel:
    """Return the base model as an audit uses it."""
    resolved = resolve_base_model(folder)
    return LazyBaseModel(
        lambda: resolved.reading(64), lambda: load_model(resolved.files(), 64, "cpu"), lambda *progress: None
    )


@pytest.mark.parametrize(
    ("readable", "unreadable", "expected"), [(40, 1, None), (40, 4, "warning"), (40, 30, "warning"), (20, 30, "error")]
)
def test_words_that_the_tokenizer_cannot_read(
    tmp_path: Path, tiny_model: str, readable: int, unreadable: int, expected: str | None
) -> None:
    model = lazy_base_model(tiny_model)
    finding = found(plan(tmp_path, {"train": mixed(readable, unreadable)}, "contrastive"), model).get("unknown_tokens")
    assert (finding and finding.severity) == expected
    if finding:
        assert finding.count == len({row[side] for row in mixed(0, unreadable) for side in ("sentence1", "sentence2")})
        assert finding.statistic["such_as"].split()[0] in AMHARIC


@pytest.mark.parametrize(("words", "count"), [(7, None), (0, 60)])
def test_one_unknown_word_in_ten_is_a_finding(tmp_path: Path, tiny_model: str, words: int, count: int | None) -> None:
    train = [{**row, "sentence1": f"{row['sentence1']}{' old' * words} \u2192"} for row in rows(60, [0.0, 1.0])]
    model = lazy_base_model(tiny_model)
    finding = found(plan(tmp_path, {"train": train}, "contrastive"), model).get("unknown_tokens")
    assert (finding and finding.count) == count


def test_unreadable_texts_that_differ_in_their_number_of_words(tmp_path: Path, tiny_model: str) -> None:
    train = rows(80, [0.0, 1.0])
    for number in range(1, 6):
        first, second = (" ".join(AMHARIC[:1] * count) for count in (number, number + 5))
        train.append({"sentence1": first, "sentence2": second, "label": 1.0})
    model = lazy_base_model(tiny_model)
    finding = found(plan(tmp_path, {"train": train}, "contrastive"), model)["unknown_tokens"]
    assert (finding.statistic["unreadable"], finding.statistic["equal_to_another"]) == (10, 0)


class Consonants(FixedModel):
    """A model that reads no vowels and lacks no token."""

    def token_ids(self, texts: list[str]) -> list[list[int]]:
        return [
            [0, *(ord(char) for char in text.casefold() if char.isalpha() and char not in "aeiou")] for text in texts
        ]


def test_texts_that_differ_and_have_equal_tokens(tmp_path: Path) -> None:
    def pairs(first: str, second: str) -> list[dict[str, Any]]:
        return [{"sentence1": first, "sentence2": second, "label": 1}] * 2 + [*rows(2, [0.0, 1.0])]

    model = Consonants(lambda first, second: 0.5)
    finding = found(plan(tmp_path, {"train": pairs("ban", "bone")}, "contrastive"), model)["unknown_tokens"]
    assert (finding.statistic["equal_to_another"], finding.statistic["unreadable"]) == (6, 0)
    train = pairs("it's", "It \u2019s.")[:2]
    assert "unknown_tokens" not in found(plan(tmp_path, {"train": train}, "contrastive"), model)


@pytest.mark.parametrize(
    "text", ["799", "-4.5", "2024-03-01", "+49 30 1234", "Q42", "id_17", "B000JZ4HQO", "0" * 12 + "abcd"]
)
def test_a_number_or_a_code_is_a_key(text: str) -> None:
    assert is_key(text)


@pytest.mark.parametrize("text", ["printer", "room 12", "12 apples", "deadbeefdeadbeef", "Windows-11 fails", "-", "C"])
def test_words_are_none(text: str) -> None:
    assert not is_key(text)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [("{}", "{}", "error"), ("{}", "the {} one", "warning"), ("the {} one", "{}", "warning"), ("the {}", "a {}", None)],
)
def test_columns_of_numbers_alone(tmp_path: Path, first: str, second: str, expected: str | None) -> None:
    train = [{"sentence1": first.format(n), "sentence2": second.format(n + 50), "label": n % 2} for n in range(40)]
    finding = found(plan(tmp_path, {"train": train}, "contrastive")).get("ids_as_text")
    assert (finding and finding.severity) == expected


def test_some_numbers_among_words_are_no_finding(tmp_path: Path) -> None:
    train = rows(40, [0.0, 1.0])
    for row in train[:35]:
        row["sentence2"] = str(train.index(row))
    assert codes(tmp_path, train, "contrastive") == {}


@pytest.mark.parametrize(
    ("kind", "labels", "expected"),
    [
        ("binary", [1.0], "warning"),
        ("binary", [0.0, 1.0], None),
        ("graded", [0.5], "warning"),
        ("graded", [0.5, 0.4], None),
        ("retrieval", [0.0], "warning"),
        ("retrieval", [1.0], None),
        ("category", [0.0], "warning"),
    ],
)
def test_a_test_that_cannot_be_judged(tmp_path: Path, kind: str, labels: list[float], expected: str | None) -> None:
    test = [{**row, "sentence1": f"{row['sentence1']} of test"} for row in rows(70, labels)]
    splits = {"train": rows(9, [0.0, 1.0]), "dev": rows(9, labels), "test": test}
    finding = found(plan(tmp_path, splits, "cosine", kind=kind)).get("one_label_test")
    assert (finding and finding.severity) == expected
