-- Puts the machine together: runs our files, then empties the global table, so that a script finds the base library
-- behind it (as on the device, where that is read-only) and nothing of the host.
local K, host, tick_host, is_off, core = ...
local libraries = {select(6, ...)}
local collectgarbage, next, rawset, setmetatable = collectgarbage, next, rawset, setmetatable
local G = _G

K.base_library = {}
core(K, host, tick_host, is_off)
for i = 1, #libraries do
  libraries[i](K)
end

for name in next, G do
  G[name] = nil
end
local base, raise, rotables = K.base_library, K.raise, K.rotables
setmetatable(G, {
  __index = base,
  __newindex = function(globals, name, value)
    if rotables[base[name]] then
      raise(("attempt to index a rotable value (global '%s')"):format(name))
    end
    rawset(globals, name, value)
  end,
  __metatable = false,
})
G._G, G.io, G.package = G, K.io, K.package
K.globals = G
K.package.loaded._G, K.package.loaded.io, K.package.loaded.package = G, K.io, K.package
K.set_named_tables {
  {"", {require = base.require}}, {"", G}, {"io.", K.io}, {"package.", K.package},
}

collectgarbage() -- what loading left behind is no part of a board's memory
