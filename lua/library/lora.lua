---@meta
-- Made by luatwin api --luacats from the catalogue of the Lua API; do not edit.

---LoRaWAN. Not in every build: lora.
---@class lora
lora = {}

---Band. Not in every build: lora_node.
lora.BAND868 = 868

---Band. Not in every build: lora_node.
lora.BAND433 = 433

---Band. Not in every build: lora_node.
lora.BAND915 = 915

---Role. Not in every build: lora_node.
lora.NODE = 0

---Role. Not in every build: lora_node.
lora.GATEWAY = 1

---Start the radio. Not in every build: lora.
---@param band string
---@param role? integer by default NODE
---@param host? string
---@param port? integer by default 1700
---@param freq? number
---@param dr? integer by default 5
function lora.attach(band, role, host, port, freq, dr) end

---Whether the data rate adapts. Not in every build: lora_node.
---@return boolean?
function lora.getAdr() end

---The application's id. Not in every build: lora_node.
---@return string
function lora.getAppEui() end

---The device's address. Not in every build: lora_node.
---@return string
function lora.getDevAddr() end

---The device's id. Not in every build: lora_node.
---@return string
function lora.getDevEui() end

---The data rate. Not in every build: lora_node.
---@return integer
function lora.getDr() end

---The number of repetitions. Not in every build: lora_node.
---@return integer
function lora.getReTx() end

---Join the network. Not in every build: lora_node.
function lora.join() end

---Let the data rate adapt. Not in every build: lora_node.
---@param on boolean
function lora.setAdr(on) end

---Choose the application's id. Not in every build: lora_node.
---@param hex string
function lora.setAppEui(hex) end

---Choose the key to join. Not in every build: lora_node.
---@param hex string
function lora.setAppKey(hex) end

---Choose the application's session key. Not in every build: lora_node.
---@param hex string
function lora.setAppsKey(hex) end

---Choose the device's address. Not in every build: lora_node.
---@param hex string
function lora.setDevAddr(hex) end

---Choose the device's id. Not in every build: lora_node.
---@param hex string
function lora.setDevEui(hex) end

---Choose the data rate. Not in every build: lora_node.
---@param rate integer
function lora.setDr(rate) end

---Choose the network's session key. Not in every build: lora_node.
---@param hex string
function lora.setNwksKey(hex) end

---Choose the number of repetitions. Not in every build: lora_node.
---@param count integer
function lora.setReTx(count) end

---Send. Not in every build: lora_node.
---@param confirmed boolean
---@param port integer
---@param hex string
function lora.tx(confirmed, port, hex) end

---Call fn with port and data. Not in every build: lora_node.
---@param fn fun(port: integer, data: string)
---@param arg? any
function lora.whenReceived(fn, arg) end

---The codes of the errors of lora. Not in every build: lora.
---@class lora.error
lora.error = {}

---keys are not configured Not in every build: lora.
lora.error.KeysNotConfigured = 100663296

---join denied Not in every build: lora.
lora.error.JoinDenied = 100663297

---unexpected response Not in every build: lora.
lora.error.UnexpectedResponse = 100663298

---not joined Not in every build: lora.
lora.error.NotJoined = 100663299

---not setup Not in every build: lora.
lora.error.NotSetup = 100663300

---not enough memory Not in every build: lora.
lora.error.NotEnoughtMemory = 100663301

---can't setup Not in every build: lora.
lora.error.CannotSetup = 100663303

---transmission fail ack not received Not in every build: lora.
lora.error.TransmissionFail = 100663304

---invalid argument Not in every build: lora.
lora.error.InvalidArgument = 100663305

---invalid data rate for your location Not in every build: lora.
lora.error.InvalidDataRate = 100663306

---invalid band for your location Not in every build: lora.
lora.error.InvalidBand = 100663307

---not allowed Not in every build: lora.
lora.error.NotAllowed = 100663308

---invalid frequency for your location Not in every build: lora.
lora.error.InvalidFreq = 100663309
