"""Test that the command to prepare pairs again makes the same pairs, whatever options the first one had."""

import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from jobs import prepare
from pairs.manifest import read_manifest
from pairs.prepare_command import prepare_command
from tasks.common.losses import LOSSES

TRIPLETS = "--columns anchor,positive,negative"
DATES = "--columns anchor,positive --group customer --time day --seed 3"


@pytest.mark.parametrize(
    "options",
    [
        "triplets.csv " + TRIPLETS,
        "triplets.csv " + TRIPLETS + " --negatives as-pairs",
        "triplets.csv " + DATES,
        "triplets.csv --columns anchor,positive --test-source more.csv",
        "scores.csv --columns a,b,score --scale 0:5 --drop-label -1",
        "words.tsv --columns 1,2,3 --labels yes=1,no=0 --rows 80",
        "invoices --rows 600",
        "invoices --rows 600 --negatives-per-positive 2",
    ],
)
def test_it_makes_the_same_pairs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: str) -> None:
    monkeypatch.chdir(tmp_path)
    rows = [f"q {n},a {n},other {n},c{n // 3},2024-01-{n % 28 + 1:02}" for n in range(90)]
    for name, part in (("triplets", rows), ("more", [row.replace(" ", " more ") for row in rows])):
        Path(f"{name}.csv").write_text("\n".join(["anchor,positive,negative,customer,day", *part]) + "\n")
    Path("scores.csv").write_text("\n".join(["a,b,score", *(f"q {n},a {n},{n % 7 - 1}" for n in range(90))]) + "\n")
    Path("words.tsv").write_text("\n".join(f"q {n}\ta {n}\t{('yes', 'no')[n % 2]}" for n in range(90)) + "\n")
    first = CliRunner().invoke(prepare.app, [*shlex.split(options), "--data", "first"])
    assert first.exit_code == 0, first.output
    manifest = read_manifest("first")
    loss = LOSSES[manifest["declaration"]["loss"]]
    command = prepare_command(manifest, "second", loss)
    words = shlex.split(command)
    assert words[:3] == ["python", "-m", "jobs.prepare"]
    again = CliRunner().invoke(prepare.app, words[3:])
    assert again.exit_code == 0, again.output
    made = read_manifest("second")
    assert made["fingerprint"] == manifest["fingerprint"]
    assert made["declaration"]["loss"] == loss.name
