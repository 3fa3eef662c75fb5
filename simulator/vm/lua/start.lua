-- Puts the machine together: runs our files, then empties the global table, so that a script finds the base library
-- behind it (as on the device, where that is read-only) and nothing of the host.
local HOST, core, frames, modules, base, libraries, repl = ...
local next, rawset, setmetatable, type = next, rawset, setmetatable, type
local getregistry = debug.getregistry
local G = _G

local K = core(HOST)
frames(K)
modules(K)
base(K)
libraries(K)
repl(K)

for name in next, G do
  G[name] = nil
end
local host_libraries = getregistry()._LOADED
for name in next, host_libraries do
  host_libraries[name] = nil
end

G._G = G
local names, raise, rotables = K.base_library, K.raise, K.rotables
setmetatable(G, {
  __index = names,
  __newindex = function(globals, name, value)
    if name ~= name or name == nil then
      raise("table index is " .. (name == nil and "nil" or "NaN"))
    elseif type(name) == "string" and rotables[names[name]] then
      raise("attempt to index a rotable value (global '" .. name .. "')")
    end
    rawset(globals, name, value)
  end,
  __metatable = G,
})
return K.thread_body, K.power_off, K
