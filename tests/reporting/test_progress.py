"""Test the progress lines of a long encoding."""

import io

import pytest
from rich.console import Console

from reporting.progress import EncodingProgress, MiningProgress, waiting


def shown(terminal: bool, quiet_s: float) -> str:
    console = Console(file=io.StringIO(), force_terminal=terminal, width=80)
    with EncodingProgress(console, quiet_s) as progress:
        for done in (10, 20, 30):
            progress(done, 30)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_mining_shows_the_texts_and_then_the_pairs() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=80)
    with MiningProgress(console, 0) as progress:
        progress.encoding(10, 20)
        progress(5, 7)
    assert isinstance(console.file, io.StringIO)
    assert "encoding 20 texts" in console.file.getvalue()
    assert "mining negatives of 7 pairs" in console.file.getvalue()


def test_quick_work_shows_nothing() -> None:
    assert shown(terminal=True, quiet_s=1e9) == ""
    assert shown(terminal=False, quiet_s=1e9) == ""


def test_a_file_gets_one_line() -> None:
    assert shown(terminal=False, quiet_s=0.0) == "encoding 30 texts, 33% done\n"


def test_a_terminal_gets_a_bar() -> None:
    assert "encoding 30 texts" in shown(terminal=True, quiet_s=0.0)


@pytest.mark.parametrize(
    ("terminal", "quiet", "shown"), [(True, False, True), (True, True, False), (False, False, False)]
)
def test_only_a_terminal_shows_what_goes_on(terminal: bool, quiet: bool, shown: bool) -> None:
    console = Console(file=io.StringIO(), force_terminal=terminal, width=80)
    with waiting("loading the base model", quiet=quiet, console=console):
        pass
    assert isinstance(console.file, io.StringIO)
    assert ("loading the base model" in console.file.getvalue()) == shown
