"""Read from config.json how many tokens a transformer has positions for; a longer text raises an error in it."""

from collections.abc import Mapping
from typing import Any

POSITIONS_AFTER_PADDING = frozenset(
    ("camembert", "data2vec-text", "longformer", "mpnet", "roberta", "roberta-prelayernorm", "xlm-roberta")
    + ("xlm-roberta-xl", "xmod")
)
"""Architectures that count positions from the padding token's id + 1, so that they have fewer than config.json says."""


def positions_in(config: Mapping[str, Any]) -> int | None:
    """Return the tokens that have positions; None if positions are relative, or the configuration has no number."""
    positions = config.get("max_position_embeddings")
    if not positions or positions < 0:  # XLNet writes -1 for no limit
        return None
    offset = int(config.get("pad_token_id") or 0) + 1 if config.get("model_type") in POSITIONS_AFTER_PADDING else 0
    return int(positions) - offset
