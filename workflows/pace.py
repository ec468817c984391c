"""Estimate the seconds of a training from those of another one."""

from dataclasses import dataclass, replace

from trainers.job import Job


@dataclass(frozen=True, kw_only=True)
class Pace:
    """Seconds of one training beside those of the other groups."""

    row_s: float
    """Of a training row."""
    evaluation_s: float
    """Of an evaluation of dev."""

    def training_s(self, job: Job, epochs: float | None = None, share: float = 1.0) -> float:
        """Return the seconds of a whole training.

        Args:
            job: the training.
            epochs: other ones than it has.
            share: of its rows that it trains on.
        """
        job = job if epochs is None else replace(job, settings={**job.settings, "epochs": epochs})
        rows = share * job.total_steps * job.global_batch_size
        return self.row_s * rows + self.evaluation_s * len(job.report_steps())
