"""Connect to a cluster, put model and tokenised pairs there, and start the worker groups."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

import pyarrow as pa
import ray

from common.environment import environment
from common.run_folder import AUDIT, DATA, ENVIRONMENT, GROUPS, SETTINGS, RunFolder
from common.space import Settings
from models.base_model import Base, check_all_load
from pairs.train_view import TrainView, with_rows
from tasks.common.losses import LOSSES, LossName
from tasks.common.parameters import ALL
from tokens.categories import categories_of
from tokens.distinct import DistinctPairs, distinct
from tokens.reading import Reading
from tokens.tokenized import TokenizedPairs, refuse_missing, tokenize
from trainers.cluster import capacity, concurrent_groups, connect, import_meanwhile
from trainers.groups.board import BoardActor, ProgressBoard, group_times
from trainers.groups.client import GroupClient
from trainers.hardware import Hardware, choose, hardware_of_worker
from trainers.job import Data, Job, ReadPairs
from workflows.request import Request

if TYPE_CHECKING:
    from trainers.groups.worker_group import WorkerGroup


@dataclass(frozen=True, kw_only=True)
class Session:
    """A connected cluster with model and tokenised pairs in its object store, and worker groups that are starting."""

    hardware: Hardware
    groups: list["WorkerGroup"]
    board: BoardActor
    """The ProgressBoard actor (trainers/groups/board.py)."""
    template: Job
    """The job of the baseline settings, without a name."""

    def able(self) -> list[GroupClient]:
        """Return the groups that take further jobs; if there is none, all of them, so that a job reports why."""
        return [group.client for group in self.groups if not group.lost] or [group.client for group in self.groups]

    def times(self) -> dict[str, dict[str, float]]:
        """Return group -> phase -> seconds so far."""
        return group_times(self.board, {group.name: group.began for group in self.groups})

    def end(self) -> None:
        """Shut down all groups."""
        from trainers.groups.worker_group import end_groups

        end_groups(self.groups)


def reach_cluster(request: Request) -> tuple[str, int]:
    """Connect; return a line about the cluster and the number of worker groups that fit.

    Raises:
        Mistakes: no cluster, or one that is too small.
    """
    options = request.options
    for base in request.bases.values():
        base.check_loads_meanwhile()  # the start of Ray is mostly waiting
    cluster = connect(options.cpus_per_worker, options.verbose)
    concurrent = concurrent_groups(
        capacity(),
        wanted=options.trials,
        num_workers=options.workers,
        cpus_per_worker=options.cpus_per_worker,
        gpu=options.gpu,
        requested=options.concurrent,
    )
    return cluster, concurrent


def start(request: Request, run: RunFolder, concurrent: int) -> Session:
    """Write the request to the run folder and start the worker groups, which start while the pairs are tokenised.

    A failure here leaves the run folder empty, so that the same command can run again.

    Raises:
        Mistakes: a row lacks a text or a label, a base model cannot be loaded, a worker lacks the requested GPU, or
            another run began in this folder; nothing was started.
    """
    for view in request.views.values():
        refuse_missing(view)
    check_all_load(request.bases.values())
    options = request.options
    seen = hardware_of_worker(options.cpus_per_worker, options.gpu)
    hardware = choose(options.precision, options.optimizer, options.cpus_per_worker, options.gpu, seen)
    workers = {"device": seen.device, "threads": hardware.threads, **seen.environment}
    with run.reserved():
        run.write_json(SETTINGS, {**request.to_dict(), "hardware": asdict(hardware), "concurrent": concurrent})
        run.write_json(ENVIRONMENT, {**environment(), "workers": workers})
        run.write_json(AUDIT, request.audit.to_dict())
        run.write_json(DATA, {"fingerprint": request.pairs.fingerprint, "manifest": request.pairs.manifest})
        return _begin(request, run, concurrent, hardware)


def _begin(request: Request, run: RunFolder, concurrent: int, hardware: Hardware) -> Session:
    from trainers.groups.worker_group import (  # imports torch, while Ray starts
        GroupConfig,
        WorkerGroup,
        end_groups,
    )

    options, board = request.options, ProgressBoard.remote()
    first, *others = [([ray.put(base.model.files())], base.max_length) for base in request.bases.values()]
    config = GroupConfig(
        model=first[0],
        board=board,
        max_length=first[1],
        others=dict(zip(list(request.bases)[1:], others, strict=True)),
        trust_remote_code=options.trust_remote_code,
        num_workers=options.workers,
        cpus_per_worker=options.cpus_per_worker,
        gpu=options.gpu,
        storage=run.at(GROUPS),
    )
    groups = [WorkerGroup(config, f"group-{number}") for number in range(1, concurrent + 1)]
    import_meanwhile("workflows.export")
    try:
        template = job(request, data(request), hardware)
    except BaseException:  # an interrupt, too: the caller does not have the groups yet
        end_groups(groups)
        raise
    return Session(hardware=hardware, groups=groups, board=board, template=template)


def data(request: Request) -> Data:
    """Put the pairs into the object store, train as tokens of each base model and dev as texts."""
    whole: dict[ViewKey, TrainView] = {(loss, None): view for loss, view in request.views.items()}
    views = whole | {(loss, most): view for (loss, most), view in request.fewer.items()}
    return data_of(request, views, request.pairs.table("dev"))


def data_of(request: Request, views: Mapping["ViewKey", TrainView], dev: pa.Table) -> Data:
    """Put training rows, as tokens of each base model, and rows to judge, as texts, into the object store."""
    candidates = request.pairs.candidates()
    first, *others = (_read(base, views, candidates or []) for base in request.bases.values())
    return Data(
        **vars(first),
        dev=[ray.put(dev)],
        candidates=tuple(candidates) if candidates else None,
        others=dict(zip(list(request.bases)[1:], others, strict=True)),
    )


def _read(base: Base, views: Mapping["ViewKey", TrainView], candidates: Sequence[str]) -> ReadPairs:
    tokens = tokens_of(views, candidates, base.reading)
    return ReadPairs(
        train={loss: own for (loss, most), own in tokens.items() if most is None},
        fewer={(loss, most): own for (loss, most), own in tokens.items() if most is not None},
        prompts=base.prompts,
    )


def data_of_rows(request: Request, rows: pa.Table, trainings: Iterable[Settings], dev: pa.Table) -> Data:
    """Return what trainings with these settings read of other training rows, which are in memory.

    Args:
        request: the run's request.
        rows: stored training rows.
        trainings: settings.
        dev: rows to judge.
    """
    views: dict[ViewKey, TrainView] = {}
    for settings in trainings:
        loss, most = LOSSES[settings["loss"]].name, settings.get("negatives", ALL)
        own = request.views[loss] if most == ALL else request.fewer[loss, int(most)]
        view = with_rows(own, rows)
        views[loss, None if most == ALL else int(most)] = (
            distinct(view, request.base.reading) if request.options.distinct else view
        )
    return data_of(request, views, dev)


ViewKey = tuple[LossName, int | None]
"""Loss, and most given negatives of a row; None: all."""
Key = TypeVar("Key")


def tokens_of(views: Mapping[Key, TrainView], candidates: Sequence[str], reading: Reading) -> dict[Key, TokenizedPairs]:
    """Tokenise what each loss reads; losses that read alike share the tokens."""
    tokens: dict[tuple[Any, ...], TokenizedPairs] = {}
    of_view: dict[Key, TokenizedPairs] = {}
    for name, view in views.items():
        key = (view.view, isinstance(view, DistinctPairs) and view.loss.symmetric)
        if key not in tokens:
            tokens[key] = tokenize(view, reading)
        own = tokens[key]
        of_view[name] = (
            replace(own, categories=categories_of(view, candidates, reading)) if view.loss.categories else own
        )
    return of_view


def job(request: Request, pairs: Data, hardware: Hardware) -> Job:
    """Return the job of the baseline settings, without a name."""
    task = request.task
    return Job(
        trial="",
        settings=dict(request.baseline),
        kind=task.declared_kind.name,
        metric=task.metric,
        seed=request.options.seed,
        patience=request.options.patience,
        data=pairs,
        bf16=hardware.bf16,
        optimizer=hardware.optimizer,
    )
