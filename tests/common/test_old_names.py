"""Test that names of the version before are understood, with a note on standard error."""

import pytest

from common.old_names import MODELS, SETTINGS, modern, renamed

OPTIONS = {"--repeat-seeds", "--export", "--set", "--run"}


@pytest.mark.parametrize(
    ("words", "expected", "notes"),
    [
        (["--seeds", "3"], ["--repeat-seeds", "3"], ["--seeds is called --repeat-seeds now"]),
        (["--seeds=3"], ["--repeat-seeds=3"], ["--seeds is called --repeat-seeds now"]),
        (["--export", "winner"], ["--export", "best"], ["winner is called best now"]),
        (["--export=winner"], ["--export=best"], ["winner is called best now"]),
        (["--set", "warmup_share=0:0.2"], ["--set", "warmup_ratio=0:0.2"], ["warmup_share is called warmup_ratio now"]),
        (["--set=warmup_share=0"], ["--set=warmup_ratio=0"], ["warmup_share is called warmup_ratio now"]),
        (["--run", "winner", "--set", "margin=1"], ["--run", "winner", "--set", "margin=1"], []),
        (["--best", "3"], ["--best", "3"], []),
        (["--repeat-seeds", "3", "--export", "base"], ["--repeat-seeds", "3", "--export", "base"], []),
    ],
)
def test_a_command_line_gets_the_new_names_and_each_old_one_gets_a_note(
    words: list[str], expected: list[str], notes: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert modern(words, OPTIONS) == expected
    lines = capsys.readouterr().err.splitlines()
    assert [line.removeprefix("note: ").partition(";")[0] for line in lines] == notes


def test_an_option_that_the_command_has_keeps_its_name() -> None:
    assert modern(["--best", "3"], {"--best", "--top-k"}) == ["--best", "3"]


def test_values_are_renamed_in_their_order_with_a_note_on_request(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(renamed({"a": 1, "warmup_share": 2, "b": 3}, SETTINGS)) == ["a", "warmup_ratio", "b"]
    assert capsys.readouterr().err == ""
    assert renamed({"untuned": 1}, MODELS, note=True) == {"base": 1}
    assert "untuned is called base now" in capsys.readouterr().err
