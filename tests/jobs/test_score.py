"""jobs.score on a local Ray: pairs, candidates, and an interrupted call that is resumed."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sentence_transformers import SentenceTransformer
from typer.testing import CliRunner

from common.mistakes import Mistakes
from jobs import score
from models.category_vectors import StoredVectors, store
from tokens.reading import Prompts
from workflows.evaluate import refit_of
from workflows.score import stage
from workflows.score_request import check_score_request
from workflows.score_worker import Scorer

ROWS = 20
PROMPTS = Prompts("query: ", "page: ")


@pytest.fixture
def model(tiny_model: str, tmp_path: Path) -> str:
    folder = Path(shutil.copytree(tiny_model, tmp_path / "model"))
    (folder / "threshold.json").write_text(json.dumps({"value": 0.9}))
    return str(folder)


def test_prompts_stand_before_texts_and_candidates(tiny_model: str) -> None:
    model = SentenceTransformer(tiny_model, device="cpu")
    first, second = (model.encode("a door", prompt=prompt, normalize_embeddings=True) for prompt in PROMPTS)
    pairs = scorer(tiny_model, prompts=PROMPTS).scored(pa.table({"a": ["a door"], "b": ["a door"]}))
    assert pairs["score"][0].as_py() == pytest.approx(float(first @ second), abs=1e-5)
    choice = scorer(tiny_model, texts=("a",), candidates=("a door",), prompts=PROMPTS).scored(
        pa.table({"a": ["a door"]})
    )
    assert choice["scores"][0].as_py() == pytest.approx([float(first @ second)], abs=1e-5)
    assert choice["candidates"][0].as_py() == ["a door"]


@pytest.fixture
def file(tmp_path: Path) -> str:
    table = pa.table(
        {
            "id": list(range(ROWS)),
            "a": [f"the invoice {n}" for n in range(ROWS)],
            "b": [f"the  invoice {n}" if n % 2 else f"paper {n} of apple" for n in range(ROWS)],
        }
    )
    pq.write_table(table, tmp_path / "pairs.parquet")
    return str(tmp_path / "pairs.parquet")


def run(*words: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(score.app, list(words))
    return done.exit_code, done.stdout, done.stderr


def scorer(folder: str, **changes: Any) -> Scorer:
    given = {"texts": ("a", "b"), "candidates": None, "top_k": 3, "threshold": None}
    return Scorer(SentenceTransformer(folder, device="cpu"), **{**given, **changes})


def expected(folder: str, table: pa.Table) -> np.ndarray:
    encoder = SentenceTransformer(folder, device="cpu")
    vectors = [encoder.encode(table[name].to_pylist(), normalize_embeddings=True) for name in ("a", "b")]
    cosines: np.ndarray = np.einsum("ij,ij->i", *vectors)
    return cosines


def test_pairs_get_a_score_and_where_a_threshold_is_stored_a_decision(tiny_model: str, file: str) -> None:
    table = pq.read_table(file)
    assert scorer(tiny_model).scored(table).column_names == ["id", "a", "b", "score"]
    scored, cosines = scorer(tiny_model, threshold=0.9).scored(table), expected(tiny_model, table)
    assert scored["score"].to_numpy() == pytest.approx(cosines, abs=1e-5)
    assert scored["decision"].to_pylist() == (cosines >= 0.9).tolist()
    assert scored["decision"].to_pylist()[1::2] == [True] * 10


def test_a_text_gets_its_best_candidates(tiny_model: str, file: str) -> None:
    names = ("apple", "the invoice 3", "paper")
    row = scorer(tiny_model, texts=("a",), candidates=names, top_k=2).scored(pq.read_table(file)).to_pylist()[3]
    assert row["candidates"][0] == "the invoice 3"
    assert row["scores"][0] == pytest.approx(1.0, abs=1e-5)
    assert len(row["candidates"]) == len(row["scores"]) == 2


def test_stored_vectors_take_the_place_of_the_candidates_texts(model: str, file: str, tmp_path: Path) -> None:
    names, out = tmp_path / "names.txt", str(tmp_path / "out")
    vectors = SentenceTransformer(model, device="cpu").encode(["the invoice 3", "paper"], normalize_embeddings=True)
    store(model, StoredVectors(way="mix", names=("Near", "Far"), vectors=vectors))
    names.write_text("far\nnear\n")
    asked = check_score_request(model, file, ["a"], out, str(names), 1)
    assert asked.notes == ()
    assert asked.vectors is not None
    np.testing.assert_array_equal(asked.vectors, vectors[::-1])
    more = {"texts": ("a",), "candidates": asked.candidates, "vectors": asked.vectors}
    row = scorer(model, **more).scored(pq.read_table(file)).to_pylist()[3]
    assert row["candidates"][0] == "near"
    assert row["scores"][0] == pytest.approx(1.0, abs=1e-5)
    names.write_text("far\nnear\nelsewhere\n")
    asked = check_score_request(model, file, ["a"], out, str(names), 1)
    assert asked.vectors is None
    assert "vectors of 2 categories, not of these 3" in asked.notes[0]


def test_candidates_are_the_lines_of_a_file(tiny_model: str, file: str, tmp_path: Path) -> None:
    names = tmp_path / "names.txt"
    names.write_text("the invoice 3\n\npaper\nthe invoice 3\napple\n")
    asked = check_score_request(tiny_model, file, ["a"], str(tmp_path / "out"), str(names), 3)
    assert asked.candidates == ("the invoice 3", "paper", "apple")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xef\xbb\xbfapple\r\npaper\rone\xe2\x80\xa8two", None),
        (b"apple\npap\xe9r\n", "names.txt cannot be read: line 2: byte 0xe9 is no UTF-8"),
        ("apple".encode("utf-16"), "line 1: it is UTF-16; allowed: UTF-8"),
        (b"\xef\xbb\xbf\n\n", "has no line of text"),
    ],
)
def test_a_file_of_candidates_is_utf8(
    tiny_model: str, file: str, tmp_path: Path, content: bytes, said: str | None
) -> None:
    names, out = tmp_path / "names.txt", str(tmp_path / "out")
    names.write_bytes(content)
    if said is None:
        candidates = check_score_request(tiny_model, file, ["a"], out, str(names), 3).candidates
        assert candidates == ("apple", "paper", "one\u2028two")
        return
    code, _, err = run(tiny_model, file, "--columns", "a", "--candidates", str(names), "--out", out)
    assert (code, said in err) == (2, True), err


def test_what_is_no_text_is_named_before_anything_is_scored(
    tiny_model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("files.batches.ROWS_AT_ONCE", 1)
    (tmp_path / "pairs.jsonl").write_text('{"a": "x", "b": "y"}\n{"a": "x", "b": ["y"]}\n')
    with pytest.raises(Mistakes, match="b: row 2 of pairs.jsonl has a list; allowed where a text belongs"):
        stage(
            check_score_request(tiny_model, str(tmp_path / "pairs.jsonl"), ["a", "b"], str(tmp_path / "out"), None, 3)
        )


def test_the_first_row_is_no_pair_where_it_is_a_header(tiny_model: str, tmp_path: Path) -> None:
    (tmp_path / "pairs.txt").write_text("id\ta\tb\n1\tone\ttwo\n2\tthree\tfour\n")
    asked = check_score_request(tiny_model, str(tmp_path / "pairs.txt"), ["2", "3"], str(tmp_path / "out"), None, 3)
    assert stage(asked) == {0: 2}
    assert asked.table.table.notes() == ("the first row of pairs.txt is read as a header, not as a pair: id, a, b",)


def test_an_interrupted_call_is_taken_up_again(
    ray_cluster: str, model: str, file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("files.batches.ROWS_AT_ONCE", 6)
    calibration = {"method": "logistic", "prevalence": 0.2, "slope": 9.0, "intercept": -8.0}
    Path(model, "calibration.json").write_text(json.dumps(calibration))
    out = str(tmp_path / "scored.parquet")
    asked = check_score_request(model, file, ["a", "b"], out, None, 3)
    assert stage(asked) == {0: 6, 1: 6, 2: 6, 3: 2}
    pq.write_table(pa.table({"id": [99]}), f"{out}/part-00001.parquet")  # whatever is there was scored before
    code, said, _ = run(model, file, "--columns", "a,b", "--out", out, "--json")
    assert code == 0
    columns = ["id", "a", "b", "score", "probability", "decision"]
    told = {"rows": ROWS, "without_score": 0, "as_json": [], "columns": columns}
    assert json.loads(said) == {"out": out, **told, "parts": 4, "notes": []}
    assert pq.read_table(f"{out}/part-00001.parquet")["id"].to_pylist() == [99]
    last, rows = pq.read_table(f"{out}/part-00003.parquet"), pq.read_table(file).slice(18)
    assert last["id"].to_pylist() == [18, 19]
    assert last["score"].to_numpy() == pytest.approx(expected(model, rows), abs=1e-5)
    assert last["probability"].to_numpy() == pytest.approx(1 / (1 + np.exp(8 - 9 * expected(model, rows))), abs=1e-4)
    assert last["decision"].to_pylist() == (expected(model, rows) >= 0.9).tolist()
    code, _, err = run(model, file, "--columns", "b,a", "--out", out)
    assert code == 2
    assert "holds other scores" in err


def test_columns_that_the_output_adds_may_not_be_there(tiny_model: str, file: str, tmp_path: Path) -> None:
    table = pq.read_table(file)
    pq.write_table(table.append_column("score", table["id"]), file)
    code, _, err = run(tiny_model, file, "--columns", "a,b", "--out", str(tmp_path / "out"))
    assert code == 2
    assert "has score, which the output would have twice" in err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--columns", "a,c"), "columns: c not in"),
        (("--columns", "a,b,id"), "columns: a,b,id; allowed: two texts"),
        (("--columns", "a"), "--candidates FILE, one per line, is needed"),
        (("--columns", "a,b", "--top-k", "0"), "top-k: 0 must be at least 1"),
        (("--columns", "a,b", "--candidates", "names.txt"), "candidates: names.txt with two texts per row"),
        (("--columns", "a", "--candidates", "names.jsonl"), "candidates: names.jsonl holds rows; allowed: a text file"),
    ],
)
def test_mistakes(words: tuple[str, ...], message: str, tiny_model: str, file: str, tmp_path: Path) -> None:
    code, _, err = run(tiny_model, file, *words, "--out", str(tmp_path / "out"))
    assert code == 2
    assert message in err
    assert not (tmp_path / "out").exists()


def test_a_folder_with_other_scores_is_refused(tiny_model: str, file: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "notes.txt").write_text("mine")
    code, _, err = run(tiny_model, file, "--columns", "a,b", "--out", str(out))
    assert code == 2
    assert "holds notes.txt" in err


def test_a_model_that_does_not_load_is_refused_before_a_worker_is_asked_for(
    tiny_model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shutil.copytree(tiny_model, tmp_path / "model")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "model_type": "brand-new"}))
    (tmp_path / "pairs.csv").write_text("a,b\none,two\n")
    monkeypatch.setattr("workflows.score.connect", lambda *_: None)
    monkeypatch.setattr("workflows.score._scored", lambda *_: pytest.fail("a worker was asked for"))
    words = [str(folder), str(tmp_path / "pairs.csv"), "--columns", "a,b", "--out", str(tmp_path / "out")]
    result = CliRunner().invoke(score.app, words)
    assert result.exit_code == 2, result.output
    assert f"error: model: '{folder}' cannot be loaded: ValueError: " in result.stderr


def test_a_runs_refit_is_scored_with_or_named_as_missing(tiny_model: str, file: str, tmp_path: Path) -> None:
    words = (file, "--columns", "a,b", "--out", str(tmp_path / "out"), "--model", "refit")
    code, output, errors = run(tiny_model, *words)
    assert (code, output) == (2, "")
    assert "is no run; allowed: a run with --refit dev or --refit all" in errors
    folder = tmp_path / "run"
    folder.mkdir()
    for name in ("settings.json", "data.json"):
        (folder / name).write_text("{}")
    assert "is a run without one" in run(str(folder), *words)[2]
    shutil.copytree(tiny_model, folder / "refit")
    assert refit_of(str(folder)) == str(folder / "refit")
