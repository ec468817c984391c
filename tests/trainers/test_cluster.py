"""Test what fits a cluster node by node, and addresses that cannot be reached."""

import signal
import socket
from collections.abc import Iterator
from typing import Any

import pytest
import ray

from common.mistakes import Mistakes
from trainers.cluster import Capacity, Node, capacity, concurrent_groups, connect


def cluster(*nodes: tuple[float, float]) -> Capacity:
    """Return a cluster with a node for each (CPUs, GPUs)."""
    cpus, gpus = (sum(each) for each in zip(*nodes, strict=True))
    return Capacity(cpus=cpus, gpus=gpus, nodes=tuple(Node(*node) for node in nodes))


SMALL = cluster((3, 0))


@pytest.mark.parametrize(
    ("has", "wanted", "workers", "cpus", "gpu", "groups"),
    [
        (SMALL, 8, 1, 1, False, 2),
        (SMALL, 1, 1, 1, False, 1),
        (SMALL, 8, 2, 1, False, 1),
        (cluster((65, 8)), 16, 2, 4, True, 4),
        (cluster((17, 8)), 16, 1, 4, True, 4),
        (cluster((3, 0), (3, 0), (3, 0)), 8, 3, 2, False, 1),  # the third CPU of a node is for data
        (cluster((4, 0), (4, 0)), 8, 1, 2, False, 3),  # data takes the place of one worker
        (cluster((4, 0), (5, 0)), 8, 1, 2, False, 4),
        (cluster((0, 0), (16, 0), (4, 1), (4, 1)), 8, 1, 4, True, 2),  # a head, and data on the node without a GPU
        (cluster((8, 1), (8, 1)), 8, 2, 4, True, 1),
    ],
)
def test_as_many_groups_as_fit_beside_the_data(
    has: Capacity, wanted: int, workers: int, cpus: int, gpu: bool, groups: int
) -> None:
    groups_at_a_time = concurrent_groups(has, wanted=wanted, num_workers=workers, cpus_per_worker=cpus, gpu=gpu)
    assert groups_at_a_time == groups
    assert groups_at_a_time * workers * cpus + 1 <= has.cpus


def test_what_does_not_fit_is_refused_with_the_sum() -> None:
    with pytest.raises(Mistakes, match=r"workers: 1 x 4 workers x 1 CPUs \+ 1 for data = 5 CPUs, the cluster has 3"):
        concurrent_groups(SMALL, wanted=4, num_workers=4, cpus_per_worker=1, gpu=False)


@pytest.mark.parametrize(
    ("has", "workers", "cpus", "gpu", "said"),
    [
        (
            cluster((3, 0), (3, 0), (3, 0)),
            4,
            2,
            False,
            r"3 x \(3 CPUs, 0 GPUs\) have room for 3 workers of 2 CPUs;",
        ),
        (cluster((2, 0), (2, 0)), 2, 2, False, "the cluster has 4;"),
        (cluster((4, 0), (1, 4)), 2, 2, True, r"1 x \(4 CPUs, 0 GPUs\), 1 x \(1 CPUs, 4 GPUs\) have room for 0"),
        (cluster((9, 1), (1, 1)), 2, 4, True, "have room for 1 workers of 4 CPUs and 1 GPU;"),
    ],
)
def test_a_sum_that_fits_no_node_is_refused(has: Capacity, workers: int, cpus: int, gpu: bool, said: str) -> None:
    with pytest.raises(Mistakes, match=said):
        concurrent_groups(has, wanted=1, num_workers=workers, cpus_per_worker=cpus, gpu=gpu)


@pytest.mark.parametrize(
    ("most", "room"), [({}, 3), ({"CPU": 100.0, "GPU": 8.0}, 49)], ids=["as it is", "with an autoscaler"]
)
def test_what_may_grow_is_counted_by_its_sum(
    most: dict[str, float], room: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = {"Resources": {"CPU": 3.0}, "Alive": True}
    monkeypatch.setattr("ray.cluster_resources", lambda: {"CPU": 9.0})
    monkeypatch.setattr("ray.nodes", lambda: [node, node, node, {**node, "Alive": False}])
    monkeypatch.setattr("ray._private.state.state.get_max_resources_from_cluster_config", lambda: most)
    assert capacity().room(cpus_per_worker=2, gpu=False) == room


def test_more_at_a_time_than_fits_is_refused() -> None:
    with pytest.raises(Mistakes, match=r"3 x 1 workers x 1 CPUs \+ 1 for data = 4 CPUs"):
        concurrent_groups(SMALL, wanted=4, num_workers=1, cpus_per_worker=1, gpu=False, requested=3)


def test_every_shortage_is_named() -> None:
    with pytest.raises(Mistakes) as caught:
        concurrent_groups(cluster((4, 1), (4, 0), (1, 0)), wanted=1, num_workers=2, cpus_per_worker=5, gpu=True)
    assert [message.partition(":")[0] for message in caught.value.messages] == ["workers", "cpus-per-worker", "gpu"]


@pytest.mark.parametrize("at_first", [signal.default_int_handler, signal.SIG_IGN])
def test_a_stop_is_an_interrupt_even_where_interrupts_are_ignored(
    at_first: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ray.is_initialized", lambda: True)
    monkeypatch.setattr("ray.cluster_resources", dict)
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN), signal.signal(signal.SIGINT, at_first)
    connect(1)
    try:
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before[0])
        signal.signal(signal.SIGINT, before[1])


def test_a_machine_too_busy_to_start_a_ray_is_named_in_a_message(monkeypatch: pytest.MonkeyPatch) -> None:
    def too_busy(**_: object) -> None:
        raise Exception("The current node timed out during startup.")

    monkeypatch.setattr("ray.is_initialized", lambda: False)
    monkeypatch.setattr("ray.init", too_busy)
    monkeypatch.setattr("os.environ", {})
    monkeypatch.setattr("trainers.cluster.import_meanwhile", str)  # an import would read that environment
    with pytest.raises(Mistakes, match=r"a local Ray did not start; .* timed out during startup\."):
        connect(1)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("127.0.0.1:1", "nothing answers at '127.0.0.1:1'"),
        ("head", "must be HOST:PORT"),
        ("ray://127.0.0.1:10001", "is Ray Client"),
    ],
)
def test_an_address_that_cannot_be_reached_is_refused(monkeypatch: pytest.MonkeyPatch, address: str, said: str) -> None:
    monkeypatch.setattr("ray.is_initialized", lambda: False)
    monkeypatch.setenv("RAY_ADDRESS", address)
    with pytest.raises(Mistakes, match=said):
        connect(1)


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Listen on an address that accepts connections and never answers, and set RAY_ADDRESS to it."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        monkeypatch.setattr("ray.is_initialized", lambda: False)
        monkeypatch.setattr("trainers.cluster.import_meanwhile", str)
        monkeypatch.setattr("ray._private.services.canonicalize_bootstrap_address_or_die", str)  # loopback stays that
        monkeypatch.setenv("RAY_ADDRESS", address)
        yield address


def test_what_answers_and_is_no_ray_is_refused(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trainers.cluster.ANSWER_TIMEOUT_S", 0.1)
    with pytest.raises(Mistakes, match=rf"RAY_ADDRESS: '{address}' does not let this job in \(.*; allowed: a Ray head"):
        connect(1)


def test_a_search_for_a_head_that_finds_none_is_a_mistake(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(_: str) -> str:
        raise ConnectionError("Could not find any running Ray instance.")

    monkeypatch.setenv("RAY_ADDRESS", "auto")
    monkeypatch.setattr("ray._private.services.canonicalize_bootstrap_address_or_die", none)
    with pytest.raises(Mistakes, match="RAY_ADDRESS: 'auto' does not let this job in .Could not find any running Ray"):
        connect(1)


@pytest.mark.parametrize("error", [RuntimeError, ConnectionError, ray.exceptions.AuthenticationError])
def test_a_cluster_that_cannot_be_joined_is_a_mistake(
    address: str, error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: object) -> None:
        raise error("Version mismatch")

    monkeypatch.setattr("trainers.cluster._refuse_closed", lambda address: None)
    monkeypatch.setattr("ray.init", fail)
    with pytest.raises(Mistakes, match=rf"RAY_ADDRESS: '{address}' cannot be joined: .*Version mismatch"):
        connect(1)
