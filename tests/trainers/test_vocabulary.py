"""Test that training the occurring token ids alone gives the weights of training the whole table."""

import copy
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.evaluation import BaseEvaluator
from transformers import TrainerCallback

from models.base_model import resolve_base_model
from tests.trainers.cases import BARE_JOB, VOCABULARY, InHand, rows
from tokens.order import Shard
from tokens.tokenized import distinct_ids, tokenize_batch
from trainers.checkpoint import TrainingState
from trainers.fine_tune import build_trainer, resume_folder
from trainers.job import Data, Job
from trainers.vocabulary import token_embeddings

SHARE = Shard(global_batch_size=8)


class Captured(TrainerCallback):
    """Capture the state after the fourth step."""

    trainer: Any
    state = b""

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if state.global_step == 4:
            self.state = pickle.dumps(self.trainer.capture({}))


def job(model: str, counted: bool) -> Job:
    """Return a job of two epochs of four steps; half of the token ids occur, weights decay a thousandfold."""
    pairs = rows(32, "cosine").drop_columns("group").slice(0, 10)
    pairs = pa.concat_tables([pairs] * 4).slice(0, 32)
    tokens = tokenize_batch(pairs, resolve_base_model(model).reading(32)).combine_chunks()
    settings = {**BARE_JOB.settings, "epochs": 2, "weight_decay": 1.0}
    return replace(
        BARE_JOB,
        settings=settings,
        data=Data(train={"cosine": InHand(num_rows=len(tokens), tokens=tokens, counted=counted)}, dev=[]),
    )


def trained(
    asked: Job, base: SentenceTransformer, folder: Path, start: TrainingState | None = None, **more: Any
) -> Any:
    """Return the trainer at its end, and the state after its fourth step."""
    folder.mkdir()
    captured = Captured()
    trainer = build_trainer(asked, base, SHARE, str(folder), start=start, callbacks=[captured], **more)
    captured.trainer = trainer
    trainer.train(resume_from_checkpoint=resume_folder(start, str(folder)))
    return trainer, captured.state


@pytest.mark.parametrize(
    ("pad", "padding_idx", "more"), [("[PAD]", 0, 1), ("[MASK]", 0, 2), ("[MASK]", None, 1), (None, 0, 1)]
)
def test_the_whole_table_is_that_of_plain_training_and_of_a_resumed_one(
    tiny_model: str, tmp_path: Path, pad: str | None, padding_idx: int | None, more: int
) -> None:
    """Whether the tokenizer pads with the table's own padding, with another word or has none, or the table has none."""
    base = SentenceTransformer(tiny_model, device="cpu")
    base.tokenizer.pad_token, token_embeddings(base).padding_idx = pad, padding_idx
    asked: Any = job(tiny_model, counted=True)
    plain, _ = trained(job(tiny_model, counted=False), base, tmp_path / "plain")
    ours, cut = trained(asked, base, tmp_path / "ours")
    resumed, _ = trained(asked, base, tmp_path / "resumed", pickle.loads(cut))
    (wanted, found, again) = (each.capture({}).weights for each in (plain, ours, resumed))
    (name,) = (name for name in wanted if name.endswith("word_embeddings.weight"))
    unseen = np.setdiff1d(np.arange(len(wanted[name])), distinct_ids(asked.train.tokens))
    assert 100 < len(unseen) < len(wanted[name])
    before = token_embeddings(base).weight.detach().numpy()
    assert np.abs(found[name] - before)[unseen].max() > 1e-3
    assert ours.embeddings.weight.shape[0] == len(before) - len(unseen) + more  # and what pads
    assert found.keys() == wanted.keys()
    for each, weights in wanted.items():
        np.testing.assert_allclose(found[each], weights, rtol=1e-4, atol=1e-6)
        np.testing.assert_array_equal(again[each], found[each])


class Embeds(BaseEvaluator):
    """Store the model's embeddings of these texts instead of an evaluation."""

    texts = VOCABULARY[:50]
    found = np.empty(0)

    def __call__(self, model: Any, *args: Any, **kwargs: Any) -> dict[str, float]:
        self.found = model.encode(self.texts)
        return {"nothing": 0.0}


@pytest.mark.parametrize("bf16", [False, True])
def test_dev_is_judged_as_a_plain_model_would_with_words_that_do_not_occur(
    tiny_model: str, tmp_path: Path, bf16: bool
) -> None:
    base, embeds = SentenceTransformer(tiny_model, device="cpu"), Embeds()  # type: ignore[no-untyped-call]
    asked = replace(job(tiny_model, counted=True), bf16=bf16)
    trainer, _ = trained(asked, base, tmp_path / "ours", evaluator=embeds)
    trainer.evaluate()
    plain = copy.deepcopy(base)
    plain.load_state_dict({name: torch.tensor(each) for name, each in trainer.capture({}).weights.items()})
    np.testing.assert_allclose(embeds.found, plain.encode(embeds.texts), atol=1e-6)
    assert np.abs(embeds.found - base.encode(embeds.texts)).max() > 1e-3
