"""Test the scores that a run stores."""

from pathlib import Path

from rich.console import Console

from common.run_folder import RunFolder
from reporting.evaluations import CachedScores, cached_lines, scored_once, scores_table


def test_a_score_is_computed_once_per_split_pairs_and_weights(tmp_path: Path) -> None:
    run, calls = RunFolder.claim(str(tmp_path / "run")), list[int]()

    def score() -> dict[str, float]:
        calls.append(1)
        return {"cosine_ap": 0.1 * len(calls)}

    first = scored_once(run, "test", "pairs", "weights", score)
    again = scored_once(RunFolder(run.path), "test", "pairs", "weights", score)
    assert (first.scores, first.since) == ({"cosine_ap": 0.1}, None)
    assert again.scores == first.scores
    assert again.since is not None
    assert len(calls) == 1
    for other in (("dev", "pairs", "weights"), ("test", "others", "weights"), ("test", "pairs", "others")):
        assert scored_once(run, *other, score).since is None
    assert len(calls) == 4
    assert len(run.read_json("evaluations.json")) == 4


def test_the_table_has_a_column_per_model_and_lines_say_what_was_looked_up() -> None:
    models = {
        "model": CachedScores(scores={"macro_f1": 0.75, "accuracy": 0.8}, since="2026-01-02T03:04:05+00:00"),
        "base": CachedScores(scores={"macro_f1": 0.5, "accuracy": 0.6}),
    }
    console = Console(width=100, color_system=None)
    with console.capture() as capture:
        console.print(scores_table(models, "macro_f1"))
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in capture.get().splitlines() if "│" in line]
    assert rows == [["macro_f1", "0.7500", "0.5000"], ["accuracy", "0.8000", "0.6000"]]
    (line,) = cached_lines(models)
    assert line.startswith("model: scored at 2026-01-02T03:04:05+00:00, not again")
