"""Read JSON as rows: an object or an array in each line, or one array of them."""

import json
import re
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

from files.formats.lines import lines

Record = dict[str, Any] | list[Any]
SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
"""An escape of half a character (a surrogate), alone or beside its other half."""
NAMES: dict[type, str] = {dict: "an object", list: "an array"}
MOST_SHOWN = 80
"""Characters of a line in a message."""


class _Repeated(dict[str, Any]):
    """An object that had a key more than once; it holds the last value of each, as json does."""

    repeated: frozenset[str]


def rows(file: Any, wanted: Sequence[str] | None = ()) -> Iterator[Record]:
    """Yield each row; all are objects, or all are arrays of one length.

    Args:
        file: the file, open for reading bytes.
        wanted: keys that must not repeat and whose values must not hold half a character; if empty, the names in an
            object must not hold one; None checks nothing.

    Raises:
        ValueError: the first row that cannot be read, with its line, or its number in one array.
    """
    kind: Any = None
    length = 0
    for position, escaped, value in _values(lines(file)):
        if not isinstance(value, dict | list):
            shown = json.dumps(value)[:MOST_SHOWN]
            raise ValueError(f"{position} is not an object with the columns' names, nor an array of values: {shown}")
        if kind is None:
            kind, length = list if isinstance(value, list) else dict, len(value)
        if not isinstance(value, kind):
            raise ValueError(f"{position} is {NAMES[dict if kind is list else list]}, and the first is {NAMES[kind]}")
        if kind is list and len(value) != length:
            raise ValueError(f"{position} has {len(value)} values, and the first has {length}")
        if wanted is not None:
            _check(position, escaped, value, wanted)
        yield value


def _values(lines: Iterator[str]) -> Iterator[tuple[str, bool, Any]]:
    """Yield each row's position in words, whether it may hold half a character, and its value."""
    numbered = ((number, line) for number, line in enumerate(lines, 1) if line.strip())
    first = next(numbered, None)
    if first is None:
        return
    if _is_table(first[1]):
        text = "".join([first[1], *(line for _, line in numbered)])
        escaped = bool(SURROGATE.search(text))
        for number, value in enumerate(_loaded("one array", text), 1):
            yield f"row {number}", escaped, value
        return
    for number, line in chain([first], numbered):
        yield f"line {number}", bool(SURROGATE.search(line)), _loaded(f"line {number}", line)


def _is_table(first: str) -> bool:
    """Check whether the first line begins one array of rows and is not a row itself."""
    if not first.lstrip().startswith("["):
        return False
    try:
        value = json.loads(first)
    except (ValueError, RecursionError):
        return True
    return not value or isinstance(value[0], dict | list)


def _loaded(position: str, text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_object)
    except RecursionError:
        raise ValueError(f"{position}: it is nested too deeply") from None
    except ValueError as error:
        raise ValueError(
            f"{position}: {error}; allowed: an object or an array in each line, or one array of them"
        ) from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) == len(pairs):
        return values
    names = [name for name, _ in pairs]
    row = _Repeated(values)
    row.repeated = frozenset(name for name in values if names.count(name) > 1)
    return row


def _check(position: str, escaped: bool, row: Record, wanted: Sequence[str]) -> None:
    if isinstance(row, _Repeated) and (twice := row.repeated.intersection(wanted)):
        raise ValueError(f"{position} has {', '.join(sorted(twice))} more than once; rename one")
    if escaped:
        _refuse_halves(position, row, wanted)


def _refuse_halves(position: str, row: Record, wanted: Sequence[str]) -> None:
    """Refuse half a character in a value that is read; if no value is named, in a name or in any value of an array."""
    values: dict[Any, Any] = dict(enumerate(row, 1))
    if isinstance(row, dict):
        values = {name: row.get(name) for name in wanted} or {name: name for name in row}
    for name, value in values.items():
        if not _is_whole(json.dumps(value, ensure_ascii=False)):
            shown = str(name).encode(errors="backslashreplace").decode()
            raise ValueError(f"{position}: {shown} holds half of a character (a lone surrogate, such as \\ud83d)")


def _is_whole(text: str) -> bool:
    """Check whether a text can be written as UTF-8: half of a character, a lone surrogate, cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
