"""Types of the methods of an actor, for its callers.

Ray's own types know nothing of an actor's methods, so a wrong name or argument would only show when it is called.
"""

from typing import ParamSpec, Protocol, TypeVar

Given = ParamSpec("Given")
Result = TypeVar("Result", covariant=True)


class ObjectRef(Protocol[Result]):
    """A reference to a result, which `ray.get` waits for."""


class Method(Protocol[Given, Result]):
    """A method of an actor."""

    def remote(self, *args: Given.args, **kwargs: Given.kwargs) -> ObjectRef[Result]:
        """Call the method without waiting for its result."""
