"""Keys and passwords in an address: taken out where a command line enters, put back where a store is opened.

Whatever is between, messages, files of a run and of Ray Tune, commands in a card, never has them.
"""

import re
from typing import NamedTuple
from urllib.parse import unquote

from tasks.common.mistakes import Mistakes

SECRET_PARAMETER = re.compile("key|secret|token|password|credential|sig", re.IGNORECASE)


class _Held(NamedTuple):
    user: str
    """KEY:SECRET, as in the address."""
    parameters: tuple[str, ...]
    """NAME=VALUE, of the query."""


_held: dict[str, _Held] = {}
"""Scheme and bucket, such as s3://bucket -> what opens it, in this process alone."""


def taken_out(location: str) -> str:
    """A path or address without what is secret in it, which is kept for all addresses of its bucket.

    Raises:
        Mistakes: it cannot be told where the secret ends.
    """
    scheme, mark, rest = location.partition("://")
    if not mark:
        return location
    host = re.split("[/?#]", rest, maxsplit=1)[0]
    user, _, bucket = host.rpartition("@")
    if not user and re.search(r":(?!\d*$)", host) and "@" in rest:
        raise Mistakes("address: its key or secret holds one of / ? #; allowed: %2F, %3F and %23 in their place")
    user, bucket = (user, bucket) if ":" in user else ("", host)  # a name alone is no secret: abfs://container@account
    path, _, query = rest.removeprefix(host).partition("?")
    parameters = [each for each in query.split("&") if each]
    secret = tuple(each for each in parameters if SECRET_PARAMETER.search(each.partition("=")[0]))
    if user or secret:
        _held[f"{scheme}://{bucket}"] = _Held(user, secret)
    return _with_query(f"{scheme}://{bucket}{path}", [each for each in parameters if each not in secret])


def put_back(location: str) -> str:
    """The address as it opens its store."""
    scheme, _, rest = location.partition("://")
    bucket = re.split("[/?#]", rest, maxsplit=1)[0]
    held = _held.get(f"{scheme}://{bucket}")
    if held is None:
        return location
    path, _, query = rest.partition("?")
    user = f"{held.user}@" if held.user else ""
    return _with_query(f"{scheme}://{user}{path}", [*filter(None, [query]), *held.parameters])


def scrubbed(text: str) -> str:
    """The text without any secret that was taken out, for what others say of an address."""
    for held in _held.values():
        values = [held.user, held.user.partition(":")[2], *(each.partition("=")[2] for each in held.parameters)]
        for value in filter(None, [*values, *map(unquote, values)]):
            text = text.replace(value, "***")
    return text


def _with_query(address: str, parameters: list[str]) -> str:
    return address + (f"?{'&'.join(parameters)}" if parameters else "")
