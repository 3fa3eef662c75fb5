-- The machine that the firmware's authors had on the table: it picks parts and places them.
-- As there, what it needs is in no image: the module, and the global that the module would have set.

require "types"

config = {nc = -1, axis = {}, actuator = {}}

config.axis.x = {
    class = "XYAxis",
    enabled = true,
    enPin = 40,
    stepPin = 2,
    dirPin = 41,
    stepsPerMM = 28.57,
    endStop = {minPin = 49, maxPin = 50, homingDirection = HomingDirectionType.HomingToMin},
}

config.actuator.pump = {
    class = "Pump",
    enabled = true,
    wkPin = 70,
    stPin = 69,
}
