"""A task as plain values: what a manifest holds, so that a run can be read without the task's code."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from tasks.common.declaration import AgainstCategory, Given, Layout, Number, Recipe, Row, Task
from tasks.common.label_rule import LabelRule


@dataclass(frozen=True, kw_only=True)
class PairColumns:
    """Shapes the rows of a file of ready pairs: which columns hold the two texts and, perhaps, the label."""

    first: str
    second: str
    label: str | None = None
    rule: LabelRule = field(default_factory=LabelRule)
    """How a label of the file becomes one of a pair."""

    @property
    def left_out(self) -> str:
        """Why a row is left out, in words."""
        return f"label {', '.join(name or 'empty' for name in self.rule.drop)} (--drop-label)"

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns the file must have."""
        return (self.first, self.second) + ((self.label,) if self.label else ())

    def __call__(self, row: Row) -> Row | None:
        """Raw row -> pair, or None where its label says to leave it out; the same first text is one group."""
        pair = {"sentence1": row[self.first], "sentence2": row[self.second], "group": row[self.first]}
        if self.label is None:
            return pair
        return None if self.rule.drops(row[self.label]) else pair | {"label": self.rule(row[self.label])}


@dataclass(frozen=True, kw_only=True)
class CategoryColumns(PairColumns):
    """Shapes the rows of a file of texts and their categories; `second` is the category."""

    def __call__(self, row: Row) -> Row | None:
        """Raw row -> text with its category."""
        pair = super().__call__(row)
        return pair and {"text": pair["sentence1"], "category": pair["sentence2"], "group": pair["group"]}


def to_dict(task: Task) -> dict[str, Any]:
    """Everything a task declares, as values that JSON can hold; code is named by what it needs (columns)."""
    own = {field.name: getattr(task, field.name) for field in fields(task)}
    del own["generate"], own["published"]
    return own | {
        "baseline": {name: number._asdict() for name, number in task.baseline.items()},
        "max_length": task.max_length._asdict(),
        "metric": task.metric,
        "shares": list(task.shares),
        "recipe": {"name": type(task.recipe).__name__} | _recipe_values(task),
        "layouts": [_layout_values(layout) for layout in task.layouts],
        "made_from": _origin(task),
    }


def from_dict(declaration: Mapping[str, Any]) -> Task:
    """The task of a file of ready pairs, from what `to_dict` wrote.

    Raises:
        KeyError, TypeError: the values were not written by `to_dict`.
        ValueError: the task was made by code, which plain values cannot bring back.
    """
    if declaration["made_from"] != "file":
        raise ValueError(f"task {declaration['name']!r} was made from {declaration['made_from']}, not from a file")
    known = {field.name for field in fields(Task)}
    plain = {name: value for name, value in declaration.items() if name in known}
    return Task(
        **plain
        | {
            "baseline": {name: Number(**number) for name, number in declaration["baseline"].items()},
            "max_length": Number(**declaration["max_length"]),
            "shares": tuple(declaration["shares"]),
            "recipe": (recipe := _recipe(declaration["recipe"])),
            "layouts": tuple(_layout(recipe, **layout) for layout in declaration["layouts"]),
        }
    )


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
    given = {**used, "rule": LabelRule.of(used.get("rule"))}
    return Layout(columns=tuple(columns), shape=shape(**given), header=header)
