-- ltn12: sources, sinks, filters and pumps (fs/lib/lua/ltn12.lua in components/lua/modules/luasocket).
--
-- A source returns a chunk each time, or nil at the end, or nil and why it failed. A sink takes a chunk, or nil at the
-- end, and returns whether it could. A filter takes a chunk and returns another, "" if it wants more first, and nil
-- after nil.
local assert, error, select = assert, error, select
local insert, pack, remove, sub, unpack = table.insert, table.pack, table.remove, string.sub, table.unpack

local filter, source, sink, pump = {}, {}, {}, {}
local ltn12 = {_VERSION = "LTN12 1.0.3", BLOCKSIZE = 2048, filter = filter, source = source, sink = sink, pump = pump}

local INAPPROPRIATE = "filter returned inappropriate nil"

local function yes()
  return 1
end

local function nothing()
  return nil
end

local function failing(reason)
  return function()
    return nil, reason
  end
end

-------------------------------------------------------------------------------------------------------------------
-- Filters

-- A filter of low(context, chunk, extra), which returns a chunk and the next context.
function filter.cycle(low, context, extra)
  assert(low)
  return function(chunk)
    local made
    made, context = low(context, chunk, extra)
    return made
  end
end

-- Filters one behind the other. One that is asked again after it has given something gets "", or nil when the end has
-- come: it may have more to say. Filters before `first` have ended.
function filter.chain(...)
  local filters = pack(...)
  local first, at = 1, 1
  local again = ""
  return function(chunk)
    again = chunk and again
    while true do
      local is_first = at == first
      if not is_first then
        chunk = chunk or ""
      end
      chunk = filters[at](chunk)
      if is_first and (chunk == "" or first == filters.n) then
        return chunk
      elseif is_first and not chunk then
        first = first + 1
        at = first
      elseif chunk == "" then
        at, chunk = at - 1, again
      elseif not chunk then
        error(INAPPROPRIATE)
      elseif at == filters.n then
        return chunk
      else
        at = at + 1
      end
    end
  end
end

-------------------------------------------------------------------------------------------------------------------
-- Sources

function source.empty()
  return nothing
end

source.error = failing

function source.file(handle, reason)
  if not handle then
    return failing(reason or "unable to open file")
  end
  return function()
    local chunk = handle:read(ltn12.BLOCKSIZE)
    if not chunk then
      handle:close()
    end
    return chunk
  end
end

-- Of a source that returns with a chunk the source for the next one.
function source.simplify(fancy)
  assert(fancy)
  return function()
    local chunk, following = fancy()
    fancy = following or fancy
    if chunk then
      return chunk
    end
    return nil, following
  end
end

function source.string(text)
  if not text then
    return nothing
  end
  local at = 1
  return function()
    local chunk = sub(text, at, at + ltn12.BLOCKSIZE - 1)
    at = at + ltn12.BLOCKSIZE
    return chunk ~= "" and chunk or nil
  end
end

-- A source that takes chunks back.
function source.rewind(inner)
  assert(inner)
  local returned = {}
  return function(chunk)
    if chunk then
      insert(returned, chunk)
      return nil
    elseif #returned > 0 then
      return remove(returned)
    end
    return inner()
  end
end

-- A source and the filter behind it. `taken` is what it gave last, as long as the filter has more to say about it.
function source.chain(inner, f, ...)
  if select("#", ...) > 0 and ... then
    f = filter.chain(f, ...)
  end
  assert(inner and f)
  local is_feeding, has_ended = true, false
  local taken
  return function()
    if has_ended then
      error("source is empty!", 2)
    end
    while true do
      local made
      if is_feeding then
        local reason
        taken, reason = inner()
        if reason then
          return nil, reason
        end
        made = f(taken)
        taken = taken and ""
      else
        made = f(taken)
        if made == "" and not taken then
          error('filter returned ""')
        end
      end
      if not made then
        if taken then
          error(INAPPROPRIATE)
        end
        has_ended = true
        return nil
      end
      is_feeding = made == ""
      if made ~= "" then
        return made
      end
    end
  end
end

function source.cat(...)
  local sources, at = pack(...), 1
  return function()
    while sources[at] do
      local chunk, reason = sources[at]()
      if chunk or reason then
        return chunk, reason
      end
      at = at + 1
    end
  end
end

-------------------------------------------------------------------------------------------------------------------
-- Sinks

function sink.table(list)
  list = list or {}
  return function(chunk)
    if chunk then
      insert(list, chunk)
    end
    return 1
  end, list
end

-- Of a sink that returns the sink for the next chunk.
function sink.simplify(fancy)
  assert(fancy)
  return function(chunk, reason)
    local done, following = fancy(chunk, reason)
    if not done then
      return nil, following
    end
    fancy = following or fancy
    return 1
  end
end

function sink.file(handle, reason)
  if not handle then
    return failing(reason or "unable to open file")
  end
  return function(chunk)
    if chunk then
      return handle:write(chunk)
    end
    handle:close()
    return 1
  end
end

function sink.null()
  return yes
end

sink.error = failing

-- Filters and the sink behind them, which is the last argument.
function sink.chain(f, inner, ...)
  if select("#", ...) > 0 and ... then
    local all = pack(f, inner, ...)
    inner = all[all.n]
    f = filter.chain(unpack(all, 1, all.n - 1))
  end
  assert(f and inner)
  return function(chunk, reason)
    if chunk == "" then
      return 1
    end
    local last = chunk and ""
    local made = f(chunk)
    while true do
      local done, why = inner(made, reason)
      if not done then
        return nil, why
      elseif made == last then
        return 1
      end
      made = f(last)
    end
  end
end

-------------------------------------------------------------------------------------------------------------------
-- Pumps

function pump.step(from, to)
  local chunk, reason = from()
  local done, why = to(chunk, reason)
  if chunk and done then
    return 1
  end
  return nil, reason or why
end

function pump.all(from, to, step)
  assert(from and to)
  step = step or pump.step
  while true do
    local done, reason = step(from, to)
    if not done then
      if reason then
        return nil, reason
      end
      return 1
    end
  end
end

return ltn12
