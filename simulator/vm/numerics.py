"""Whether this build of Lua is the exact one: it counts as on the board, its tables have a repeatable order, tail calls
of the firmware's functions are calls, and everything can be interrupted.

Lua RTOS is built with ``LUA_32BITS``, the wheels of lupa are not. And Lua salts the hash of its strings with the time
and with addresses, so that ``pairs`` goes another way in every process; in the exact build the salt is 0. A function of
the firmware, which is a C function there and a Lua function here, leaves its caller on the stack after a tail call. And
the hook that stops a Lua thread is called while a pattern is matched or a finalizer runs, too. Everything works with
either build, but with the other one numbers print and wrap differently, no run that shows the order of a table repeats,
errors in ``return net.ota()`` have no position, and a pattern can take for ever; so whoever starts a board says which
one it has. Also a script, for the set-up, which has to ask before anything else is installed: exit code 0 means exact.
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


def everything_can_be_interrupted() -> bool:
    """Return whether the count hook is called while a pattern is matched and while a finalizer runs."""
    lua = LuaRuntime(register_eval=False, register_builtins=False)
    return bool(
        lua.eval("""(function()
            local calls = 0
            debug.sethook(function() calls = calls + 1 end, "", 100)
            string.find(string.rep("a", 200), ".-.-b")
            local of_pattern = calls
            setmetatable({}, {__gc = function() for _ = 1, 2000 do end end})
            collectgarbage()
            debug.sethook()
            return of_pattern > 100 and calls - of_pattern > 10
        end)()""")
    )


if __name__ == "__main__":
    checks = numbers_are_exact, table_order_is_fixed, firmware_calls_are_calls, everything_can_be_interrupted
    sys.exit(not all(check() for check in checks))
