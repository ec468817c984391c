"""Prepare a folder of pairs: by the task's rule or the published one, with mined negatives or without."""

from collections.abc import Mapping
from typing import Any

from common.mistakes import Checks, Mistakes
from pairs import prepared
from pairs.prepare import Preparation, prepare, refuse_misuse
from pairs.published import publish
from reporting.progress import MiningProgress
from tasks.common.declaration import Task
from workflows.mine import MiningRequest, miner_of
from workflows.yardsticks import LexicalScores, of_preparation


def prepare_folder(
    task: Task,
    files: Mapping[str, str],
    folder: str,
    mining: MiningRequest,
    *,
    as_published: bool,
    dry_run: bool,
    quiet: bool,
    **drawn: Any,
) -> tuple[Preparation, LexicalScores | None]:
    """Write the pairs of a task, and score the lexical yardsticks on dev unless they are the published ones.

    Args:
        task: the task.
        files: split -> path or address.
        folder: for the pairs.
        mining: the negatives to mine.
        as_published: whether to pair as the published model did, errors included.
        dry_run: whether to write nothing.
        quiet: whether to hide progress.
        drawn: seed, rows, way and negatives_per_positive, see `prepare`.

    Raises:
        Mistakes: files or options do not fit the task or each other, or the folder cannot be written to.
    """
    prepared.refuse_foreign(folder)
    pairs = _published(task, files, mining, drawn) if as_published else _made(task, files, mining, quiet, drawn)
    if not dry_run:
        prepared.write(folder, pairs.tables, pairs.manifest)
    return pairs, None if as_published else of_preparation(pairs.tables, pairs.manifest, quiet=quiet)


def _published(task: Task, files: Mapping[str, str], mining: MiningRequest, drawn: dict[str, Any]) -> Preparation:
    if mining != MiningRequest(trust_remote_code=mining.trust_remote_code):
        raise Mistakes(f"mine: {mining.count}: the published rule has its own pairs; allowed: no option of mining")
    return publish(task, files, **drawn)


def _made(
    task: Task, files: Mapping[str, str], mining: MiningRequest, quiet: bool, drawn: dict[str, Any]
) -> Preparation:
    checks = Checks()
    checks.run(refuse_misuse, task, files, **{name: value for name, value in drawn.items() if name != "seed"})
    with MiningProgress(quiet=quiet) as progress:
        miner = checks.run(miner_of, task, mining, progress)
        checks.finish()
        return prepare(task, files, **drawn, miner=miner)
