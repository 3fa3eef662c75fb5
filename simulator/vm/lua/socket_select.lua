-- What LuaSocket's core has besides sockets: select, and exceptions (select.c and except.c in
-- components/lua/modules/luasocket). Returns the functions.
local K = ...
local arg, request = K.arg, K.request
local error, select, setmetatable, tonumber = error, select, setmetatable, tonumber
local max_integer, pack, unpack = math.maxinteger, table.pack, table.unpack

local functions = {}

-------------------------------------------------------------------------------------------------------------------
-- select(recvt, sendt [, timeout]): whatever has a method getfd counts.

local function call_method(object, name)
  local method = object[name]
  if method ~= nil then
    return K.callable(method)(object)
  end
end

-- The descriptors of a list, and whose each is.
local function descriptors(index, list, owners)
  local found = {}
  if list == nil then
    return found
  end
  arg.table(index, list)
  for i = 1, max_integer do
    local object = list[i]
    if object == nil then
      return found
    end
    local fd = tonumber(call_method(object, "getfd"))
    if fd and fd >= 0 then
      found[#found + 1], owners[fd // 1 | 0] = fd // 1 | 0, object
    end
  end
end

-- The list of objects, and which place each has in it.
local function with_places(list)
  for i = 1, #list do
    list[list[i]] = i + 0.0
  end
  return list
end

function functions.select(...)
  local readers, writers, seconds = ...
  seconds = arg.optional(arg.number, 3, seconds, -1)
  local owners, readable, writable = {}, {}, {}
  local reading, writing = descriptors(1, readers, owners), descriptors(2, writers, owners)
  local waiting = {}
  for i = 1, #reading do
    if call_method(owners[reading[i]], "dirty") then
      readable[#readable + 1] = owners[reading[i]]
    else
      waiting[#waiting + 1] = reading[i]
    end
  end
  for i = 1, #writing do
    waiting[#waiting + 1] = ~writing[i] -- negative, to tell it from one to read from
  end
  local ready = pack(request("socket.select", #readable > 0 and 0 or seconds, unpack(waiting)))
  for i = 1, ready.n do
    local fd = ready[i]
    local list = fd >= 0 and readable or writable
    list[#list + 1] = owners[fd >= 0 and fd or ~fd]
  end
  if #readable + #writable == 0 then
    return readable, writable, "timeout"
  end
  return with_places(readable), with_places(writable)
end

-------------------------------------------------------------------------------------------------------------------
-- Exceptions: what `try` raises and `protect` catches is a table with the message, as no script can make one.

local exceptions = setmetatable({}, {__mode = "k"})

function functions.skip(...)
  return select(arg.integer(1, ...) + 2, ...)
end

function functions.newtry(...)
  local finalizer = ...
  return function(...)
    if ... then
      return ...
    end
    if finalizer ~= nil then
      K.callable(finalizer)()
    end
    local exception = {(select(2, ...))}
    exceptions[exception] = true
    error(exception, 0)
  end
end

function functions.protect(...)
  local f = ...
  return function(...)
    local results = pack(K.pcall(f, ...))
    if results[1] then
      return unpack(results, 2, results.n)
    elseif exceptions[results[2]] then
      return nil, results[2][1]
    end
    error(results[2], 0)
  end
end

return functions
