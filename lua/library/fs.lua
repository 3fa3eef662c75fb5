---@meta
-- Made by luatwin api --luacats from the catalogue of the Lua API; do not edit.

---Mounting file systems.
---@class fs
fs = {}

---The same as os.format.
---@param path string
function fs.format(path) end

---Mount a file system at a directory of the root.
---@param target string
---@param fs string
function fs.mount(target, fs) end

---Unmount.
---@param target string
function fs.umount(target) end

---The same as os.df.
---@param path? string
---@return integer
---@return integer
function fs.usage(path) end
