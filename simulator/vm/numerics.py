"""Whether this build of Lua is the exact one: it counts as on the board, its tables have a repeatable order, and tail
calls of the firmware's functions are calls.

Lua RTOS is built with ``LUA_32BITS``, the wheels of lupa are not. And Lua salts the hash of its strings with the time
and with addresses, so that ``pairs`` goes another way in every process; in the exact build the salt is 0. And a
function of the firmware, which is a C function there and a Lua function here, leaves its caller on the stack after a
tail call. Everything works with either build, but with the other one numbers print and wrap differently, no run that
shows the order of a table repeats, and errors in ``return net.ota()`` have no position; so whoever starts a board says
which one it has. Also a script, for the set-up, which has to ask before anything else is installed: exit code 0 means
exact.
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


def firmware_calls_are_calls() -> bool:
    """Return whether a tail call of a function of the firmware leaves its caller on the stack (see exact_lua.h)."""
    lua = LuaRuntime(register_eval=False, register_builtins=False)
    return bool(
        lua.eval("""(function()
            local of_firmware = load("return not debug.getinfo(1, 't').istailcall", "=[firmware]")
            return (function() return of_firmware() end)()
        end)()""")
    )


if __name__ == "__main__":
    sys.exit(not (numbers_are_exact() and table_order_is_fixed() and firmware_calls_are_calls()))
