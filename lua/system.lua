-- Runs at every start, before /autorun.lua.
--
-- Many boards are built with their log switched off, and on them Lua errors are invisible. This switches the log on,
-- as the start-up script of a stock board does.
os.shell(true)
os.history(true)
os.loglevel(os.LOG_INFO)
os.logcons(true)
