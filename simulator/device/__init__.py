"""One powered board: reset, ROM, bootloader, app; and inside the app the scheduler that runs its Lua threads.

It waits (trio) for what the models decide: flash, boot, WiFi and the Lua machine are rooms of their own, and so is the
world around a board. Read `device` first (the power), then `app` (one run of the firmware), then `kernel` (how a Lua
thread's request is carried out) and `calls` (what each request does).
"""
