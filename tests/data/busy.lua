-- Threads, timers, files, addresses, random numbers and the order of a table: what is not the same by itself.
local names = {}
for i = 1, 20 do names["name" .. i * 7919] = i end
for name, i in pairs(names) do io.write(name, "=", i, " ") end
print(tostring(names), tostring(print), os.time(), os.clock())
local file = io.open("/notes.txt", "a") file:write(os.resetreason(), "\\n") file:close()
local m = thread.createmutex()
for i = 1, 3 do
  thread.start(function()
    for step = 1, 5 do
      m:lock() print("thread", i, step, os.clock(), math.random(1000)) m:unlock()
      thread.sleepms(i * 7)
    end
  end)
end
local ticks = 0
local timer = tmr.attach(10, function(t)
  ticks = ticks + 1
  print("tick", ticks)
  if ticks == 20 then t:detach() end
end)
timer:start()
net.callback(function(event) print("callback", event.interface, event.type) end)
for i = 1, 300000 do local _ = i * i end
