-- What the modules of drivers have in common: handles, callbacks, and the lists of pins.
local K = ...
local arg, request = K.arg, K.request
local format, select, setmetatable = string.format, select, setmetatable
local pack, unpack = table.pack, table.unpack
local min_integer, to_integer = math.mininteger, math.tointeger

-- A type of userdata that stands for something that the host knows by a number. Returns new(number), which makes a
-- handle, and number_of(...), which returns the number of its first argument or raises. `collected` is called with the
-- handle and the number before they are gone.
function K.handle_type(name, methods, collected)
  local numbers = setmetatable({}, {__mode = "k"})
  local meta = {__index = methods, __name = name}
  if collected then
    function meta.__gc(handle)
      collected(handle, numbers[handle])
    end
  end
  K.public[methods] = true
  K.note_finalizer(meta)

  local function new(number)
    local handle = {}
    numbers[handle] = number
    K.userdata[handle] = true
    return setmetatable(handle, meta)
  end

  local function number_of(...)
    local number = numbers[...]
    if not number then
      arg.type_error(1, name, ...)
    end
    return number
  end

  return new, number_of, numbers
end

-- Store the callback at `index`, of which the arguments from there on follow, under a number of the host's. If exactly
-- one argument follows it, that goes to every call of it as the last one.
function K.driver_callback(number, index, ...)
  local f = arg["function"](index, ...)
  local extra = select(2, ...)
  if select("#", ...) ~= 2 or extra == nil then
    K.callbacks[number] = {f}
    return
  end
  K.callbacks[number] = {function(...)
    local arguments = pack(...)
    arguments[arguments.n + 1] = extra
    f(unpack(arguments, 1, arguments.n + 1))
  end}
end

-- Whether a list is wanted as a table: exactly one argument, a boolean.
function K.wants_table(...)
  if select("#", ...) == 1 then
    return arg.boolean(1, ...)
  end
  return false
end

-- The pins of the units of a bus. `values` are for each unit its number and its pins, in the order of `names`.
function K.list_pins(title, as_table, names, ...)
  local values, width = {...}, #names + 1
  local list, row = {}, 0
  for first = 1, #values, width do
    local entry, line = {id = values[first]}, format("%s%d: ", title, values[first])
    for i = 1, #names do
      local pin = values[first + i]
      entry[names[i]] = pin
      line = line .. names[i] .. "=" .. (pin >= 0 and format("GPIO%d ", pin) or "unused")
    end
    if as_table then
      list[row] = entry -- from 0, as on the device
    else
      request("console.write", line .. "\r\n")
    end
    row = row + 1
  end
  return as_table and list or nil
end

-- A call of a function under its old name.
function K.deprecated(old, new)
  request("console.write", K.where() .. format("WARNING %s is deprecated, please use %s instead\r\n", old, new))
end

-- What C makes of a number where it wants an int.
function K.truncated(number)
  return to_integer(number >= 0 and number // 1 or -(-number // 1)) or min_integer
end
