"""How many tokens a transformer has positions for, by its config.json: the first longer text would end it."""

from collections.abc import Mapping
from typing import Any

POSITIONS_AFTER_PADDING = frozenset(
    ("camembert", "data2vec-text", "longformer", "mpnet", "roberta", "roberta-prelayernorm", "xlm-roberta")
    + ("xlm-roberta-xl", "xmod")
)
"""Architectures that count positions from the padding word's id + 1, so that they have fewer than config.json says."""


def positions_in(config: Mapping[str, Any]) -> int | None:
    """Tokens that there are positions for; None where they are relative, or the configuration does not say."""
    positions = config.get("max_position_embeddings")
    if not positions or positions < 0:  # XLNet writes -1 for no limit
        return None
    offset = int(config.get("pad_token_id") or 0) + 1 if config.get("model_type") in POSITIONS_AFTER_PADDING else 0
    return int(positions) - offset
