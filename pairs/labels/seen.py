"""Read the labels of a file of pairs, and refuse those that probably mean something else than they say."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from common.mistakes import Mistakes
from files.batches import Table
from pairs.labels.meaning import MOST_WORDS, Guess, guesses, is_missing, slips
from tasks.common.label_rule import LabelRule, label_name, number_in

MOST_SHOWN = 10
"""Label values shown in a message."""
TAKEN = "0 or 1, or numbers from -1 to 1 (the cosine that the pair should have)"
Command = Callable[[Sequence[str]], str]


@dataclass(frozen=True, kw_only=True)
class SeenLabels:
    """The labels of the rows that are not left out.

    Attributes:
        location: the file.
        column: the column of the label in the file.
        texts: the columns of the texts, separated by a comma.
        rule: the rule that reads the labels.
        rows: name of a label -> number of rows.
        first: name -> its first row, from 1, and the value there.
        values: name -> the label by the rule, as a number; None if it is no number.
    """

    location: str
    column: str
    texts: str
    rule: LabelRule
    rows: Mapping[str, int]
    first: Mapping[str, tuple[int, Any]]
    values: Mapping[str, float | None]

    @classmethod
    def of(cls, table: Table, rule: LabelRule) -> "SeenLabels":
        """Read the labels of a file.

        Args:
            table: the file.
            rule: the rule that reads the labels.

        Raises:
            Mistakes: the file cannot be read, or a score is outside the rule's scale.
        """
        column = table.columns["label"]
        rows: dict[str, int] = {}
        first: dict[str, tuple[int, Any]] = {}
        plain = Table(location=table.location, columns={"label": column}, names=table.names)
        for row, value in enumerate((value for batch, _ in plain.batches() for value in batch["label"]), 1):
            if not rule.drops(value):
                name = label_name(value)
                rows[name] = rows.get(name, 0) + 1
                first.setdefault(name, (row, value))
        texts = ",".join(table.columns[name] for name in ("sentence1", "sentence2"))
        seen = cls(location=table.location, column=column, texts=texts, rule=rule, rows=rows, first=first, values={})
        known = [name for name, (_, value) in first.items() if not rule.lacks(value)]
        return replace(seen, values={name: seen._value(name) for name in known})

    @property
    def numbers(self) -> set[float]:
        """The labels that are numbers."""
        return {value for value in self.values.values() if value is not None}

    @property
    def outside(self) -> list[str]:
        """Names of the labels that no loss takes, in the order of the rows."""
        return [name for name, value in self.values.items() if value is None or not -1 <= value <= 1]

    @property
    def words(self) -> str:
        """All labels and how they are read: '0 (20 rows), 1 (10 rows)'."""
        rule, read = self.rule, ""
        if rule.scale == (-1, 1):
            read = ", read as cosines from -1 to 1"
        elif rule.scale:
            read = f", scaled from {rule.scale[0]:g} to {rule.scale[1]:g} to 0 to 1"
        elif rule.meanings:
            meanings = [f"{name or 'empty'} = {number:g}" for name, number in rule.meanings.items()]
            read = f", read as {', '.join(meanings)}"
        left_out = f"; left out: {', '.join(name or 'empty' for name in rule.drop)}" if rule.drop else ""
        return f"labels {self._counted(list(self.rows))}{read}{left_out}"

    def refuse_without_meaning(self, command: Command) -> None:
        """Refuse labels to which the rule gives no meaning, beside others to which it does.

        Raises:
            Mistakes: there are such labels; the message names all of them.
        """
        if lacking := [name for name, (_, value) in self.first.items() if self.rule.lacks(value)]:
            dropping = [word for name in lacking for word in ("--drop-label", name)]
            raise Mistakes(
                f"labels: {self.location} has {self._counted(lacking)}, too; allowed: each with its meaning in "
                f"--labels, or without their rows:\n    {command(dropping)}"
            )

    def refuse_unclear(self, command: Command, strict: bool) -> None:
        """Refuse labels that no loss takes, and those that probably mean something else than they say.

        Args:
            command: options -> the command with them.
            strict: False refuses only labels that all seem to be of another kind, and accepts slips and missing ones.

        Raises:
            Mistakes: there are such labels; the message says what they probably are, with the commands for that.
        """
        read = bool(self.rule.scale or self.rule.meanings)
        rows = dict(self.rows)
        if not strict:
            numbers = any(number_in(name) is not None for name in rows)
            present = {name: rows[name] for name in rows if not is_missing(name)}
            rows = present if len(present) > 1 else rows  # beside one label, an empty one may mean the opposite
            rows = {name: rows[name] for name in rows if not numbers or number_in(name) is not None}
            rows = {} if slips(rows) else rows
        meanings = [] if read else guesses(rows) or self._no_labels(rows)
        if meanings or (strict and self.outside):
            raise Mistakes(self._refusal(meanings, command))

    def _no_labels(self, rows: Mapping[str, int]) -> list[Guess]:
        """Recognise what is no label: a single value that no loss takes, or so many words that they are texts."""
        words = [name for name in rows if number_in(name) is None]
        if not (len(rows) == 1 and set(rows) & set(self.outside) or len(words) == len(rows) > MOST_WORDS):
            return []
        reason = "if all pairs belong together" if len(rows) == 1 else "if these are no labels"
        return [Guess(reason, ("--columns", self.texts))]

    def _value(self, name: str) -> float | None:
        row, value = self.first[name]
        try:
            return number_in(self.rule(value))
        except Mistakes as mistakes:
            position = f"{self.column}: row {row} of {self.location}"
            raise Mistakes([f"{position}: {message}" for message in mistakes.messages]) from None

    def _refusal(self, meanings: Sequence[Guess], command: Command) -> str:
        if outside := self.outside:
            row, value = self.first[outside[0]]
            text = f"{self.column}: row {row} of {self.location} has {value!r}; allowed: {TAKEN}"
        else:
            text = f"{self.column}: labels of {self.location} can mean two things; allowed: {TAKEN}, "
            text += "with an option that says which"
        text += f"; it has {self._counted(list(self.rows))}"
        return text + "".join(f"\n  {guess.reason}:\n    {command(guess.options)}" for guess in meanings)

    def _counted(self, names: Sequence[str]) -> str:
        """Show labels as '0 (20 rows), 1 (10 rows)'; of many, the lowest, the highest and their number."""
        numbers = {name: number for name in names if (number := number_in(name)) is not None}
        ordered = sorted(names, key=lambda name: (name not in numbers, numbers.get(name, 0.0), name))
        rows = {name: f"{self.rows[name]:,} row{'s' * (self.rows[name] != 1)}" for name in names}
        shown = ", ".join(f"{name or 'empty'} ({rows[name]})" for name in islice(ordered, MOST_SHOWN))
        if len(names) <= MOST_SHOWN:
            return shown
        if len(numbers) == len(names):
            return f"{len(names):,} numbers from {min(numbers.values()):g} to {max(numbers.values()):g}"
        return f"{shown} and {len(names) - MOST_SHOWN:,} more"
