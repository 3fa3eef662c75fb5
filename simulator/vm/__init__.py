"""The Lua machine: Lua 5.3 with 32-bit numbers and the API of Lua RTOS, run until it needs the world.

It knows no clock, no network and no file: `machine.Machine` returns requests and takes answers. The Lua side of the
API is in ``lua/``, one file a module; the catalogue of everything documented is `api`; what a failing driver says is
`exceptions`. The only room that imports lupa. Read `machine` first.
"""
