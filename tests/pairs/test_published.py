"""Test the authors' own rules on small files like theirs."""

import csv
from collections import Counter
from pathlib import Path

import pytest

from common.mistakes import Mistakes
from pairs import prepared
from pairs.prepare import Preparation
from pairs.published import publish
from tasks.common.loading import load


def published(task: str, rows: list[dict[str, str]] | None, folder: Path) -> Preparation:
    files = {}
    if rows:
        files["train"] = str(folder / "raw.csv")
        with open(files["train"], "w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    return publish(load(task), files, seed=42)


def test_pages_are_all_pairs_of_a_page_as_records(tmp_path: Path) -> None:
    rows = [{"page_name": f"page {n % 5}", "section_title": "t", "text_chunk": f"chunk {n}"} for n in range(50)]
    train = published("pages", rows, tmp_path).tables["train"].to_pylist()
    chunks = Counter(
        name
        for name, _ in {
            (side["page_name"], side["text"]) for row in train for side in (row["sentence1"], row["sentence2"])
        }
    )
    positives = [row for row in train if row["label"] == 1.0]
    assert sum(chunks.values()) == 40
    assert len(positives) == sum(count * (count - 1) // 2 for count in chunks.values())
    assert all(row["sentence1"]["page_name"] == row["sentence2"]["page_name"] for row in positives)
    negatives = [row for row in train if row["label"] == 0.0]
    assert len(negatives) == 3 * 5
    assert all(row["sentence1"]["page_name"] != row["sentence2"]["page_name"] for row in negatives)
    assert train[0]["sentence1"]["text"].startswith("page_name: page")


def test_invoices_are_576_and_144_pairs_one_in_six_a_duplicate(tmp_path: Path) -> None:
    tables = published("invoices", None, tmp_path).tables
    assert {split: table.num_rows for split, table in tables.items()} == {"train": 576, "dev": 144}
    assert [table["label"].to_pylist().count(1.0) for table in tables.values()] == [96, 24]


def test_nli_is_upside_down(tmp_path: Path) -> None:
    rows = [{"premise": f"p{n}", "hypothesis": f"h{n}", "label": str(n % 3)} for n in range(1_200)]
    train = published("nli", rows, tmp_path).tables["train"].to_pylist()
    assert len(train) == 1_000
    assert {int(row["sentence1"][1:]) % 3: row["label"] for row in train} == {0: 0.0, 1: 0.5, 2: 1.0}


def test_nli_is_upside_down_in_the_file_without_a_header(tmp_path: Path) -> None:
    lines = [f"{1 + n % 3}\t{1 + n % 3}\tp{n}\th{n}\n" for n in range(1_200)]
    (tmp_path / "raw.tsv").write_text("".join(lines))
    train = publish(load("nli"), {"train": str(tmp_path / "raw.tsv")}, seed=42).tables["train"].to_pylist()
    assert {1 + int(row["sentence1"][1:]) % 3: row["label"] for row in train} == {1: 0.5, 2: 1.0, 3: 0.0}


def test_job_skills_are_drawn_as_often_as_they_stand_in_the_file(tmp_path: Path) -> None:
    rows = [{"Job Title": "t", "Job Description": f"d{n}", "skills": f"s{n}"} for n in (0, 0, 0, 1)]
    table = published("job_skills", rows, tmp_path).tables["train"]
    assert table.column_names == ["sentence1", "sentence2"]
    counts = Counter(table["sentence1"].to_pylist())
    assert counts.total() == 100_000
    assert counts["d0"] == pytest.approx(75_000, abs=1_000)


def test_a_task_without_such_a_rule_says_which_have_one(tmp_path: Path) -> None:
    with pytest.raises(Mistakes, match="tickets has no published rule; allowed: invoices, job_skills, nli, pages"):
        published("tickets", None, tmp_path)


def test_what_was_published_is_written_and_has_a_fingerprint(tmp_path: Path) -> None:
    made = published("invoices", None, tmp_path)
    prepared.write(str(tmp_path / "data"), made.tables, made.manifest)
    assert made.manifest["fingerprint"] == prepared.fingerprint(made.tables)
    assert "apart" not in made.manifest


@pytest.mark.parametrize("row", ["", '{"page_name": ["a"], "section_title": "t", "text_chunk": "x"}'])
def test_rows_that_do_not_fit_the_rule_are_refused(tmp_path: Path, row: str) -> None:
    (tmp_path / "pages.jsonl").write_text('{"page_name": "a", "section_title": "t", "text_chunk": "x"}\n' + row)
    with pytest.raises(Mistakes, match="rows: the published rule makes no pairs of pages.jsonl: "):
        publish(load("pages"), {"train": str(tmp_path / "pages.jsonl")}, seed=1)
