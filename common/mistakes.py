"""Collect the mistakes in a user's input, so that one run of a command reports all of them."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

Result = TypeVar("Result")


class Mistakes(ValueError):
    """One or more mistakes in the user's input; a job prints them and ends with exit code 2.

    Each message names the field, the value given and what is allowed.
    """

    def __init__(self, messages: str | Iterable[str]) -> None:
        self.messages = [messages] if isinstance(messages, str) else list(messages)
        super().__init__("\n".join(self.messages))


def raise_if(messages: list[str]) -> None:
    """Raise one Mistakes with all messages; do nothing if there are none."""
    if messages:
        raise Mistakes(messages)


class Checks:
    """Runs checks one after another and collects their mistakes, so that all are reported at once."""

    def __init__(self) -> None:
        self.messages: list[str] = []

    def run(self, check: Callable[..., Result], *args: Any, **kwargs: Any) -> Result | None:
        """Return the check's result, or None if it raised Mistakes."""
        try:
            return check(*args, **kwargs)
        except Mistakes as mistakes:
            self.messages += mistakes.messages
            return None

    def finish(self) -> None:
        """Raise one Mistakes with all messages; do nothing if there are none."""
        raise_if(self.messages)
