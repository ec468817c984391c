"""Write the selected model as a folder that sentence-transformers reads, with its card."""

import json
import shlex
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.base_names import BASE, SETTING
from common.environment import versions
from common.jsonable import finite
from common.run_folder import BEST, REFIT, VERDICT, RunFolder
from common.space import Settings
from models.category_vectors import StoredVectors, store
from models.loading import load_folder
from models.reading import store_prompts
from models.saved_model import CALIBRATION, THRESHOLD, weights_sha256
from pairs.train_view import TrainView
from reporting.card.card import write_card
from reporting.card.facts import TrainingFacts
from reporting.card.section import VERSIONS
from reporting.evaluations import scored_once
from reporting.result import RunResult
from reporting.run import Run
from tasks.common.losses import LOSSES
from tokens.distinct import DistinctPairs
from trainers.checkpoint import to_tensors
from trainers.losses.build import BUILDERS
from workflows.options import Options, TrainOptions
from workflows.outcome import Outcome, SelectedModel
from workflows.request import Request

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

    from workflows.refit import Refit

PAIR_COLUMNS = ("sentence1", "sentence2", "label")
SAMPLES = 100
"""Number of training pairs for the library's card, which counts their lengths and shows three of them."""


def export(
    request: Request,
    folder: RunFolder,
    outcome: Outcome,
    selected: SelectedModel,
    result: RunResult,
    refitted: "Refit | None" = None,
) -> RunResult:
    """Write RUN/best: a sentence-transformers folder with the selected weights, their threshold, calibration and card.

    The scores on test are stored under these weights, so that no later command scores them again. A refit becomes
    RUN/refit in the same way.

    Returns:
        The result with the weights' type, the loss's notes and the command to reproduce the model.
    """
    result = replace(result, **facts(request, outcome, selected))
    result, weights = save(request, folder, outcome, selected, result, training_facts(request, selected))
    if result.verdict:
        verdict = {**result.verdict, "fingerprint": request.pairs.fingerprint, "weights": weights}
        folder.write_json(VERDICT, verdict)
        _remember(request, folder, result.verdict["splits"], weights, selected.name)
    if not refitted:
        return result
    try:
        save_refit(request, folder, outcome, selected, result, refitted)
    except Exception as error:  # of any kind: the judged model is saved, and its result must be, too
        failed = f"the refit could not be saved ({type(error).__name__}: {error})"
        return replace(result, notes=[*result.notes, failed])
    return result


def save_refit(
    request: Request, folder: RunFolder, outcome: Outcome, selected: SelectedModel, result: RunResult, refitted: "Refit"
) -> None:
    """Write RUN/refit, with the threshold and calibration of the refit, and a card that says what it is.

    Args:
        request: the run's request.
        folder: the run's folder.
        outcome: of the training or search.
        selected: the kept model, as in RUN/best.
        result: of the run.
        refitted: the same model, trained again.
    """
    about = refitted.to_dict()
    own = {name: about[name] for name in ("threshold", "unmet", "calibration")}
    again = selected._replace(
        state=refitted.state, vectors=refitted.vectors, metrics={"dev": {}, "steps": refitted.steps[0]}
    )
    told = replace(result, verdict={**result.verdict, **own} if result.verdict else None, refit=about, stopped="")
    if selected.record and result.reproduce:
        command = reproduce(request, selected.record.settings, refit=request.options.refit)
        told = replace(told, reproduce=command)
    training = replace(training_facts(request, again), train_size=refitted.pairs)
    _, weights = save(request, folder, outcome, again, told, training, REFIT)
    _remember(request, folder, {"test": about["test"]}, weights, REFIT)


def save(
    request: Request,
    folder: RunFolder,
    outcome: Outcome,
    selected: SelectedModel,
    result: RunResult,
    training: TrainingFacts,
    name: str = BEST,
) -> tuple[RunResult, str]:
    """Write a model's folder into the run; return the result with the weights' type, and the weights' SHA-256.

    Args:
        request: the run's request.
        folder: the run's folder.
        outcome: of the training or search.
        selected: the model.
        result: of the run, with the model's threshold and calibration.
        training: for its card.
        name: of the folder in the run.
    """
    base = request.base_of(selected.settings)
    model = base.load()
    if selected.state is not None:
        model.load_state_dict(to_tensors(selected.state.weights))
    store_prompts(model, base.prompts)
    with tempfile.TemporaryDirectory() as temporary:
        local = str(Path(temporary, name))  # others may read it, unlike the temporary folder itself
        model.save_pretrained(local, create_model_card=False)
        if vectors := selected.vectors:
            store(local, StoredVectors(way=vectors.way, names=vectors.names, vectors=vectors.vectors))
        for kind, file in (("threshold", THRESHOLD), ("calibration", CALIBRATION)):
            if stored := (result.verdict or {}).get(kind):
                Path(local, file).write_text(json.dumps(finite(stored), indent=2))
        saved = load_folder(local, device="cpu", trust_remote_code=base.model.trust_remote_code)
        result = replace(result, dtype=dtype_of(saved))
        write_card(local, run_of(request, folder, outcome, result), training, saved)
        folder.put_folder(local, name)
        return result, weights_sha256(local)


def _remember(
    request: Request, folder: RunFolder, splits: Mapping[str, Mapping[str, Any] | None], weights: str, model: str
) -> None:
    """Store the scores on test under the weights."""
    if test := splits.get("test"):
        scored_once(folder, "test", request.pairs.fingerprint, weights, lambda: test["scores"][model])


def run_of(request: Request, folder: RunFolder, outcome: Outcome, result: RunResult) -> Run:
    """Return the run as `Run.read` reads it from the finished folder."""
    return Run(
        folder=folder.shown,
        settings=request.to_dict(),
        data={"fingerprint": request.pairs.fingerprint, "manifest": request.pairs.manifest},
        environment={"versions": versions(VERSIONS)},
        audit=request.audit.to_dict(),
        trials=tuple(outcome.records),
        result=result,
        verdict=result.verdict,
    )


def facts(request: Request, outcome: Outcome, selected: SelectedModel) -> dict[str, Any]:
    """Return the result's fields about the selected model's training: loss_notes and how to repeat it."""
    loss = LOSSES[selected.record.settings["loss"]].name if selected.record else request.pairs.loss.name
    notes = {"loss_notes": loss_notes(loss, request.views[loss])}
    if selected.parts:
        return notes | {"mixture": mixture(request, outcome, selected.parts)}
    command = reproduce(request, selected.record.settings) if selected.record else searched(request)
    return notes | {"reproduce": command, "stopped": stopped(selected)}


def mixture(request: Request, outcome: Outcome, parts: Mapping[str, float]) -> list[dict[str, Any]]:
    """Return the parts of a mixture for the card: model, fraction and, for a training, how to repeat it."""
    records = {record.trial: record for record in outcome.records}
    described = []
    for number, (name, fraction) in enumerate(parts.items(), 1):
        record = records.get(name) or outcome.best
        assert record is not None
        if name == BASE:
            described.append({"model": request.base_of(record.settings).name, "fraction": fraction})
            continue
        again = "again" if number == 1 else f"again-{number}"
        described.append(
            {
                "model": f"{_again(request, again).run}/{BEST}",
                "fraction": fraction,
                "command": reproduce(request, record.settings, again),
                "trial": record.trial,
                "steps": record.best_steps,
                "whole": record.epoch >= record.epochs,
            }
        )
    return described


def loss_notes(loss: str, pairs: TrainView) -> list[str]:
    """Return sentences for the card: how the loss uses these pairs."""
    builder = BUILDERS[loss]
    negatives = [builder.negatives_note] if pairs.has_negatives("train") else []
    distinct = [f"{pairs.line}."] if isinstance(pairs, DistinctPairs) else []
    read = [f"{line[0].upper()}{line[1:]}." for line in pairs.lines]
    return [*builder.notes, *negatives, *read, *distinct]


def training_facts(request: Request, selected: SelectedModel) -> TrainingFacts:
    """Return the facts about the selected model's training for the library's part of the card."""
    task, metrics = request.task, selected.metrics
    own = dict(selected.record.settings) if selected.record else {}
    settings: Settings = own or request.baseline
    declared = LOSSES[settings["loss"]]
    view = request.views[declared.name]
    loss, train = BUILDERS[declared.name].make, view.table("train").slice(0, SAMPLES)
    return TrainingFacts(
        loss_class=f"{loss.__module__}.{loss.__qualname__}",
        loss_parameters={name: settings[name] for name in declared.parameters},
        hyperparameters=own,
        log=training_log(metrics.get("log", []), task.metric),
        best_step=metrics["steps"],
        dev_metrics=dict(metrics["dev"]),
        train_size=view.num_rows("train"),
        train_samples=train.select([name for name in PAIR_COLUMNS if name in train.column_names]).to_pylist(),
    )


def dtype_of(model: "SentenceTransformer") -> str:
    """Return the type of the model's weights, such as 'float32'; several are joined by commas."""
    return ", ".join(sorted({str(weight.dtype).removeprefix("torch.") for weight in model.parameters()}))


def training_log(log: Sequence[Mapping[str, Any]], metric: str) -> list[dict[str, Any]]:
    """Return the library's log for its card: one line per evaluation on dev, under the card's column names."""
    lines: dict[int, dict[str, Any]] = {}
    for entry in log:
        line = lines.setdefault(entry["step"], {"Epoch": entry["epoch"], "Step": entry["step"]})
        if "loss" in entry:
            line["Training Loss"] = entry["loss"]
        if (value := entry.get(f"eval_{metric}")) is not None:
            line[metric] = value
    return list(lines.values())


def stopped(selected: SelectedModel) -> str:
    """Return a sentence for the card if the training ended before its settings' epochs, otherwise ''."""
    best = selected.record
    if best is None or best.epoch >= best.epochs:
        return ""
    return (
        f"This training ended after {best.epoch:g} of {best.epochs:g} epochs; the command trains all of them, "
        f"has these weights after step {selected.metrics['steps']}, and saves the best of its own."
    )


def searched(request: Request) -> str:
    """Return the command of the search, for a model without a training."""
    return shlex.join(_again(request).command("jobs.tune", request.task.base_model))


def reproduce(request: Request, settings: Settings, again: str = "again", refit: str = "none") -> str:
    """Return the command that trains the same weights again from the same prepared pairs.

    Args:
        request: the run's request.
        settings: of the training.
        again: end of the name of its run folder.
        refit: what is trained again after it.
    """
    options = _again(request, again)
    length = [f"max_length={options.max_length}"] if options.max_length else []
    own = (*length, *(f"{name}={value}" for name, value in settings.items() if name != SETTING))
    base = request.base_of(settings).name
    changed = {"set": own, "refine": "none", "refit": refit, "folds": None, "base_model": base}
    shared = TrainOptions(**options.model_dump(include=set(TrainOptions.model_fields)) | changed)
    return shlex.join(shared.command("jobs.train", request.task.base_model))


def _again(request: Request, again: str = "again") -> Options:
    """Return the request's options with a run folder of their own."""
    address, mark, query = request.options.run.partition("?")
    return request.options.model_copy(update={"run": f"{address.rstrip('/')}-{again}{mark}{query}"})
