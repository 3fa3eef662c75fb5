-- Two motors make ten revolutions together, and then the same way back, for ever.

local revolutions = 10

left = stepper.attach(pio.GPIO26, pio.GPIO14)
right = stepper.attach(pio.GPIO12, pio.GPIO13)

while true do
    left:move(revolutions)
    right:move(revolutions)
    stepper.start(left, right)
    revolutions = -revolutions
end
