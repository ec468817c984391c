"""What fits a cluster, by sums; and addresses that cannot be reached."""

import signal
from typing import Any

import pytest

from tasks.common.mistakes import Mistakes
from trainers.cluster import Capacity, concurrent_groups, connect

SMALL = Capacity(cpus=3, gpus=0, largest_node_cpus=3)


@pytest.mark.parametrize(
    ("has", "wanted", "workers", "cpus", "gpu", "groups"),
    [
        (SMALL, 8, 1, 1, False, 2),
        (SMALL, 1, 1, 1, False, 1),
        (SMALL, 8, 2, 1, False, 1),
        (Capacity(cpus=65, gpus=8, largest_node_cpus=65), 16, 2, 4, True, 4),
        (Capacity(cpus=17, gpus=8, largest_node_cpus=17), 16, 1, 4, True, 4),
    ],
)
def test_as_many_groups_as_fit_beside_the_data(
    has: Capacity, wanted: int, workers: int, cpus: int, gpu: bool, groups: int
) -> None:
    found = concurrent_groups(has, wanted=wanted, num_workers=workers, cpus_per_worker=cpus, gpu=gpu)
    assert found == groups
    assert found * workers * cpus + 1 <= has.cpus


def test_what_does_not_fit_is_refused_with_the_sum() -> None:
    with pytest.raises(Mistakes, match=r"workers: 1 x 4 workers x 1 CPUs \+ 1 for data = 5 CPUs, the cluster has 3"):
        concurrent_groups(SMALL, wanted=4, num_workers=4, cpus_per_worker=1, gpu=False)


def test_more_at_a_time_than_fits_is_refused() -> None:
    with pytest.raises(Mistakes, match=r"3 x 1 workers x 1 CPUs \+ 1 for data = 4 CPUs"):
        concurrent_groups(SMALL, wanted=4, num_workers=1, cpus_per_worker=1, gpu=False, asked=3)


def test_every_shortage_is_named() -> None:
    with pytest.raises(Mistakes) as caught:
        concurrent_groups(
            Capacity(cpus=9, gpus=1, largest_node_cpus=4), wanted=1, num_workers=2, cpus_per_worker=5, gpu=True
        )
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


def test_a_machine_too_busy_to_start_a_ray_is_told_in_a_message(monkeypatch: pytest.MonkeyPatch) -> None:
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
