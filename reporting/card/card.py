"""Fill the library's model card for a model that other processes trained, and add how it was made.

The trainer of sentence-transformers fills the card while it trains on a data set of texts. Ours trains on tokenised
streams in other processes. Its facts come back as plain values, and set the same fields of `model.model_card_data`.
"""

import re
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common import storage
from common.base_names import is_untuned
from common.writing import write_then_rename
from reporting.card.facts import TrainingFacts
from reporting.card.section import section_lines
from reporting.run import Run

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.evaluation import BaseEvaluator
    from torch import nn


def write_card(model_folder: str, run: Run, training: TrainingFacts, model: "SentenceTransformer") -> None:
    """Write README.md of a saved sentence-transformers folder: the library's card and 'How this model was made'.

    It needs no network, and writes the card whole or not at all.

    Args:
        model_folder: path or address.
        run: with its result.
        training: facts of the training that the result does not hold.
        model: loaded from that folder.
    """
    _fill(model, run, training)
    if not _is_base(run):
        _fill_training(model, run, training)
    content = _insert(_render(model, run), "\n".join(section_lines(run)))
    with write_then_rename(*storage.locate(storage.join(model_folder, "README.md"))) as stream:
        stream.write(content.encode())


def _fill(model: "SentenceTransformer", run: Run, training: TrainingFacts) -> None:
    """Set the fields of any model: its base model, an example of its use, its scores on dev."""
    data = model.model_card_data
    if not _is_local(base_model := run.as_read["base_model"]):
        data.base_model = base_model  # the card links it to the hub
    short = sorted(training.train_samples, key=lambda row: len(row["sentence1"]) + len(row["sentence2"]))
    data.usage_examples = [short[0]["sentence1"], *(row["sentence2"] for row in short[:2])]
    if training.dev_metrics:
        data.eval_results_dict = {_evaluator(run, training): dict(training.dev_metrics)}


def _fill_training(model: "SentenceTransformer", run: Run, training: TrainingFacts) -> None:
    """Set the fields that the library's SentenceTransformerModelCardCallback and trainer set."""
    from sentence_transformers.base.model_card import get_losses

    data, loss = model.model_card_data, _loss(model, training)
    data.add_tags("generated_from_trainer")
    data.set_losses(get_losses(loss))
    data.non_default_hyperparameters = dict(training.hyperparameters)
    data.all_hyperparameters = data.non_default_hyperparameters
    data.training_logs = [dict(line) for line in training.log]
    data.best_model_step = training.best_step
    _fill_data_set(model, loss, run, training)


def _loss(model: "SentenceTransformer", training: TrainingFacts) -> "nn.Module":
    module, _, name = training.loss_class.rpartition(".")
    loss: nn.Module = getattr(import_module(module), name)(model, **training.loss_parameters)
    return loss


def _evaluator(run: Run, training: TrainingFacts) -> "BaseEvaluator":
    """Return a stand-in for the worker's evaluator: the card prints its class, its heading and the split's name."""
    from sentence_transformers.base.evaluation import BaseEvaluator

    module, _, name = training.evaluator_class.rpartition(".")
    description = f"{run.settings['kind'].title()} Pairs"
    stand_in: Any = type(name, (BaseEvaluator,), {"__module__": module, "description": description})()
    stand_in.name, stand_in.primary_metric = f"{run.settings['task']}-dev", run.settings["metric"]
    evaluator: BaseEvaluator = stand_in
    return evaluator


def _fill_data_set(model: "SentenceTransformer", loss: "nn.Module", run: Run, training: TrainingFacts) -> None:
    """Set columns, token statistics and examples from the samples, and the size from the facts."""
    from datasets import Dataset

    data, samples = model.model_card_data, training.train_samples
    described: dict[str, Any] = data.compute_dataset_metrics(
        Dataset.from_list(list(map(dict, samples))), {"name": run.settings["task"]}, loss
    )
    described["size"] = training.train_size
    data.train_datasets = [described]
    data.add_tags(f"dataset_size:{training.train_size}")


def _render(model: "SentenceTransformer", run: Run) -> str:
    from sentence_transformers.base.model_card import generate_model_card

    card = str(generate_model_card(model))
    if _is_base(run):  # the library's first sentence calls every model trained
        return re.sub(r"model (finetuned from|trained)\b", "model, the unchanged base model", card, count=1)
    return card


def _insert(card: str, section: str) -> str:
    before, heading, after = card.partition("\n## Training Details\n")
    return f"{before}\n{section}\n{heading}{after}" if heading else f"{card}\n{section}\n"


def _is_base(run: Run) -> bool:
    return run.result is not None and is_untuned(run.result.whose or "")


def _is_local(name: str) -> bool:
    return name.count("/") != 1 or name.startswith((".", "/", "~")) or Path(name).is_dir()
