"""The handles' methods are those of the actors, with as many arguments."""

import inspect
from typing import Any, get_args, get_type_hints

import pytest

from trainers.groups.board import BoardActor, _ProgressBoard
from trainers.groups.mailbox import MailboxActor, _Mailbox


@pytest.mark.parametrize(("handle", "actor"), [(MailboxActor, _Mailbox), (BoardActor, _ProgressBoard)])
def test_a_handle_has_the_methods_of_its_actor(handle: Any, actor: Any) -> None:
    methods = {name: each for name, each in inspect.getmembers(actor, inspect.isfunction) if not name.startswith("_")}
    declared = get_type_hints(handle)
    assert set(declared) == set(methods)
    for name, method in methods.items():
        arguments, result = get_args(declared[name])
        signature = inspect.signature(method, eval_str=True)
        given = [each.name for each in signature.parameters.values() if each.annotation is not inspect.Parameter.empty]
        assert len(arguments) == len(given), name  # Ray adds one of its own, without a type
        assert (result is type(None)) == (signature.return_annotation is None), name
