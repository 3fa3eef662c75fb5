"""Whether Lua counts here as it does on the board: 32-bit integers and single-precision floats.

Lua RTOS is built with ``LUA_32BITS``, the wheels of lupa are not. Everything works with either, but numbers then
print and wrap differently, so whoever starts a board says which one it has. Also a script, for the set-up, which has
to ask before anything else is installed: exit code 0 means exact.
"""

from __future__ import annotations

import sys

from lupa.lua53 import LuaRuntime


def numbers_are_exact() -> bool:
    """Return whether the Lua of this process was built with the board's 32-bit numbers."""
    lua = LuaRuntime(register_eval=False, register_builtins=False)
    return bool(lua.eval("1 << 31 == math.mininteger and tostring(1 / 3) == '0.3333333'"))


if __name__ == "__main__":
    sys.exit(not numbers_are_exact())
