"""Train once, for a single run as for a trial: the two differ in the receiver of the reports."""

import copy
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import ray
import torch
from accelerate.state import AcceleratorState, GradientState
from sentence_transformers import SentenceTransformer, SentenceTransformerTrainingArguments
from transformers import PrinterCallback, TrainerCallback

from evaluation.evaluator import Evaluator
from evaluation.selection import sample_of
from tokens.order import Shard
from trainers.checkpoint import TrainingState
from trainers.dev_evaluator import PairEvaluator
from trainers.dropout import use_cpu_dropout
from trainers.groups.board import PHASES
from trainers.hardware import TOKENS_PER_CALL
from trainers.job import PREDICTIONS, Job
from trainers.layer_rates import layer_rates
from trainers.losses.build import build_loss
from trainers.pair_trainer import PairBatches, PairTrainer
from trainers.state_guard import StateGuard, state_guard
from trainers.vocabulary import padding_id, train_seen_tokens


class Reporter(Protocol):
    """The receiver of a training's progress and reports."""

    def progress(self, job: Job, step: int) -> None:
        """Take a step's number; it may be dropped."""

    def cancelled(self, job: Job) -> bool:
        """Return whether the search no longer needs this training. Every rank calls this before every step."""

    def base_scores(self, scores: dict[str, float]) -> None:
        """Take the base model's scores on dev, before the first step."""

    def spent(self, phase: str, seconds: float) -> None:
        """Take the seconds spent in setup_s, train_s, evaluate_s or checkpoint_s."""

    def report(self, metrics: dict[str, Any], capture: Callable[[], TrainingState], done: bool) -> bool:
        """Take the scores on dev after a step, and return whether to go on: the same on every rank."""


def fine_tune(job: Job, base: SentenceTransformer, shard: Shard, start: TrainingState | None, report: Reporter) -> None:
    """Train a copy of `base` with the job's settings, and evaluate dev at its report steps.

    The same settings give the same result whatever the process trained before: weights, optimizer, randomness and
    accelerate's process-wide state all begin anew.

    Raises:
        TrialFailedError: on every rank; the group can take its next job.
    """
    cancelled = partial(report.cancelled, job)
    evaluate_dev = evaluator(job)
    guard = state_guard(job) if shard.rank == 0 else None  # only rank 0 reports metrics
    reporting = ReportOnDev(job, report, evaluate_dev, dict(start.clock) if start else {}, guard)
    AcceleratorState._reset_state(reset_partial_state=True)
    GradientState._reset_state()
    with tempfile.TemporaryDirectory() as folder:
        trainer = build_trainer(
            job, base, shard, folder, start=start, cancelled=cancelled, evaluator=evaluate_dev, callbacks=[reporting]
        )
        reporting.trainer = trainer
        if job.score_base and start is None:
            reporting.count("setup_s")
            # trainer.evaluate() marks the model as prepared: train() would leave it without DDP, and ranks diverge.
            report.base_scores(evaluate_dev(trainer.model))
            reporting.count("evaluate_s")
        trainer.train(resume_from_checkpoint=resume_folder(start, folder))


def build_trainer(job: Job, base: SentenceTransformer, shard: Shard, folder: str, **more: Any) -> PairTrainer:
    """Return the trainer of a copy of `base`; `more` goes to PairTrainer as it is."""
    model = copy.deepcopy(base, {id(base.tokenizer): base.tokenizer})  # shared: training does not change it
    if base.device.type == "cpu":
        use_cpu_dropout(model)
    if not job.dropout:
        switch_off_dropout(model)
    categories = job.train.categories
    train_seen_tokens(model, job.train.seen_tokens())
    trainer = PairTrainer(
        model=model,
        args=arguments(job, shard, folder, model),
        loss=build_loss(job.loss, model, job.loss_parameters, categories.counts if categories else None),
        base=base,
        batches=PairBatches(job, shard, padding_id(model), TOKENS_PER_CALL[base.device.type]),
        **more,
    )
    trainer.remove_callback(PrinterCallback)
    return trainer


def arguments(job: Job, shard: Shard, folder: str, model: SentenceTransformer) -> SentenceTransformerTrainingArguments:
    """Return the job's settings as the library's arguments. PairTrainer does bf16, ReportOnDev evaluates and stops."""
    device, rate, decay = model.device.type, job.settings["learning_rate"], job.settings.get("lr_layer_decay", 1.0)
    return SentenceTransformerTrainingArguments(
        output_dir=folder,
        per_device_train_batch_size=job.global_batch_size // shard.world_size,
        learning_rate=rate,
        learning_rate_mapping=layer_rates(model, rate, decay),
        weight_decay=job.settings["weight_decay"],
        max_steps=job.total_steps,
        lr_scheduler_type=job.settings.get("schedule", "linear"),
        warmup_steps=round(job.settings["warmup_ratio"] * job.total_steps),
        seed=job.seed,
        optim=job.optimizer,
        use_cpu=device == "cpu",
        eval_strategy="no",
        save_strategy="no",
        logging_strategy="no",
        logging_nan_inf_filter=False,
        report_to=[],
        disable_tqdm=True,
        ddp_backend=None if shard.world_size == 1 else "nccl" if device == "cuda" else "gloo",
        ddp_broadcast_buffers=False,
    )


def evaluator(job: Job) -> PairEvaluator:
    """Return the evaluator of dev; rank 0 alone reads the table, the library spreads the encoding over all ranks."""
    candidates = list(job.data.candidates) if job.data.candidates else None
    return PairEvaluator(Evaluator(job.kind, ray.get(job.data.dev[0]), candidates, job.prompts))


def switch_off_dropout(model: SentenceTransformer) -> None:
    """Set every dropout rate to 0, to compare loss curves: ranks would draw different masks."""
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0


def resume_folder(start: TrainingState | None, folder: str) -> str | None:
    """Write the library's own state into the folder, and return it; weights and optimizer stay in memory."""
    if start is None:
        return None
    Path(folder, "trainer_state.json").write_text(start.trainer)
    return folder


def dev_metrics(metrics: dict[str, float]) -> dict[str, float]:
    """Return the evaluator's metrics without the library's prefix and timings."""
    named = {name.removeprefix("eval_"): value for name, value in metrics.items() if name.startswith("eval_")}
    timings = ("runtime", "samples_per_second", "steps_per_second", "model_preparation_time", "loss")
    return {name: float(value) for name, value in named.items() if name not in timings}


class ReportOnDev(TrainerCallback):
    """Evaluate dev after each report step, report on every rank, and stop if the reporter returns False."""

    trainer: PairTrainer

    def __init__(
        self,
        job: Job,
        reporter: Reporter,
        evaluate_dev: PairEvaluator,
        seconds: dict[str, float],
        guard: StateGuard | None = None,
    ) -> None:
        self.job, self.reporter, self.evaluate_dev, self.epochs_at = job, reporter, evaluate_dev, job.report_steps()
        self.guard = guard
        self.seconds = {**dict.fromkeys(PHASES, 0.0), **seconds}
        self.since = time.perf_counter()

    def count(self, phase: str) -> None:
        """Add the time since the last count to this phase."""
        now = time.perf_counter()
        self.seconds[phase] += now - self.since
        self.reporter.spent(phase, now - self.since)
        self.since = now

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Count the setup."""
        self.count("setup_s")

    def on_step_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Record the seconds from the assignment to the first step."""
        self.seconds.setdefault("start_s", max(0.0, time.time() - self.job.assigned_at))

    def on_optimizer_step(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Record the seconds of the first step."""
        self.seconds.setdefault("first_step_s", time.perf_counter() - self.since)

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Report progress, and log and evaluate at report steps."""
        self.count("train_s")
        self.reporter.progress(self.job, state.global_step)
        control.should_log = control.should_evaluate = state.global_step in self.epochs_at

    def on_evaluate(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Report the scores, and stop if the reporter returns False."""
        if state.global_step == 0:
            return
        guarded = self.guarded(kwargs["metrics"])
        self.count("evaluate_s")
        done = state.global_step >= max(self.epochs_at)
        go_on = self.reporter.report({**self.metrics(state, kwargs["metrics"]), **guarded}, self.capture, done)
        self.count("checkpoint_s")
        control.should_training_stop |= done or not go_on

    def capture(self) -> TrainingState:
        """Return the training's state with its seconds so far."""
        return self.trainer.capture(dict(self.seconds))

    def metrics(self, state: Any, metrics: dict[str, float]) -> dict[str, Any]:
        """Return a report's metrics as plain Python values: Ray refuses numpy scalars, NaN breaks a later resume."""
        log = [entry for entry in state.log_history if "loss" in entry or f"eval_{self.job.metric}" in entry]
        position = {
            "training": self.job.trial,
            "epoch": self.epochs_at[state.global_step],
            "steps": state.global_step,
            "loss": log[-2]["loss"],
        }
        scores = dev_metrics(metrics)
        return {**position, **scores, **self.seconds, "dev": scores, "log": log, PREDICTIONS: self.predictions()}

    def guarded(self, metrics: dict[str, float]) -> dict[str, Any]:
        """Return what a report says about the guard set; nothing without one."""
        return self.guard.metrics(self.trainer.model, dev_metrics(metrics)[self.job.metric]) if self.guard else {}

    def predictions(self) -> Any:
        """Return the state's predictions on dev, item by item, or on a sample of it."""
        predictions = self.evaluate_dev.predictions
        return None if predictions is None else predictions.predictions[sample_of(predictions, self.job.seed)]
