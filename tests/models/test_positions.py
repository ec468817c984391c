"""Test how many tokens a configuration has positions for."""

from typing import Any

import pytest

from models.positions import positions_in


@pytest.mark.parametrize(
    ("config", "positions"),
    [
        ({"model_type": "bert", "max_position_embeddings": 512, "pad_token_id": 0}, 512),
        ({"model_type": "bert", "max_position_embeddings": 512, "pad_token_id": 1}, 512),
        ({"model_type": "xlm-roberta", "max_position_embeddings": 514, "pad_token_id": 1}, 512),
        ({"model_type": "mpnet", "max_position_embeddings": 514, "pad_token_id": None}, 513),
        ({"model_type": "xlnet", "max_position_embeddings": -1}, None),
        ({"model_type": "t5"}, None),
        ({"max_position_embeddings": None}, None),
    ],
)
def test_positions_that_padding_takes_are_left_out(config: dict[str, Any], positions: int | None) -> None:
    assert positions_in(config) == positions
