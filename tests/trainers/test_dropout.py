"""Test dropout on a CPU: torch's distribution, and the library's attention except for dropped weights."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from sentence_transformers import SentenceTransformer
from transformers.integrations.sdpa_attention import sdpa_attention_forward

from trainers.dropout import Dropout, attention, mask, use_cpu_dropout

MODULE: Any = SimpleNamespace(is_causal=False, training=True)


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_the_share_left_out_is_as_asked_and_the_expectation_stays(share: float) -> None:
    torch.manual_seed(1)
    factors = mask(torch.empty(1_001, 1_000), share)
    deviation = (share * (1 - share) / factors.numel()) ** 0.5
    assert float((factors == 0).float().mean()) == pytest.approx(share, abs=4 * deviation)
    assert float(factors.double().mean()) == pytest.approx(1, abs=4 * deviation / (1 - share))
    assert len(factors.unique()) == 2
    neighbours = ((factors[:, :-1] == 0) & (factors[:, 1:] == 0)).float().mean()
    assert float(neighbours) == pytest.approx(share**2, rel=0.02)


def test_the_same_seed_leaves_out_the_same_and_gradients_follow() -> None:
    dropout, activations = Dropout(0.3), torch.ones(40, 7, requires_grad=True)
    torch.manual_seed(5)
    first = dropout(activations)
    (gradient,) = torch.autograd.grad(first.sum(), activations)
    torch.manual_seed(5)
    assert torch.equal(dropout(activations), first)
    assert torch.equal(gradient, first)
    assert torch.equal(dropout.eval()(activations), activations)


@pytest.mark.parametrize("padded", [True, False])
def test_attention_that_leaves_nothing_out_is_the_librarys(padded: bool) -> None:
    torch.manual_seed(2)
    query, key, value = (torch.randn(3, 2, 5, 8) for _ in range(3))
    tokens = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 0, 0, 0], [1, 0, 0, 0, 0]]).bool()
    mask = tokens[:, None, None, :].expand(3, 1, 5, 5) if padded else None
    ours, _ = attention(MODULE, query, key, value, mask, dropout=1e-9)
    theirs, _ = sdpa_attention_forward(MODULE, query, key, value, mask, dropout=0.0)
    assert torch.allclose(ours, theirs, atol=1e-6)
    left_out, _ = attention(MODULE, query, key, value, mask, dropout=0.5)
    assert not torch.allclose(left_out, theirs, atol=1e-3)


def test_a_model_keeps_its_weights_and_what_it_says_untrained(tiny_model: str) -> None:
    model = SentenceTransformer(tiny_model, device="cpu")
    texts = ["a red door", "the mail server does not answer any more today"]
    before, names = model.encode(texts), list(model.state_dict())
    use_cpu_dropout(model)
    assert sum(isinstance(module, Dropout) for module in model.modules()) > 3
    assert not any(type(module) is torch.nn.Dropout for module in model.modules())
    transformer: Any = model[0]
    assert transformer.auto_model.config._attn_implementation == "cpu_dropout"
    assert list(model.state_dict()) == names
    assert model.encode(texts) == pytest.approx(before, abs=1e-6)
