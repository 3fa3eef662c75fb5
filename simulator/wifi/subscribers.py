"""Who wants to be told when a thing of the world changes."""

from __future__ import annotations

from collections.abc import Callable


class Subscribers:
    """Callables that are called after every change, in the order in which they came."""

    __slots__ = ("_calls",)

    def __init__(self) -> None:
        self._calls: dict[object, Callable[[], None]] = {}

    def add(self, changed: Callable[[], None]) -> Callable[[], None]:
        """Call ``changed`` from now on; returns the function that ends it."""
        token = object()
        self._calls[token] = changed

        def leave() -> None:
            self._calls.pop(token, None)

        return leave

    def tell(self) -> None:
        """Call them all; who comes or leaves meanwhile does not matter to this round."""
        for changed in tuple(self._calls.values()):
            changed()
