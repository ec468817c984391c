"""Choose device, precision and threads of a worker from the hardware, unless options say otherwise."""

import os
import platform
from dataclasses import dataclass
from typing import Any

from common.environment import environment
from common.mistakes import Mistakes

TOKENS_PER_CALL = {"cpu": 64, "cuda": 4096}
"""Cost of one more call of the model, forward and backward, in tokens of work on this kind of device.

cpu: tickets, 32 pairs, one thread: 8.8 pairs/s at 0, 11.8 at 16, 12.1 at 64, 11.1 at 256; in bf16 9.5, 15.5, 15.8,
14.8 (`python -m benchmarks.chunks`). cuda: a guess.
"""


FASTEST_OPTIMIZER = "adamw_torch_fused"


@dataclass(frozen=True, kw_only=True)
class DetectedHardware:
    """Hardware of a machine, as a process on it detects it."""

    device: str
    """'CPU', or the GPU's name."""
    native_bf16: bool
    environment: dict[str, Any]
    """Versions and machine, from common/environment.py."""


@dataclass(frozen=True, kw_only=True)
class Hardware:
    """Device, precision, optimizer and threads of one worker."""

    device: str
    """'cpu' or 'cuda'."""
    name: str = "CPU"
    """The GPU's name, if there is one."""
    bf16: bool
    optimizer: str
    """The library's name of the optimizer."""
    threads: int
    """CPU threads of one worker: its CPUs. On two cores, two processes of two threads run several times slower."""

    def line(self) -> str:
        """Return one line for the log."""
        precision = "bf16 autocast" if self.bf16 else "fp32"
        return f"{self.name}, {precision}, {self.optimizer}, {self.threads} thread{'s' * (self.threads > 1)} a worker"


def detect(gpu: bool) -> DetectedHardware:
    """Return the hardware of this process.

    Raises:
        Mistakes: a GPU is requested, and torch has none here.
    """
    import torch

    if not gpu:
        return DetectedHardware(device="CPU", native_bf16=cpu_has_bf16(), environment=environment())
    if not torch.cuda.is_available():
        raise Mistakes(
            f"gpu: torch {torch.__version__} on {platform.node()} has no GPU that it can use; allowed: a torch built "
            "for CUDA and its driver on every machine with GPUs, or no --gpu"
        )
    native = torch.cuda.is_bf16_supported(including_emulation=False)
    return DetectedHardware(device=torch.cuda.get_device_name(), native_bf16=native, environment=environment())


def hardware_of_worker(cpus_per_worker: int, gpu: bool) -> DetectedHardware:
    """Return the hardware of a worker: the driver may run on a head without a GPU or with another processor.

    Workers of a local Ray have the hardware of this process, and no worker is started, which would take seconds.

    Raises:
        Mistakes: it has no GPU although one is requested, or it fails.
    """
    if not os.environ.get("RAY_ADDRESS"):
        return detect(gpu)
    import ray

    worker = ray.remote(num_cpus=cpus_per_worker, num_gpus=int(gpu))(detect)
    try:
        return ray.get(worker.remote(gpu))  # type: ignore[no-any-return]
    except ray.exceptions.RayError as error:
        cause = getattr(error, "cause", error)  # the worker's own error, unless the worker was lost
        if isinstance(cause, Mistakes):
            raise Mistakes(cause.messages) from None
        raise Mistakes(f"workers: the hardware of one could not be detected: {cause!r}") from None


def choose(
    precision: str, optimizer: str, cpus_per_worker: int, gpu: bool, detected: DetectedHardware | None = None
) -> Hardware:
    """Resolve 'auto': bf16 where the GPU or the processor computes it natively; emulated bf16 is slower than fp32.

    The fused AdamW computes what the plain one does, and is what the library takes by default.

    Args:
        precision: auto, bf16 or fp32.
        optimizer: auto, or the library's name of one.
        cpus_per_worker: CPUs of a worker, which are its threads.
        gpu: whether each worker has a GPU.
        detected: hardware of a worker; None: of this process.
    """
    detected = detected or detect(gpu)
    return Hardware(
        device="cuda" if gpu else "cpu",
        name=detected.device,
        bf16=precision == "bf16" or (precision == "auto" and detected.native_bf16),
        optimizer=FASTEST_OPTIMIZER if optimizer == "auto" else optimizer,
        threads=cpus_per_worker,
    )


def cpu_has_bf16() -> bool:
    """Return whether the processor multiplies bf16 natively: AVX512-BF16 or AMX on x86, BF16 on Arm."""
    import torch

    capabilities = torch.cpu.get_capabilities()
    return any(capabilities.get(name, False) for name in ("avx512_bf16", "amx_bf16", "bf16"))
