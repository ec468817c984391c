"""Test a run's folder on this machine and in a store (fsspec's memory stands for s3)."""

import json
from pathlib import Path

import fsspec  # type: ignore[import-untyped]
import pytest

from common.mistakes import Mistakes
from common.run_folder import RunFolder


@pytest.fixture(params=["local", "store"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "local":
        return str(tmp_path / "runs" / "a")
    address = f"fsspec+memory://{tmp_path}/runs/a"
    fsspec.filesystem("memory").rm("/", recursive=True)
    return address


def test_a_new_folder_is_made_and_a_used_one_is_refused(place: str) -> None:
    folder = RunFolder.claim(place)
    assert RunFolder.check(place).path == folder.path  # claimed, and empty still
    folder.write_json("settings.json", {})
    with pytest.raises(Mistakes, match=r"is not empty \(it holds settings.json\)"):
        RunFolder.claim(place)


def test_of_two_runs_that_found_a_folder_empty_one_goes_on(place: str) -> None:
    first, second = RunFolder.claim(place), RunFolder.claim(place)
    with first.reserved():
        for begin in (second.reserved().__enter__, lambda: RunFolder.check(place)):
            with pytest.raises(Mistakes, match=r"was taken by another run just now; give another folder, or delete .*"):
                begin()
        first.write_json("settings.json", {"of": "first"})
    with pytest.raises(Mistakes, match=r"is not empty \(it holds settings.json\)"), second.reserved():
        raise AssertionError("the second run went on")
    assert first._names() == ["settings.json"]
    assert first.read_json("settings.json") == {"of": "first"}


def test_two_marks_in_a_store_refuse_both_runs(tmp_path: Path) -> None:
    """Both runs write their mark at the same moment, and each sees the other's."""
    place = f"fsspec+memory://{tmp_path}/runs/both"
    first, second = RunFolder.claim(place), RunFolder.claim(place)
    put = first._put_mark

    def put_both(mark: str) -> None:
        put(mark)
        with pytest.raises(Mistakes, match="was taken"), second.reserved():
            raise AssertionError("the second run went on")
        put(f"{mark}-of-the-second")

    first._put_mark = put_both  # type: ignore[method-assign]
    with pytest.raises(Mistakes, match="was taken"), first.reserved():
        raise AssertionError("the first run went on")


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_a_run_that_cannot_begin_leaves_its_folder_empty(place: str, error: type[BaseException]) -> None:
    folder = RunFolder.claim(place)

    def begin() -> None:
        with folder.reserved():
            folder.write_json("settings.json", {})
            folder.put_folder(str(Path(__file__).parent), "groups")
            raise error

    with pytest.raises(error):
        begin()
    assert folder._names() == []
    with RunFolder.claim(place).reserved():
        pass


def test_checking_makes_nothing(tmp_path: Path) -> None:
    RunFolder.check(str(tmp_path / "new"))
    assert not (tmp_path / "new").exists()


def test_many_files_are_not_all_named(tmp_path: Path) -> None:
    for name in "abcde":
        (tmp_path / name).touch()
    with pytest.raises(Mistakes, match=r"it holds a, b, c, d, \.\.\.\)"):
        RunFolder.claim(str(tmp_path))


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    with pytest.raises(Mistakes, match="is a file"):
        RunFolder.claim(str(tmp_path / "a"))
    with pytest.raises(Mistakes, match="run: .*a/b"):
        RunFolder.claim(str(tmp_path / "a" / "b"))


def test_an_unknown_store_is_refused() -> None:
    with pytest.raises(Mistakes, match="nosuch://bucket/run"):
        RunFolder.claim("nosuch://bucket/run")


def test_a_path_is_below_the_folder(place: str) -> None:
    folder = RunFolder(place)
    assert folder.at("events/trial-01") == f"{folder.path}/events/trial-01"
    assert folder.events == folder.at("events")


def test_json_comes_back_and_numbers_that_json_lacks_are_null(place: str) -> None:
    folder = RunFolder.claim(place)
    folder.write_json("result.json", {"a": [1.5, float("nan")], "b": (float("inf"), "x"), "path": Path("p")})
    folder.write_json("result.json", {"a": [1.5, float("nan")], "b": (float("inf"), "x"), "path": Path("q")})
    assert folder.read_json("result.json") == {"a": [1.5, None], "b": [None, "x"], "path": "q"}


def test_a_reader_never_sees_half_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = RunFolder.claim(str(tmp_path / "run"))
    folder.write_text("a.txt", "old")

    class FullError(RuntimeError):
        pass

    class Refusing:
        def __init__(self, files: object) -> None:
            self.files = files

        def __getattr__(self, name: str) -> object:
            return getattr(self.files, name)

        def move(self, source: str, target: str) -> None:
            assert Path(source).read_text() == "new"
            assert Path(target).read_text() == "old"
            raise FullError

    monkeypatch.setattr(folder, "files", Refusing(folder.files))
    with pytest.raises(FullError):
        folder.write_text("a.txt", "new")
    assert Path(folder.at("a.txt")).read_text() == "old"


def test_what_is_streamed_comes_back_and_goes_with_its_folder(place: str) -> None:
    folder = RunFolder.claim(place)
    folder.create_folder("states")
    for name in ("states/one", "states/two"):
        with folder.writing(name) as stream:
            stream.write(name.encode())
            assert not folder.exists(name)
    folder.delete_file("states/one")
    assert not folder.exists("states/one")
    with folder.reading("states/two") as stream:
        assert stream.read() == b"states/two"
    for _ in range(2):
        folder.delete_folder("states")
        assert not folder.exists("states")


def test_a_put_folder_replaces_the_one_before(place: str, tmp_path: Path) -> None:
    folder = RunFolder.claim(place)
    for name in ("first", "second"):
        local = tmp_path / name
        (local / "inner").mkdir(parents=True)
        (local / "inner" / name).write_text(name)
        folder.put_folder(str(local), "best")
    copy = Path(folder.local_copy("best"))
    assert [path.name for path in (copy / "inner").iterdir()] == ["second"]
    assert (copy / "inner" / "second").read_text() == "second"
    assert folder.exists("best")
    assert not folder.exists("other")


def test_a_model_finds_its_run(place: str) -> None:
    folder = RunFolder.claim(place)
    folder.write_json("settings.json", {})
    assert RunFolder.of_model(f"{place}/best") is None
    folder.write_json("data.json", {})
    run = RunFolder.of_model(f"{place}/best/")
    assert run is not None
    assert run.path == folder.path
    assert folder.is_run


def test_a_local_path_is_absolute_and_shown_as_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = RunFolder.claim("runs/a")
    assert folder.path == str(tmp_path / "runs" / "a")
    assert folder.shown == "runs/a"
    assert RunFolder(f"file://{tmp_path}/runs/a").path == folder.path
    monkeypatch.chdir(tmp_path.parent.parent)
    folder.write_json("data.json", {})
    assert json.loads((tmp_path / "runs" / "a" / "data.json").read_text()) == {}
    monkeypatch.chdir(tmp_path / "runs" / "a")
    assert RunFolder(str(tmp_path / "other")).shown == str(tmp_path / "other")
