"""Test cluster.yaml by Ray's own validation and against the project's promises about a cluster."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from ray.autoscaler._private.util import prepare_config, validate_config

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "cluster.yaml").read_text()


@pytest.fixture
def cluster() -> dict[str, Any]:
    """Return cluster.yaml as `ray up` reads it: with defaults, and common setup commands for both kinds of nodes."""
    config = prepare_config(yaml.safe_load(TEXT))
    validate_config(config)
    return config


def started(commands: list[str]) -> list[str]:
    """Return the words of the one command that starts Ray."""
    (command,) = [command for command in commands if " start " in command]
    return shlex.split(command.replace(";", " ; "))


def test_the_head_does_not_train(cluster: dict[str, Any]) -> None:
    head = cluster["available_node_types"][cluster["head_node_type"]]
    assert head["resources"]["CPU"] == 0
    assert (head["min_workers"], head["max_workers"]) == (0, 0)
    assert {"--head", "--num-cpus=0", "--num-gpus=0"} <= set(started(cluster["head_start_ray_commands"]))


def test_cpu_and_gpu_workers_come_and_go(cluster: dict[str, Any]) -> None:
    workers = dict(cluster["available_node_types"])
    del workers[cluster["head_node_type"]]
    assert set(workers) == {"cpu_worker", "gpu_worker"}
    for kind in workers.values():
        assert 0 <= kind["min_workers"] <= kind["max_workers"] <= cluster["max_workers"]
        assert kind["max_workers"] >= 1
        assert kind["resources"] == {}  # Ray reads them from the instance type: they are true
    # The families with a letter g or p have GPUs.
    assert re.match(r"[gp]\d", workers["gpu_worker"]["node_config"]["InstanceType"])
    assert not re.match(r"[gp]\d", workers["cpu_worker"]["node_config"]["InstanceType"])
    assert 1 <= cluster["idle_timeout_minutes"] <= 30
    assert cluster["provider"]["cache_stopped_nodes"] is False


def test_the_dashboard_is_on_loopback(cluster: dict[str, Any]) -> None:
    assert "--dashboard-host=127.0.0.1" in started(cluster["head_start_ray_commands"])
    assert "--dashboard-host" not in " ".join(cluster["worker_start_ray_commands"])


@pytest.mark.parametrize("part", ["head", "worker"])
def test_every_machine_asks_for_the_token(cluster: dict[str, Any], part: str) -> None:
    words = started(cluster[f"{part}_start_ray_commands"])
    assert words.index("RAY_AUTH_MODE=token") < words.index("start")
    # Ray's default place: the head reads it there, and every worker gets it from the head.
    assert cluster["file_mounts"]["~/.ray/auth_token"] == "~/.ray/auth_token"
    assert any("chmod 600 ~/.ray/auth_token" in command for command in cluster[f"{part}_setup_commands"])


def test_no_machine_is_open_to_the_world(cluster: dict[str, Any]) -> None:
    """Each type names its security group by id: in one that Ray makes itself, SSH is open to everybody."""
    groups = {tuple(kind["node_config"]["SecurityGroupIds"]) for kind in cluster["available_node_types"].values()}
    assert len(groups) == 1
    assert cluster["provider"]["security_group"]["GroupName"] == "pairtune"
    assert "0.0.0.0" not in TEXT


def test_ray_is_the_tested_version(cluster: dict[str, Any]) -> None:
    (tested,) = re.findall(r"^ray==(.+)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
    for part in ("head", "worker"):
        commands = cluster[f"{part}_setup_commands"]
        assert re.findall(r'"ray\[[\w,]+\]==([\d.]+)"', " ".join(commands)) == [tested]
        installs = [command for command in commands if "pip install" in command and "boto3" not in command]
        assert len(installs) == 2
        assert all("-c ~/pairtune/constraints.txt" in command for command in installs)


def test_every_mounted_file_exists(cluster: dict[str, Any]) -> None:
    mounted = [local for local in cluster["file_mounts"].values() if not local.startswith("~")]
    assert set(mounted) == {"pyproject.toml", "constraints.txt"}
    assert all((ROOT / local).is_file() for local in mounted)
