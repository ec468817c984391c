"""Fills the library's model card for a model that other processes trained, and adds how it was made.

The trainer of sentence-transformers fills the card as it trains on a data set of texts. Ours trains on tokenised
streams, so the facts travel as plain values, and the same fields of `model.model_card_data` are set here.
"""

import os
import re
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, Required, TypedDict

from reporting.card_section import made_section

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.evaluation import BaseEvaluator
    from torch import nn


class CardFacts(TypedDict, total=False):
    """What a card is filled with, plain values only. Those marked Required must be there, the others are left out."""

    base_model: Required[str]
    """Hub name or path of the model that training started from."""
    loss_class: Required[str]
    """Full name of the loss's class, such as sentence_transformers.sentence_transformer.losses.ContrastiveLoss."""
    loss_parameters: dict[str, Any]
    """Arguments of the loss besides the model, such as {"margin": 0.5}."""
    loss_notes: list[str]
    """What our loss does beyond the class, one sentence each."""
    hyperparameters: dict[str, Any]
    """What this training was given; the card's 'Non-Default Hyperparameters'."""
    all_hyperparameters: dict[str, Any]
    """Everything that the library's trainer was told; by default the same as hyperparameters."""
    training_log: list[dict[str, Any]]
    """Lines of Epoch, Step, Training Loss and the deciding metric, in order of Step; a line may lack the last two."""
    best_step: int
    """Step of the line whose weights were saved."""
    task: Required[str]
    kind: Required[str]
    """Kind of evaluation: binary, graded, category, retrieval."""
    metric: Required[str]
    dev_metrics: Required[dict[str, float]]
    """All scores of the saved weights on dev."""
    evaluator_class: str
    """Full name of the class that computed them."""
    train_size: Required[int]
    """Training pairs."""
    train_samples: Required[list[dict[str, Any]]]
    """First training pairs as rows of sentence1, sentence2 and label, at least one: the card counts the tokens of up to
    100, shows 3, and puts the shortest into its example."""
    data_fingerprint: Required[str]
    prompts: tuple[str, str]
    """What stands before first and second texts; empty: nothing."""
    seed: Required[int]
    reproduce: Required[str]
    """One command that makes this model again from the prepared pairs."""
    stopped: str
    """A sentence where that command goes on beyond the saved weights, else empty."""
    search_space: dict[str, str]
    """Setting -> its range in words; empty for a single run."""
    states: dict[str, int]
    """State -> number of trials."""
    settings: dict[str, float]
    """The best trial's settings, whichever model is kept."""
    baseline_settings: dict[str, float]
    untuned: float | None
    """The deciding metric on dev: base model, baseline settings, saved model."""
    baseline: float | None
    best: float | None
    baseline_epochs: str
    """Epochs trained, of how many the settings ask for, such as '2/10'."""
    best_epochs: str
    kept: str
    """base, baseline or winner."""
    notes: list[str]
    """What a reader has to know beside the results, a sentence each."""
    verdict: Mapping[str, Any] | None
    """As in verdict.json."""
    audit: list[dict[str, Any]]
    """Findings of the audit, as in audit.json."""
    pairs: dict[str, int]
    """Split -> pairs."""
    split_rule: str
    core_seconds: float
    """CPU or GPU seconds of all worker groups."""
    wall_s: float
    dtype: str
    """Of the weights, such as float32."""
    versions: dict[str, str]
    """Package -> version where it was trained, printed beside the library's own list."""


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
    half = os.path.join(model_folder, ".README.md.half")
    with open(half, "w", encoding="utf8") as file:
        file.write(content)
    os.replace(half, os.path.join(model_folder, "README.md"))


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
    data.all_hyperparameters = facts.get("all_hyperparameters", data.non_default_hyperparameters)
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

    module, _, name = facts.get("evaluator_class", "evaluation.evaluator.PairEvaluator").rpartition(".")
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
