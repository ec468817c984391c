"""Infer the schema of all rows of a table before the first is used: a column may be null for a million rows."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import reduce
from typing import Any

import pyarrow as pa

from files import batches
from files.batches import Table
from files.formats import parquet
from files.formats.delimited import DELIMITERS
from files.formats.source import extension_of, opened
from tasks.common.texts import one_spaced

EXACT = 2**53
"""The largest magnitude up to which a double holds every whole number."""
SMALL, LARGE = pa.int32(), pa.int64()
"""Whole numbers within EXACT, and those of 64 bits; both become int64 in the schema."""
MOST_FIELDS = 1_000
"""Fields of a record. One with more is rather a mapping of names to values, which no schema describes."""
DEEPEST = 10
"""Depth of lists and records within each other; readers of parquet give up at some depth."""
PLAIN = {type(None): pa.null(), bool: pa.bool_(), float: pa.float64()}


class MixedError(ValueError):
    """Values that have no type in common."""


@dataclass(frozen=True, kw_only=True)
class TypedTable:
    """A table whose rows all fit one schema.

    Attributes:
        table: the file, with all its columns.
        schema: the schema of all rows: for parquet what the parts have in common, for CSV, TSV and text strings, else
            what all values have in common.
        texts: the columns that are scored.
        as_json: columns whose values have no common type; each value is written as JSON, in `texts` as its text.
    """

    table: Table
    schema: pa.Schema
    texts: tuple[str, ...]
    as_json: tuple[str, ...] = ()

    @classmethod
    def infer(cls, table: Table, texts: tuple[str, ...]) -> "TypedTable":
        """Infer the types from parquet's footer, a header, or all lines of JSON.

        Args:
            table: the file, with all its columns.
            texts: the columns that are scored.

        Raises:
            Mistakes: the file cannot be read.
        """
        extension = extension_of(table.location)
        if extension == ".parquet":
            types = _common_types(table.location)
        elif extension in DELIMITERS:
            schema = pa.schema([(name, pa.string()) for name in table.columns])
            return cls(table=table, texts=texts, schema=schema)
        else:
            types = {name: None if type_ is None else _plain(type_) for name, type_ in _types(table).items()}
        fields = [(name, pa.string() if type_ is None else type_) for name, type_ in types.items()]
        as_json = tuple(name for name, type_ in types.items() if type_ is None)
        return cls(table=table, texts=texts, schema=pa.schema(fields), as_json=as_json)

    def pieces(self) -> Iterator[pa.Table]:
        """Yield all rows in their order, in batches.

        Raises:
            Mistakes: the file cannot be read.
        """
        if extension_of(self.table.location) == ".parquet":
            nothing = self.schema.empty_table()
            for part in parquet.parts(self.table.location):
                with opened(part) as file:
                    for batch in parquet.record_batches(file, batches.ROWS_AT_ONCE):
                        piece = self._with_json(pa.Table.from_batches([batch]).replace_schema_metadata())
                        yield pa.concat_tables([nothing, piece], promote_options="permissive")
            return
        for values, _ in self.table.batches():
            yield pa.table({name: self._column(name, values[name]) for name in values}, schema=self.schema)

    def _with_json(self, piece: pa.Table) -> pa.Table:
        for name in set(self.as_json) & set(piece.column_names):
            column = pa.array(self._column(name, piece[name].to_pylist()), pa.string())
            piece = piece.set_column(piece.column_names.index(name), name, column)
        return piece

    def _column(self, name: str, values: list[Any]) -> list[Any]:
        if name not in self.as_json:
            return values
        return list(map(_as_text if name in self.texts else _as_json, values))


def _common_types(location: str) -> dict[str, pa.DataType | None]:
    """Return each column's common type in all parts, None if there is none; parts that lack it have nulls."""
    fields: dict[str, list[pa.Field]] = {}
    for part in parquet.parts(location):
        with opened(part) as file:
            for field in parquet.schema(file):
                fields.setdefault(field.name, []).append(field)
    return {name: _common(same) for name, same in fields.items()}


def _common(fields: list[pa.Field]) -> pa.DataType | None:
    try:
        return pa.unify_schemas([pa.schema([field]) for field in fields], promote_options="permissive").field(0).type
    except pa.ArrowException:
        return None


def _types(table: Table) -> dict[str, pa.DataType | None]:
    """Return the type that holds all values of each column; None if parquet has no such type."""
    types: dict[str, pa.DataType | None] = dict.fromkeys(table.columns, pa.null())
    for batch, _ in table.batches():
        for name, type_ in types.items():
            if type_ is not None:
                types[name] = _widened(type_, batch[name])
    return {name: None if type_ is None or _has_empty_record(type_) else type_ for name, type_ in types.items()}


def _widened(type_: pa.DataType, values: list[Any]) -> pa.DataType | None:
    try:
        wider = merged(type_, common_type(values))
    except (MixedError, UnicodeError, RecursionError):
        return None
    return wider if _is_storable(wider) else None


def common_type(values: Iterable[Any]) -> pa.DataType:
    """Return the type that holds all values; null if there are none.

    Raises:
        MixedError: there is no such type.
    """
    by_kind: dict[type, list[Any]] = {}
    for value in values:
        by_kind.setdefault(type(value), []).append(value)
    return reduce(merged, (_type(kind, same) for kind, same in by_kind.items()), pa.null())


def merged(one: pa.DataType, other: pa.DataType) -> pa.DataType:
    """Return the type that holds the values of both.

    Raises:
        MixedError: there is no such type, or it would round whole numbers.
    """
    if one == other or pa.types.is_null(other):
        return one
    if pa.types.is_null(one):
        return other
    if {one, other} <= {SMALL, LARGE}:
        return LARGE
    if {one, other} == {SMALL, pa.float64()}:
        return pa.float64()
    if pa.types.is_list(one) and pa.types.is_list(other):
        return pa.list_(merged(one.value_type, other.value_type))
    if pa.types.is_struct(one) and pa.types.is_struct(other):
        fields = {field.name: field.type for field in one}
        for field in other:
            fields[field.name] = merged(fields.get(field.name, pa.null()), field.type)
        return pa.struct(list(fields.items()))
    raise MixedError(f"{one} and {other}")


def _type(kind: type, values: list[Any]) -> pa.DataType:
    if kind in PLAIN:
        return PLAIN[kind]
    if kind is str:
        "".join(values).encode()  # half a character has no bytes
        return pa.string()
    if kind is int:
        if not all(-(2**63) <= number < 2**63 for number in values):
            raise MixedError("a whole number of more than 64 bits")
        return SMALL if all(-EXACT <= number <= EXACT for number in values) else LARGE
    if kind is list:
        return pa.list_(common_type(inner for value in values for inner in value))
    if kind is dict:
        fields: dict[str, list[Any]] = {}
        for record in values:
            for name, value in record.items():
                fields.setdefault(name, []).append(value)
        return pa.struct([(name, common_type(column)) for name, column in fields.items()])
    raise MixedError(f"a {kind.__name__}")


def _children(type_: pa.DataType) -> list[pa.DataType]:
    return [type_.field(index).type for index in range(type_.num_fields)]


def _is_storable(type_: pa.DataType, depth: int = 0) -> bool:
    """Check whether readers of parquet accept the type."""
    children = _children(type_)
    return (
        depth <= DEEPEST and len(children) <= MOST_FIELDS and all(_is_storable(child, depth + 1) for child in children)
    )


def _has_empty_record(type_: pa.DataType) -> bool:
    """Check for a record without fields, which parquet cannot store; all rows are read, so none will come."""
    children = _children(type_)
    return (pa.types.is_struct(type_) and not children) or any(map(_has_empty_record, children))


def _plain(type_: pa.DataType) -> pa.DataType:
    """Replace the two sizes of whole numbers by int64."""
    if type_ == SMALL:
        return LARGE
    if pa.types.is_list(type_):
        return pa.list_(_plain(type_.value_type))
    return pa.struct([(field.name, _plain(field.type)) for field in type_]) if pa.types.is_struct(type_) else type_


def _as_json(value: Any) -> str | None:
    return None if value is None else json.dumps(value, default=str)  # parquet has dates, too


def _as_text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else one_spaced(value)
