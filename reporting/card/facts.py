"""What a model card is filled with."""

from collections.abc import Mapping
from typing import Any, Required, TypedDict


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
    base: float | None
    """The deciding metric on dev: base model, baseline settings, saved model."""
    baseline: float | None
    best: float | None
    baseline_epochs: str
    """Epochs trained, of how many the settings ask for, such as '2/10'."""
    best_epochs: str
    kept: str
    """base, baseline or best."""
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
