"""Connect to a cluster or start a local Ray, and check whether the requested workers fit."""

import logging
import os
import signal
import socket
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import NamedTuple

import ray

from common.mistakes import Mistakes, raise_if

PROJECT = Path(__file__).resolve().parent.parent
CONNECT_TIMEOUT_S = 5
ANSWER_TIMEOUT_S = 15
"""A head that refuses connections does so at once; a busy one takes seconds."""
DATA_CPUS = 1
"""Ray Data reads and tokenises beside the workers; without its own CPU it would wait for them forever."""

QUIET = {
    "RAY_TRAIN_METRICS_ENABLED": "0",  # a second metrics agent per run
    "RAY_TRAIN_HEALTH_CHECK_INTERVAL_S": "0.25",  # a group ends in 0.3 s instead of 2.3 s
    "RAY_worker_maximum_startup_concurrency": "8",  # a group starts some five small processes, at once
    "RAY_AIR_NEW_OUTPUT": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",  # the run folder has its own log, in one place
    "TUNE_WARN_EXCESSIVE_EXPERIMENT_CHECKPOINT_SYNC_THRESHOLD_S": "0",
    "TOKENIZERS_PARALLELISM": "false",
}
ALLOCATOR = {
    "MALLOC_MMAP_THRESHOLD_": str(32 * 2**20),
    "MALLOC_TRIM_THRESHOLD_": str(2**30),
}
"""glibc otherwise hands a step's activations back to the system and gets them again as zeroed pages.
32 MiB is the most it takes. Other C libraries ignore both."""
LOCAL = {
    "RAY_TRAIN_ENABLE_PREEMPTION_WATCHER": "0",  # a process per group; this machine is not taken away
}


class Node(NamedTuple):
    """Resources of one machine of a cluster."""

    cpus: float
    gpus: float = 0

    def room(self, cpus_per_worker: int, gpu: bool, reserved: int = 0) -> int:
        """Return the workers that fit beside the reserved CPUs."""
        by_cpu = max(0, int((self.cpus - reserved) // cpus_per_worker))
        return min(by_cpu, int(self.gpus)) if gpu else by_cpu


@dataclass(frozen=True, kw_only=True)
class Capacity:
    """Resources that a cluster has, or can grow to."""

    cpus: float
    gpus: float
    nodes: tuple[Node, ...]
    """With an autoscaler, whose machines have unknown sizes: one node as large as all together."""

    def room(self, cpus_per_worker: int, gpu: bool) -> int:
        """Return the workers that fit beside the CPU for data.

        A worker never spans nodes, and all are alike. The CPU for data is reserved on the node where that costs the
        fewest workers.
        """
        by_node = [node.room(cpus_per_worker, gpu) for node in self.nodes]
        lost = [
            room - node.room(cpus_per_worker, gpu, reserved=DATA_CPUS)
            for node, room in zip(self.nodes, by_node, strict=True)
            if node.cpus >= DATA_CPUS
        ]
        return max(0, sum(by_node) - min(lost, default=0))


def connect(cpus_per_worker: int, verbose: bool = False) -> str:
    """Connect to RAY_ADDRESS if it is set, else start a local Ray; return a line that says which.

    Raises:
        Mistakes: nothing answers at RAY_ADDRESS or it does not let in, or this machine cannot start a Ray now.
    """
    address = os.environ.get("RAY_ADDRESS")
    if not ray.is_initialized():
        logging.getLogger("ray").setLevel(_level(verbose))
        variables = {**QUIET, **ALLOCATOR, "OMP_NUM_THREADS": str(cpus_per_worker)}
        os.environ.update(variables)
        import_meanwhile("torch")  # the start of Ray is mostly waiting
        _join(address, variables, verbose) if address else _start_local(verbose)
    signal.signal(signal.SIGTERM, interrupt)
    resources = ray.cluster_resources()
    where = f"the cluster at {address}" if address else "a local Ray"
    return f"{where}: {resources.get('CPU', 0):g} CPUs, {resources.get('GPU', 0):g} GPUs"


def interrupt(*_: object) -> None:
    """Treat SIGTERM as Ctrl-C, which keeps the best so far.

    This holds in the background of a script, too. Shells let such processes ignore Ctrl-C: only SIGKILL would end them.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.raise_signal(signal.SIGINT)


def import_meanwhile(module: str) -> None:
    """Begin an import that takes seconds and is needed later. A later import of the module waits for the rest."""
    Thread(target=import_module, args=(module,), daemon=True).start()


def _join(address: str, variables: dict[str, str], verbose: bool) -> None:
    _refuse_unreachable(address)
    _refuse_closed(address)
    runtime_env: dict[str, object] = {"env_vars": variables}
    if "RAY_JOB_CONFIG_JSON_ENV_VAR" not in os.environ:  # a submitted job has uploaded its folder already
        runtime_env |= {"working_dir": str(PROJECT), "excludes": [".venv", ".git", "data", "runs"]}
    try:
        ray.init(runtime_env=runtime_env, log_to_driver=verbose, logging_level=_level(verbose))
    except (ConnectionError, RuntimeError, ray.exceptions.RayError) as error:  # Runtime: another version of Ray
        raise Mistakes(f"RAY_ADDRESS: {address!r} cannot be joined: {error}") from None


def _start_local(verbose: bool) -> None:
    """Start a Ray on this machine. Its processes inherit this environment and need no runtime environment."""
    os.environ |= LOCAL
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(PROJECT), os.environ.get("PYTHONPATH")]))
    try:
        ray.init(
            num_cpus=len(os.sched_getaffinity(0)) + DATA_CPUS,  # drivers and trial actors take none
            include_dashboard=False,
            log_to_driver=verbose,
            logging_level=_level(verbose),
        )
    except Exception as error:  # Ray raises a bare one if its processes take over 30 s to start
        raise Mistakes(f"a local Ray did not start; is this machine busy, or short of memory? {error}") from None


def _level(verbose: bool) -> int:
    return logging.INFO if verbose else logging.ERROR


def _refuse_unreachable(address: str) -> None:
    if address.startswith("ray://"):
        raise Mistakes(f"RAY_ADDRESS: {address!r} is Ray Client; use HOST:PORT from a node, or `ray job submit`")
    host, _, port = address.rpartition(":")
    if address in ("auto", "local"):
        return
    if not host or not port.isdigit():
        raise Mistakes(f"RAY_ADDRESS: {address!r} must be HOST:PORT or 'auto'")
    try:
        socket.create_connection((host, int(port)), CONNECT_TIMEOUT_S).close()
    except OSError as error:
        raise Mistakes(f"RAY_ADDRESS: nothing answers at {address!r} ({error}); is the cluster up?") from None


def _refuse_closed(address: str) -> None:
    """Check that a head answers: `ray.init` tries for minutes where there is no Ray, or one with another token."""
    if address == "local":
        return
    from ray._private.grpc_utils import init_grpc_channel
    from ray._private.services import canonicalize_bootstrap_address_or_die
    from ray.core.generated import gcs_service_pb2, gcs_service_pb2_grpc

    try:
        channel = init_grpc_channel(canonicalize_bootstrap_address_or_die(address))
        stub = gcs_service_pb2_grpc.NodeInfoGcsServiceStub(channel)
        stub.CheckAlive(gcs_service_pb2.CheckAliveRequest(), timeout=ANSWER_TIMEOUT_S)
    except Exception as error:  # what gRPC and Ray raise share no base class
        reason = error.details() if hasattr(error, "details") else str(error)
        raise Mistakes(
            f"RAY_ADDRESS: {address!r} does not let this job in ({reason}); allowed: a Ray head, with its own "
            "RAY_AUTH_MODE and token"
        ) from None


def capacity() -> Capacity:
    """Return the resources that the cluster has now or, with an autoscaler, may grow to."""
    from ray._private.state import state

    now, most = ray.cluster_resources(), state.get_max_resources_from_cluster_config() or {}
    cpus, gpus = (max(now.get(name, 0), most.get(name, 0)) for name in ("CPU", "GPU"))
    alive = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    nodes = [Node(cpus, gpus)] if most else [Node(has.get("CPU", 0), has.get("GPU", 0)) for has in alive]
    return Capacity(cpus=cpus, gpus=gpus, nodes=tuple(nodes))


def concurrent_groups(
    has: Capacity, *, wanted: int, num_workers: int, cpus_per_worker: int, gpu: bool, requested: int | None = None
) -> int:
    """Return how many worker groups run at a time: as many as fit, up to `wanted`, or exactly `requested`.

    Raises:
        Mistakes: not one group fits, or not as many as requested. The message shows the sum or the nodes, because
            Ray would wait forever.
    """
    group_cpus = num_workers * cpus_per_worker
    groups, room = requested or 1, has.room(cpus_per_worker, gpu)
    largest = max((node.cpus for node in has.nodes), default=0)
    need = f"{groups} x {num_workers} workers x {cpus_per_worker} CPUs + {DATA_CPUS} for data"
    mistakes = []
    if groups * group_cpus + DATA_CPUS > has.cpus:
        total = groups * group_cpus + DATA_CPUS
        mistakes.append(f"workers: {need} = {total} CPUs, the cluster has {has.cpus:g}; take fewer workers or trials")
    if cpus_per_worker > largest:
        mistakes.append(f"cpus-per-worker: {cpus_per_worker} is more than the largest node's {largest:g}")
    if gpu and groups * num_workers > has.gpus:
        mistakes.append(f"gpu: {groups} x {num_workers} workers x 1 GPU, the cluster has {has.gpus:g}")
    if not mistakes and groups * num_workers > room:
        mistakes.append(
            f"workers: {need} do not fit: nodes with {_nodes(has.nodes)} have room for {room} workers of "
            f"{cpus_per_worker} CPUs{' and 1 GPU' if gpu else ''}; take fewer workers, trials or CPUs each"
        )
    raise_if(mistakes)
    return requested or max(1, min(wanted, room // num_workers))


def _nodes(nodes: Sequence[Node]) -> str:
    """Return the nodes as in '3 x (8 CPUs, 1 GPUs)', the largest first."""
    counted = sorted(Counter(nodes).items(), reverse=True)
    return ", ".join(f"{count} x ({node.cpus:g} CPUs, {node.gpus:g} GPUs)" for node, count in counted)
