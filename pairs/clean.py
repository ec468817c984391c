"""Shape raw rows and drop what cannot be used, with a count for every reason."""

import dataclasses
import datetime
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from common.mistakes import Mistakes, raise_if
from files.lists import Lists
from pairs.marks import Marks
from tasks.common.declaration import AgainstCategory, Blocking, Given, Recipe, Row, Task, WithinGroup
from tasks.common.label_rule import number_in
from tasks.common.plain import PairColumns
from tasks.common.texts import folded, one_spaced
from tasks.common.values import NotTextError, no_text

CONTRADICTIONS: dict[type[Recipe], str] = {
    Given: "same pair with different labels",
    WithinGroup: "text stands in several groups",
    AgainstCategory: "same text in different categories",
    Blocking: "text stands in several groups",
}


@dataclass(frozen=True, kw_only=True)
class Cleaned:
    """Shaped rows that can be used, and the number of those that cannot, by reason."""

    rows: list[dict[str, Any]]
    dropped: Counter[str]
    notes: list[str] = dataclasses.field(default_factory=list)
    """Notes on the rows for the user."""


def clean(
    task: Task,
    raw: Iterable[Row],
    shape: Callable[[Row], Row | None],
    where: str,
    groups: dict[str, str] | None = None,
) -> Cleaned:
    """Shape every row, make a pair of each text of a list, and drop rows that are empty, repeat or contradict another.

    Runs of white space become one space: no tokenizer of ours tells them apart. Texts are the same if they are equal
    when folded, and so are pairs whose texts are, labelled ones in either order (see `unordered`). A text of which
    folding leaves nothing is empty. The rows do not depend on the task's loss, so that they serve others, too.

    Args:
        task: the task.
        raw: the rows of one file.
        shape: turns a raw row into a row of the task's recipe; None drops it.
        where: the file's name, for messages.
        groups: groups of the task's other files: folded -> first spelling. Those of this file are added. Groups that
            are the same when folded are one, in its first spelling.

    Raises:
        Mistakes: a row lacks a field of the task's recipe or cannot be shaped, a text or a group is something else, or
            a label is not a number that loss and kind allow.
    """
    dropped: Counter[str] = Counter()
    groups = {} if groups is None else groups
    lists, marks = Lists(shape), Marks(shape)
    rows = []
    for number, raw_row in enumerate(raw, 1):
        shaped = _shaped(task, shape, raw_row, f"row {number} of {where}")
        if shaped is None:
            dropped[shape.left_out if isinstance(shape, PairColumns) else "not usable"] += 1
            continue
        position = f"row {number} of {where}"
        for pair in lists.pairs_of(marks.read(shaped, position), position):
            row = _checked(task, pair, raw_row, position)
            row["group"] = groups.setdefault(folded(row["group"]), row["group"])
            if all(folded(row[name]) for name in task.recipe.texts):
                rows.append(row)
            else:
                dropped["empty text"] += 1
    return Cleaned(rows=_distinct(task, rows, dropped), dropped=dropped, notes=lists.notes)


def _shaped(task: Task, shape: Callable[[Row], Row | None], raw: Row, position: str) -> Row | None:
    try:
        return shape(raw)
    except Mistakes as mistakes:
        raise Mistakes([f"{position}: {message}" for message in mistakes.messages]) from None
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        kinds = ", ".join(f"{name} ({type(value).__name__})" for name, value in raw.items())
        raise Mistakes(
            f"row: {position} cannot be shaped by task {task.name!r}: {type(error).__name__}: {error}; it has {kinds}"
        ) from None


def _checked(task: Task, shaped: Row, raw: Row, position: str) -> dict[str, Any]:
    row = dict(shaped)
    needed = (*task.recipe.texts, "group", *(("keys",) if isinstance(task.recipe, Blocking) else ()))
    if missing := [field for field in needed if field not in row]:
        fields = f"lacks {', '.join(missing)}; has {', '.join(row)}"
        raise Mistakes(f"row: {position} as shaped by task {task.name!r} {fields}")
    wrong = []
    for field in (*task.recipe.texts, "group", *(("identity",) if "identity" in row else ())):
        try:
            row[field] = one_spaced(row[field] if field in task.recipe.texts else _key(row[field]))
        except NotTextError as kind:
            wrong.append(no_text(_column(field, row[field], raw), position, kind))
    raise_if(list(dict.fromkeys(wrong)))
    if isinstance(task.recipe, Given):
        row["label"] = _label(task, row, position)
    if "negatives" in row:
        row["negatives"] = [text for value in row["negatives"] if folded(text := one_spaced(value))]
    return row


def _key(value: Any) -> Any:
    """Return the value of a group or an identity; dates, true and false become text."""
    return str(value) if isinstance(value, bool | datetime.date) else value


def _column(field: str, value: Any, raw: Row) -> str:
    """Return the column of the file that holds this value unchanged; the field's own name if none does."""
    return next((str(name) for name, cell in raw.items() if cell is value), field)


def _label(task: Task, row: Row, position: str) -> float | None:
    """Return the label; None if there is none and the loss reads none, or given negatives are its opposite."""
    value, reads = row.get("label"), {task.declared_loss.labels, task.declared_kind.labels}
    if value is None and (task.declared_loss.labels == "none" or "negatives" in row):
        return None
    binary = "binary" in reads or "graded" not in reads
    number = number_in(value)
    if number is None or not (number in (0, 1) if binary else -1 <= number <= 1):
        allowed = "0 or 1" if binary else "a number from -1 to 1"
        raise Mistakes(
            f"label: {position} has {value!r}; allowed for a {task.loss} loss judged as {task.kind}: {allowed}"
        )
    return number


def unordered(row: Row) -> bool:
    """Check whether (b, a) says the same as (a, b): a label tells how close two texts are, in whatever order.

    A pair without a label looks for the second text of the first one, and (b, a) is another question.
    """
    return row.get("label") is not None


def _identity(task: Task, row: Row) -> tuple[Any, Any]:
    """Return what makes two rows the same, and what they then must agree on."""
    if isinstance(task.recipe, Given):
        pair = (folded(row["sentence1"]), folded(row["sentence2"]))
        return tuple(sorted(pair)) if unordered(row) else pair, row["label"]
    if isinstance(task.recipe, AgainstCategory):
        return folded(row["text"]), folded(row["category"])
    return folded(row.get("identity", row["text"])), row["group"]


def _distinct(task: Task, rows: list[dict[str, Any]], dropped: Counter[str]) -> list[dict[str, Any]]:
    identities = [_identity(task, row) for row in rows]
    verdicts: dict[Any, set[Any]] = defaultdict(set)
    for key, verdict in identities:
        verdicts[key].add(verdict)
    seen: dict[Any, dict[str, Any]] = {}
    for row, (key, _) in zip(rows, identities, strict=True):
        if len(verdicts[key]) > 1:
            dropped[CONTRADICTIONS[type(task.recipe)]] += 1
        elif key not in seen:
            seen[key] = row
        elif others := [text for text in row.get("negatives", ()) if text not in seen[key]["negatives"]]:
            seen[key]["negatives"] += others  # files of triplets have one negative a row
            dropped["repeat, its negatives added to the first"] += 1
        else:
            dropped["repeat"] += 1
    return list(seen.values())
