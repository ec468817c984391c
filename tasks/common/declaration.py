"""Declare a task: texts, loss, baseline numbers with their origin, how raw rows become pairs, how models are scored.

Machines, worker counts and paths are never part of a task.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from numbers import Real
from typing import Any, ClassVar

from common.mistakes import raise_if
from common.old_names import SETTINGS, renamed
from common.space import Setting
from tasks.common.kinds import KINDS, Kind, fits
from tasks.common.losses import LOSSES, SHARED_PARAMETERS, Loss
from tasks.common.number import Number as Number  # task files import everything from here
from tasks.common.parameters import Parameter

BASE_MODEL = "sentence-transformers/all-MiniLM-L6-v2"

WHOLE = ("global_batch_size", "epochs", "max_length", "negatives")
BELOW_ONE = ("warmup_ratio", "weight_decay")
TEXT_FIELDS = ("name", "about", "source", "loss", "kind", "label", "group", "base_model")

SEEDS = 2**32
"""A seed is a whole number from 0 and below this: numpy takes no other."""


@dataclass(frozen=True, kw_only=True)
class Given:
    """Take rows that already are pairs.

    A shaped row has sentence1, sentence2, group, and perhaps a label. It may have `negatives`, a list of texts that do
    not belong to sentence1. Where sentence2 is a list, the row is as many pairs.
    """

    texts: ClassVar[tuple[str, ...]] = ("sentence1", "sentence2")
    """Fields of a shaped row that a model reads; in every recipe."""
    apart: ClassVar[tuple[str, ...]] = ("sentence1", "sentence2")
    """Those texts that may not stand in two splits; in every recipe."""
    shared_texts: str = "join"
    """Treatment of groups that share a text.

    'join': they go to the same split. 'drop': a train row that shares a text with dev or test is dropped.
    """


@dataclass(frozen=True, kw_only=True)
class WithinGroup:
    """Pair texts of one group as positives and texts of different groups as negatives.

    A shaped row has text, group, and `identity` where only a part of the text decides what is a repeat.
    """

    texts: ClassVar[tuple[str, ...]] = ("text",)
    apart: ClassVar[tuple[str, ...]] = ("text",)
    max_positives_per_group: Number
    negatives_per_positive: Number


@dataclass(frozen=True, kw_only=True)
class AgainstCategory:
    """Pair a text with its category (1.0) and, in train only, with other categories (0.0).

    A shaped row has text, category and group.
    """

    texts: ClassVar[tuple[str, ...]] = ("text", "category")
    apart: ClassVar[tuple[str, ...]] = ("text",)
    negatives_per_text: Number


@dataclass(frozen=True, kw_only=True)
class Blocking:
    """Pair records of one group as true duplicates (1.0), and near misses that share a blocking key as negatives (0.0).

    A shaped row has text, group and keys (a list of strings).
    """

    texts: ClassVar[tuple[str, ...]] = ("text",)
    apart: ClassVar[tuple[str, ...]] = ("text",)
    negatives_per_positive: Number


Recipe = Given | WithinGroup | AgainstCategory | Blocking
Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Layout:
    """A file layout in which the raw data is known to come, and how its rows are shaped."""

    columns: tuple[str, ...]
    """Columns that the file must have; the row given to `shape` has all of them."""
    shape: Callable[[Row], Row | None]
    """Raw row -> the recipe's row, or None to drop it (counted as 'not usable')."""
    header: bool = True
    """False: the file has no header line and exactly `columns`, in this order."""


@dataclass(frozen=True, kw_only=True)
class Published:
    """The way in which a published model's pairs were made, errors included, to show that an audit finds them."""

    rule: str
    """The rule in words, for the manifest."""
    pairs: Callable[[Sequence[Row], int], Mapping[str, Sequence[Row]]]
    """(raw rows, seed) -> split -> rows of sentence1, sentence2 and perhaps label, of whatever type they had."""
    rows: int | None = None
    """Raw rows, for a task whose data is generated."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """One pair task.

    Raises:
        Mistakes: a field does not fit the others; every misfit is named at once.
    """

    name: str
    about: str
    """One line for the task table."""
    source: str
    """The origin of the raw data, and the place to get it."""
    loss: str
    """Name of a loss, one of LOSSES."""
    baseline: Mapping[str, Number]
    """SHARED_SETTINGS, SHARED_PARAMETERS and the loss's own, each with its origin; parameters may be left out."""
    max_length: Number | None = None
    """Tokens per text, as in the original training; None: the base model's own number, 512 at most."""
    kind: str
    """Name of a kind of evaluation, one of KINDS."""
    label: str
    """The meaning of a label, in one line."""
    recipe: Recipe
    layouts: tuple[Layout, ...] = ()
    """Tried in order; the first that fits the file's columns is used. Empty only for a generated task."""
    group: str
    """The unit that always stays in one split, in words."""
    shares: tuple[float, float, float] = (0.6, 0.2, 0.2)
    """Fractions of the groups in train, dev and test. Test 0.0: it comes from its own file (--test-source)."""
    rows: int | None = None
    """Number of raw rows that are taken by default (whole groups, drawn with the seed); None: all."""
    dev_rows: int | None = None
    """A fixed size of dev, for a source that is larger than a search needs; `rows` then counts train alone."""
    generate: Callable[[int, int], Iterable[Row]] | None = None
    """(rows, seed) -> shaped rows, for a task whose data is generated."""
    published: Published | None = None
    inferred_from: str = ""
    """The reason for which loss and kind were inferred from a file of pairs; empty where they are declared."""
    base_model: str = BASE_MODEL

    def __post_init__(self) -> None:
        if isinstance(self.baseline, Mapping):
            given = renamed(self.baseline, SETTINGS, note=True)
            own = LOSSES[self.loss].parameters if isinstance(self.loss, str) and self.loss in LOSSES else {}
            object.__setattr__(self, "baseline", {**given, **_undeclared({**SHARED_PARAMETERS, **own}, given)})
        raise_if(list(_misfits(self)))

    @property
    def declared_loss(self) -> Loss:
        """The declaration of the loss: the labels that it reads and its parameters."""
        return LOSSES[self.loss]

    @property
    def declared_kind(self) -> Kind:
        """The declaration of the kind of evaluation: its deciding metric and the labels that it needs."""
        return KINDS[self.kind]

    @property
    def metric(self) -> str:
        """The metric that decides; higher is better."""
        return self.declared_kind.metric

    @property
    def tokens(self) -> int | None:
        """Tokens per text as a plain number; None: the base model decides."""
        return None if self.max_length is None else int(float(self.max_length.value))

    @property
    def settings(self) -> dict[str, Any]:
        """The baseline settings as plain values, with the loss."""
        return {"loss": self.loss, **{name: number.value for name, number in self.baseline.items()}}


def _undeclared(parameters: Mapping[str, Parameter], baseline: Mapping[str, Number]) -> dict[str, Number]:
    """Return the defaults of the settings that a task leaves out."""
    return {name: each.default for name, each in parameters.items() if name not in baseline}


def _misfits(task: Task) -> Iterable[str]:
    wrong = list(_wrong_types(task))
    return wrong or _wrong_values(task)  # values of a wrong type cannot be compared


def _wrong_types(task: Task) -> Iterable[str]:
    for name in TEXT_FIELDS:
        if not isinstance(text := getattr(task, name), str) or not text.strip():
            yield f"{name}: {text!r} must be text"
    if not isinstance(task.recipe, Recipe):
        yield f"recipe: {task.recipe!r} must be one of {', '.join(recipe.__name__ for recipe in Recipe.__args__)}"
    if isinstance(task.baseline, Mapping):
        for name, number in _numbers(task).items():
            word = isinstance(number, Number) and isinstance(number.value, str) and name.startswith("baseline.")
            if not (word or (isinstance(number, Number) and _is_finite(number.value))):
                yield f"{name}: {number!r} must be a Number whose value is finite"
    else:
        yield f"baseline: {task.baseline!r} must have a Number for each setting"
    for name in ("rows", "dev_rows"):
        if (rows := getattr(task, name)) is not None and not (_is_whole(rows) and rows > 0):
            yield f"{name}: {rows!r} must be a whole number of at least 1, or None"
    if not (isinstance(task.shares, tuple) and len(task.shares) == 3 and all(map(_is_finite, task.shares))):
        yield f"shares: {task.shares!r} must be three numbers: train, dev, test"
    if not (isinstance(task.layouts, tuple) and all(isinstance(layout, Layout) for layout in task.layouts)):
        yield f"layouts: {task.layouts!r} must be a tuple of Layout"
    if not (task.generate is None or callable(task.generate)):
        yield f"generate: {task.generate!r} must be a function of rows and seed, or None"
    if not isinstance(task.published, Published | None):
        yield f"published: {task.published!r} must be a Published, or None"


def _numbers(task: Task) -> dict[str, Any]:
    """Return every Number that a task declares, by its name there."""
    recipe_fields = [field.name for field in fields(task.recipe)] if isinstance(task.recipe, Recipe) else []
    return {
        **{f"baseline.{name}": number for name, number in task.baseline.items()},
        **({} if task.max_length is None else {"max_length": task.max_length}),
        **{f"recipe.{name}": getattr(task.recipe, name) for name in recipe_fields if name != "shared_texts"},
    }


def _is_finite(value: Any) -> bool:
    try:
        return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:  # a whole number that no float holds
        return False


def _is_whole(value: Any) -> bool:
    return _is_finite(value) and value == int(value)


def _wrong_values(task: Task) -> Iterable[str]:
    loss = LOSSES.get(task.loss)
    if loss is None:
        yield f"loss: {task.loss!r} is not one of {', '.join(LOSSES)}"
    elif set(task.baseline) != set(wanted := loss.settings):
        yield f"baseline: has {sorted(task.baseline)}, a {task.loss} task needs exactly {sorted(wanted)}"
    if task.kind not in KINDS:
        yield f"kind: {task.kind!r} is not one of {', '.join(KINDS)}"
    elif loss and not fits(loss, KINDS[task.kind]):
        yield f"loss: {task.loss!r} reads categories; a {task.kind} task has none"
    if isinstance(task.recipe, Given) and task.recipe.shared_texts not in ("join", "drop"):
        yield f"recipe.shared_texts: {task.recipe.shared_texts!r} is not one of join, drop"
    if abs(sum(task.shares) - 1) > 1e-9 or min(task.shares) < 0 or task.shares[0] <= 0:
        yield f"shares: {task.shares} must be train, dev, test >= 0, with train > 0 and a sum of 1"
    if bool(task.layouts) == bool(task.generate):
        yield f"layouts: task {task.name!r} needs either layouts of a raw file or generate, and not both"
    for name, number in _numbers(task).items():
        if misfit := setting_misfit(name.removeprefix("baseline."), number.value, loss):
            yield f"{name}: {misfit}"


def setting_misfit(name: str, value: Setting, loss: Loss | None) -> str | None:
    """Return the error in the value of a setting or another number of a task; None where it is allowed.

    Args:
        name: of the setting, or recipe.NAME for a number of the recipe.
        value: of the setting.
        loss: its own parameters have bounds, too; None: the loss is not known.
    """
    own = {**SHARED_PARAMETERS, **(loss.parameters if loss else {})}.get(name)
    if own is not None:
        return None if own.allows(value) else f"{_shown(value)} is not {own.allowed}"
    if isinstance(value, str):
        return f"{value!r} must be a number"
    if name in BELOW_ONE:
        return None if 0 <= value < 1 else f"{value:g} must be at least 0 and below 1"
    if name.startswith("recipe."):
        return None if _is_whole(value) and value >= 0 else f"{value:g} must be a whole number of at least 0"
    if value <= 0:
        return f"{value:g} must be above 0"
    return f"{value:g} must be a whole number" if name in WHOLE and not _is_whole(value) else None


def _shown(value: Setting) -> str:
    return repr(value) if isinstance(value, str) else f"{value:g}"
