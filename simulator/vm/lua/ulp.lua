-- ulp: the coprocessor (components/lua/modules/hw/ulp.c).
local K = ...
K.needs("handles")
local arg, request = K.arg, K.request
local select = select

local ulp, methods = {}, {}
local new, number_of = K.handle_type("ulp.var", methods)

function ulp.load(...)
  local file, address = arg.string(1, ...), arg.optional(arg.integer, 2, (select(2, ...)), 0)
  return K.pass(request("ulp.load", file, address))
end

-- Periods are taken, and no program wakes up by them.
function ulp.settimer(...)
  for i = 1, 4 do
    arg.optional(arg.integer, i, (select(i, ...)), 0)
  end
end

function ulp.run(...)
  if select("#", ...) > 0 then
    arg.integer(1, ...)
  end
end

function ulp.stop() end

function ulp.enableadc(...)
  request("ulp.enableadc", arg.integer(1, ...), arg.optional(arg.integer, 2, (select(2, ...)), 0),
    arg.optional(arg.integer, 3, (select(3, ...)), 0), arg.optional(arg.integer, 4, (select(4, ...)), 0))
end

local function value_at(address, ...)
  if select("#", ...) > 1 then
    request("ulp.write", address, arg.integer(2, select(2, ...)))
    return
  end
  local value = request("ulp.read", address)
  return value
end

function ulp.valueat(...)
  return K.pass(value_at(arg.integer(1, ...), ...))
end

-------------------------------------------------------------------------------------------------------------------
-- Variables: an address that can be changed. What stands for it is a table with the address in it.

function ulp.assign(...)
  return new({arg.integer(1, ...)})
end

function methods.address(...)
  local variable = number_of(...)
  if select("#", ...) > 1 then
    variable[1] = arg.integer(2, select(2, ...))
    return
  end
  return variable[1]
end

function methods.value(...)
  return K.pass(value_at(number_of(...)[1], ...))
end

K.base_library.ulp = K.module("ulp", ulp)
