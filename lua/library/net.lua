---@meta
-- Made by luatwin api --luacats from the catalogue of the Lua API; do not edit.

---The network, whatever it runs over.
---@class net
net = {}

---Call fn when an interface comes up or goes down.
---@param fn fun(event: table, arg?: any)
---@param arg? any
function net.callback(fn, arg) end

---Whether an interface has a link and an address.
---@return boolean
function net.connected() end

---A name's IPv4 address; waits for the network.
---@param name string
---@param raw? boolean
---@return string?
---@return integer
function net.lookup(name, raw) end

---Fetch newer firmware from the OTA server and restart into it.
function net.ota() end

---An IPv4 address as an integer.
---@param text string
---@return integer
---@overload fun(a: any, b: integer, c: integer, d: integer): integer
function net.packip(text) end

---Print round trips.
---@param name string
---@param count? integer by default 10
---@param interval? integer by default 1
---@param size? integer by default 32
---@param timeout? number by default 1
function net.ping(name, count, interval, size, timeout) end

---Print or return the state of all interfaces, from index 0.
---@param table? boolean
---@return table?
function net.stat(table) end

---An integer as four numbers ("*n") or as text ("*s").
---@param n integer
---@param format any
---@return string|integer
---@return integer?
---@return integer?
---@return integer?
function net.unpackip(n, format) end

---WiFi.
---@class net.wf
net.wf = {}

---Print or return the access points in reach, from index 0.
---@param table? boolean
---@return table?
function net.wf.scan(table) end

---Prepare the interface; the arguments after password depend on the mode.
---@param mode integer
---@param ssid string
---@param password string
---@param ip? string
---@param mask? string
---@param gw? string
---@param dns1? string
---@param dns2? string
---@param powersave? integer
---@param channel? integer
function net.wf.setup(mode, ssid, password, ip, mask, gw, dns1, dns2, powersave, channel) end

---Connect in the background, or wait until it worked or failed.
---@param async? boolean by default true
function net.wf.start(async) end

---SmartConfig: fn gets SSID and password.
---@param fn fun(ssid: string, password: string)
function net.wf.startsc(fn) end

---WiFi Protected Setup. Not in every build: wifi_nvs.
---@param type? integer by default PBC
---@param fn? function
function net.wf.startwps(type, fn) end

---Print or return addresses.
---@param table? boolean
---@return table?
function net.wf.stat(table) end

---Disconnect and stay so.
function net.wf.stop() end

---Modes of net.wf.setup.
---@class net.wf.mode
net.wf.mode = {}

---Station.
net.wf.mode.STA = 1

---Access point.
net.wf.mode.AP = 2

---Both; only the access point is set up.
net.wf.mode.APSTA = 3

---Station with WPA2 Enterprise.
net.wf.mode.STAENT = 999

---Authentication of an access point.
---@class net.wf.auth
net.wf.auth = {}

---None.
net.wf.auth.OPEN = 0

---WEP.
net.wf.auth.WEP = 1

---WPA.
net.wf.auth.WPA_PSK = 2

---WPA2.
net.wf.auth.WPA2_PSK = 3

---WPA and WPA2.
net.wf.auth.WPA_WPA2_PSK = 4

---Sleep of the modem.
---@class net.wf.powersave
net.wf.powersave = {}

---No change: the modem sleeps a little.
net.wf.powersave.NONE = 0

---The same as MODEM_MIN.
net.wf.powersave.MODEM = 1

---Wakes for every beacon.
net.wf.powersave.MODEM_MIN = 1

---Sleeps longer.
net.wf.powersave.MODEM_MAX = 2

---Kinds of WiFi Protected Setup.
---@class net.wf.wpstype
net.wf.wpstype = {}

---Off.
net.wf.wpstype.DISABLE = 0

---Push button.
net.wf.wpstype.PBC = 1

---A number.
net.wf.wpstype.PIN = 2

---Whether Enterprise checks the certificate's time.
---@class net.wf.timecheck
net.wf.timecheck = {}

---Check.
net.wf.timecheck.ENABLE = 0

---Do not check.
net.wf.timecheck.DISABLE = 1

---As the library does.
net.wf.timecheck.DEFAULT = 2

---Ethernet. Not in every build: ethernet.
---@class net.en
net.en = {}

---Prepare the interface. Not in every build: ethernet.
---@param ip? string
---@param mask? string
---@param gw? string
---@param dns1? string
---@param dns2? string
function net.en.setup(ip, mask, gw, dns1, dns2) end

---Connect in the background, or wait ten seconds. Not in every build: ethernet.
---@param async? boolean by default true
function net.en.start(async) end

---Print or return addresses. Not in every build: ethernet.
---@param table? boolean
---@return table?
function net.en.stat(table) end

---Disconnect. Not in every build: ethernet.
function net.en.stop() end

---The tunnel of OpenVPN. Not in every build: openvpn.
---@class net.tu
net.tu = {}

---Print or return addresses. Not in every build: openvpn.
---@param table? boolean
---@return table?
function net.tu.stat(table) end

---A client for HTTPS by GET, over TLS 1.1 without certificate check.
---@class net.http
net.http = {}

---Fetch into a file; the status code.
---@param server string
---@param resource string
---@param expected_type string
---@param filename string
---@param overwrite? boolean by default false
---@return integer
function net.http.download(server, resource, expected_type, filename, overwrite) end

---Fetch; status code and the body in pieces.
---@param server string
---@param resource string
---@param expected_type? string
---@return integer
---@return string ...
function net.http.get(server, resource, expected_type) end

---The curl library. Not in every build: curl.
---@class net.curl
net.curl = {}

---Free the library. Not in every build: curl.
---@return any ...
function net.curl.cleanup() end

---Send or fetch by FTP. Not in every build: curl.
---@param upload boolean
---@param url string
---@param user string
---@param password string
---@param file? string
---@return any ...
function net.curl.ftp(upload, url, user, password, file) end

---Fetch a URL. Not in every build: curl.
---@param url string
---@param file? string
---@return any ...
function net.curl.get(url, file) end

---The library's version. Not in every build: curl.
---@param print? boolean
---@return any ...
function net.curl.info(print) end

---Get or set the mail server. Not in every build: curl.
---@param server? string
---@param port? integer
---@return any ...
function net.curl.mailserver(server, port) end

---Send a form. Not in every build: curl.
---@param url string
---@param table table
---@return any ...
function net.curl.post(url, table) end

---Get or set how often progress is printed. Not in every build: curl.
---@param s? integer
---@return any ...
function net.curl.progress(s) end

---Get or set the largest body. Not in every build: curl.
---@param bytes? integer
---@return any ...
function net.curl.reclimit(bytes) end

---Send a mail. Not in every build: curl.
---@param options table
---@return any ...
function net.curl.sendmail(options) end

---Get or set the time limit. Not in every build: curl.
---@param s? integer
---@return any ...
function net.curl.timeout(s) end

---Get or set how much is printed. Not in every build: curl.
---@param level? integer
---@return any ...
function net.curl.verbose(level) end

---Copying by SSH.
---@class net.scp
net.scp = {}

---Fetch a file.
---@param host string
---@param port integer
---@param remote string
---@param local_ string
---@param user string
---@param password string
function net.scp.get(host, port, remote, local_, user, password) end

---Send a file.
---@param host string
---@param port integer
---@param local_ string
---@param remote string
---@param user string
---@param password string
function net.scp.put(host, port, local_, remote, user, password) end

---Commands by SSH.
---@class net.ssh
net.ssh = {}

---Run a command and print its output.
---@param host string
---@param port integer
---@param command string
---@param user string
---@param password string
function net.ssh.exec(host, port, command, user, password) end

---Services. The table has no end mark: unknown names are undefined.
---@class net.service
net.service = {}

---Sets the clock from a time server.
---@class net.service.sntp
net.service.sntp = {}

---Whether it was started.
---@return boolean
function net.service.sntp.running() end

---Start; the clock is set later.
---@param server? string by default "pool.ntp.org"
function net.service.sntp.start(server) end

---Stop.
function net.service.sntp.stop() end

---The web server for files and Lua pages.
---@class net.service.http
net.service.http = {}

---Inside a page: restart after the request.
function net.service.http.do_reboot() end

---Inside a page: send text.
---@param ... any
function net.service.http.print_chunk(...) end

---Whether it runs.
---@return boolean
function net.service.http.running() end

---Inside a page: send the headers; 0 if they were sent.
---@param code? integer by default 200
---@param title? string by default "OK"
---@param extra? string
---@param type? string by default "text/html"
---@param length? integer by default -1
---@return integer
function net.service.http.set_headers(code, title, extra, type, length) end

---Start.
---@param port? integer by default 80
---@param sport? integer by default 443
---@param cert? string
---@param key? string
function net.service.http.start(port, sport, cert, key) end

---Stop within a second.
function net.service.http.stop() end

---Answers every name with the access point's address.
---@class net.service.captivedns
net.service.captivedns = {}

---Whether it runs.
---@return boolean
function net.service.captivedns.running() end

---Start; needs an access point.
function net.service.captivedns.start() end

---Stop.
function net.service.captivedns.stop() end

---Hands every line of a Telnet client to a function. Not in every build: telnet_server.
---@class net.service.telnet
net.service.telnet = {}

---Inside the function: answer the client. Not in every build: telnet_server.
---@param ... any
function net.service.telnet.print(...) end

---Whether it runs. Not in every build: telnet_server.
---@return boolean
function net.service.telnet.running() end

---Start; fn gets address and line. Not in every build: telnet_server.
---@param port? integer by default 23
---@param fn fun(address: string, line: string): any
---@param autoclose? number by default 60
function net.service.telnet.start(port, fn, autoclose) end

---Stop. Not in every build: telnet_server.
function net.service.telnet.stop() end

---The prompt over SSH. Not in every build: ssh_server.
---@class net.service.ssh
net.service.ssh = {}

---Whether it runs. Not in every build: ssh_server.
---@return boolean
function net.service.ssh.running() end

---Start; makes keys the first time. Not in every build: ssh_server.
function net.service.ssh.start() end

---Stop. Not in every build: ssh_server.
function net.service.ssh.stop() end

---Forwards CAN frames over TCP. Not in every build: can.
---@class net.service.can
net.service.can = {}

---Whether it runs. Not in every build: can.
---@return boolean
function net.service.can.running() end

---Start. Not in every build: can.
---@param id integer
---@param speed number
---@param port integer
function net.service.can.start(id, speed, port) end

---Stop. Not in every build: can.
function net.service.can.stop() end

---A client of OpenVPN. Not in every build: openvpn.
---@class net.service.openvpn
net.service.openvpn = {}

---Whether it runs. Not in every build: openvpn.
---@return boolean
function net.service.openvpn.running() end

---Start with /etc/openvpn/client.conf. Not in every build: openvpn.
function net.service.openvpn.start() end

---Stop. Not in every build: openvpn.
function net.service.openvpn.stop() end

---Names and services of the local network. Not in every build: mdns.
---@class net.service.mdns
net.service.mdns = {}

---Announce a service. Not in every build: mdns.
---@param service string
---@param proto string
---@param port integer
---@param instance? string
---@param txt? table
function net.service.mdns.addservice(service, proto, port, instance, txt) end

---Services in reach. Not in every build: mdns.
---@param service string
---@param proto string
---@param timeout? number by default 3
---@param max? integer by default 20
---@return any ...
function net.service.mdns.findservice(service, proto, timeout, max) end

---Stop to announce a service. Not in every build: mdns.
---@param service string
---@param proto string
function net.service.mdns.removeservice(service, proto) end

---A host's address. Not in every build: mdns.
---@param name string
---@param timeout? number by default 3
---@param ipv6? boolean
---@return any ...
function net.service.mdns.resolvehost(name, timeout, ipv6) end

---Whether it runs. Not in every build: mdns.
---@return boolean
function net.service.mdns.running() end

---Start under a name. Not in every build: mdns.
---@param host? string by default "ESP32"
---@param instance? string
function net.service.mdns.start(host, instance) end

---Stop. Not in every build: mdns.
function net.service.mdns.stop() end

---The codes of the errors of net.
---@class net.error
net.error = {}

---network is not available
net.error.NotAvailable = 150994944

---invalid IP adddress
net.error.InvalidIpAddr = 150994945

---no more callbacks available
net.error.NoMoreCallbacksAvailable = 150994946

---callback not found
net.error.CallbackNotFound = 150994947

---name cannot be resolved
net.error.NameCannotBeResolved = 150994948

---cannot create socket
net.error.CannotCreateSocket = 150994949

---cannot setup socket
net.error.CannotSetupSocket = 150994950

---cannot connect to server
net.error.CannotConnect = 150994951

---cannot create SSL
net.error.CannotCreateSSL = 150994952

---cannot connect SSL
net.error.CannotConnectSSL = 150994953

---not enough memory
net.error.NotEnoughtMemory = 150994954

---invalid response
net.error.InvalidResponse = 150994955

---invalid content
net.error.InvalidContent = 150994956

---OTA partition not found
net.error.NoOTA = 150994957

---OTA is not enabled in this build
net.error.OTANotEnabled = 150994958

---The codes of the errors of net.wf.
---@class net.wf.error
net.wf.error = {}

---can't setup
net.wf.error.CannotSetup = 134217728

---can't connect, review your SSID / password
net.wf.error.CannotConnect = 134217729

---general fail
net.wf.error.GeneralFail = 134217730

---not enough memory
net.wf.error.NotEnoughtMemory = 134217731

---wifi is not setup
net.wf.error.NotSetup = 134217732

---wifi is not started
net.wf.error.NotStarted = 134217733

---interface error
net.wf.error.InterfaceError = 134217734

---mode error
net.wf.error.ModeError = 134217735

---internal state error
net.wf.error.InternalError = 134217736

---internal control block of station or soft-AP error
net.wf.error.InternalControlBlockError = 134217737

---internal NVS module error
net.wf.error.InternalNVSError = 134217738

---invalid mac address
net.wf.error.InvalidMac = 134217739

---invalid SSID
net.wf.error.InvalidSSID = 134217740

---invalid password
net.wf.error.InvalidPassword = 134217741

---timeout
net.wf.error.Timeout = 134217742

---is in sleep state(RF closed) / wakeup fail
net.wf.error.RFClosed = 134217743

---invalid argument
net.wf.error.InvalidArg = 134217744

---wifi API is not supported yet
net.wf.error.NotSupport = 134217745

---driver was not stopped
net.wf.error.NotStopped = 134217746

---The codes of the errors of net.en. Not in every build: ethernet.
---@class net.en.error
net.en.error = {}

---can't setup Not in every build: ethernet.
net.en.error.CannotSetup = 503316480

---ethernet is not setup Not in every build: ethernet.
net.en.error.NotSetup = 503316481

---ethernet is not started Not in every build: ethernet.
net.en.error.NotStarted = 503316482

---can't connect check cable Not in every build: ethernet.
net.en.error.CannotConnect = 503316483

---invalid argument Not in every build: ethernet.
net.en.error.InvalidArg = 503316484

---The codes of the errors of net.http.
---@class net.http.error
net.http.error = {}

---output file already exists, aborting
net.http.error.OutputAlreadyExists = 637534208

---can't open output file for writing
net.http.error.CannotOpen = 637534209

---can't write to output file
net.http.error.CannotWrite = 637534210

---The codes of the errors of net.service.mdns. Not in every build: mdns.
---@class net.service.mdns.error
net.service.mdns.error = {}

---can't initialize Not in every build: mdns.
net.service.mdns.error.CannotCreateService = 452984832

---can't stop Not in every build: mdns.
net.service.mdns.error.CannotStop = 452984833

---can't resolve host Not in every build: mdns.
net.service.mdns.error.CannotResolveHost = 452984834

---can't find service Not in every build: mdns.
net.service.mdns.error.CannotFindService = 452984835

---can't add service Not in every build: mdns.
net.service.mdns.error.CannotAddService = 452984836

---can't remove service Not in every build: mdns.
net.service.mdns.error.CannotRemoveService = 452984837

---hostname too long Not in every build: mdns.
net.service.mdns.error.HostnameTooLong = 452984838

---instance name too long Not in every build: mdns.
net.service.mdns.error.InstanceTooLong = 452984839

---service name too long Not in every build: mdns.
net.service.mdns.error.ServiceTooLong = 452984840

---protocol name too long Not in every build: mdns.
net.service.mdns.error.ProtocolTooLong = 452984841
