-- What a board does at every boot; /config.lua says how.

config = {
    shell = true,
    history = true,
    loglevel = os.LOG_INFO,
    logcons = true,
    wifi = false,
    ethernet = false,
    sntp = false,
    http = false,
    openvpn = false,
    ssh = false,
    can = {gw = false},
    net = {},
    data = {
        wifi = {ssid = "", pass = ""},
        ethernet = {},
        http = {httpPort = 80, httpsPort = 0, caFile = "", keyFile = ""},
        can = {gw = {port = 1333, speed = 1000}},
    },
}

dofile("config.lua")

if config.wifi then
    config.net.wifi = config.data.wifi
end

if config.ethernet then
    config.net.ethernet = config.data.ethernet
end

if config.wifi then
    print("Starting wifi ...")
    local it = config.net.wifi
    net.wf.setup(net.wf.mode.STA, it.ssid, it.pass, it.ip, it.mask, it.gw, it.dns1, it.dns2)
    net.wf.start()
end

if config.ethernet then
    print("Starting ethernet ...")
    local it = config.net.ethernet
    net.en.setup(it.ip, it.mask, it.gw, it.dns1, it.dns2)
    net.en.start()
end

-- Who checks certificates, or is checked, has to know the time.
if config.sntp or config.openvpn or config.ssh then
    print("Starting sntp client ...")
    net.service.sntp.start()
end

if config.openvpn then
    print("Starting openvpn client ...")
    net.service.openvpn.start()
end

if config.ssh then
    print("Starting ssh server ...")
    net.service.ssh.start()
end

if config.http then
    print("Starting http server ...")
    local it = config.data.http
    net.service.http.start(it.httpPort, it.httpsPort, it.caFile, it.keyFile)
end

if config.can.gw then
    net.service.can.start(can.CAN0, config.data.can.gw.speed, config.data.can.gw.port)
end

os.shell(config.shell)
os.history(config.history)
os.loglevel(config.loglevel)
os.logcons(config.logcons)

config = nil
