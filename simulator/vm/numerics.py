"""Whether this build of Lua is the exact one: it counts as on the board, and its tables have a repeatable order.

Lua RTOS is built with ``LUA_32BITS``, the wheels of lupa are not. And Lua salts the hash of its strings with the time
and with addresses, so that ``pairs`` goes another way in every process; in the exact build the salt is 0. Everything
works with either build, but numbers then print and wrap differently and no run that shows the order of a table
repeats, so whoever starts a board says which one it has. Also a script, for the set-up, which has to ask before
anything else is installed: exit code 0 means exact.
"""

from __future__ import annotations

import sys

from lupa.lua53 import LuaRuntime


def numbers_are_exact() -> bool:
    """Return whether the Lua of this process was built with the board's 32-bit numbers."""
    lua = LuaRuntime(register_eval=False, register_builtins=False)
    return bool(lua.eval("1 << 31 == math.mininteger and tostring(1 / 3) == '0.3333333'"))


def table_order_is_fixed() -> bool:
    """Return whether ``pairs`` takes the order of a table from its contents alone."""
    lua = LuaRuntime(register_eval=False, register_builtins=False)
    order = lua.eval("""(function()
        local t, order = {}, {}
        for name in ("alpha beta gamma delta x y zz"):gmatch("%a+") do t[name] = true end
        for name in pairs(t) do order[#order + 1] = name end
        return table.concat(order, " ")
    end)()""")
    return str(order) == "y beta zz x delta gamma alpha"


if __name__ == "__main__":
    sys.exit(not (numbers_are_exact() and table_order_is_fixed()))
