"""Give lower layers lower learning rates."""

import re

from sentence_transformers import SentenceTransformer

LAYER = re.compile(r"\.(?:layers?|blocks?|h)\.(\d+)\.")
"""The number of a layer in the name of its weights, in the architectures of transformers."""
EMBEDDINGS = "embed"
"""Part of the names of the weights below the first layer."""


def layer_rates(model: SentenceTransformer, rate: float, decay: float) -> dict[str, float]:
    """Return pattern of weights' names -> learning rate, as the library's `learning_rate_mapping` takes it.

    The top layer, and what stands above it, has the full rate; each layer below has `decay` times that of the one above
    it, and the embeddings that of a layer below the first (ULMFiT, Howard and Ruder 2018; AutoGluon's default is 0.9).

    Args:
        model: the model that is trained.
        rate: the full learning rate.
        decay: the factor from a layer to the one below; 1: all have the full rate, and there is no pattern.
    """
    names = [name for name, _ in model.named_parameters()]
    layers = sorted({int(found.group(1)) for name in names if (found := LAYER.search(name))})
    if decay == 1 or not layers:
        return {}
    top = len(layers) - 1
    rates = {}
    if any(EMBEDDINGS in name for name in names):
        rates[EMBEDDINGS] = rate * decay ** (top + 1)
    for place, number in enumerate(layers):  # after the embeddings: of several patterns that fit, the last one counts
        rates[rf"\.(?:layers?|blocks?|h)\.{number}\."] = rate * decay ** (top - place)
    return rates
