-- Where the functions of scripts are on the stack of a parked Lua thread: a line for each, innermost first.
-- Run by the host, when somebody wants to know.
local K, co = ...
local positions = ""
local info, level = K.group(0, co)
while info do
  if info.currentline > 0 then
    positions = positions .. info.short_src .. ":" .. info.currentline .. "\n"
  end
  info, level = K.group(level, co)
end
return positions
