"""Check a request to mine negatives, and load the model that mines them."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from common.mistakes import Checks, Mistakes, raise_if
from evaluation.metrics import Floats, normalized
from models.encode import encode
from models.loading import load_folder
from models.reading import max_length_of, prompts_of
from models.saved_model import weights_sha256
from models.soundness import try_model
from pairs.mining import Miner, Vectors
from reporting.progress import MiningProgress, waiting
from tasks.common.declaration import Task

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

BELOW = 0.95
"""Share of a positive's cosine: the best of those compared in NV-Retriever (Moreira et al. 2024, arXiv 2407.15831)."""


@dataclass(frozen=True, kw_only=True)
class MiningRequest:
    """What a user asks to mine; None where an option is not given."""

    count: int | None = None
    below: float | None = None
    model: str | None = None
    trust_remote_code: bool = False


def miner_of(task: Task, request: MiningRequest, progress: MiningProgress) -> Miner | None:
    """Return the miner that a user asks for; None if no negatives are mined.

    Args:
        task: whose pairs get negatives; its base model mines unless another one is given.
        request: the options.
        progress: shows what is done.

    Raises:
        Mistakes: the task's kind has no negatives, an option is wrong, or the model is missing or damaged.
    """
    checks = Checks()
    checks.run(raise_if, _misfits(task, request))
    model = checks.run(_found, task, request, progress) if request.count is not None else None
    checks.finish()
    if request.count is None or model is None:
        return None
    return Miner(
        count=request.count,
        below=BELOW if request.below is None else request.below,
        model=model.name,
        sha256=weights_sha256(model.folder),
        first=model.vectors(prompts_of(Path(model.folder)).first),
        second=model.vectors(prompts_of(Path(model.folder)).second),
        on_progress=progress,
    )


def _misfits(task: Task, request: MiningRequest) -> list[str]:
    wrong = []
    if request.count is None:
        given = {"mine-below": request.below, "mine-with": request.model}
        wrong += [f"{name}: {value}: allowed: only with --mine N" for name, value in given.items() if value is not None]
    elif request.count < 1:
        wrong.append(f"mine: {request.count} must be at least 1")
    elif task.kind == "graded":
        wrong.append(
            f"mine: {request.count}: the labels of {task.name} are grades, and that of a mined pair is not known; "
            "allowed: no --mine"
        )
    if request.below is not None and not 0 < request.below <= 1:
        wrong.append(f"mine-below: {request.below:g} must be above 0 and at most 1")
    return wrong


def _found(task: Task, request: MiningRequest, progress: MiningProgress) -> "_MiningModel":
    """Find the model; the task's base model reads as many tokens as the task declares, another one as it was saved."""
    from workflows.evaluate import find_model  # here: it imports transformers, which takes seconds

    try:
        found = find_model(request.model or task.base_model, request.trust_remote_code)
    except Mistakes as mistakes:
        field = "mine-with:" if request.model else "base-model:"
        raise Mistakes([message.replace("model:", field, 1) for message in mistakes.messages]) from None
    declared = task.tokens if request.model is None else None
    return _MiningModel(
        name=request.model or task.base_model,
        folder=found.folder,
        max_length=max_length_of(Path(found.folder), None, declared),
        trust_remote_code=request.trust_remote_code,
        progress=progress,
    )


@dataclass(frozen=True, kw_only=True)
class _MiningModel:
    """A model that is loaded when the first texts are embedded: the rows are read and split before."""

    name: str
    folder: str
    max_length: int
    trust_remote_code: bool
    progress: MiningProgress

    def vectors(self, prompt: str) -> Vectors:
        """Return the function that embeds texts with this prompt before each."""

        def embed(texts: list[str]) -> Floats:
            return normalized(encode(self._model, [prompt + text for text in texts], self.progress.encoding))

        return embed

    @cached_property
    def _model(self) -> "SentenceTransformer":
        with waiting("loading the model", quiet=self.progress.quiet):
            model = load_folder(
                self.folder,
                max_length=self.max_length,
                trust_remote_code=self.trust_remote_code,
                field="mine-with",
                name=self.name,
            )
            try_model(model, self.folder, "mine-with", self.name)
        return model
