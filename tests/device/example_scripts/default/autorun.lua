os.loglevel(os.LOG_ALL)
dofile("machine.lua")
