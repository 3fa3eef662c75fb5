"""LuaTwin: the digital twin of an ESP32 that runs Lua RTOS and updates itself over the air.

Start reading at `simulator.world`; the public names are `World` here, `simulator.boot.boot` and the classes of
`simulator.flash`. Importing this package is cheap: a room is imported when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simulator.world import World

__all__ = ["World", "__version__"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name == "World":
        from simulator.world import World

        return World
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
