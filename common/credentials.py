"""Keys and passwords in an address: taken out where a command line enters, put back where a store is opened.

Whatever is between, messages, files of a run and of Ray Tune, commands in a card, never has them.
"""

import re
from typing import NamedTuple
from urllib.parse import unquote

from common.mistakes import Mistakes

SECRET_PARAMETER = re.compile("key|secret|token|pass|pwd|credential|sig|sas", re.IGNORECASE)
"""In the name of a query's parameter."""
USER_AND_SECRET = re.compile("[^/:@]*:(?!//)(.+)@")
"""In the value of any parameter, such as endpoint_override=http://KEY:SECRET@host."""


class _Held(NamedTuple):
    user: str
    """KEY:SECRET, as in the address."""
    parameters: tuple[str, ...]
    """NAME=VALUE, of the query."""


_held: dict[str, _Held] = {}
"""Scheme and bucket, such as s3://bucket -> what opens it, in this process alone."""
_secrets: set[str] = set()
"""All that must not be shown, of refused addresses too."""


def taken_out(location: str) -> str:
    """A path or address without what is secret in it, which is kept for all addresses of its bucket.

    Raises:
        Mistakes: it cannot be told where the secret ends, or the bucket was given with another one.
    """
    scheme, mark, rest = location.partition("://")
    if not mark:
        return location
    host = re.split("[/?#]", rest, maxsplit=1)[0]
    if ":" in unquote(host) and "@" in rest.removeprefix(host):
        _keep_unsaid(rest.rpartition("@")[0])
        raise Mistakes(
            "address: its key or secret holds one of / ? #, or an @ comes after its bucket; "
            "allowed: %2F, %3F, %23 and %40 in their place"
        )
    user, _, bucket = host.rpartition("@")
    if ":" not in unquote(user):
        user, bucket = "", host  # a name alone is no secret: abfs://container@account
    path, _, query = rest.removeprefix(host).partition("?")
    parameters = [each for each in query.split("&") if each]
    secret = tuple(filter(_is_secret, parameters))
    if user or secret:
        _keep_unsaid(user, *(each.partition("=")[2] for each in secret))
        _hold(f"{scheme}://{bucket}", _Held(user, secret))
    return _with_query(f"{scheme}://{bucket}{path}", [each for each in parameters if each not in secret])


def _is_secret(parameter: str) -> bool:
    name = parameter.rpartition("=")[0]
    return bool(SECRET_PARAMETER.search(unquote(name)) or USER_AND_SECRET.search(unquote(parameter)))


def _hold(bucket: str, held: _Held) -> None:
    if _held.setdefault(bucket, held) != held:
        raise Mistakes(f"address: {bucket} was given with two different keys or secrets; allowed: one for a bucket")


def _keep_unsaid(*values: str) -> None:
    """Both as given and with its %XX read, and what comes after KEY: alone."""
    forms = {form for value in values for form in (value, unquote(value))}
    alone = {found[1] for form in forms if (found := USER_AND_SECRET.match(f"{form}@"))}
    alone |= {found[1] for form in forms if (found := USER_AND_SECRET.search(form))}
    _secrets.update(filter(None, forms | alone))


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
    for secret in sorted(_secrets, key=len, reverse=True):
        text = text.replace(secret, "***")
    return text


def _with_query(address: str, parameters: list[str]) -> str:
    return address + (f"?{'&'.join(parameters)}" if parameters else "")
