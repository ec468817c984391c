"""Test preparation of every task: counts, labels, no leak between splits, the same pairs for the same seed."""

import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from common.mistakes import Mistakes
from evaluation.evaluator import Evaluator
from pairs.from_file import task_from_file
from pairs.labels.inferred import FileOptions
from pairs.prepare import Preparation, prepare
from pairs.views import View
from tasks.common.kinds import KINDS, fits
from tasks.common.loading import load, names
from tasks.common.losses import LOSSES


def pages(folder: Path) -> dict[str, str]:
    rows = [("Shared", "Title", f"Everywhere {n % 4}.") for n in range(4)]
    rows += [(f"Page {n % 30}", f"Title {n}", f"Chunk {n}.") for n in range(150)]
    rows += [("Page 1", "Another title", "Chunk 1."), ("Page 2", "T", "Everywhere 1."), ("Page 3", "T", " ")]
    return {"train": table(folder / "pages.csv", ("page_name", "section_title", "text_chunk"), rows)}


def tickets(folder: Path) -> dict[str, str]:
    columns = ("Document", "Topic_group")
    rows = [(f"ticket {n}", f"Category {n % 5}") for n in range(120)]
    test = [(f"other {n}", f"Category {n % 5}") for n in range(30)] + [("Ticket 7", "Category 1")]
    return {"train": table(folder / "a.csv", columns, rows), "test": table(folder / "b.csv", columns, test)}


def nli(folder: Path) -> dict[str, str]:
    rng = random.Random(1)
    train = [
        (label, label, f"premise {n}", f"hypothesis {rng.randrange(4000)}")
        for n in range(2600)
        for label in [n % 3 + 1]
    ]
    test = [(f"test premise {n}", f"hypothesis {n}", n % 3) for n in range(100)]
    return {
        "train": table(folder / "a.tsv", None, train),
        "test": table(folder / "b.tsv", ("premise", "hypothesis", "label"), test),
    }


def job_skills(folder: Path) -> dict[str, str]:
    rows = [(f"Title {n % 20}", f"Does {n}.", f"Skill {n}") for n in range(60)] * 3
    return {"train": table(folder / "jobs.csv", ("Job Title", "Job Description", "skills"), rows)}


RAW: dict[str, Callable[[Path], dict[str, str]]] = {
    "pages": pages,
    "tickets": tickets,
    "nli": nli,
    "job_skills": job_skills,
    "invoices": lambda folder: {},
}


def table(path: Path, columns: tuple[str, ...] | None, rows: list[tuple[Any, ...]]) -> str:
    delimiter = "\t" if path.suffix == ".tsv" else ","
    lines = [delimiter.join(map(str, row)) for row in [*([columns] if columns else []), *rows]]
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def prepared_task(name: str, folder: Path, seed: int = 42) -> Preparation:
    return prepare(load(name), RAW[name](folder), seed=seed, rows=600 if name == "invoices" else None)


def test_every_task_is_prepared_here() -> None:
    assert set(RAW) == set(names())


@pytest.mark.parametrize("name", RAW)
def test_no_text_stands_in_two_splits(tmp_path: Path, name: str) -> None:
    tables = prepared_task(name, tmp_path).tables
    columns = ("sentence1",) if name == "tickets" else ("sentence1", "sentence2")  # categories are exempt
    splits = [tables[split] for split in ("train", "dev", "test")]
    texts = [{text.casefold() for column in columns for text in split.column(column).to_pylist()} for split in splits]
    assert all(texts)
    assert not texts[0] & texts[1]
    assert not texts[0] & texts[2]
    assert not texts[1] & texts[2]


@pytest.mark.parametrize("name", RAW)
def test_the_seed_decides_everything(tmp_path: Path, name: str) -> None:
    first, again, other = (prepared_task(name, tmp_path, seed).manifest for seed in (1, 1, 2))
    assert first == again
    assert first["fingerprint"] != other["fingerprint"]


@pytest.mark.parametrize(("name", "own"), [("invoices", 5), ("pages", 1), ("tickets", 1)])
def test_another_number_of_negatives_changes_train_alone(tmp_path: Path, name: str, own: int) -> None:
    rows = 600 if name == "invoices" else None
    made, plain = (
        prepare(load(name), RAW[name](tmp_path), seed=1, rows=rows, negatives_per_positive=number)
        for number in (3, None)
    )
    for split in set(made.tables) - {"train"}:
        assert made.tables[split].equals(plain.tables[split])
    for each, number in ((made, 3), (plain, own)):
        labels = Counter(each.tables["train"]["label"].to_pylist())
        assert labels[0.0] == number * labels[1.0]
    assert made.manifest["negatives_per_positive"] == 3


@pytest.mark.parametrize("name", RAW)
def test_the_table_counts_what_the_files_hold(tmp_path: Path, name: str) -> None:
    made = prepared_task(name, tmp_path)
    counts = made.manifest["table"]
    for split in counts["pairs"]:
        rows = made.tables[split]
        assert counts["pairs"][split] == rows.num_rows
        labels = Counter(map(str, rows.column("label").to_pylist())) if "label" in rows.column_names else {}
        assert counts["labels"][split] == dict(labels)
    assert made.manifest["declaration"]["name"] == name


def test_invoices_have_five_near_misses_for_each_of_their_duplicates(tmp_path: Path) -> None:
    counts = prepare(load("invoices"), {}, seed=42).manifest["table"]  # the default size
    assert counts["labels"] == {
        "train": {"0.0": 1800, "1.0": 360},
        "dev": {"0.0": 600, "1.0": 120},
        "test": {"0.0": 600, "1.0": 120},
    }
    demo = prepare(load("invoices"), {}, seed=42, rows=1320).manifest["table"]
    assert demo["labels"]["train"] == {"0.0": 360, "1.0": 72}
    assert demo["dropped"] == {}


def test_pages_drop_chunks_of_several_pages_and_repeats(tmp_path: Path) -> None:
    table = prepared_task("pages", tmp_path).manifest["table"]
    assert table["rows_in"] == 157
    assert table["dropped"] == {"empty text": 1, "repeat": 1, "text stands in several groups": 2}
    assert table["groups"] == {"train": 21, "dev": 5, "test": 5}
    assert all(labels["0.0"] == labels["1.0"] for labels in table["labels"].values())


def test_a_page_in_two_spellings_is_one_in_all_files(tmp_path: Path) -> None:
    columns = ("page_name", "section_title", "text_chunk")
    rows = [(f"{'Page' if n % 2 else 'page'} {n % 30}", f"Title {n}", f"Chunk {n}.") for n in range(200)]
    test = [(f"PAGE {n % 5}", f"Title {n}", f"Other {n}.") for n in range(20)]
    files = {
        "train": table(tmp_path / "a.csv", columns, [*rows, *((name.upper(), *row) for name, *row in rows)]),
        "test": table(tmp_path / "b.csv", columns, test),
    }
    made = prepare(load("pages"), files, seed=1)
    dropped = made.manifest["table"]["dropped"]
    assert dropped["repeat"] == 200
    assert "text stands in several groups" not in dropped
    assert dropped["train row with a text or group of the test file"] == sum(n % 30 < 5 for n in range(200))
    groups = [set(map(str.casefold, made.tables[split]["group"].to_pylist())) for split in ("train", "dev", "test")]
    assert sum(map(len, groups)) == len(set.union(*groups)) == 30


def test_tickets_have_every_category_as_candidate_and_only_true_ones_to_judge_by(tmp_path: Path) -> None:
    made = prepared_task("tickets", tmp_path)
    assert made.tables["candidates"].column("text").to_pylist() == [f"Category {n}" for n in range(5)]
    assert made.manifest["table"]["dropped"] == {"train row with a text or group of the test file": 1}
    assert made.manifest["table"]["labels"] == {
        "train": {"0.0": 95, "1.0": 95},
        "dev": {"1.0": 24},
        "test": {"1.0": 31},
    }


def test_a_category_gets_its_commonest_spelling_in_every_split_and_a_perfect_model_its_full_score(
    tmp_path: Path,
) -> None:
    ways = ["Hardware", "Hardware", "hardware", "HARDWARE", "Access", "access"]
    columns, rows = ("Document", "Topic_group"), [(f"ticket {n}", ways[n % 6]) for n in range(120)]
    test = [(f"other {n}", ("\uff28ardware", "access")[n % 2]) for n in range(30)]
    files = {"train": table(tmp_path / "a.csv", columns, rows), "test": table(tmp_path / "b.csv", columns, test)}
    made = prepare(load("tickets"), files, seed=1)
    assert made.tables["candidates"]["text"].to_pylist() == ["Hardware", "access"]
    for split in ("train", "dev", "test"):
        assert set(made.tables[split]["sentence2"].to_pylist()) == {"Hardware", "access"}
    assert made.manifest["table"]["notes"] == [
        "categories that differ only in case, width or white space are one, spelled the most common way: "
        "Hardware 40/HARDWARE 20/hardware 20/\uff28ardware 15; access 35/Access 20"
    ]
    train = made.tables["train"].to_pylist()
    held = {row["sentence1"]: row["sentence2"] for row in train if row["label"] == 1.0}
    assert not [row for row in train if row["label"] == 0.0 and row["sentence2"] == held[row["sentence1"]]]
    truth = dict(rows + test)

    def perfect(texts: list[str]) -> np.ndarray:
        return np.array([[1.0, 0.0] if "ard" in truth.get(text, text).casefold() else [0.0, 1.0] for text in texts])

    judge = Evaluator("category", made.tables["test"], made.tables["candidates"]["text"].to_pylist())
    assert judge.evaluate(perfect).scores()["macro_f1"] == 1.0


def test_second_texts_like_categories_get_one_spelling_too(tmp_path: Path) -> None:
    rows = [(f"t {n}", ("yes", "Yes", "no")[n % 3], n % 2) for n in range(90)]
    file = table(tmp_path / "ready.csv", ("a", "b", "label"), rows + [("u", "yes", 1)])
    made = prepare(task_from_file(file, []), {"train": file}, seed=1)
    assert {text for split in ("train", "dev", "test") for text in made.tables[split]["sentence2"].to_pylist()} == {
        "yes",
        "no",
    }
    assert "yes 31/Yes 30" in made.manifest["table"]["notes"][0]


def test_candidates_hold_one_spelling_of_each_text(tmp_path: Path) -> None:
    rows = [(f"question {n}", f"Answer {n}") for n in range(40)] + [(f"more {n}", f"answer {n}") for n in range(5)]
    file = table(tmp_path / "ready.csv", ("a", "b"), rows)
    made = prepare(task_from_file(file, []), {"train": file}, seed=1)
    assert made.tables["candidates"]["text"].to_pylist() == sorted(f"Answer {n}" for n in range(40))
    Evaluator("retrieval", made.tables["dev"], made.tables["candidates"]["text"].to_pylist())


def test_nli_takes_dev_first_and_reads_both_layouts(tmp_path: Path) -> None:
    made = prepared_task("nli", tmp_path)
    table = made.manifest["table"]
    assert table["pairs"]["dev"] == 2000
    assert table["pairs"]["test"] == 100
    assert set(table["dropped"]) == {
        "train row with a text or group of dev",
        "train row with a text or group of the test file",
    }
    assert table["pairs"]["train"] == 2600 - 2000 - sum(table["dropped"].values())
    for row in made.tables["dev"].to_pylist()[:50]:
        number = int(row["sentence1"].split()[-1]) % 3 + 1
        assert row["label"] == {1: 0.5, 2: 0.0, 3: 1.0}[number]


def test_job_skills_have_no_labels_and_all_skills_as_candidates(tmp_path: Path) -> None:
    made = prepared_task("job_skills", tmp_path)
    assert made.tables["train"].schema == pa.schema(
        [("sentence1", pa.string()), ("sentence2", pa.string()), ("group", pa.string())]
    )
    assert made.tables["candidates"].num_rows == 60
    assert made.manifest["table"]["groups"] == {"train": 12, "dev": 4, "test": 4}
    assert made.manifest["table"]["dropped"] == {"repeat": 120}


@pytest.mark.parametrize("name", RAW)
def test_pairs_of_two_groups_name_the_group_of_each_text(tmp_path: Path, name: str) -> None:
    tables = prepared_task(name, tmp_path).tables
    for split in ("train", "dev", "test"):
        assert ("group2" in tables[split].column_names) == (name in ("pages", "invoices", "nli"))
        if name in ("pages", "invoices"):
            rows = tables[split].to_pylist()
            assert all((row["group"] == row["group2"]) == (row["label"] == 1.0) for row in rows)


def test_train_is_not_in_the_order_of_its_groups(tmp_path: Path) -> None:
    groups = prepared_task("invoices", tmp_path).tables["train"].column("group").to_pylist()
    same_as_next = sum(first == second for first, second in zip(groups, groups[1:], strict=False))
    assert same_as_next < len(groups) / 4  # in order it would be five of six


def of_file(file: str, **asked: str) -> Preparation:
    return prepare(task_from_file(file, [], FileOptions(**asked)), {"train": file}, seed=1)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("columns", "kind"),
    [(("a", "b", "label"), "binary"), (("a", "b", "negative"), "retrieval"), (("a", "b"), "category")],
)
def test_what_is_prepared_does_not_depend_on_the_loss(tmp_path: Path, columns: tuple[str, ...], kind: str) -> None:
    third, few = columns[2:], len(columns) == 2
    rows: list[tuple[Any, ...]] = [(f"q {n}", f"a {n % 9 if few else n}", n % 2) for n in range(90)]
    rows += [("a 3", "q 3", 1), ("a 4", "q 4", 1), ("q 5", "a 5", 1)] if third == ("label",) else []
    cells = [(first, second, f"not {n}" if third == ("negative",) else n) for first, second, n in rows]
    file = table(tmp_path / "pairs.csv", columns, [row[: len(columns)] for row in cells])
    made = {name: of_file(file, loss=name, kind=kind) for name, loss in LOSSES.items() if fits(loss, KINDS[kind])}
    assert len({each.manifest["fingerprint"] for each in made.values()}) == 1
    read = {name: View.of(LOSSES[name]).read(each.tables["train"]).num_rows for name, each in made.items()}
    assert read["ranking"] < read["contrastive"] == read["cosine"]
    for name, each in made.items():
        said = any(f"loss reads {read[name]} training" in note for note in each.manifest["table"]["notes"])
        assert said == (read[name] != each.tables["train"].num_rows)


def test_a_training_split_that_holds_nothing_for_its_loss_is_refused(tmp_path: Path) -> None:
    rows = [(f"q {n}", f"a {n}", n % 2) for n in range(60)]
    file = table(tmp_path / "pairs.csv", ("a", "b", "label"), rows)
    ranking = task_from_file(file, [], FileOptions(loss="ranking"))
    files = {
        "train": table(tmp_path / "a.csv", ("a", "b", "label"), rows[::2]),
        "dev": table(tmp_path / "b.csv", ("a", "b", "label"), [(f"p {n}", f"r {n}", n % 2) for n in range(9)]),
        "test": table(tmp_path / "c.csv", ("a", "b", "label"), [(f"s {n}", f"t {n}", n % 2) for n in range(9)]),
    }
    with pytest.raises(Mistakes, match="train: no pair of 30 is labelled 1; a ranking loss reads no others"):
        prepare(ranking, files, seed=1)


@pytest.mark.parametrize(
    ("name", "files", "rows", "message"),
    [
        ("tickets", {}, None, "source: tickets needs --source PATH; fine_tuning_dataset.csv"),
        ("invoices", {"train": "x.csv"}, None, "x.csv: the data of invoices is generated; allowed: no file"),
        ("invoices", {}, 0, "rows: 0 must be at least 1"),
        ("invoices", {}, 20, "no rows left|no pairs can be made"),
    ],
)
def test_what_does_not_fit_the_task_is_refused(
    name: str, files: dict[str, str], rows: int | None, message: str
) -> None:
    with pytest.raises(Mistakes, match=message):
        prepare(load(name), files, seed=1, rows=rows)


def test_every_unreadable_file_is_named_at_once() -> None:
    with pytest.raises(Mistakes) as caught:
        prepare(load("tickets"), {"train": "one.csv", "test": "two.xlsx"}, seed=1)
    assert len(caught.value.messages) == 2


def test_a_file_of_which_nothing_can_be_used_is_refused(tmp_path: Path) -> None:
    file = table(tmp_path / "raw.tsv", None, [("9", "9", "premise", "hypothesis")] * 3)
    with pytest.raises(Mistakes, match=r"nothing in raw.tsv can be used \(not usable: 3\)"):
        prepare(load("nli"), {"train": file}, seed=1)
