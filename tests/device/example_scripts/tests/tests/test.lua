-- Lua's own tests, one at each boot. The number of the boot says which; the board resets itself after each.

_soft = true

local function loads(name, ...)
    local arguments = table.pack(name .. ".lua", ...)
    return function() return dofile(table.unpack(arguments, 1, arguments.n)) end
end

local function returns(name, value)
    return function() assert(dofile(name .. ".lua") == value and value) end
end

tests = {
    loads("gc"), returns("calls", deep), loads("strings"), loads("literals"), loads("tpack"), returns("locals", 5),
    loads("constructs"), loads("pm"), loads("utf8"), returns("events", 12), loads("vararg"), loads("closure"),
    loads("coroutine"), loads("goto", true), loads("math"), loads("sort", true), loads("bitwise"), loads("bitwise"),
}

local boot = os.bootcount()

if boot == 1 then
    os.remove("/tests/test.log")
end

if boot < #tests then
    os.stdout("/tests/test.log")
    tests[boot]()
    os.stdout()
    os.sleep(0)
end
