"""Keep keys and passwords of addresses out of messages and files.

A job takes them out of its command line; `common.storage` puts them back when it opens a store. Messages, the files
of a run and of Ray Tune, and the commands in a card never hold them.
"""

import re
from typing import NamedTuple
from urllib.parse import unquote

from common.mistakes import Mistakes

SECRET_PARAMETER = re.compile("key|secret|token|pass|pwd|credential|sig|sas", re.IGNORECASE)
"""Matches names of query parameters whose values are secret."""
USER_AND_SECRET = re.compile("[^/:@]*:(?!//)(.+)@")
"""Matches a secret in the value of any parameter, such as endpoint_override=http://KEY:SECRET@host."""


class _Credentials(NamedTuple):
    user: str
    """KEY:SECRET, as in the address."""
    parameters: tuple[str, ...]
    """NAME=VALUE, of the query."""


_credentials: dict[str, _Credentials] = {}
"""Scheme and bucket, such as s3://bucket -> the credentials that open it; in this process alone."""
_secrets: set[str] = set()
"""All that must not be shown, including secrets of refused addresses."""


def taken_out(location: str) -> str:
    """Return a path or address without its secrets, and remember these for all addresses of its bucket.

    Raises:
        Mistakes: the end of the secret is ambiguous, or the bucket was given with another one.
    """
    scheme, mark, rest = location.partition("://")
    if not mark:
        return location
    host = re.split("[/?#]", rest, maxsplit=1)[0]
    if ":" in unquote(host) and "@" in rest.removeprefix(host):
        _hide(rest.rpartition("@")[0])
        raise Mistakes(
            "address: its key or secret holds one of / ? #, or an @ comes after its bucket; "
            "allowed: %2F, %3F, %23 and %40 in their place"
        )
    user, _, bucket = host.rpartition("@")
    if ":" not in unquote(user):
        user, bucket = "", host  # a name alone is no secret: abfs://container@account
    path, _, query = rest.removeprefix(host).partition("?")
    parameters = [parameter for parameter in query.split("&") if parameter]
    secret = tuple(filter(_is_secret, parameters))
    if user or secret:
        _hide(user, *(parameter.partition("=")[2] for parameter in secret))
        _remember(f"{scheme}://{bucket}", _Credentials(user, secret))
    return _with_query(f"{scheme}://{bucket}{path}", [parameter for parameter in parameters if parameter not in secret])


def _is_secret(parameter: str) -> bool:
    name = parameter.rpartition("=")[0]
    return bool(SECRET_PARAMETER.search(unquote(name)) or USER_AND_SECRET.search(unquote(parameter)))


def _remember(bucket: str, credentials: _Credentials) -> None:
    if _credentials.setdefault(bucket, credentials) != credentials:
        raise Mistakes(f"address: {bucket} was given with two different keys or secrets; allowed: one for a bucket")


def _hide(*values: str) -> None:
    """Hide each value as given and with its %XX decoded, and what follows KEY: in it."""
    forms = {form for value in values for form in (value, unquote(value))}
    alone = {match[1] for form in forms if (match := USER_AND_SECRET.match(f"{form}@"))}
    alone |= {match[1] for form in forms if (match := USER_AND_SECRET.search(form))}
    _secrets.update(filter(None, forms | alone))


def put_back(location: str) -> str:
    """Return the address with its credentials, as its store is opened."""
    scheme, _, rest = location.partition("://")
    bucket = re.split("[/?#]", rest, maxsplit=1)[0]
    credentials = _credentials.get(f"{scheme}://{bucket}")
    if credentials is None:
        return location
    path, _, query = rest.partition("?")
    user = f"{credentials.user}@" if credentials.user else ""
    return _with_query(f"{scheme}://{user}{path}", [*filter(None, [query]), *credentials.parameters])


def scrubbed(text: str) -> str:
    """Replace every known secret in a text by ***, such as in a library's error message."""
    for secret in sorted(_secrets, key=len, reverse=True):
        text = text.replace(secret, "***")
    return text


def _with_query(address: str, parameters: list[str]) -> str:
    return address + (f"?{'&'.join(parameters)}" if parameters else "")
