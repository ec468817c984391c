"""Lexical yardsticks of prepared pairs, before anything is trained."""

import json
from pathlib import Path

import pyarrow as pa
import pytest
from typer.testing import CliRunner

from jobs import prepare
from workflows.yardsticks import lexical_scores

ROWS = pa.table(
    {"sentence1": ["red apple", "green pear"], "sentence2": ["apple", "pear"], "label": pa.array([1.0, 0.0], "float32")}
)


def test_scores_are_those_of_the_deciding_metric() -> None:
    scores = lexical_scores("binary", ROWS, ROWS, None, quiet=True)
    assert scores is not None
    assert scores.metric == "cosine_ap"
    assert set(scores.scores) == {"TF-IDF cosine", "token Jaccard", "logistic on TF-IDF, Jaccard"}
    assert all(0 <= value <= 1 for value in scores.scores.values())


def test_a_split_of_one_label_has_none() -> None:
    assert lexical_scores("binary", ROWS, ROWS.slice(0, 1), None, quiet=True) is None


@pytest.mark.parametrize(
    "options", [["--columns", "a,b,label"], ["--columns", "a,b"], ["--columns", "a,b", "--kind", "retrieval"]]
)
def test_preparing_shows_the_bar_on_dev(tmp_path: Path, options: list[str]) -> None:
    lines = [f"question {n} of topic {n % 7},answer {n} of topic {n % 7},{n % 2}" for n in range(90)]
    (tmp_path / "pairs.csv").write_text("\n".join(["a,b,label", *lines]) + "\n")
    words = [str(tmp_path / "pairs.csv"), *options, "--data", str(tmp_path / "data")]
    shown = CliRunner().invoke(prepare.app, words)
    assert shown.exit_code == 0, shown.output
    assert "yardsticks, fitted on train alone" in shown.output
    found = json.loads(CliRunner().invoke(prepare.app, [*words, "--dry-run", "--json"]).output)["yardsticks"]
    assert found["scores"]
    assert all(f"{value:.4f}" in shown.output for value in found["scores"].values())
