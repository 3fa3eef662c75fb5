---@meta
-- Made by luatwin api --luacats from the catalogue of the Lua API; do not edit.

---A client of MQTT. Not in every build: mqtt.
---@class mqtt
mqtt = {}

---At most once. Not in every build: mqtt.
mqtt.QOS0 = 0

---At least once. Not in every build: mqtt.
mqtt.QOS1 = 1

---Exactly once. Not in every build: mqtt.
mqtt.QOS2 = 2

---Not accepted by mqtt.client, which wants a boolean. Not in every build: mqtt.
mqtt.PERSISTENCE_FILE = 0

---Not accepted by mqtt.client, which wants a boolean. Not in every build: mqtt.
mqtt.PERSISTENCE_NONE = 1

---Not accepted by mqtt.client, which wants a boolean. Not in every build: mqtt.
mqtt.PERSISTENCE_USER = 2

---Make a client; connects later. Not in every build: mqtt.
---@param clientid string
---@param host string
---@param port integer
---@param secure boolean
---@param cafile? string
---@param persistence? boolean
---@param folder? string
---@return mqtt.cli
function mqtt.client(clientid, host, port, secure, cafile, persistence, folder) end

---@class mqtt.cli
local mqtt_cli = {}

---Connect within 20 seconds. Not in every build: mqtt.
---@param user string
---@param password string
---@param clean? boolean by default false
function mqtt_cli:connect(user, password, clean) end

---Whether it is connected. Not in every build: mqtt.
---@return boolean
function mqtt_cli:connected() end

---Disconnect and keep the subscriptions. Not in every build: mqtt.
function mqtt_cli:disconnect() end

---Send a message. Not in every build: mqtt.
---@param topic string
---@param payload string
---@param qos integer
---@param retained? boolean by default false
function mqtt_cli:publish(topic, payload, qos, retained) end

---Receive messages; lengths come first. Not in every build: mqtt.
---@param topic string
---@param qos integer
---@param callback fun(length: integer, message: string, topic_length: integer, topic: string)
---@param arg? any
function mqtt_cli:subscribe(topic, qos, callback, arg) end

---The codes of the errors of mqtt. Not in every build: mqtt.
---@class mqtt.error
mqtt.error = {}

---can't create client Not in every build: mqtt.
mqtt.error.CannotCreateClient = 201326592

---can't set callbacks Not in every build: mqtt.
mqtt.error.CannotSetCallbacks = 201326593

---can't connect Not in every build: mqtt.
mqtt.error.CannotConnect = 201326594

---can't subscribe to topic Not in every build: mqtt.
mqtt.error.CannotSubscribeToTopic = 201326595

---can't publish to topic Not in every build: mqtt.
mqtt.error.CannotPublishToTopic = 201326596

---can't disconnect Not in every build: mqtt.
mqtt.error.CannotDisconnect = 201326597

---not enough memory Not in every build: mqtt.
mqtt.error.NotEnoughMemory = 201326598
