"""Run a real `ray start --head` with token authentication on loopback ports; end it by its process id."""

import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

BIN = Path(sys.executable).parent
ROOT = Path(__file__).parents[2]
STARTED = "Ray runtime started."


@dataclass(frozen=True, kw_only=True)
class Head:
    """A running head: the addresses for jobs and drivers, and the environment with its token."""

    dashboard: str
    address: str
    environment: dict[str, str]

    def submit(self, *entrypoint: str, **changes: str) -> subprocess.CompletedProcess[str]:
        """Submit this repository as a job and wait for its end; `changes` replace variables of the environment."""
        command = [
            str(BIN / "ray"),
            "job",
            "submit",
            "--address",
            self.dashboard,
            "--working-dir",
            ".",
            "--",
            *entrypoint,
        ]
        return subprocess.run(
            command,
            cwd=ROOT,
            env=self.environment | changes,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )


@contextmanager
def local_head(*, num_cpus: int) -> Iterator[Head]:
    """Start a head with its own token, ports and folder, and end every process of it afterwards."""
    # Sockets have short paths at most (107 bytes): the folder is directly under the system's temporary one.
    folder = tempfile.mkdtemp(prefix="pairtune-")
    environment = _environment(token=secrets.token_hex(32))
    ports = _free_ports(4)
    try:
        head = subprocess.Popen(
            _start_command(folder, num_cpus, ports),
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            _read_until_started(head)
            yield Head(
                dashboard=f"http://127.0.0.1:{ports[1]}", address=f"127.0.0.1:{ports[0]}", environment=environment
            )
        finally:
            _end(head)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _environment(*, token: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name != "RAY_ADDRESS"}
    return kept | {
        # A job's `python` is looked up on the head's PATH.
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "PYTHONUNBUFFERED": "1",
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": token,
        # On a busy machine the dashboard needs longer than the minute it is given, and is then left out.
        "RAY_DASHBOARD_STARTUP_TIMEOUT_S": "300",
        # The name says less than it does: with 0, a head serves this machine alone, on its loopback address.
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    }


def _start_command(folder: str, num_cpus: int, ports: list[int]) -> list[str]:
    gcs, dashboard, client, agent = ports
    options = {
        "port": gcs,
        "include-dashboard": "true",  # said aloud, a dashboard that does not start is an error
        "dashboard-host": "127.0.0.1",
        "dashboard-port": dashboard,
        "ray-client-server-port": client,
        "dashboard-agent-listen-port": agent,
        "temp-dir": folder,
        "num-cpus": num_cpus,
    }
    return [str(BIN / "ray"), "start", "--head", "--block", *(f"--{name}={value}" for name, value in options.items())]


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def _read_until_started(head: subprocess.Popen[str]) -> None:
    assert head.stdout is not None
    seen = []
    for line in head.stdout:
        seen.append(line)
        if STARTED in line:
            return
    raise RuntimeError("ray start ended before it had started:\n" + "".join(seen))


def _end(head: subprocess.Popen[str]) -> None:
    """Ask the head to end its processes, then kill what is left, each by its process id.

    The head would wait 30 s for actors that Ray Data keeps for the life of a cluster.
    """
    processes: list[psutil.Process] = []
    if head.poll() is None:
        started = psutil.Process(head.pid)
        processes = [started, *started.children(recursive=True)]
        head.terminate()
    _, alive = psutil.wait_procs(processes, timeout=5)
    for process in alive:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    head.communicate()
