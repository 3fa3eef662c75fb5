---@meta
-- Made by luatwin api --luacats from the catalogue of the Lua API; do not edit.

---Bluetooth LE. Not in every build: bt.
---@class bt
bt = {}

---Start Bluetooth. Not in every build: bt.
---@param mode integer
function bt.attach(mode) end

---Modes of bt.attach. Not in every build: bt.
---@class bt.mode
bt.mode = {}

---Off. Not in every build: bt.
bt.mode.Idle = 0

---Low energy. Not in every build: bt.
bt.mode.BLE = 1

---Classic. Not in every build: bt.
bt.mode.Classic = 2

---Both. Not in every build: bt.
bt.mode.Dual = 3

---Kinds of received frames; 0 is any other. Not in every build: bt.
---@class bt.frameType
bt.frameType = {}

---A beacon with an id. Not in every build: bt.
bt.frameType.EddystoneUID = 1

---A beacon with a URL. Not in every build: bt.
bt.frameType.EddystoneURL = 2

---Kinds of advertising. Not in every build: bt.
---@class bt.adv
bt.adv = {}

---Anyone may connect. Not in every build: bt.
bt.adv.ADV_IND = 0

---One peer may connect, often. Not in every build: bt.
bt.adv.ADV_DIRECT_IND_HIGH = 1

---Anyone may scan. Not in every build: bt.
bt.adv.ADV_SCAN_IND = 2

---Nobody may connect. Not in every build: bt.
bt.adv.ADV_NONCONN_IND = 3

---One peer may connect, seldom. Not in every build: bt.
bt.adv.ADV_DIRECT_IND_LOW = 4

---Kinds of the own address. Not in every build: bt.
---@class bt.ownaddr
bt.ownaddr = {}

---Public. Not in every build: bt.
bt.ownaddr.Public = 0

---Random. Not in every build: bt.
bt.ownaddr.Random = 1

---Private, else public. Not in every build: bt.
bt.ownaddr.PrivatePublic = 2

---Private, else random. Not in every build: bt.
bt.ownaddr.PrivateRandom = 3

---Kinds of the peer's address. Not in every build: bt.
---@class bt.peeraddr
bt.peeraddr = {}

---Public. Not in every build: bt.
bt.peeraddr.Public = 0

---Random. Not in every build: bt.
bt.peeraddr.Random = 1

---Channels of advertising; the keys are texts. Not in every build: bt.
---@class bt.chann
bt.chann = {}

---Channel 37. Not in every build: bt.
bt.chann["37"] = 1

---Channel 38. Not in every build: bt.
bt.chann["38"] = 2

---Channel 39. Not in every build: bt.
bt.chann["39"] = 4

---All three. Not in every build: bt.
bt.chann.All = 7

---Who may scan and connect. Not in every build: bt.
---@class bt.filter
bt.filter = {}

---Everybody. Not in every build: bt.
bt.filter.ConnAllScanAll = 0

---Scanning by list. Not in every build: bt.
bt.filter.ConnAllScanWhite = 1

---Connecting by list. Not in every build: bt.
bt.filter.ConnWhiteScanAll = 2

---Both by list. Not in every build: bt.
bt.filter.ConnWhiteScanWhite = 3

---Advertising. Not in every build: bt.
---@class bt.advertise
bt.advertise = {}

---Advertise data at intervals in milliseconds. Not in every build: bt.
---@param min integer
---@param max integer
---@param type integer
---@param ownaddr integer
---@param peeraddr string
---@param peer integer
---@param chann integer
---@param filter integer
---@param data string
function bt.advertise.start(min, max, type, ownaddr, peeraddr, peer, chann, filter, data) end

---Stop. Not in every build: bt.
function bt.advertise.stop() end

---Scanning. Not in every build: bt.
---@class bt.scan
bt.scan = {}

---Call fn for every frame. Not in every build: bt.
---@param fn fun(frame: table)
function bt.scan.start(fn) end

---Stop. Not in every build: bt.
function bt.scan.stop() end

---Services. Not in every build: bt.
---@class bt.service
bt.service = {}

---Beacons. Not in every build: bt.
---@class bt.service.eddystone
bt.service.eddystone = {}

---A beacon with an id. Not in every build: bt.
---@param address string
---@param txpower integer
---@param namespace string
---@param instance string
---@return bt.service.eddystone.ins
function bt.service.eddystone.uid(address, txpower, namespace, instance) end

---A beacon with a URL. Not in every build: bt.
---@param address string
---@param txpower integer
---@param url string
---@return bt.service.eddystone.ins
function bt.service.eddystone.url(address, txpower, url) end

---@class bt.service.eddystone.ins
local bt_service_eddystone_ins = {}

---Begin. Not in every build: bt.
function bt_service_eddystone_ins:start() end

---End. Not in every build: bt.
function bt_service_eddystone_ins:stop() end
