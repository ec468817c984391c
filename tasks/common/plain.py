"""Turn a task into plain values for a manifest, so that a run can be read without the task's code."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from common.old_names import SETTINGS, renamed
from tasks.common.declaration import AgainstCategory, Given, Layout, Number, Recipe, Row, Task
from tasks.common.label_rule import LabelRule


@dataclass(frozen=True, kw_only=True)
class PairColumns:
    """Shape the rows of a file of ready pairs: which columns hold the two texts, label, negatives, group and date."""

    first: str
    second: str
    """A cell may hold a list: then the row makes as many pairs (pairs/lists.py)."""
    label: str | None = None
    negatives: tuple[str, ...] = ()
    """Texts that do not belong to the first one, or lists of them."""
    as_pairs: bool = False
    """True: negatives become pairs of their own with label 0.0, the others have label 1.0."""
    group: str | None = None
    """The column whose rows stay in one split, such as a customer; the first text unless given."""
    time: str | None = None
    """A date by which the rows are split."""
    rule: LabelRule = field(default_factory=LabelRule)
    """Turns a label of the file into one of a pair."""

    @property
    def left_out(self) -> str:
        """The reason for which a row is left out, in words."""
        return f"label {', '.join(name or 'empty' for name in self.rule.drop)} (--drop-label)"

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns the file must have."""
        named = (self.first, self.second, self.label, *self.negatives, self.group, self.time)
        return tuple(dict.fromkeys(name for name in named if name is not None))

    def __call__(self, row: Row) -> Row | None:
        """Turn a raw row into a pair, grouped by its first text or by `group`; None where its label is dropped."""
        if self.label is not None and self.rule.drops(row[self.label]):
            return None
        pair = {"sentence1": row[self.first], "sentence2": row[self.second], "group": row[self.group or self.first]}
        pair |= {"label": self.rule(row[self.label])} if self.label is not None else {}
        pair |= {"negatives": self._negatives(row)} if self.negatives else {}
        return pair | ({"time": row[self.time]} if self.time else {})

    def _negatives(self, row: Row) -> list[Any]:
        """Collect the negatives of all columns; a row has fewer where a cell is null, NaN or empty."""
        cells = [row[name] for name in self.negatives]
        values = [value for cell in cells for value in (cell if isinstance(cell, list | tuple) else [cell])]
        return [value for value in values if value is not None and value == value and value != ""]


@dataclass(frozen=True, kw_only=True)
class CategoryColumns(PairColumns):
    """Shape the rows of a file of texts and their categories; `second` is the category."""

    def __call__(self, row: Row) -> Row | None:
        """Turn a raw row into a text with its category."""
        pair = dict(super().__call__(row) or {})
        return {"text": pair.pop("sentence1"), "category": pair.pop("sentence2"), **pair} if pair else None


def columns_of(task: Task) -> PairColumns | None:
    """Return the columns that a file of ready pairs was declared with; None for a task that code shapes."""
    return next((layout.shape for layout in task.layouts if isinstance(layout.shape, PairColumns)), None)


def to_dict(task: Task) -> dict[str, Any]:
    """Return everything a task declares as values that JSON can hold; code is represented by its columns."""
    own = {field.name: getattr(task, field.name) for field in fields(task)}
    del own["generate"], own["published"]
    return own | {
        "baseline": {name: number._asdict() for name, number in task.baseline.items()},
        "max_length": task.max_length and task.max_length._asdict(),
        "metric": task.metric,
        "shares": list(task.shares),
        "recipe": {"name": type(task.recipe).__name__} | _recipe_values(task),
        "layouts": [_layout_values(layout) for layout in task.layouts],
        "made_from": _origin(task),
    }


def from_dict(declaration: Mapping[str, Any]) -> Task:
    """Return the task of a file of ready pairs from the values of `to_dict`, which may have last version's names.

    Raises:
        KeyError, TypeError: the values were not written by `to_dict`.
        ValueError: the task was made by code, which plain values cannot restore.
    """
    if declaration["made_from"] != "file":
        raise ValueError(f"task {declaration['name']!r} was made from {declaration['made_from']}, not from a file")
    known = {field.name for field in fields(Task)}
    plain = {name: value for name, value in declaration.items() if name in known}
    return Task(
        **plain
        | {
            "baseline": {name: Number(**number) for name, number in renamed(declaration["baseline"], SETTINGS).items()},
            "max_length": Number(**length) if (length := declaration["max_length"]) else None,
            "shares": tuple(declaration["shares"]),
            "recipe": (recipe := _recipe(declaration["recipe"])),
            "layouts": tuple(_layout(recipe, **layout) for layout in declaration["layouts"]),
        }
    )


def declared_length(declaration: Mapping[str, Any]) -> int | None:
    """Return the tokens per text of a declaration; None where it leaves them to the base model.

    Raises:
        LookupError, TypeError, ValueError: max_length is missing or not a whole number of at least 1.
    """
    if declaration["max_length"] is None:
        return None
    if (length := int(declaration["max_length"]["value"])) < 1:
        raise ValueError(f"max_length is {length}")
    return length


def _recipe_values(task: Task) -> dict[str, Any]:
    values = {field.name: getattr(task.recipe, field.name) for field in fields(task.recipe)}
    return {name: value._asdict() if isinstance(value, Number) else value for name, value in values.items()}


def _recipe(values: Mapping[str, Any]) -> Recipe:
    if values["name"] == "AgainstCategory":
        return AgainstCategory(negatives_per_text=Number(**values["negatives_per_text"]))
    return Given(shared_texts=values["shared_texts"])


def _origin(task: Task) -> str:
    if task.generate is not None:
        return "generator"
    return "file" if all(isinstance(layout.shape, PairColumns) for layout in task.layouts) else "code"


def _layout_values(layout: Layout) -> dict[str, Any]:
    used = asdict(layout.shape) if isinstance(layout.shape, PairColumns) else None
    return {"columns": list(layout.columns), "header": layout.header, "used": used}


def _layout(recipe: Recipe, columns: list[str], header: bool, used: Mapping[str, Any]) -> Layout:
    shape = CategoryColumns if isinstance(recipe, AgainstCategory) else PairColumns
    given = {**used, "negatives": tuple(used.get("negatives", ())), "rule": LabelRule.of(used.get("rule"))}
    return Layout(columns=tuple(columns), shape=shape(**given), header=header)
