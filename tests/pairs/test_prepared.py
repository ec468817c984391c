"""Test the folder of prepared pairs: written whole or not at all, checked when opened."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest

from common import storage
from common.mistakes import Mistakes
from pairs import prepared
from pairs.prepared import PreparedPairs, fingerprint, schema


def table(*rows: tuple[str, str, float, str]) -> pa.Table:
    return pa.table(dict(zip(schema(True).names, zip(*rows, strict=True), strict=True)), schema=schema(True))


TABLES = {
    "train": table(("a", "b", 1.0, "g"), ("c", "d", 0.0, "g")),
    "dev": table(("e", "f", 1.0, "h")),
    "candidates": pa.table({"text": ["b", "d", "f"]}),
}
MANIFEST: dict[str, Any] = {"task": "toy", "fingerprint": fingerprint(TABLES), "declaration": {"kind": "category"}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    prepared.write(str(tmp_path / "toy"), TABLES, MANIFEST)
    return tmp_path / "toy"


def test_what_is_written_is_read(folder: Path) -> None:
    for location in (str(folder), folder.as_uri()):
        pairs = PreparedPairs.open(location)
        assert pairs.splits == ("train", "dev")
        assert {**pairs.manifest, "files": None} == {**MANIFEST, "files": None}
        assert pairs.fingerprint == MANIFEST["fingerprint"]
        assert pairs.table("train").equals(TABLES["train"])
        assert pairs.num_rows("dev") == 1
        assert pairs.candidates() == ["b", "d", "f"]
        assert pairs.path("dev") == f"{location}/dev.parquet"


def test_a_sample_has_stored_rows_in_their_order_and_depends_on_the_seed_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepared, "ROWS_PER_BLOCK", 7)
    train = table(*((f"a{n:03}", f"b{n}", float(n % 2), "g") for n in range(100)))
    prepared.write(str(tmp_path), {**TABLES, "train": train}, MANIFEST)
    pairs = PreparedPairs.open(str(tmp_path))
    sample = pairs.sample("train", 10, 3)
    texts = sample["sentence1"].to_pylist()
    assert len(texts) == 10
    assert texts == sorted(texts) == pairs.sample("train", 10, 3)["sentence1"].to_pylist()
    assert texts != pairs.sample("train", 10, 4)["sentence1"].to_pylist()
    assert set(sample.to_pylist()[0].items()) <= set(train.to_pylist()[int(texts[0][1:])].items())
    assert pairs.sample("train", 1000, 3).equals(train)


def test_pairs_of_two_groups_say_both_and_the_fingerprint_covers_them(tmp_path: Path) -> None:
    names = schema(True, two_groups=True).names
    tables = {
        "train": pa.table(
            dict(zip(names, (["a"], ["b"], [0.0], ["g"], ["h"]), strict=True)), schema=schema(True, True)
        ),
        "dev": TABLES["dev"],
    }
    prepared.write(str(tmp_path), tables, MANIFEST | {"declaration": {"kind": "binary"}})
    assert PreparedPairs.open(str(tmp_path)).table("train")["group2"].to_pylist() == ["h"]
    moved = {**tables, "train": tables["train"].set_column(4, "group2", pa.array(["g"]))}
    assert len({fingerprint(tables), fingerprint(moved), fingerprint({**tables, "train": TABLES["train"]})}) == 3


def test_where_nothing_is_ranked_there_are_no_candidates(tmp_path: Path) -> None:
    prepared.write(str(tmp_path), TABLES, MANIFEST | {"declaration": {"kind": "binary"}})
    assert PreparedPairs.open(str(tmp_path)).candidates() is None


def test_a_missing_folder_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(
        Mistakes, match=r"toy does not exist or is empty; make it with: python -m jobs.prepare toy --data"
    ):
        PreparedPairs.open(str(tmp_path / "toy"))


def test_a_missing_split_is_named(folder: Path) -> None:
    with pytest.raises(Mistakes, match="split: 'test' is not in .*; allowed: train, dev"):
        PreparedPairs.open(str(folder)).table("test")
    (folder / "dev.parquet").unlink()
    with pytest.raises(Mistakes, match="has no dev.parquet; allowed: train, dev and perhaps test"):
        PreparedPairs.open(str(folder))


def test_missing_candidates_are_named(folder: Path) -> None:
    (folder / "candidates.parquet").unlink()
    with pytest.raises(Mistakes, match="has no candidates.parquet, which the kind 'category' needs"):
        PreparedPairs.open(str(folder))


def test_other_columns_and_label_types_are_named_for_all_splits(folder: Path) -> None:
    as_text = TABLES["train"].set_column(2, "label", pa.array(["1", "0"]))
    pa.parquet.write_table(as_text, folder / "train.parquet")
    pa.parquet.write_table(TABLES["dev"].drop_columns(["group"]), folder / "dev.parquet")
    with pytest.raises(Mistakes) as caught:
        PreparedPairs.open(str(folder))
    first, second = caught.value.messages
    assert "train.parquet has sentence1: string, sentence2: string, label: string, group: string; allowed: " in first
    assert "label: float" in first.split("allowed:")[1]
    assert "dev.parquet has sentence1: string, sentence2: string, label: float; allowed" in second


def test_a_damaged_table_is_named(folder: Path) -> None:
    (folder / "train.parquet").write_text("no parquet")
    with pytest.raises(Mistakes, match=r"train\.parquet is not a readable parquet file"):
        PreparedPairs.open(str(folder))


def test_prepared_pairs_are_replaced_together_with_splits_that_are_gone(folder: Path) -> None:
    prepared.write(str(folder), TABLES | {"test": TABLES["dev"]}, MANIFEST)
    assert PreparedPairs.open(str(folder)).splits == ("train", "dev", "test")
    prepared.write(str(folder), {name: TABLES[name] for name in ("train", "dev")}, MANIFEST)
    assert sorted(path.name for path in folder.iterdir()) == ["dev.parquet", "manifest.json", "train.parquet"]


def forget_files(folder: Path) -> None:
    """Remove the files from a manifest, as in older manifests."""
    manifest = json.loads((folder / "manifest.json").read_text())
    del manifest["files"]
    (folder / "manifest.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize("old", [False, True])
def test_a_file_that_was_changed_is_refused(folder: Path, old: bool) -> None:
    if old:
        forget_files(folder)
    assert PreparedPairs.open(str(folder)).splits == ("train", "dev")
    pa.parquet.write_table(table(("e", "f", 0.0, "h")), folder / "dev.parquet")  # of the same size: one label changed
    with pytest.raises(
        Mistakes, match=r"some file was changed since" if old else r"dev\.parquet was changed since"
    ) as e:
        PreparedPairs.open(str(folder))
    assert "prepare the pairs again, or make an edited file a task of its own" in str(e.value)


@pytest.mark.parametrize("old", [False, True])
def test_files_that_were_added_or_removed_are_refused(folder: Path, old: bool) -> None:
    if old:
        forget_files(folder)
    pa.parquet.write_table(TABLES["dev"], folder / "test.parquet")
    with pytest.raises(Mistakes, match="some file was changed" if old else r"test\.parquet was added since"):
        PreparedPairs.open(str(folder))
    (folder / "test.parquet").unlink()
    prepared.write(str(folder), TABLES | {"test": TABLES["dev"]}, MANIFEST | {"fingerprint": "of three"})
    if old:
        forget_files(folder)
    (folder / "test.parquet").unlink()
    with pytest.raises(Mistakes, match="some file was changed" if old else r"test\.parquet was removed since"):
        PreparedPairs.open(str(folder))


def test_a_file_written_anew_with_the_same_rows_keeps_an_old_fingerprint(folder: Path) -> None:
    forget_files(folder)
    pa.parquet.write_table(TABLES["train"], folder / "train.parquet", row_group_size=1, compression="none")
    assert PreparedPairs.open(str(folder)).num_rows("train") == 2


def test_a_folder_that_prepare_did_not_make_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "train.parquet").write_text("mine")
    (tmp_path / "notes.txt").write_text("mine too")
    with pytest.raises(Mistakes, match=r"holds notes\.txt and was not made by jobs\.prepare; allowed: a new or empty"):
        prepared.write(str(tmp_path), TABLES, MANIFEST)
    assert (tmp_path / "train.parquet").read_text() == "mine"


class Interrupted:
    """Wrap a file system so that it fails at the n-th call of one method, counted from 1."""

    def __init__(self, file_system: Any, method: str, at: int) -> None:
        self.file_system, self.method, self.left = file_system, method, at

    def __getattr__(self, name: str) -> Any:
        if name == self.method:
            self.left -= 1
            if not self.left:
                raise KeyboardInterrupt
        return getattr(self.file_system, name)


@pytest.mark.parametrize(
    ("method", "at", "whole"),
    [("open_output_stream", 2, True), ("delete_file", 2, False), ("move", 1, False), ("move", 2, False)],
)
def test_an_interrupted_write_leaves_the_old_pairs_or_none(
    folder: Path, monkeypatch: pytest.MonkeyPatch, method: str, at: int, whole: bool
) -> None:
    located, interrupted = storage.locate, Interrupted(storage.locate(str(folder))[0], method, at)
    with monkeypatch.context() as patched:
        patched.setattr(storage, "locate", lambda location: (interrupted, located(location)[1]))
        with pytest.raises(KeyboardInterrupt):
            prepared.write(str(folder), TABLES, MANIFEST | {"task": "newer"})
    if whole:
        assert PreparedPairs.open(str(folder)).manifest["task"] == "toy"
    else:
        with pytest.raises(Mistakes, match=r"but no manifest\.json"):
            PreparedPairs.open(str(folder))
    prepared.write(str(folder), TABLES, MANIFEST | {"task": "newer"})  # and it can be repeated
    assert PreparedPairs.open(str(folder)).manifest["task"] == "newer"


def test_the_fingerprint_is_of_the_contents() -> None:
    changed = TABLES | {"dev": table(("e", "f", 0.0, "h"))}
    moved = TABLES | {"dev": table(("ef", "", 1.0, "h"))}
    assert fingerprint(TABLES) == fingerprint(dict(reversed(TABLES.items())))
    assert fingerprint(TABLES | {"train": pa.concat_tables([TABLES["train"][:1], TABLES["train"][1:]])}) == fingerprint(
        TABLES
    )
    assert len({fingerprint(tables) for tables in (TABLES, changed, moved)}) == 3


def test_the_manifest_can_be_read_by_people(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    assert {**manifest, "files": None} == {**MANIFEST, "files": None}
    assert manifest["files"]["dev.parquet"]["bytes"] == (folder / "dev.parquet").stat().st_size
    assert (folder / "manifest.json").read_text().count("\n") > 3
