"""Fills the library's model card for a model that other processes trained, and adds how it was made.

The trainer of sentence-transformers fills the card as it trains on a data set of texts. Ours trains on tokenised
streams, so the facts travel as plain values, and the same fields of `model.model_card_data` are set here.
"""

import os
import re
from importlib import import_module
from typing import TYPE_CHECKING, Any

from common import storage
from common.writing import write_then_rename
from reporting.card.facts import CardFacts
from reporting.card.section import made_section

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.evaluation import BaseEvaluator
    from torch import nn


def write_card(model_folder: str, facts: CardFacts, model: "SentenceTransformer") -> None:
    """Write README.md of a saved sentence-transformers folder: the library's card and 'How this model was made'.

    Args:
        model: as it was loaded from that folder.

    Needs no network. Written under another name and renamed, so that the folder never holds half a card.
    """
    _fill(model, facts)
    if facts.get("kept") != "base":
        _fill_training(model, facts)
    content = _insert(_render(model, facts), "\n".join(made_section(facts)))
    with write_then_rename(*storage.locate(os.path.join(model_folder, "README.md"))) as stream:
        stream.write(content.encode())


def _fill(model: "SentenceTransformer", facts: CardFacts) -> None:
    """What the library says of any model: where it is from, an example of its use, its scores on dev."""
    data = model.model_card_data
    if not _is_local(facts["base_model"]):
        data.base_model = facts["base_model"]  # the card makes a link to the hub of it
    short = sorted(facts["train_samples"], key=lambda row: len(row["sentence1"]) + len(row["sentence2"]))
    data.usage_examples = [short[0]["sentence1"], *(row["sentence2"] for row in short[:2])]
    data.eval_results_dict = {_evaluator(facts): facts["dev_metrics"]}


def _fill_training(model: "SentenceTransformer", facts: CardFacts) -> None:
    """What the library's SentenceTransformerModelCardCallback and trainer would have set."""
    from sentence_transformers.base.model_card import get_losses

    data, loss = model.model_card_data, _loss(model, facts)
    data.add_tags("generated_from_trainer")
    data.set_losses(get_losses(loss))
    data.non_default_hyperparameters = facts.get("hyperparameters", {})
    data.all_hyperparameters = data.non_default_hyperparameters
    data.training_logs = [dict(line) for line in facts.get("training_log", [])]
    data.best_model_step = facts.get("best_step")
    _fill_data_set(model, loss, facts)


def _loss(model: "SentenceTransformer", facts: CardFacts) -> "nn.Module":
    module, _, name = facts["loss_class"].rpartition(".")
    loss: nn.Module = getattr(import_module(module), name)(model, **facts.get("loss_parameters", {}))
    return loss


def _evaluator(facts: CardFacts) -> "BaseEvaluator":
    """Stands for the evaluator that ran in the worker: the card prints its class, its heading and the split's name."""
    from sentence_transformers.base.evaluation import BaseEvaluator

    module, _, name = facts.get("evaluator_class", "trainers.dev_evaluator.PairEvaluator").rpartition(".")
    description = f"{facts['kind'].title()} Pairs"
    stand_in: Any = type(name, (BaseEvaluator,), {"__module__": module, "description": description})()
    stand_in.name, stand_in.primary_metric = f"{facts['task']}-dev", facts["metric"]
    evaluator: BaseEvaluator = stand_in
    return evaluator


def _fill_data_set(model: "SentenceTransformer", loss: "nn.Module", facts: CardFacts) -> None:
    """Columns, token statistics and examples from the samples, the size from the facts."""
    from datasets import Dataset

    data, samples = model.model_card_data, facts["train_samples"]
    described: dict[str, Any] = data.compute_dataset_metrics(Dataset.from_list(samples), {"name": facts["task"]}, loss)
    described["size"] = facts["train_size"]
    data.train_datasets = [described]
    data.add_tags(f"dataset_size:{facts['train_size']}")


def _render(model: "SentenceTransformer", facts: CardFacts) -> str:
    from sentence_transformers.base.model_card import generate_model_card

    card = str(generate_model_card(model))
    if facts.get("kept") == "base":  # the library's first sentence says of every model that it was trained
        return re.sub(r"model (finetuned from|trained)\b", "model, the unchanged base model", card, count=1)
    return card


def _insert(card: str, section: str) -> str:
    before, heading, after = card.partition("\n## Training Details\n")
    return f"{before}\n{section}\n{heading}{after}" if heading else f"{card}\n{section}\n"


def _is_local(name: str) -> bool:
    return name.count("/") != 1 or name.startswith((".", "/", "~")) or os.path.isdir(name)
