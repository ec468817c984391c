"""Run the Python that a card gives to assign a text to a category."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer

from models.category_vectors import StoredVectors, store
from reporting.card.categories import MOST_LISTED, category_lines
from tests.reporting.test_run import RESULT

PROMPT = "a red "


@pytest.fixture
def model(tiny_model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SentenceTransformer:
    """Return a model with a prompt before queries, saved in the working folder."""
    model = SentenceTransformer(tiny_model, device="cpu")
    model.prompts = {"query": PROMPT, "document": ""}
    model.save_pretrained(str(tmp_path), create_model_card=False)
    monkeypatch.chdir(tmp_path)
    return model


def printed(lines: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    (code,) = re.findall(r"```python\n(.*?)```", "\n".join(lines), re.DOTALL)
    exec(code.replace("PATH/TO/THIS/FOLDER", "."), {})
    return capsys.readouterr().out.strip()


@pytest.mark.parametrize("kept", ["mix", "centroid"])
@pytest.mark.parametrize(("prompted", "text"), [(False, "one text"), (True, f"{PROMPT}one text")])
def test_the_code_assigns_a_category_by_the_stored_vectors(
    kept: str, prompted: bool, text: str, model: SentenceTransformer, capsys: pytest.CaptureFixture[str]
) -> None:
    near, others = model.encode(text), [model.encode(other) for other in ("one text", f"{PROMPT}one text", "door")]
    vectors = np.stack([*(other for other in others if not np.allclose(other, near)), near]).astype(np.float32)
    store(".", StoredVectors(way=kept, names=("far", "door", "near"), vectors=vectors))
    assert printed(list(category_lines(replace(RESULT, kept=kept), prompted)), capsys) == "near"


@pytest.mark.parametrize(("prompted", "expected"), [(False, "one text"), (True, f"{PROMPT}one text")])
@pytest.mark.parametrize("more", [0, MOST_LISTED])
def test_without_them_the_code_assigns_it_by_the_texts_of_the_categories(
    prompted: bool, expected: str, more: int, model: SentenceTransformer, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ['it\'s "quoted"', *(f"category {number}" for number in range(more)), "one text", f"{PROMPT}one text"]
    Path("categories.txt").write_text("\n".join(names))
    lines = list(category_lines(replace(RESULT, kept="best"), prompted, names))
    assert ("    'one text'," in lines) is not bool(more)
    assert printed(lines, capsys) == expected


def test_a_model_of_another_kind_has_no_such_section() -> None:
    assert list(category_lines(replace(RESULT, kept="best"), prompted=False)) == []
