"""What a worker computes with: device, precision and threads, chosen from the hardware and overridable."""

from dataclasses import dataclass

TOKENS_PER_CALL = {"cpu": 64, "cuda": 4096}
"""What one more call of the model costs, forward and backward, in tokens of work on this kind of device.

cpu: tickets, 32 pairs, one thread: 8.8 pairs/s at 0, 11.8 at 16, 12.1 at 64, 11.1 at 256; in bf16 9.5, 15.5, 15.8,
14.8 (`python -m benchmarks.chunks`). cuda: a guess.
"""


FASTEST_OPTIMIZER = "adamw_torch_fused"


@dataclass(frozen=True, kw_only=True)
class Hardware:
    """What one worker uses."""

    device: str
    """'cpu' or 'cuda'."""
    bf16: bool
    optimizer: str
    """The library's name of it."""
    threads: int
    """CPU threads of one worker: its CPUs. Two processes of two threads each on two cores run several times slower."""

    def line(self) -> str:
        """One line for the log."""
        import torch

        name = torch.cuda.get_device_name() if self.device == "cuda" else "CPU"
        precision = "bf16 autocast" if self.bf16 else "fp32"
        return f"{name}, {precision}, {self.optimizer}, {self.threads} thread{'s' * (self.threads > 1)} a worker"


def choose(precision: str, optimizer: str, cpus_per_worker: int, gpu: bool) -> Hardware:
    """Resolve 'auto': bf16 where the GPU or the processor computes it natively; emulated bf16 is slower than fp32.

    The fused AdamW computes what the plain one does, and is what the library takes by default.
    """
    import torch

    device = "cuda" if gpu else "cpu"
    native = torch.cuda.is_bf16_supported(including_emulation=False) if gpu else cpu_has_bf16()
    return Hardware(
        device=device,
        bf16=precision == "bf16" or (precision == "auto" and native),
        optimizer=FASTEST_OPTIMIZER if optimizer == "auto" else optimizer,
        threads=cpus_per_worker,
    )


def cpu_has_bf16() -> bool:
    """Whether the processor multiplies bf16 natively: AVX512-BF16 or AMX on x86, BF16 on Arm."""
    import torch

    capabilities = torch.cpu.get_capabilities()
    return any(capabilities.get(name, False) for name in ("avx512_bf16", "amx_bf16", "bf16"))
