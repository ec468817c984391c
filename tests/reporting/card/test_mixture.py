"""Run the Python that a card gives for a mixture of weights and for stored vectors."""

import contextlib
import io
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer

from models.category_vectors import StoredVectors, store
from reporting.card.categories import category_lines
from reporting.card.mixture import mixture_lines
from tests.reporting.test_run import RESULT
from tests.tiny_model import build_tiny_model


def python(lines: list[str]) -> str:
    (code,) = re.findall(r"```python\n(.*?)```", "\n".join(lines), re.DOTALL)
    return str(code)


def test_the_code_mixes_the_weights(tiny_model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    other = build_tiny_model(str(tmp_path / "other"), seed=1)
    training = {"command": "python -m jobs.train x", "trial": "trial-01", "steps": 8, "whole": False}
    lines = list(
        mixture_lines([{"model": other, "fraction": 0.75, **training}, {"model": tiny_model, "fraction": 0.25}])
    )
    exec(python(lines), {})
    mixed, first, second = (
        SentenceTransformer(name, device="cpu").state_dict() for name in ("mixed", other, tiny_model)
    )
    assert len(mixed) > 5
    for name, weight in mixed.items():
        if weight.is_floating_point():
            np.testing.assert_allclose(weight, 0.75 * first[name] + 0.25 * second[name], atol=1e-6)
    text = "\n".join(lines)
    assert "0.75 of trial-01 and 0.25 of the base model" in text
    assert "trial-01 was stopped early and has the weights after step 8" in text


def test_a_training_alone_has_no_such_section() -> None:
    assert list(mixture_lines([])) == []


@pytest.mark.parametrize("kept", ["mix", "centroid"])
def test_the_code_assigns_a_category_by_the_stored_vectors(kept: str, tiny_model: str, tmp_path: Path) -> None:
    model = SentenceTransformer(tiny_model, device="cpu")
    model.save_pretrained(str(tmp_path))
    own = model.encode("one text")
    names = ("far", "near")
    store(str(tmp_path), StoredVectors(way=kept, names=names, vectors=np.stack([-own, own]).astype(np.float32)))
    code = python(list(category_lines(replace(RESULT, kept=kept), prompted=False)))
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(code.replace("PATH/TO/THIS/FOLDER", str(tmp_path)), {})
    assert printed.getvalue().strip() == "near"
    assert list(category_lines(replace(RESULT, kept="best"), prompted=False)) == []
