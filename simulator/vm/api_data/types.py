"""The types of parameters and results, for the annotations that editors read. The catalogue's own data has none.

A parameter has the type that goes with its name in `PARAMETERS`, unless `PARAMETERS_OF` says something else for the
function. A function returns what `RETURNS` says, one type a result; ``""`` is nothing at all, and a function that is
not there may return anything. Types are those of lua-language-server; a path such as ``tmr.timer`` is a handle's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_NAMES: Final[Mapping[str, str]] = {
    "integer": (
        "acceleration_limit addr address angle atten b backlog base bauds bits bpm bytes chan channel channel2 clk "
        "clock code colour count cpu cs d day depth digits dirpin dr ecc entry fd filter flags fps g gpio handle hour "
        "hz i i2caddress id id1 id2 index interval isdst j kbps kind length level m mask_bits max maxacc maxdepth "
        "maxjerk maxspeed min minspeed miso mode month mosi ms msgid n number octave p0x period pin pixels port pos "
        "priority pulse qos queue r rate resolution role rows rx sda scl scale sec sides size spimode sport stack "
        "start steppin stepsperunit stop sw t1 t2 t3 t4 timeout_ms tx txpower type unit us vref year controller "
        "orientation chipset direction parity parts maxscale min_interval refh refl protocol upper lower note "
        "peer chann ownaddr age received sent family_number c"
    ),
    "number": (
        "acceleration brightness duty factor freq frequency h jerk offset ratio rotation rx ry s speed thick timeout "
        "units volume w x y degrees interval_s autoclose"
    ),
    "string": (
        "body cafile category cert clientid command data destination dns1 dns2 expected_type filename folder fmt gw "
        "hex host instance ip key label locale locaddr message name namespace new old password path payload "
        "pattern prefix property proto reason remote resource sep server service source ssid target text title "
        "topic url user what whence option family file extra fs band generator font mask hostname"
    ),
    "boolean": (
        "all asstring astable async bit buffered clean close confirmed convert fill_all first ipv6 keep monitor on "
        "overwrite persistence print raw read retained secure upload wait plain strip"
    ),
    "function": "callback catch comp create f finalizer finally fn hook low msgh sink step",
    "table": "handles list options recvt segments sendt t txt",
}

PARAMETERS: Final[Mapping[str, str]] = {name: kind for kind, names in _NAMES.items() for name in names.split()}
"""Name of a parameter to its type."""

PARAMETERS_OF: Final[Mapping[str, Mapping[str, str]]] = {
    "crc.crc8": {"s": "string"},
    "crc.crc16": {"s": "string"},
    "crc.crc32": {"s": "string"},
    "md5.string": {"s": "string"},
    "os.date": {"time": "integer"},
    "os.difftime": {"t1": "integer", "t2": "integer"},
    "os.exit": {"code": "boolean|integer"},
    "os.run": {"code": "string"},
    "cjson.encode_invalid_numbers": {"setting": '"on"|"off"|"null"|boolean'},
    "cjson.decode_invalid_numbers": {"setting": "boolean"},
    "net.callback": {"fn": "fun(event: table, arg?: any)"},
    "net.curl.post": {"table": "table"},
    "net.wf.startsc": {"fn": "fun(ssid: string, password: string)"},
    "net.wf.setup": {"powersave": "integer"},
    "net.scp.get": {"local_": "string"},
    "net.scp.put": {"local_": "string"},
    "net.service.telnet.start": {"fn": "fun(address: string, line: string): any"},
    "net.service.http.set_headers": {"type": "string", "length": "integer"},
    "net.service.http.start": {"key": "string"},
    "nvs.write": {"value": "integer|number|boolean|string|nil"},
    "pio.pin.interrupt": {"callback": "fun(count: integer, value: integer)"},
    "sensor.attach": {"id": "string"},
    "sensor.ins:callback": {"fn": "fun(values: table, arg?: any)"},
    "sensor.enumerate": {"interface": "integer"},
    "sensor.ins:set": {"value": "number"},
    "servo.ins:write": {"value": "number"},
    "encoder.attach": {"callback": "fun(direction: integer, counter: integer, button: integer, arg?: any)"},
    "lora.whenReceived": {"fn": "fun(port: integer, data: string)"},
    "lora.tx": {"confirmed": "boolean"},
    "bt.scan.start": {"fn": "fun(frame: table)"},
    "bt.service.eddystone.uid": {"address": "string", "instance": "string"},
    "bt.service.eddystone.url": {"address": "string"},
    "bt.advertise.start": {"filter": "integer", "peeraddr": "string"},
    **{
        f"ltn12.{name}": dict.fromkeys(parameters, "function")
        for name, parameters in (
            ("filter.chain", ("filter",)),
            ("pump.all", ("source",)),
            ("pump.step", ("source",)),
            ("sink.chain", ("filter",)),
            ("source.cat", ("source",)),
            ("source.chain", ("source", "filter")),
            ("source.rewind", ("source",)),
            ("source.simplify", ("source",)),
        )
    },
    "mqtt.cli:subscribe": {"callback": "fun(length: integer, message: string, topic_length: integer, topic: string)"},
    "tmr.attach": {"ms": "integer"},
    "gdisplay.qrcode": {"text": "string|table"},
    "gdisplay.setfont": {"font": "integer|string"},
    "gdisplay.init": {"buffered": "boolean"},
    "gdisplay.image": {"file": "string"},
    "gdisplay.write": {"foreground": "integer", "background": "integer", "value": "string|number"},
    "sdisplay.ins:write": {"text": "string|number"},
    "stepper.stop": {"handle": "stepper.inst"},
    "stepper.stopasync": {"handle": "stepper.inst"},
    "stepper.start": {"handle": "stepper.inst"},
    "stepper.startasync": {"handle": "stepper.inst"},
    "socket.tcp:bind": {"address": "string"},
    "socket.tcp:connect": {"address": "string"},
    "socket.tcp:setpeername": {"address": "string"},
    "socket.tcp:setsockname": {"address": "string"},
    "socket.tcp:receive": {"pattern": "string|integer"},
    "socket.tcp:settimeout": {"value": "number?", "mode": "string"},
    "socket.tcp:shutdown": {"mode": '"receive"|"send"|"both"'},
    "socket.udp:setpeername": {"address": "string"},
    "socket.udp:setsockname": {"address": "string"},
    "socket.udp:settimeout": {"value": "number?"},
    "socket.dns.getaddrinfo": {"address": "string"},
    "socket.dns.getnameinfo": {"address": "string"},
    "socket.dns.tohostname": {"address": "string"},
    "socket.dns.toip": {"address": "string"},
    "socket.choose": {"table": "table"},
    "socket.sink": {"mode": "string"},
    "socket.source": {"mode": "string"},
    "net.stat": {"table": "boolean"},
    "net.wf.scan": {"table": "boolean"},
    "net.wf.stat": {"table": "boolean"},
    "net.en.stat": {"table": "boolean"},
    "net.tu.stat": {"table": "boolean"},
    "net.curl.timeout": {"s": "integer"},
    "net.curl.progress": {"s": "integer"},
    "thread.list": {"table": "boolean"},
    "ulp.load": {"file": "string"},
    "uart.read": {"format": '"*l"|"*c"|"*el"', "timeout": "integer"},
    "can.receive": {"timeout": "integer"},
}
"""Path of a function to the types of some of its parameters."""

_FILE_RESULT: Final = "true?, string?, integer?"
_NO_RESULT_OR_FAILURE: Final = "nil, string?, integer?"
_SOCKET_RESULT: Final = "integer?, string?"

_RETURNS: Final[Mapping[str, str]] = {
    "": (
        "try cache compile decompile cjson.util.file_save cjson.util.run_test_group "
        " os.clear os.dmesg os.execute os.exit os.factoryreset os.format os.locks os.partitions os.passwd "
        "os.run os.sleep os.syslog os.stdout "
        " thread.resume thread.sleep thread.sleepms thread.sleepus thread.stop thread.suspend "
        "thread.usleep thread.mutex:lock thread.mutex:unlock "
        "event.ins:broadcast event.ins:disable event.ins:done event.ins:enable "
        "tmr.delay tmr.delayms tmr.delayus tmr.sleep tmr.sleepms tmr.sleepus "
        "tmr.timer:detach tmr.timer:start tmr.timer:stop "
        "nvs.write fs.format fs.mount fs.umount vm.blocks "
        "cpu.deepsleep cpu.sleep cpu.wakeupon cpu.watchpoint cpu.watchdog.add cpu.watchdog.remove cpu.watchdog.reset "
        "net.callback net.ota net.ping net.wf.setup net.wf.start net.wf.startsc net.wf.startwps net.wf.stop "
        "net.en.setup net.en.start net.en.stop net.scp.get net.scp.put net.ssh.exec "
        "net.service.sntp.start net.service.sntp.stop net.service.http.start net.service.http.stop "
        "net.service.http.print_chunk net.service.http.do_reboot net.service.captivedns.start "
        "net.service.captivedns.stop net.service.telnet.start net.service.telnet.stop net.service.ssh.start "
        "net.service.ssh.stop net.service.can.start net.service.can.stop net.service.openvpn.start "
        "net.service.openvpn.stop net.service.mdns.start net.service.mdns.stop net.service.mdns.addservice "
        "net.service.mdns.removeservice net.service.telnet.print "
        "mqtt.cli:connect mqtt.cli:disconnect mqtt.cli:publish mqtt.cli:subscribe "
        "pio.pin.input pio.pin.interrupt pio.pin.inv pio.pin.output pio.pin.setdir pio.pin.sethigh pio.pin.setlow "
        "pio.pin.setpull pio.pin.setval pio.port.input pio.port.output pio.port.setdir pio.port.sethigh "
        "pio.port.setlow pio.port.setpull pio.port.setval "
        "pwm.inst:detach pwm.inst:setduty pwm.inst:setfreq pwm.inst:start pwm.inst:stop "
        "servo.ins:detach servo.ins:write i2c.setpins i2c.trans:address i2c.trans:detach i2c.trans:setspeed "
        "i2c.trans:start i2c.trans:stop i2c.trans:write spi.setpins spi.ins:deselect spi.ins:detach spi.ins:select "
        "spi.ins:write uart.consume uart.lock uart.setpins uart.unlock uart.write "
        "sensor.ins:acquire sensor.ins:callback sensor.ins:detach sensor.ins:set "
        "neopixel.inst:setBrightness neopixel.inst:setPixel neopixel.inst:update "
        "stepper.start stepper.startasync stepper.stop stepper.stopasync stepper.inst:move stepper.inst:setposition "
        "encoder.enc:detach encoder.enc:write can.addfilter can.attach can.dump can.removefilter can.send "
        "touch.init touch.wakethreshold rtc.mem.push "
        "gdisplay.attach gdisplay.init gdisplay.arc gdisplay.circle gdisplay.clear gdisplay.ellipse gdisplay.image "
        "gdisplay.invert gdisplay.line gdisplay.linebyangle gdisplay.lock gdisplay.off gdisplay.on gdisplay.poly "
        "gdisplay.putpixel gdisplay.qrcode gdisplay.rect gdisplay.resetclipwin gdisplay.roundrect "
        "gdisplay.setangleoffset gdisplay.setbackground gdisplay.setbrightness gdisplay.setcal gdisplay.setclipwin "
        "gdisplay.setcolor gdisplay.setfixed gdisplay.setfont gdisplay.setforeground gdisplay.setorient "
        "gdisplay.setpixel gdisplay.setrot gdisplay.setstroke gdisplay.settransp gdisplay.setwrap gdisplay.star "
        "gdisplay.triangle gdisplay.unlock gdisplay.write "
        "sdisplay.ins:clear sdisplay.ins:setBrightness sdisplay.ins:setbrightness sdisplay.ins:write "
        "rcswitch.send rcswitch.stop sound.device:detach sound.device:playnote sound.device:playsilence "
        "sound.device:playtone sound.device:setvolume sound.device:timesignature ulp.enableadc ulp.load ulp.run "
        "ulp.settimer ulp.stop "
        "lora.attach lora.join lora.setAdr lora.setAppEui lora.setAppKey lora.setAppsKey lora.setDevAddr "
        "lora.setDevEui lora.setDr lora.setNwksKey lora.setReTx lora.tx lora.whenReceived "
        "bt.attach bt.advertise.start bt.advertise.stop bt.scan.start bt.scan.stop "
        "bt.service.eddystone.ins:start bt.service.eddystone.ins:stop ota.reject"
    ),
    "boolean": (
        "os.exists os.luainterpreter os.luarunning thread.mutex:trylock event.ins:pending event.ins:wait nvs.exists "
        "nvs.rm net.connected net.service.sntp.running net.service.http.running net.service.captivedns.running "
        "net.service.telnet.running net.service.ssh.running net.service.can.running net.service.openvpn.running "
        "net.service.mdns.running mqtt.cli:connected stepper.inst:isrunning socket.tcp:dirty io.receive ota.confirm "
        "cjson.util.compare_values"
    ),
    "boolean?": "os.history os.logcons os.shell lora.getAdr",
    "integer": (
        "os.bootcount os.resetreason os.settime os.time thread.create thread.self thread.start crc.crc8 crc.crc16 "
        "crc.crc32 cpu.resetreason cpu.speed cpu.wakeupext1mask cpu.wakeupreason net.packip "
        "net.service.http.set_headers rtc.mem.free rtc.mem.size stepper.inst:getposition gdisplay.getfontheight "
        "gdisplay.getfontwidtht gdisplay.getpixel gdisplay.gettype gdisplay.hsb2rgb gdisplay.rgb "
        "gdisplay.getangleoffset lora.getDr lora.getReTx net.http.download socket.tcp:getfd socket.udp:getfd"
    ),
    "integer?": (
        "os.loglevel os.stats cpu.wakeupext1pin rcswitch.receive ulp.valueat ulp.var:address ulp.var:value uart.attach "
        "uart.setup"
    ),
    "number": "os.clock os.difftime cpu.temperature socket.gettime stepper.inst:getdistance",
    "string": (
        "os.cpu os.pwd os.tmpname cpu.model md5.string pack.pack cjson.encode lora.getAppEui lora.getDevAddr "
        "lora.getDevEui ota.next ota.running ota.state socket.tcp:getfamily socket.udp:getfamily cjson.util.file_load "
        "cjson.util.serialise_value"
    ),
    "string?": "os.flashEUI os.getenv os.rsyslog os.setlocale thread.status",
    "table?": (
        "io.attributes os.uptime net.stat net.wf.scan net.wf.stat net.en.stat net.tu.stat i2c.pins spi.pins uart.pins "
        "sensor.enumerate sensor.list can.stats cpu.backtrace thread.list"
    ),
    "string, string, string": "os.board cpu.board",
    "string, string, integer, string": "os.version",
    "integer, integer": (
        "cjson.util.run_test_summary os.df fs.usage pio.decode encoder.enc:read gdisplay.getfontsize "
        "gdisplay.getscreensize"
    ),
    "integer, number": "adc.chan:read",
    "integer, integer, integer, integer": "gdisplay.getclipwin",
    "integer, integer, integer": "gdisplay.getrawtouch gdisplay.gettouch",
    _FILE_RESULT: "os.cp os.mkdir os.remove os.rename",
    _NO_RESULT_OR_FAILURE: "os.cat os.cd os.edit os.ls os.more",
    "string?, string?, integer?": "md5.file",
    "thread.mutex": "thread.createmutex",
    "event.ins": "event.create",
    "tmr.timer": "tmr.attach",
    "mqtt.cli": "mqtt.client",
    "adc.chan": "adc.attach",
    "pwm.inst": "pwm.attach",
    "servo.ins": "servo.attach",
    "i2c.trans": "i2c.attach",
    "spi.ins": "spi.attach",
    "sensor.ins": "sensor.attach",
    "neopixel.inst": "neopixel.attach neopixel.setup",
    "stepper.inst": "stepper.attach",
    "encoder.enc": "encoder.attach",
    "sdisplay.ins": "sdisplay.attach",
    "sound.device": "sound.attach",
    "ulp.var": "ulp.assign",
    "bt.service.eddystone.ins": "bt.service.eddystone.uid bt.service.eddystone.url",
    "socket.tcp?, string?": (
        "socket.tcp socket.tcp4 socket.tcp6 socket.bind socket.connect socket.connect4 socket.connect6 "
        "socket.tcp:accept"
    ),
    "socket.udp?, string?": "socket.udp socket.udp4 socket.udp6",
    "string?, string?, string?": "socket.tcp:receive",
    "integer?, string?, integer?": "socket.tcp:send",
    "string?, string?": "socket.udp:receive socket.dns.gethostname",
    "string?, string, integer?": "socket.udp:receivefrom",
    _SOCKET_RESULT: (
        "socket.tcp:bind socket.tcp:connect socket.tcp:listen socket.tcp:setpeername socket.tcp:setsockname "
        "socket.tcp:setoption socket.tcp:settimeout socket.tcp:shutdown socket.tcp:close socket.udp:close "
        "socket.udp:send socket.udp:sendto socket.udp:setpeername socket.udp:setsockname socket.udp:setoption "
        "socket.udp:settimeout"
    ),
    "string?, integer|string, string?": (
        "socket.tcp:getpeername socket.tcp:getsockname socket.udp:getpeername socket.udp:getsockname"
    ),
    "table[], table[], string?": "socket.select",
    "string?, table|string": "socket.dns.toip socket.dns.tohostname",
    "string?, integer": "net.lookup",
    "string|integer, integer?, integer?, integer?": "net.unpackip",
    "integer, string ...": "net.http.get",
    "integer|string|nil": "uart.read",
    "integer|string ...": "i2c.trans:read",
    "table": "spi.ins:readwrite cjson.new cjson.util.run_script",
    "boolean, table": "cjson.util.run_test",
    "integer ...": "pio.pin.getval pio.pin.num pio.port.getval touch.read",
    "integer?, boolean?, integer?, string?": "can.receive",
    "number|integer|table|nil": "sensor.ins:read sensor.ins:get",
}

RETURNS: Final[Mapping[str, str]] = {path: types for types, paths in _RETURNS.items() for path in paths.split()}
"""Path of a function to the types of its results."""
