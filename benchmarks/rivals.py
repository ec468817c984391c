"""Search with sentence-transformers' trainer, inside an Optuna loop or Ray Tune, as a competent user would write it.

python -m benchmarks.rivals {optuna,optuna-pruning,torch-trainer} PATH/TO/prepared/pairs NEW_FOLDER TRIALS EPOCHS SEED

Both searches train at a global batch of 16, in bf16 where the processor has it. They evaluate every trial on dev four
times, as ours does, save the best model to disk, and print one line of JSON at the end. The Optuna loop prints a line
for each trial that is the best so far; Ray's example has no scheduler.
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from datasets import Dataset
from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer, SentenceTransformerTrainingArguments
from sentence_transformers.sentence_transformer.evaluation import BinaryClassificationEvaluator
from transformers import PrinterCallback, TrainerCallback

from models.base_model import resolve_base_model
from tasks.common.declaration import BASE_MODEL
from trainers.hardware import cpu_has_bf16
from trainers.losses.build import BUILDERS

BATCH_SIZE = 16
METRIC = "cosine_ap"
LEARNING_RATE = (5e-6, 1.6e-4)
MARGIN = (0.1, 1.0)


def base_model() -> str:
    """Return the folder of the base model."""
    return str(resolve_base_model(BASE_MODEL).folder)


def library_loss(name: str) -> Any:
    """Return the library's class of a loss: the one that ours is, or is derived from."""
    made: Any = BUILDERS[name].make
    return next(each for each in made.__mro__ if each.__module__.startswith("sentence_transformers."))


def library_trainer(
    model: SentenceTransformer,
    rows: Any,
    loss: str,
    parameters: dict[str, float],
    evaluator: Any = None,
    callbacks: list[TrainerCallback] | None = None,
    **arguments: Any,
) -> SentenceTransformerTrainer:
    """Build the library's trainer with its defaults except for `arguments`; `rows` is a table of pairs."""
    columns = [name for name in ("sentence1", "sentence2", "label") if name in rows.column_names]
    trainer = SentenceTransformerTrainer(
        model=model,
        args=SentenceTransformerTrainingArguments(
            save_strategy="no", logging_strategy="no", report_to=[], disable_tqdm=True, **arguments
        ),
        train_dataset=Dataset(rows.select(columns)),
        loss=library_loss(loss)(model, **parameters),
        evaluator=evaluator,
        callbacks=callbacks,
    )
    trainer.remove_callback(PrinterCallback)
    return trainer


class FourTimes(TrainerCallback):
    """Evaluate on dev after each quarter, and call `goes_on` with metric and quarter; False stops the training."""

    def __init__(self, goes_on: Callable[[float, int], bool]) -> None:
        self.goes_on, self.value = goes_on, -1.0

    def on_step_end(self, *args: Any, **_: Any) -> None:
        """Evaluate at the end of each quarter."""
        _, state, control = args
        control.should_evaluate = state.global_step in {round(k * state.max_steps / 4) for k in (1, 2, 3, 4)}

    def on_evaluate(self, *args: Any, **kwargs: Any) -> None:
        """Store the metric, and stop where `goes_on` returns False."""
        _, state, control = args
        self.value = kwargs["metrics"][f"eval_{METRIC}"]
        control.should_training_stop |= not self.goes_on(self.value, round(4 * state.global_step / state.max_steps))


def trained(
    data: str, settings: dict[str, float], epochs: int, folder: str, goes_on: Callable[[float, int], bool]
) -> tuple[SentenceTransformer, float]:
    """Train one trial, and return the model and its last metric on dev."""
    model, dev = SentenceTransformer(base_model(), device="cpu"), pq.read_table(f"{data}/dev.parquet").to_pydict()
    four_times = FourTimes(goes_on)
    library_trainer(
        model,
        pq.read_table(f"{data}/train.parquet"),
        "contrastive",
        {"margin": settings["margin"]},
        output_dir=folder,
        evaluator=BinaryClassificationEvaluator(dev["sentence1"], dev["sentence2"], dev["label"]),
        callbacks=[four_times],
        num_train_epochs=epochs,
        per_device_train_batch_size=BATCH_SIZE,
        learning_rate=settings["learning_rate"],
        weight_decay=0.01,
        warmup_steps=0.1,
        use_cpu=True,  # without it the library refuses bf16
        bf16=cpu_has_bf16(),
    ).train()
    return model, four_times.value


def optuna_loop(data: str, run: str, trials: int, epochs: int, seed: int, prune: bool = False) -> float:
    """Search in a plain Optuna loop in one process, with all threads of the machine for each trial."""
    import optuna

    best, began = -1.0, time.monotonic()

    def objective(trial: optuna.Trial) -> float:
        nonlocal best
        settings = {
            "learning_rate": trial.suggest_float("learning_rate", *LEARNING_RATE, log=True),
            "margin": trial.suggest_float("margin", *MARGIN),
        }

        def goes_on(value: float, quarter: int) -> bool:
            trial.report(value, quarter)
            return not trial.should_prune()

        with tempfile.TemporaryDirectory() as folder:
            model, value = trained(data, settings, epochs, folder, goes_on)
        if value > best:
            best = value
            model.save_pretrained(f"{run}/best")
            print(json.dumps({"best": best, "seconds": time.monotonic() - began}), flush=True)
        return value

    study = optuna.create_study(
        direction="maximize",
        sampler=optuna.samplers.TPESampler(seed=seed),
        pruner=optuna.pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=2)
        if prune
        else optuna.pruners.NopPruner(),
    )
    study.enqueue_trial({"learning_rate": 2e-5, "margin": 0.5})
    study.optimize(objective, n_trials=trials)
    return study.best_value


def torch_trainer_in_tune(data: str, run: str, trials: int, epochs: int, seed: int) -> float:
    """Search as Ray documents it: a TorchTrainer inside every trial of Tune, as many at a time as there are cores."""
    import optuna
    import ray
    from ray import train, tune
    from ray.train.torch import TorchTrainer
    from ray.tune.integration.ray_train import TuneReportCallback
    from ray.tune.search.optuna import OptunaSearch

    def train_function(settings: dict[str, float]) -> None:
        os.environ.pop("LOCAL_RANK", None)  # one worker needs no DDP
        with tempfile.TemporaryDirectory() as folder:
            model, value = trained(data, settings, epochs, folder, lambda _value, _quarter: True)
            model.save_pretrained(f"{folder}/model")
            train.report({METRIC: value}, checkpoint=train.Checkpoint.from_directory(f"{folder}/model"))

    def driver(settings: dict[str, float]) -> None:
        TorchTrainer(
            train_function,
            train_loop_config=settings,
            scaling_config=train.ScalingConfig(num_workers=1),
            run_config=train.RunConfig(
                name=tune.get_context().get_trial_id(),
                storage_path=f"{run}/train",
                checkpoint_config=train.CheckpointConfig(num_to_keep=1),
                callbacks=[TuneReportCallback()],
            ),
        ).fit()

    cores = os.cpu_count() or 1
    ray.init(num_cpus=cores + 1, include_dashboard=False, logging_level="ERROR", log_to_driver=False)
    results = tune.Tuner(
        tune.with_resources(driver, {"CPU": 0.01}),
        param_space={"learning_rate": tune.loguniform(*LEARNING_RATE), "margin": tune.uniform(*MARGIN)},
        tune_config=tune.TuneConfig(
            metric=METRIC,
            mode="max",
            num_samples=trials,
            max_concurrent_trials=cores,
            search_alg=OptunaSearch(sampler=optuna.samplers.TPESampler(seed=seed)),
        ),
        run_config=tune.RunConfig(name="tune", storage_path=run, verbose=0),
    ).fit()
    return float((results.get_best_result().metrics or {})[METRIC])


SEARCHES: dict[str, Callable[[str, str, int, int, int], float]] = {
    "optuna": optuna_loop,
    "optuna-pruning": partial(optuna_loop, prune=True),
    "torch-trainer": torch_trainer_in_tune,
}


def main(name: str, data: str, run: str, trials: str, epochs: str, seed: str) -> None:
    """Search, and print the best value."""
    began = time.monotonic()
    search, numbers = SEARCHES[name], (int(trials), int(epochs), int(seed))
    best = search(str(Path(data).absolute()), str(Path(run).absolute()), *numbers)
    print(json.dumps({"best": best, "seconds": time.monotonic() - began}))


if __name__ == "__main__":
    main(*sys.argv[1:])
