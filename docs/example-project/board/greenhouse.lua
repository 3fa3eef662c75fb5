-- What the greenhouse does: pure decisions, no pins and no network.
local greenhouse = {}

greenhouse.WARM = 28 -- degrees Celsius
greenhouse.COOL = 25

-- Returns whether the fan is to run. Between the two limits it stays as it is, so that it does not flutter.
function greenhouse.fan(temperature, running)
  if temperature >= greenhouse.WARM then
    return true
  elseif temperature <= greenhouse.COOL then
    return false
  end
  return running
end

return greenhouse
