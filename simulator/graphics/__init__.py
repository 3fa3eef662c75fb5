"""What Lua RTOS draws with (``components/gdisplay``): shapes, text and images on a screen, and the screen itself.

A model: it is told what to draw and hands what has been drawn to whatever shows it. It knows neither pins nor Lua;
`simulator.device.drivers.gdisplay` makes a module of it, `simulator.hardware.parts` has the panels. Shapes are drawn
pixel for pixel in the order of the device, because without a frame buffer the order can be seen. Read `screen` first.
"""
