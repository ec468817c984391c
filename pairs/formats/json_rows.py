"""JSON as rows: an object or an array in each line, or one array of them."""

import json
import re
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

from pairs.formats.lines import lines

Record = dict[str, Any] | list[Any]
SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
"""An escape that stands for half of a character, alone or beside its other half."""
NAMES: dict[type, str] = {dict: "an object", list: "an array"}
MOST_SHOWN = 80
"""Characters of a line in a message."""


class _Repeated(dict[str, Any]):
    """An object whose keys do not differ; the last value of each is kept, as json does."""

    repeated: frozenset[str]


def rows(file: Any, wanted: Sequence[str] | None = ()) -> Iterator[Record]:
    """Each row: all are objects, or all are arrays of one length.

    Args:
        wanted: names of the values that have to be in order; all where none is named, and None: whatever they are.

    Raises:
        ValueError: the first row that cannot be read, with its line, or its number in one array.
    """
    kind: Any = None
    length = 0
    for place, escaped, value in _values(lines(file)):
        if not isinstance(value, dict | list):
            shown = json.dumps(value)[:MOST_SHOWN]
            raise ValueError(f"{place} is not an object with the columns' names, nor an array of values: {shown}")
        if kind is None:
            kind, length = list if isinstance(value, list) else dict, len(value)
        if not isinstance(value, kind):
            raise ValueError(f"{place} is {NAMES[dict if kind is list else list]}, and the first is {NAMES[kind]}")
        if kind is list and len(value) != length:
            raise ValueError(f"{place} has {len(value)} values, and the first has {length}")
        if wanted is not None:
            _check(place, escaped, value, wanted)
        yield value


def _values(found: Iterator[str]) -> Iterator[tuple[str, bool, Any]]:
    """Of each row its place, whether half of a character may stand in it, and its value."""
    placed = ((number, line) for number, line in enumerate(found, 1) if line.strip())
    first = next(placed, None)
    if first is None:
        return
    if _is_table(first[1]):
        text = "".join([first[1], *(line for _, line in placed)])
        escaped = bool(SURROGATE.search(text))
        for number, value in enumerate(_loaded("one array", text), 1):
            yield f"row {number}", escaped, value
        return
    for number, line in chain([first], placed):
        yield f"line {number}", bool(SURROGATE.search(line)), _loaded(f"line {number}", line)


def _is_table(first: str) -> bool:
    """Whether the first line begins one array of rows, and is not a row itself."""
    if not first.lstrip().startswith("["):
        return False
    try:
        value = json.loads(first)
    except (ValueError, RecursionError):
        return True
    return not value or isinstance(value[0], dict | list)


def _loaded(place: str, text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_object)
    except RecursionError:
        raise ValueError(f"{place}: it is nested too deeply") from None
    except ValueError as error:
        raise ValueError(
            f"{place}: {error}; allowed: an object or an array in each line, or one array of them"
        ) from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) == len(pairs):
        return made
    names = [name for name, _ in pairs]
    found = _Repeated(made)
    found.repeated = frozenset(name for name in made if names.count(name) > 1)
    return found


def _check(place: str, escaped: bool, row: Record, wanted: Sequence[str]) -> None:
    if isinstance(row, _Repeated) and (twice := row.repeated.intersection(wanted)):
        raise ValueError(f"{place} has {', '.join(sorted(twice))} more than once; rename one")
    if escaped:
        _refuse_halves(place, row, wanted)


def _refuse_halves(place: str, row: Record, wanted: Sequence[str]) -> None:
    """Refuse half of a character in a value that is read, or in a name where names are."""
    values: dict[Any, Any] = dict(enumerate(row, 1))
    if isinstance(row, dict):
        values = {name: row.get(name) for name in wanted} or {name: name for name in row}
    for name, value in values.items():
        if not _is_whole(json.dumps(value, ensure_ascii=False)):
            shown = str(name).encode(errors="backslashreplace").decode()
            raise ValueError(f"{place}: {shown} holds half of a character (a lone surrogate, such as \\ud83d)")


def _is_whole(text: str) -> bool:
    """Whether a text can be written as UTF-8: half of a character, a lone surrogate, cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
