-- A logger that works its file system hard: a configuration that is saved and replaced, a log that grows and is rotated,
-- folders that come and go, a counter in NVS. For luatwin sweep: the power may fail anywhere, and the script runs again
-- from the start, so it must cope with whatever it finds.
local ROUNDS = 3

local function save(path, text)
  local new = path .. ".new"
  local file = assert(io.open(new, "w"))
  file:write(text)
  file:close()
  os.remove(path) -- SPIFFS does not rename onto a file that is there
  assert(os.rename(new, path))
end

local function append(path, text)
  local file = assert(io.open(path, "a"))
  file:write(text)
  file:close()
end

if not os.exists("/log") then
  os.mkdir("/log")
end
for round = 1, ROUNDS do
  local starts = nvs.read("logger", "rounds", 0) + 1
  nvs.write("logger", "rounds", starts)
  save("/config.txt", ("round %d of %d\n"):format(round, ROUNDS) .. ("x"):rep(round * 300))
  for line = 1, 4 do
    append("/log/now", ("%d.%d: %s\n"):format(round, line, ("measured "):rep(10)))
  end
  os.remove("/log/old")
  os.rename("/log/now", "/log/old")
  local folder = "/round" .. round
  if not os.exists(folder) then
    os.mkdir(folder)
  end
  save(folder .. "/note", "done")
  if round > 1 then
    local before = "/round" .. round - 1
    os.remove(before .. "/note")
    os.remove(before .. "/note.new")
    os.remove(before)
  end
end
print("logged " .. ROUNDS .. " rounds")
