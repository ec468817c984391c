"""Find a saved model, its run and its prepared pairs, and score it on a split."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePath
from typing import Any, NamedTuple

from transformers.utils.logging import disable_progress_bar

from common import storage
from common.mistakes import Mistakes
from common.run_folder import BEST, REFIT, RunFolder
from evaluation.evaluator import Evaluator
from evaluation.predictions import PairPredictions
from evaluation.purpose import Purpose
from evaluation.threshold import Unmet, choose
from evaluation.yardsticks.fit import MOST_ROWS
from models.base_model import ResolvedModel, resolve_base_model
from models.category_vectors import other_categories, stored_vectors
from models.reading import max_length_of, prompts_of
from models.saved_model import weights_sha256
from pairs.manifest import MANIFEST, refuse_other_task
from pairs.prepared import PreparedPairs
from reporting.evaluations import CachedScores, scored_once
from reporting.progress import EncodingProgress
from reporting.run import as_read, read_data, read_result, read_settings, read_verdict
from tasks.common.kinds import KINDS
from tasks.common.loading import load
from tasks.common.plain import declared_length
from tokens.reading import Prompts
from workflows.score_model import predict, score_model
from workflows.yardsticks import SEED, LexicalScores, lexical_scores


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A model on this machine and the prepared pairs to evaluate it on."""

    folder: str
    """The model's folder on this machine."""
    run: RunFolder | None
    """The run that trained it; None for any other model."""
    settings: dict[str, Any]
    """The run's settings.json, empty without a run."""
    pairs: PreparedPairs
    trust_remote_code: bool = False
    """Whether code that the model brings may run."""
    notes: list[str]
    """Remarks on the scores."""

    @property
    def kind(self) -> str:
        """The kind of evaluation that the prepared pairs declare."""
        return str(self.pairs.manifest["declaration"]["kind"])

    @property
    def metric(self) -> str:
        """The score that decides."""
        return KINDS[self.kind].metric

    @property
    def base_model(self) -> str:
        """The base model to compare with: the run's, or else the task's."""
        return str(self.settings.get("base_model") or self._declared()["base_model"])

    def max_length(self, base: Path) -> int:
        """Return the tokens per text of the base model: as many as in the run, or else as a training would read.

        Args:
            base: the base model's folder.
        """
        if "max_length" in self.settings:
            return int(self.settings["max_length"])
        return max_length_of(base, None, self._declared()["max_length"])

    def _declared(self) -> dict[str, Any]:
        """Return base model and length from the manifest of the pairs.

        Raises:
            Mistakes: it has none.
        """
        declared = self.pairs.manifest["declaration"]
        with storage.reading(storage.join(self.pairs.folder, MANIFEST), "prepare the pairs again"):
            return {"base_model": declared["base_model"], "max_length": declared_length(declared)}

    def prompts(self, base: Path) -> Prompts:
        """Return the prompts of the base model: the run's, or else its own.

        Args:
            base: the base model's folder.
        """
        return Prompts(*self.settings["prompts"]) if "prompts" in self.settings else prompts_of(base)

    def score(
        self, split: str, folder: str, max_length: int | None = None, prompts: Prompts | None = None
    ) -> CachedScores:
        """Score a model on a split; the test split is scored once per run and weights, then read from the run.

        Args:
            split: train, dev or test.
            folder: the model's folder.
            max_length: tokens per text; None for the saved length.
            prompts: prompts before first and second texts; None for the saved ones.

        Raises:
            Mistakes: there is no such split, or this kind of evaluation cannot use it.
        """

        def compute() -> dict[str, float]:
            evaluator = self._evaluator(split, prompts_of(Path(folder)) if prompts is None else prompts)
            self._note_vectors(folder, evaluator)
            trusted = self.trust_remote_code
            with EncodingProgress() as on_progress:
                return score_model(folder, evaluator, on_progress, max_length=max_length, trust_remote_code=trusted)

        if split != "test" or self.run is None:
            return CachedScores(scores=compute())
        return scored_once(self.run, split, self.pairs.fingerprint, weights_sha256(folder), compute)

    def _note_vectors(self, folder: str, evaluator: Evaluator) -> None:
        if (stored := stored_vectors(folder)) and stored.of(evaluator.choice) is None:
            self.notes.append(other_categories(stored, evaluator.choice))

    def purpose(self, text: str | None, split: str) -> Purpose | None:
        """Read what a threshold is to be chosen for; None if nothing was given.

        Raises:
            Mistakes: it is no purpose, the kind has no threshold, or the split is not dev.
        """
        purpose = Purpose.for_kind(text, KINDS[self.kind])
        if purpose and split != "dev":
            raise Mistakes(f"threshold: {text!r} with --split {split}; allowed: with --split dev, which chooses")
        return purpose

    def score_for(self, purpose: Purpose | None, split: str) -> tuple[CachedScores, dict[str, Any]]:
        """Score the model on dev at a threshold that is chosen there for a purpose, instead of the stored one.

        Args:
            purpose: None for the stored threshold, on any split.
            split: train, dev or test.

        Returns:
            The scores, and `threshold` and `unmet` as in verdict.json, without a purpose neither.
        """
        if purpose is None:
            return self.score(split, self.folder), {}
        evaluator = self._evaluator("dev", prompts_of(Path(self.folder)))
        with EncodingProgress() as on_progress:
            predictions = predict(self.folder, evaluator, on_progress, trust_remote_code=self.trust_remote_code)
        assert isinstance(predictions, PairPredictions)  # no other kind has a threshold
        chosen = choose(predictions, None, int(self.settings.get("seed", SEED)), purpose)
        if isinstance(chosen, Unmet):
            return CachedScores(scores=predictions.scores()), {"threshold": None, "unmet": chosen.reason}
        own = {name: score.value for name, score in chosen.dev.items()}
        return CachedScores(scores=predictions.scores() | own), {"threshold": chosen.to_dict(), "unmet": None}

    def _evaluator(self, split: str, prompts: Prompts) -> Evaluator:
        disable_progress_bar()
        return Evaluator(self.kind, self.pairs.table(split), self.pairs.candidates(), prompts)

    def yardsticks(self, split: str, *, quiet: bool) -> LexicalScores | None:
        """Score the lexical yardsticks, fitted on train, on a split; None if the kind cannot be computed from it."""
        train = self.pairs.sample("train", MOST_ROWS, SEED)
        return lexical_scores(self.kind, train, self.pairs.table(split), self.pairs.candidates(), quiet=quiet)

    def score_base(self, split: str) -> CachedScores:
        """Score the base model with the length and the prompts of the run.

        Raises:
            Mistakes: the base model is missing; see also `score`.
        """
        base = resolve_base_model(self.base_model, self.trust_remote_code)
        self.notes.append(base.line)
        return self.score(split, str(base.folder), self.max_length(base.folder), self.prompts(base.folder))

    def verdict(self, split: str) -> dict[str, Any] | None:
        """Return the run's verdict.json, if it is about this split, these pairs and this model's weights.

        Only a verdict on test is returned: test was scored when the run ended and is not scored again.
        """
        return self._verdict if split == "test" else None

    @cached_property
    def _verdict(self) -> dict[str, Any] | None:
        if self.run is None or (verdict := read_verdict(self.run)) is None:
            return None
        same_pairs = verdict["fingerprint"] == self.pairs.fingerprint
        same = same_pairs and verdict["weights"] == weights_sha256(self.folder)
        return verdict if same and "test" in verdict["splits"] else None

    def to_dict(self) -> dict[str, Any]:
        """Return task, data, fingerprint, metric and notes for --json."""
        about = {"task": self.pairs.manifest["task"], "data": self.pairs.folder, "fingerprint": self.pairs.fingerprint}
        return {**about, "metric": self.metric, "notes": self.notes}


def find(model: str, task: str | None, data: str | None, trust_remote_code: bool = False) -> Subject:
    """Find the model and the pairs; the run that the model lies in supplies what is not given.

    Args:
        model: a run folder, its best folder, any other sentence-transformers folder, or a hub name.
        task: a task's name or file; None for the run's.
        data: folder of the prepared pairs; None for the run's, or for data/TASK of another task.
        trust_remote_code: whether code that the model brings may run.

    Raises:
        Mistakes: the model or the pairs are missing, or neither a run nor an option gives the pairs.
    """
    folder, run, line = find_model(model, trust_remote_code)
    notes = [*([line] if line else []), *prompts_of(Path(folder)).lines]
    settings = read_settings(run) if run else {}
    settings |= as_read(settings, read_result(run)) if run else {}  # the base model is the exported model's own
    name = load(task).name if task and task.endswith(".py") else task
    pairs = PreparedPairs.open(_data_folder(model, name, data, settings))
    if name:
        refuse_other_task(pairs.folder, pairs.manifest, name)
    if run and settings["task"] != pairs.manifest["task"]:
        notes.append(f"the model was trained for {settings['task']} and is evaluated on {pairs.manifest['task']}")
    elif run and read_data(run)["fingerprint"] != pairs.fingerprint:
        notes.append(
            f"{pairs.folder} was prepared again after this run: "
            "its dev or test pairs may have been among the run's training pairs"
        )
    if run and PurePath(folder).name == REFIT:
        notes.append(_refit_note(run))
    trusted = trust_remote_code
    return Subject(folder=folder, run=run, settings=settings, pairs=pairs, trust_remote_code=trusted, notes=notes)


def refit_of(run: str) -> str:
    """Return the folder of a run's refit.

    Raises:
        Mistakes: it is no run, or has none.
    """
    folder = RunFolder(run)
    if not folder.is_run or not folder.exists(f"{REFIT}/modules.json"):
        what = "is a run without one" if folder.is_run else "is no run"
        raise Mistakes(f"model: {REFIT!r}, but {run!r} {what}; allowed: a run with --refit dev or --refit all")
    return storage.join(run, REFIT)


class FoundModel(NamedTuple):
    """A saved model on this machine."""

    folder: str
    run: RunFolder | None
    """The run that trained it; None for any other model."""
    line: str = ""
    """The origin of a model that is no folder."""


def find_model(model: str, trust_remote_code: bool = False) -> FoundModel:
    """Find a run's best model, a sentence-transformers folder, or a model of the hub.

    Raises:
        Mistakes: it is none of the three, its folder is damaged, or it brings code that is not trusted.
    """
    run = RunFolder(model)
    try:
        return _find(model, run, trust_remote_code)
    except Mistakes as mistakes:
        raise Mistakes([message.replace("base-model:", "model:", 1) for message in mistakes.messages]) from None


def _refit_note(run: RunFolder) -> str:
    """Return the note that scores on rows which a refit was trained on are no scores."""
    refit = (read_verdict(run) or {}).get("refit") or {}
    splits = " and ".join(refit.get("splits", ("train", "dev")))
    return f"a refit was trained on {splits}: its scores there say nothing about new texts"


def _find(model: str, run: RunFolder, trust_remote_code: bool) -> FoundModel:
    if run.is_run:
        if not run.exists(f"{BEST}/modules.json"):
            raise Mistakes(f"model: {model!r} is a run without a best model; a run that has trained one is needed")
        return FoundModel(_sound(run.local_copy(BEST), f"{model}/{BEST}", trust_remote_code), run)
    if storage.is_file(storage.join(model, "modules.json")):
        return FoundModel(_sound(run.local_copy(), model, trust_remote_code), RunFolder.of_model(model))
    resolved = resolve_base_model(model, trust_remote_code, trained=False)
    return FoundModel(str(resolved.folder), None, resolved.line)


def _sound(folder: str, name: str, trust_remote_code: bool) -> str:
    model = ResolvedModel(name=name, folder=Path(folder), line="", trust_remote_code=trust_remote_code)
    model.check_files(trained=False)
    return folder


def _data_folder(model: str, task: str | None, data: str | None, settings: dict[str, Any]) -> str:
    if data:
        return data
    if task and task != settings.get("task"):
        return f"data/{task}"
    if "data" in settings:
        return str(settings["data"])
    raise Mistakes(
        f"data: {model!r} belongs to no run, so its pairs are unknown; --task NAME or --data FOLDER is needed"
    )
