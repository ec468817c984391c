"""The sentence-transformers trainer, fed with tokenised pairs and able to stop together on every rank."""

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

import torch
import torch.distributed as dist
from sentence_transformers import SentenceTransformerTrainer
from torch.utils.data import DataLoader, IterableDataset
from transformers import TrainerCallback

from tokens.collate import collate
from tokens.order import Shard
from trainers.checkpoint import TrainingState, to_arrays, to_tensors
from trainers.job import Job
from trainers.losses.build import compute_loss
from trainers.vocabulary import SeenTokens, token_embeddings


class TrialFailedError(Exception):
    """An error that is raised on every rank: the ranks are still in step and can take the next job."""


class PairBatches(IterableDataset[dict[str, Any]]):
    """Iterate over this rank's shard of every global batch of the epoch that was set last."""

    def __init__(self, job: Job, shard: Shard, pad_id: int, tokens_per_call: int) -> None:
        self.job, self.shard, self.epoch = job, shard, 0
        self.pad_id, self.tokens_per_call = pad_id, tokens_per_call

    def __len__(self) -> int:
        return self.job.steps_per_epoch

    def __iter__(self) -> Iterator[dict[str, Any]]:
        train = self.job.train
        for batch in train.batches(self.shard, self.job.seed, self.epoch):
            yield collate(batch, self.pad_id, self.tokens_per_call, train.categories)


class PairTrainer(SentenceTransformerTrainer):
    """Train as the library does, but on own batches, after ranks agree before backward, and from a state in memory."""

    loss: Any
    optimizer: Any
    lr_scheduler: Any

    def __init__(
        self,
        *,
        batches: PairBatches,
        start: TrainingState | None,
        base: Any = None,
        cancelled: Callable[[], bool] = lambda: False,
        **kwargs: Any,
    ) -> None:
        self.batches, self.start, self.base, self.cancelled = batches, start, base, cancelled
        self.embedding_gradient: torch.Tensor | None = None
        super().__init__(**kwargs)
        self.embeddings = token_embeddings(self.model)
        self.add_callback(StepRandomness(batches))

    def get_train_dataloader(self) -> DataLoader[Any]:
        """Return the batches as they are: accelerate would shard batches that are sharded already."""
        return DataLoader(self.batches, batch_size=None)

    def training_step(self, model: Any, inputs: dict[str, Any], *args: Any, **kwargs: Any) -> torch.Tensor:
        """Take the library's step, with the gradient of the token embeddings in the same memory at every step.

        It may be larger than any memory that glibc caches: allocated anew, it would be 12,000 page faults for MiniLM.
        """
        if isinstance(self.embeddings, SeenTokens):
            if self.embedding_gradient is None:
                self.embedding_gradient = torch.empty_like(self.embeddings.weight)
            self.embeddings.weight.grad = self.embedding_gradient.zero_()
        return super().training_step(model, inputs, *args, **kwargs)

    def compute_loss(self, model: Any, inputs: dict[str, Any], *_: Any, **__: Any) -> Any:
        """Return the loss once every rank has one: a rank that fails alone would leave its peers in a collective.

        The library would embed column by column; here the loss gets embeddings of the batch as `collate` arranged it.

        Raises:
            TrialFailedError: on every rank, if any rank has an error or a loss that is not finite.
        """
        error: str | None = None
        loss: Any = None
        try:
            if self.cancelled():
                raise TrialFailedError("training cancelled: the search no longer needs this trial")
            with self.in_bf16():  # around all chunks: around one, each would cast the weights anew
                embeddings = [*embed(model, inputs), *guide(self.loss, self.base, inputs)]
            loss = compute_loss(self.batches.job.loss, self.loss, embeddings, inputs)
            if not math.isfinite(value := loss.item()):
                error = f"loss is {value} at step {self.state.global_step + 1}"
        except Exception as caught:  # of any kind: the other ranks have to fail, too
            error = f"{type(caught).__name__}: {caught}"
        agree(error, self.args.device)
        return loss

    def in_bf16(self) -> torch.autocast:
        """Return an autocast for a training step alone: the library's argument bf16 would evaluate dev in bf16, too.

        Dev's metric would then differ in the third digit from that of the exported weights.
        """
        return torch.autocast(self.args.device.type, torch.bfloat16, enabled=self.batches.job.bf16)

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        assert self.start is not None
        self.model.load_state_dict(to_tensors(self.start.weights))

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        if self.start is not None:
            self.optimizer.load_state_dict(to_tensors(self.start.optimizer))
            self.lr_scheduler.load_state_dict(self.start.schedule)

    def evaluate(self, *args: Any, **kwargs: Any) -> dict[str, float]:
        """Evaluate as the library does, with weight decay applied to the token ids that occur in no pair."""
        self.decay_unseen()
        return super().evaluate(*args, **kwargs)

    def decay_unseen(self) -> None:
        """Apply AdamW's decay to unseen ids: 1 - learning rate * weight decay a step (Loshchilov, Hutter 2019)."""
        if not isinstance(self.embeddings, SeenTokens):
            return
        group = next(
            number
            for number, own in enumerate(self.optimizer.param_groups)
            if any(weight is self.embeddings.weight for weight in own["params"])
        )
        peak, factor = self.lr_scheduler.base_lrs[group], self.lr_scheduler.lr_lambdas[group]
        weight_decay = self.optimizer.param_groups[group]["weight_decay"]
        self.embeddings.decay = math.prod(
            1 - peak * factor(step) * weight_decay for step in range(self.state.global_step)
        )

    def capture(self, clock: dict[str, float]) -> TrainingState:
        """Return the state after the step just taken, as views of the live arrays: store it before the next step."""
        self.decay_unseen()
        return TrainingState(
            weights=to_arrays(self.model.state_dict()),
            optimizer=to_arrays(self.optimizer.state_dict()),
            schedule=self.lr_scheduler.state_dict(),
            trainer=json.dumps(asdict(self.state)),
            clock=clock,
        )


class StepRandomness(TrainerCallback):
    """Seed each step (dropout) from (seed, step, rank) alone: a resumed training needs no saved random state."""

    def __init__(self, batches: PairBatches) -> None:
        self.batches = batches

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Set the epoch of the batches: the library sets that of sampler and loader, and this loader has neither."""
        self.batches.epoch = state.global_step // len(self.batches)

    def on_step_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Seed torch for the step."""
        seed, shard = self.batches.job.seed, self.batches.shard
        torch.manual_seed((seed * 1_000_003 + state.global_step) * shard.world_size + shard.rank)


def embed(model: Any, batch: dict[str, Any]) -> list[torch.Tensor]:
    """Return both columns of a batch from `collate`: two tensors [rows, dimensions], in fp32 under autocast, too."""
    chunks = [dict(chunk) for chunk in batch["chunks"]]
    plain = getattr(model, "module", model)
    if (table := token_embeddings(plain)) is not None:
        look_up(table, chunks)
    texts = torch.cat([model(chunk)["sentence_embedding"] for chunk in chunks]).float()
    return [texts[batch["first"]], texts[batch["second"]]]


def guide(loss: Any, base: Any, batch: dict[str, Any]) -> list[torch.Tensor]:
    """Return the base model's embeddings of a batch, if the loss reads them: the base model does not change."""
    if not getattr(loss, "reads_guide", False):
        return []
    base.eval()
    with torch.no_grad():
        return embed(base, batch)


def look_up(table: Any, chunks: list[dict[str, torch.Tensor]]) -> None:
    """Replace the chunks' ids by their embeddings, looked up once: each lookup has a gradient as large as the table.

    For MiniLM that is 47 MB to fill and to add for every chunk. Padding is looked up too, as in the library; nothing
    attends to it, so its gradient is 0.
    """
    shapes = [chunk["input_ids"].shape for chunk in chunks]
    ids = torch.cat([chunk.pop("input_ids").flatten() for chunk in chunks])
    vectors = table.of_seen(ids) if isinstance(table, SeenTokens) else table(ids)
    for chunk, shape, own in zip(chunks, shapes, vectors.split([shape.numel() for shape in shapes]), strict=True):
        chunk["inputs_embeds"] = own.view(*shape, -1)


def agree(error: str | None, device: torch.device) -> None:
    """Raise TrialFailedError on every rank if any rank has an error."""
    failed = torch.tensor(float(error is not None), device=device)
    if dist.is_initialized() and dist.get_world_size() > 1:
        dist.all_reduce(failed)
    if failed.item():
        raise TrialFailedError(error or "another rank failed")
