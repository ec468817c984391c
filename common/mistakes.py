"""What a user can get wrong, gathered so that one run of a command names all of it."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

Result = TypeVar("Result")


class Mistakes(ValueError):
    """One or more mistakes in what the user gave; a job prints them and ends with exit code 2.

    Each message names the field, the value given and what is allowed.
    """

    def __init__(self, messages: str | Iterable[str]) -> None:
        self.messages = [messages] if isinstance(messages, str) else list(messages)
        super().__init__("\n".join(self.messages))


def raise_if(messages: list[str]) -> None:
    """Raise all mistakes found so far at once, or none."""
    if messages:
        raise Mistakes(messages)


class Checks:
    """Runs checks one after another and keeps their mistakes, so that a user hears of all of them at once."""

    def __init__(self) -> None:
        self.messages: list[str] = []

    def run(self, check: Callable[..., Result], *args: Any, **kwargs: Any) -> Result | None:
        """What the check returns, or None where it found a mistake."""
        try:
            return check(*args, **kwargs)
        except Mistakes as mistakes:
            self.messages += mistakes.messages
            return None

    def finish(self) -> None:
        """Raise all mistakes found, or none."""
        raise_if(self.messages)
