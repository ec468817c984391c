"""Set up what all tests share: an environment without network, few threads, one Ray cluster, one tiny model."""

import os

# Before anything imports torch, ray or a tokenizer: they read these once.
os.environ.pop("RAY_ADDRESS", None)  # a test never runs on somebody's cluster
os.environ |= {
    "HF_HUB_OFFLINE": "1",
    "OMP_NUM_THREADS": "1",
    "RAY_AUTH_MODE": "disabled",  # unset, Ray would write a token into the home folder
    "RAY_USAGE_STATS_ENABLED": "0",
    "TOKENIZERS_PARALLELISM": "false",
}

import atexit
import logging
import shutil
import tempfile
from collections.abc import Iterator

import pytest

from tests.tiny_model import build_tiny_model

os.environ["XDG_CACHE_HOME"] = tempfile.mkdtemp(prefix="pairtune-cache-")  # audits of a user's own are not looked at
atexit.register(shutil.rmtree, os.environ["XDG_CACHE_HOME"], ignore_errors=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests that use the shared cluster: `pytest -m "not cluster"` is the quick part."""
    for item in items:
        if "ray_cluster" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.cluster)


@pytest.fixture(scope="session")
def ray_cluster() -> Iterator[str]:
    """Start and connect to a Ray cluster of 4 logical CPUs; yield its address for a subprocess's RAY_ADDRESS."""
    import ray

    from trainers.cluster import LOCAL, PROJECT, QUIET

    os.environ |= QUIET | LOCAL | {"PYTHONPATH": str(PROJECT)}
    # Sockets have short paths at most (107 bytes): the folder is directly under the system's temporary one.
    folder = tempfile.mkdtemp(prefix="pairtune-")
    ray.init(
        address="local",
        num_cpus=4,
        include_dashboard=False,
        namespace="tests",
        logging_level=logging.WARNING,
        _temp_dir=folder,
    )
    yield ray.get_runtime_context().gcs_address
    ray.shutdown()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the folder of a tiny random sentence-transformers model that reads the texts of every task."""
    return build_tiny_model(str(tmp_path_factory.mktemp("tiny_model")), max_length=512)


@pytest.fixture(scope="session")
def other_tiny_model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the folder of another one, which knows letters and no words, and reads shorter texts."""
    folder = str(tmp_path_factory.mktemp("other_tiny_model"))
    return build_tiny_model(folder, max_length=128, dimensions=16, words="", seed=1)
