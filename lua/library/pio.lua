---@meta
-- Made by luatwin api --luacats from the catalogue of the Lua API; do not edit.

---Digital pins. It neither takes nor respects the locks of other drivers. Not in every build: pio.
---@class pio
pio = {}

---Direction. Not in every build: pio.
pio.OUTPUT = 0

---Direction. Not in every build: pio.
pio.INPUT = 1

---Pull. Not in every build: pio.
pio.PULLUP = 5

---Pull. Not in every build: pio.
pio.PULLDOWN = 6

---Pull. Not in every build: pio.
pio.NOPULL = 7

---A pin. Not in every build: pio.
pio.GPIO0 = 0

---A pin. Not in every build: pio.
pio.GPIO1 = 1

---A pin. Not in every build: pio.
pio.GPIO2 = 2

---A pin. Not in every build: pio.
pio.GPIO3 = 3

---A pin. Not in every build: pio.
pio.GPIO4 = 4

---A pin. Not in every build: pio.
pio.GPIO5 = 5

---A pin. Not in every build: pio.
pio.GPIO6 = 6

---A pin. Not in every build: pio.
pio.GPIO7 = 7

---A pin. Not in every build: pio.
pio.GPIO8 = 8

---A pin. Not in every build: pio.
pio.GPIO9 = 9

---A pin. Not in every build: pio.
pio.GPIO10 = 10

---A pin. Not in every build: pio.
pio.GPIO11 = 11

---A pin. Not in every build: pio.
pio.GPIO12 = 12

---A pin. Not in every build: pio.
pio.GPIO13 = 13

---A pin. Not in every build: pio.
pio.GPIO14 = 14

---A pin. Not in every build: pio.
pio.GPIO15 = 15

---A pin. Not in every build: pio.
pio.GPIO16 = 16

---A pin. Not in every build: pio.
pio.GPIO17 = 17

---A pin. Not in every build: pio.
pio.GPIO18 = 18

---A pin. Not in every build: pio.
pio.GPIO19 = 19

---A pin. Not in every build: pio.
pio.GPIO20 = 20

---A pin. Not in every build: pio.
pio.GPIO21 = 21

---A pin. Not in every build: pio.
pio.GPIO22 = 22

---A pin. Not in every build: pio.
pio.GPIO23 = 23

---A pin. Not in every build: pio.
pio.GPIO25 = 25

---A pin. Not in every build: pio.
pio.GPIO26 = 26

---A pin. Not in every build: pio.
pio.GPIO27 = 27

---A pin. Not in every build: pio.
pio.GPIO32 = 32

---A pin. Not in every build: pio.
pio.GPIO33 = 33

---A pin that can only be an input. Not in every build: pio.
pio.GPIO34 = 34

---A pin that can only be an input. Not in every build: pio.
pio.GPIO35 = 35

---A pin that can only be an input. Not in every build: pio.
pio.GPIO36 = 36

---A pin that can only be an input. Not in every build: pio.
pio.GPIO37 = 37

---A pin that can only be an input. Not in every build: pio.
pio.GPIO38 = 38

---A pin that can only be an input. Not in every build: pio.
pio.GPIO39 = 39

---Port and number of a pin. Not in every build: pio.
---@param code integer
---@return integer
---@return integer
function pio.decode(code) end

---Single pins. Not in every build: pio.
---@class pio.pin
pio.pin = {}

---Interrupt at a rising edge. Not in every build: pio.
pio.pin.IntrPosEdge = 1

---Interrupt at a falling edge. Not in every build: pio.
pio.pin.IntrNegEdge = 2

---Interrupt at any edge. Not in every build: pio.
pio.pin.IntrAnyEdge = 3

---Interrupt while low. Not in every build: pio.
pio.pin.IntrLowLevel = 4

---Interrupt while high. Not in every build: pio.
pio.pin.IntrHighLevel = 5

---Levels, in the order of the pin numbers. Not in every build: pio.
---@param pin integer
---@param ... any
---@return integer ...
function pio.pin.getval(pin, ...) end

---Make inputs. Not in every build: pio.
---@param pin integer
---@param ... any
function pio.pin.input(pin, ...) end

---Call a function at edges or levels; edges during the call are lost. Not in every build: pio.
---@param pin integer
---@param callback fun(count: integer, value: integer)
---@param type? integer by default IntrPosEdge
---@param stack? integer
---@param priority? integer
function pio.pin.interrupt(pin, callback, type, stack, priority) end

---Invert what is driven. Not in every build: pio.
---@param pin integer
---@param ... any
function pio.pin.inv(pin, ...) end

---Numbers within the port. Not in every build: pio.
---@param pin integer
---@param ... any
---@return integer ...
function pio.pin.num(pin, ...) end

---Make outputs. Not in every build: pio.
---@param pin integer
---@param ... any
function pio.pin.output(pin, ...) end

---Choose the direction; pulls and interrupt go off. Not in every build: pio.
---@param direction integer
---@param pin integer
---@param ... any
function pio.pin.setdir(direction, pin, ...) end

---Drive high. Not in every build: pio.
---@param pin integer
---@param ... any
function pio.pin.sethigh(pin, ...) end

---Drive low. Not in every build: pio.
---@param pin integer
---@param ... any
function pio.pin.setlow(pin, ...) end

---Choose the pull. Not in every build: pio.
---@param type integer
---@param pin integer
---@param ... any
function pio.pin.setpull(type, pin, ...) end

---Drive 0 or 1; the value comes first. Not in every build: pio.
---@param value any
---@param pin integer
---@param ... any
function pio.pin.setval(value, pin, ...) end

---Whole ports; setting does nothing without a port expander. Not in every build: pio.
---@class pio.port
pio.port = {}

---All levels as a mask. Not in every build: pio.
---@param port integer
---@param ... any
---@return integer ...
function pio.port.getval(port, ...) end

---Make inputs. Not in every build: pio.
---@param port integer
---@param ... any
function pio.port.input(port, ...) end

---Make outputs. Not in every build: pio.
---@param port integer
---@param ... any
function pio.port.output(port, ...) end

---Choose the direction. Not in every build: pio.
---@param direction integer
---@param port integer
---@param ... any
function pio.port.setdir(direction, port, ...) end

---Drive high. Not in every build: pio.
---@param port integer
---@param ... any
function pio.port.sethigh(port, ...) end

---Drive low. Not in every build: pio.
---@param port integer
---@param ... any
function pio.port.setlow(port, ...) end

---Choose the pull. Not in every build: pio.
---@param type integer
---@param port integer
---@param ... any
function pio.port.setpull(type, port, ...) end

---Drive a mask. Not in every build: pio.
---@param value any
---@param port integer
---@param ... any
function pio.port.setval(value, port, ...) end
