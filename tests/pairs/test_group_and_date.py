"""Test splits by a user's group column and by date: nothing is shared, no train row is later than test."""

import csv
import datetime
import random
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from common.mistakes import Mistakes
from pairs.from_file import task_from_file
from pairs.marks import Marks
from pairs.prepare import Preparation, prepare
from tasks.common.plain import PairColumns

SPLITS = ("train", "dev", "test")


def file_of(folder: Path, rows: Iterable[Sequence[Any]], name: str = "pairs.csv") -> str:
    with open(folder / name, "w", newline="") as stream:
        csv.writer(stream).writerows([("a", "b", "customer", "created"), *rows])
    return str(folder / name)


def made(file: str, way: str | None = None, **options: Any) -> Preparation:
    return prepare(task_from_file(file, ["a", "b"], **options), {"train": file}, seed=1, way=way)


def columns(preparation: Preparation, file: str, name: str) -> list[set[str]]:
    """Return, by split, the values in this column of the file's rows whose two texts are in the split."""
    with open(file, newline="") as stream:
        rows = list(csv.DictReader(stream))
    found = []
    for split in SPLITS:
        table = preparation.tables[split]
        pairs = set(zip(table["sentence1"].to_pylist(), table["sentence2"].to_pylist(), strict=True))
        found.append({row[name] for row in rows if (row["a"], row["b"]) in pairs})
    return found


def disjoint(parts: Sequence[set[str]]) -> bool:
    return all(parts) and len(set.union(*parts)) == sum(map(len, parts))


def dates(count: int, per_day: int) -> list[str]:
    return [str(datetime.date(2024, 1, 1) + datetime.timedelta(days=n // per_day)) for n in range(count)]


def some(kind: str, count: int = 240) -> list[tuple[str, str, str, str]]:
    """Return rows of customers: with their own texts, with shared texts, or with few second texts."""
    draw, days = random.Random(kind), dates(count, 2)
    first = {"own": count * 9, "shared": 150, "closed": 60}[kind]
    second = {"own": count * 9, "shared": 250, "closed": 4}[kind]
    rows = [(f"a{draw.randrange(first)}", f"b{draw.randrange(second)}", f"c{draw.randrange(40)}", day) for day in days]
    return list({row[:2]: row for row in rows}.values())


@pytest.mark.parametrize(
    ("kind", "way"),
    [
        *((kind, way) for kind in ("own", "shared") for way in (None, "texts", "first-text")),
        *(("closed", way) for way in (None, "first-text")),
    ],
)
def test_no_group_and_no_first_text_stands_in_two_splits(tmp_path: Path, kind: str, way: str | None) -> None:
    file = file_of(tmp_path, some(kind))
    preparation = made(file, way, group="customer")
    assert disjoint(columns(preparation, file, "customer"))
    assert disjoint(columns(preparation, file, "a"))
    assert disjoint(columns(preparation, file, "b")) or "sentence2" not in preparation.manifest["apart"]
    assert preparation.manifest["declaration"]["group"] == "the same customer"
    assert "by group (the same customer)" in preparation.manifest["split_rule"]


def test_groups_that_share_a_first_text_go_together(tmp_path: Path) -> None:
    rows = [(f"a{n // 2}", f"b{n % 3}", f"c{n % 40 // 2 * 2 + n % 2}", "") for n in range(120)]
    preparation = made(file_of(tmp_path, rows), "first-text", group="customer")
    assert preparation.manifest["table"]["dropped"] == {}
    assert preparation.manifest["table"]["pairs"] == {"train": 72, "dev": 24, "test": 24}


def test_without_the_option_customers_are_torn_apart(tmp_path: Path) -> None:
    file = file_of(tmp_path, some("own"))
    assert not disjoint(columns(made(file), file, "customer"))


@pytest.mark.parametrize("value", ["", "  "])
def test_a_row_without_a_group_is_refused(tmp_path: Path, value: str) -> None:
    rows = [(f"a{n}", f"b{n}", value if n == 4 else "c", "") for n in range(9)]
    with pytest.raises(Mistakes, match=r"group: row 5 of pairs.csv has '\s*' in customer; allowed: a value"):
        made(file_of(tmp_path, rows), group="customer")


@pytest.mark.parametrize("group", [None, "customer"])
@pytest.mark.parametrize("way", [None, "texts", "first-text"])
def test_the_latest_rows_are_test_and_those_before_dev(tmp_path: Path, way: str | None, group: str | None) -> None:
    rows = some("shared")
    if group:  # customers that stay for some weeks
        rows = [(a, b, f"c{place // 12}", day) for place, (a, b, _, day) in enumerate(rows)]
    random.Random(0).shuffle(rows)
    file = file_of(tmp_path, rows)
    preparation = made(file, way, time="created", group=group)
    train, dev, test = columns(preparation, file, "created")
    assert max(train) < min(dev)
    assert max(dev) < min(test)
    assert disjoint(columns(preparation, file, "a"))
    assert not group or disjoint(columns(preparation, file, "customer"))
    assert disjoint(columns(preparation, file, "b")) or preparation.manifest["apart"] == ["sentence1"]
    counted = preparation.manifest["table"]
    assert sum(counted["dropped"].values()) == len(rows) - sum(counted["pairs"].values())
    assert f"train 60% from {min(row[3] for row in rows)} to " in preparation.manifest["split_rule"]


def test_shares_are_of_rows_and_rows_of_one_date_stay_together(tmp_path: Path) -> None:
    days = [1] * 20 + [2] * 20 + [3] * 21 + [4] * 22 + [5] * 17
    rows = [(f"a{n}", f"b{n}", "", f"2024-01-0{day}") for n, day in enumerate(days)]
    counts = made(file_of(tmp_path, rows), time="created").manifest["table"]["pairs"]
    assert counts == {"train": 61, "dev": 22, "test": 17}


def test_what_recurs_over_time_is_dropped_and_said(tmp_path: Path) -> None:
    rows = [(f"a{n}", f"b{n}", f"c{n % 3}" if n % 2 else f"d{n}", day) for n, day in enumerate(dates(100, 1))]
    table = made(file_of(tmp_path, rows), time="created", group="customer").manifest["table"]
    assert table["pairs"] == {"train": 30, "dev": 10, "test": 20}
    assert table["dropped"] == {
        "dev row with a text or group of test": 10,
        "train row with a text or group of test": 30,
    }
    assert "texts recur" not in " ".join(table["notes"])
    rows = [(f"a{n}", f"b{n}", "c" if n % 3 else f"d{n}", day) for n, day in enumerate(dates(100, 1))]
    notes = made(file_of(tmp_path, rows), time="created", group="customer").manifest["table"]["notes"]
    said = "only train 20 of 60 rows, dev 7 of 20 rows are left: the others share a text or a group (the same customer)"
    assert f"{said} with a later split" in notes


def test_too_few_dates_are_refused(tmp_path: Path) -> None:
    rows = [(f"a{n}", f"b{n}", "", f"2024-01-0{n % 2 + 1}") for n in range(20)]
    with pytest.raises(Mistakes, match="time: the 20 rows have 2 different dates; allowed: at least 3"):
        made(file_of(tmp_path, rows), time="created")


def test_files_of_their_own_for_dev_and_test_leave_nothing_to_split(tmp_path: Path) -> None:
    rows = [(f"a{n}", f"b{n}", "", day) for n, day in enumerate(dates(30, 1))]
    files = {split: file_of(tmp_path, rows, f"{split}.csv") for split in SPLITS}
    task = task_from_file(files["train"], ["a", "b"], time="created")
    with pytest.raises(Mistakes, match="time: created: dev and test have files of their own"):
        prepare(task, files, seed=1)
    del files["dev"]
    file_of(tmp_path, [(f"t{n}", f"u{n}", "", "2023-01-01") for n in range(9)], "test.csv")
    table = prepare(task, files, seed=1).manifest
    assert table["table"]["pairs"] == {"train": 22, "dev": 8, "test": 9}  # 60 to 20, and the file
    assert "dev 25% from 2024-01-23 to 2024-01-30; test from its own file" in table["split_rule"]


def moments(*values: Any) -> list[float]:
    marks = Marks(PairColumns(first="a", second="b", time="t"))
    return [marks.read({"time": value}, f"row {row} of x.csv")["time"].at for row, value in enumerate(values, 1)]


UTC = datetime.UTC


@pytest.mark.parametrize(
    "values",
    [
        ["2024-01", "2024-01-01T00:00:01", "2024-01-01 01:00+00:30", " 2024-01-02 ", "2024-01-02T00:00:00.5Z"],
        [datetime.date(2024, 1, 1), datetime.datetime(2024, 1, 1, 5), datetime.datetime(2024, 1, 1, 6, tzinfo=UTC)],
        [-5, 0, 1_704_067_200, 1_704_067_200_000.5],
        ["1704067200", "1704067201.5", "1.8e9"],
        ["20231231", "20240101"],
        ["31.12.2023", "1.2.2024", "01.02.2024 00:00:01", "3.2.2024"],
        ["2023/12/31", "2024/1/2", "2024/01/02 10:00"],
    ],
)
def test_dates_and_numbers_are_put_in_order(values: list[Any]) -> None:
    found = moments(*values)
    assert found == sorted(found)
    assert len(set(found)) == len(found)


def test_one_moment_in_two_time_zones_is_one() -> None:
    zone = datetime.timezone(datetime.timedelta(hours=2))
    first, second = moments("2024-01-01T10:00:00", datetime.datetime(2024, 1, 1, 12, tzinfo=zone))
    assert first == second == 1_704_103_200


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "soon",
        "31/12/2024",
        "12.31.2024",
        "31.12.24",
        "2024-13-01",
        "nan",
        float("inf"),
        True,
        [1],
        {"a": 1},
        datetime.time(1),
    ],
)
def test_what_is_no_date_is_refused_with_its_row(value: Any) -> None:
    with pytest.raises(
        Mistakes, match="time: row 2 of x.csv has .* in t; allowed: a date such as 2024-01-31, 31.01.2024 or"
    ):
        moments("2024-01-01", value)


@pytest.mark.parametrize(("values", "before"), [(["2024-01-01", 5], "dates"), ([5, "2024-01-01"], "numbers")])
def test_numbers_and_dates_are_not_mixed(values: list[Any], before: str) -> None:
    with pytest.raises(Mistakes, match=f"time: row 2 of x.csv has .*, and earlier rows have {before}; allowed: one"):
        moments(*values)


def test_timestamps_of_parquet_are_dates(tmp_path: Path) -> None:
    start = datetime.datetime(2024, 1, 1)
    rows = [{"a": f"a{n}", "b": f"b{n}", "created": start + datetime.timedelta(hours=n)} for n in range(20)]
    types = pa.schema([("a", pa.string()), ("b", pa.string()), ("created", pa.timestamp("ns"))])
    table = pa.Table.from_pylist(rows, schema=types)
    pq.write_table(table, tmp_path / "pairs.parquet")
    preparation = made(str(tmp_path / "pairs.parquet"), time="created")
    assert sorted(preparation.tables["test"]["sentence1"].to_pylist()) == ["a16", "a17", "a18", "a19"]
    assert "test 20% from 2024-01-01 16:00:00 to 2024-01-01 19:00:00" in preparation.manifest["split_rule"]
