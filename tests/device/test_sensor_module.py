"""sensor, as a script has it: what it refuses, when it measures, what it tells."""

from __future__ import annotations

import pytest

from tests.device.stage import Stage, staged
from tests.device.test_pins_and_pulses import error_of, lines

BARE = {"board": "GENERIC", "files": {"/system.lua": ""}}
POT = {"type": "potentiometer", "name": "pot", "pin": 36, "position": 0.25}
BUTTON = {"type": "pushbutton", "name": "b", "pin": 4}
DHT = {"type": "dht22", "name": "dht", "pin": 4}
LIGHT = {"type": "bh1721fvc", "name": "light", "scl": 21, "sda": 22}
METEO = {"type": "bme280", "name": "meteo", "scl": 21, "sda": 22, "temperature": 20, "humidity": 40, "pressure": 1000}
THERMOMETERS = [
    {"type": "ds18b20", "name": "t1", "pin": 17, "serial": 0x1234, "temperature": 21.5},
    {"type": "ds18b20", "name": "t2", "pin": 17, "serial": 2, "model": "ds1822", "temperature": -3.25},
]


@pytest.mark.parametrize(
    ("call", "text"),
    [
        ("sensor.attach('tmp36', 1, 0)", "167772166:not found"),
        ("sensor.attach()", "bad argument #1 to 'attach' (string expected, got no value)"),
        ("sensor.attach('TMP36')", "bad argument #2 to 'attach' (number expected, got no value)"),
        ("sensor.attach('TMP36', 1)", "bad argument #3 to 'attach' (number expected, got no value)"),
        ("sensor.attach('TMP36', 3, 0)", "16777216:invalid unit"),
        ("sensor.attach('TMP36', 1, 8)", "16777217:invalid channel"),
        ("sensor.attach('GPS', 1, 9600, 'x')", "bad argument #4 to 'attach' (number expected, got string)"),
        ("sensor.attach('GPS', 1, 9600, 4)", "67108866:invalid data bits"),
        ("sensor.attach('PUSH_SWITCH', 40)", "33554433:invalid pin"),
        ("sensor.attach('PUSH_SWITCH', -1)", "33554433:invalid pin"),
        ("sensor.attach('PUSH_SWITCH', 24)", "33554432:invalid pin direction"),
        ("sensor.attach('DHT11', 34)", "33554432:invalid pin direction"),
        ("sensor.attach('US015', 26, 34)", "33554432:invalid pin direction"),
        ("sensor.attach('KEY_MATRIX_4_4', 2, 4, 5, 12, 13, 14, 15, 40)", "33554433:invalid pin"),
        ("p = pwm.attach(26, 1000, 0) sensor.attach('PUSH_SWITCH', 26)", "gpio26 is used by pwm0"),
        ("p = pwm.attach(26, 1000, 0) sensor.attach('DHT11', 26)", "gpio26 is used by pwm0"),
        ("s = sensor.attach('PUSH_SWITCH', 26) p = pwm.attach(26, 1000, 0)", "gpio26 is used by sensor0"),
        ("s = sensor.attach('PUSH_SWITCH', 26) t = sensor.attach('TILT_SWITCH', 26)", "gpio26 is used by sensor0"),
        ("s = sensor.attach('DHT11', 4) t = sensor.attach('DHT11', 4)", "gpio4 is used by rmt0"),
        ("s = sensor.attach('GPS', 1) t = sensor.attach('SDS011', 1)", "uart1 is used by sensor0"),
        ("s = sensor.attach('GPS', 1) t = sensor.attach('DHT11', 13)", "gpio13 is used by uart1"),
        ("sensor.attach('REL_ROT_ENCODER', -1, -1, -1)",
         "436207617:invalid pin (a and b pins are required)"),
        ("sensor.attach('DS1820', 0, 1)", "184549376:can't setup (invalid pin)"),
        ("sensor.attach('DS1820', 32, 1)", "184549376:can't setup (invalid pin)"),
        ("for pin = 12, 16 do pcall(sensor.attach, 'DS1820', pin, 1) end sensor.attach('DS1820', 17, 1)",
         "184549376:can't setup (max devices reached)"),
        ("sensor.attach('DS1820', 17, 1)", "167772160:can't setup (device not on bus)"),
        ("pcall(sensor.attach, 'DS1820', 17, 1) pwm.attach(17, 1000, 0)", "gpio17 is used by owire17"),
        ("sensor.attach('BME280', 2, 0)", "50331650:invalid unit"),
        ("sensor.attach('BME280', 0, 0x40)", "167772169:invalid address"),
        ("sensor.attach('BME280', 0, 0)", "167772160:can't setup (cannot detect device)"),
        ("for _ = 1, 3 do pcall(sensor.attach, 'BME280', 0, 0) end sensor.attach('BME280', 0, 0)",
         "50331659:no more devices allowed"),
        ("sensor.attach('BH1721FVC', 0, 0):read('illuminance')", "50331654:not ack received"),
        ("sensor.attach('BH1721FVC', 1, 0):read('illuminance')", "50331649:is not setup"),
        ("sensor.attach('US015', 26, 27):read('distance')", "167772161:timeout"),
        ("sensor.attach('PING28015', 26):read('distance')", "167772161:timeout"),
        ("sensor.attach('DHT22', 26):read('humidity')", "570425348:timeout"),
        ("sensor.attach('TMP36', 1, 0):read('humidity')", "167772166:not found"),
        ("sensor.attach('TMP36', 1, 0):read()", "bad argument #1 to 'read' (string expected, got no value)"),
        ("sensor.attach('TMP36', 1, 0).read({}, 'all')",
         "bad argument #1 to 'read' (sensor.ins expected, got table)"),
        ("sensor.attach('TMP36', 1, 0):set('k', 1)", "167772166:not found"),
        ("sensor.attach('HALL_FLOW', 26):set('k', 1)", "167772165:set function is not defined"),
        ("sensor.attach('LDR', 1, 0):set('R1', 1.5)",
         "bad argument #2 to 'set' (number has no integer representation)"),
        ("sensor.attach('LDR', 1, 0):set('R1')", "bad argument #2 to 'set' (number expected, got no value)"),
        ("sensor.attach('LDR', 1, 0):get('R1')", "167772165:set function is not defined"),
        ("sensor.attach('TMP36', 1, 0):callback(print)", "167772172:callbacks not allowed for this sensor"),
        ("s = sensor.attach('PUSH_SWITCH', 4) for _ = 1, 9 do s:callback(print) end",
         "167772170:no more callbacks available"),
        ("s = sensor.attach('PUSH_SWITCH', 4) s:callback(1)",
         "bad argument #1 to 'callback' (function expected, got number)"),
        *((f"s = sensor.attach('TMP36', 1, 0) s:detach() s:detach() s:{call}", "167772174:sensor detached")
          for call in ("acquire()", "read('all')", "set('x', 1)", "get('x')")),
        ("sensor.enumerate(1, 17)", "167772167:interface not supported"),
        ("sensor.enumerate(sensor.OWire)", "bad argument #2 to 'enumerate' (number expected, got no value)"),
        ("sensor.list(1)", "bad argument #1 to 'list' (boolean expected, got number)"),
    ],
)  # fmt: skip
def test_sensor_refuses_in_the_words_of_the_device(call: str, text: str) -> None:
    assert error_of(call) == text


def test_a_failed_attach_keeps_what_it_had_taken_and_its_number() -> None:
    script = """
        print(pcall(sensor.attach, "US015", 26, 34))
        print(pcall(pwm.attach, 26, 1000, 0))
        s = sensor.attach("PUSH_SWITCH", 4)
        print(pcall(pwm.attach, 4, 1000, 0))
        s:detach() print(pcall(pwm.attach, 4, 1000, 0))
    """
    *refused, granted = lines(script)
    assert refused == [
        "false\t33554432:invalid pin direction",
        "false\tgpio26 is used by sensor0",
        "false\tgpio4 is used by sensor1",
    ]
    assert granted.startswith("true")


def printed_rows(call: str, **options: object) -> list[str]:
    """What a call prints; the driver ends its lines with CR LF, to which the console adds a CR."""
    rows = [line.removesuffix("\r") for line in lines(call, **options)]
    assert rows.pop() == ""
    return rows


def test_the_list_is_a_table_on_the_console() -> None:
    rows = printed_rows("sensor.list()")
    assert rows[:2] == [
        "SENSOR               INTERFACE                      PROVIDES                            "
        "PROPERTIES                 ",
        "-" * 115,
    ]
    assert "GPS                  UART                           lon,lat,sats,valid,height           " in rows
    assert (
        "KEY_MATRIX_4_4       GPIO,GPIO,GPIO,GPIO,GPIO,GPIO, key1,key2,key3,key4,key5,key6,key7,key8 "
        "repeat,repeat delay,repeat rate"
    ) in rows
    assert sum(row.startswith("HALL_SWITCH ") for row in rows) == 2


def test_the_list_as_a_table_counts_from_zero() -> None:
    script = """
        local list = sensor.list(true)
        for i = 0, 99 do
          local s = list[i]
          if s and (s.id == "US015" or s.id == "BME280" or s.id == "AM412") then
            print(s.id, s.callback, s.interface, s.interface_name)
            for k = 0, 2 do local v = s.provides[k] if v then print(k, v.id, v.type) end end
            for k = 0, 2 do local v = s.properties[k] if v then print(k, v.id, v.type) end end
          end
        end
        print(list[1] ~= nil, list[-1])
    """
    assert lines(script) == [
        "AM412\ttrue\tGPIO\t",
        "0\tpresence\tint",
        "BME280\tfalse\tI2C\t",
        "0\ttemperature\tdouble",
        "1\thumidity\tdouble",
        "2\tpressure\tdouble",
        "0\tmode\tint",
        "1\tstandbytime\tint",
        "2\tsmode\tint",  # a text has the type of what was listed before it
        "US015\tfalse\tGPIO,GPIO\tTRIG,ECHO",
        "0\tdistance\tdouble",
        "0\tcalibration\tdouble",
        "1\ttemperature\tdouble",
        "true\tnil",
    ]


def test_what_is_acquired_is_read_once() -> None:
    script = """
        local s = sensor.attach("BH1721FVC", 0, 0)
        local function took(f) local t = os.clock() f() print((os.clock() - t) * 1000 // 10 * 10) end
        took(function() s:acquire() end)
        took(function() print(s:read("illuminance")) end)
        took(function() s:read("illuminance") end)
        s:acquire() print(pcall(s.read, s, "x")) took(function() s:read("illuminance") end)
    """
    assert lines(script, parts=[LIGHT]) == [
        "190.0",
        "500.0",
        "0.0",
        "190.0",
        "false\t167772166:not found",
        "0.0",
    ]


def test_a_sensor_that_needs_rest_repeats_what_it_measured() -> None:
    script = """
        local s = sensor.attach("DHT22", 4)
        local function took(f) local t = os.clock() f() print((os.clock() - t) * 1000 // 1) end
        took(function() s:read("all") end)
        tmr.sleepms(1900) took(function() s:read("all") end)
        tmr.sleepms(200) took(function() s:read("all") end)
    """
    # 20 ms to ask, and the answer.
    assert lines(script, parts=[DHT]) == ["23.0", "0.0", "23.0"]


def test_without_a_free_channel_a_dht_is_asked_bit_by_bit() -> None:
    script = """
        local taken = {}
        for i, pin in ipairs {5, 12, 13, 14, 15, 16, 17} do taken[i] = sensor.attach("DHT11", pin) end
        local s = sensor.attach("DHT22", 4)
        print(s:read("all"))
        print(pcall(pwm.attach, 4, 1000, 0))
        local t = os.clock()
        s = sensor.attach("DHT11", 26)
        print(pcall(s.read, s, "all"))
        print((os.clock() - t) // 1)
    """
    assert lines(script, parts=[{**DHT, "temperature": 20.5, "humidity": 45}]) == [
        "20.5\t45.0",
        "false\tgpio4 is used by sensor7",
        "false\t167772161:timeout",
        "4.0",  # five attempts, a second apart
    ]


def test_settings_are_checked_by_their_type_and_silently_by_their_value() -> None:
    script = """
        local s = sensor.attach("BH1620FVC", 1, 0)
        print(s:read("illuminance"))
        s:set("gain", 7) print(s:read("illuminance"))
        s:set("gain", 1) print(s:read("illuminance"))
        s:set("calibration", -0.5) print(s:read("illuminance"))
    """
    part = {"type": "bh1620fvc", "name": "s", "pin": 36, "lux": 100}
    first, same, tenfold, calibrated = map(float, lines(script, parts=[part]))
    assert same == first
    assert tenfold == pytest.approx(10 * first, rel=1e-4)
    assert calibrated == tenfold - 0.5


def test_one_wire_devices_are_enumerated_with_the_model_of_the_first() -> None:
    assert printed_rows("sensor.enumerate(sensor.OWire, 17)", parts=THERMOMETERS) == [
        "SENSOR      DEVICE   ADDRESS             MODEL         ",
        "-" * 55,
        "DS1820      01       28341200000000d0    DS18B20",
        "DS1820      02       22020000000000fb    DS18B20",
    ]
    script = """
        local list = sensor.enumerate(sensor.OWire, 17, true)
        for i = 0, 2 do
          local d = list[i]
          if d then print(d.id, d.device, string.format("%08x %08x", d.addressh, d.addressl), d.model) end
        end
    """
    assert lines(script, parts=THERMOMETERS) == [
        "DS1820\t1\t28341200 000000d0\tDS18B20",
        "DS1820\t2\t22020000 000000fb\tDS18B20",
    ]


def test_an_empty_bus_and_a_pin_that_cannot_be_one_enumerate_as_the_frame_alone() -> None:
    for pin in (17, 33):
        assert len(printed_rows(f"sensor.enumerate(sensor.OWire, {pin})")) == 2
        assert lines(f"print(sensor.enumerate(sensor.OWire, {pin}, true)[0])") == ["nil"]


def test_a_thermometer_has_a_resolution_and_takes_its_time() -> None:
    script = """
        local s = sensor.attach("DS1820", 17, 1)
        print(s:get("resolution"), s:get("numdev"), #s:get("rom"), s:get("type"))
        for _, bits in ipairs {9, 12, 99} do
          s:set("resolution", bits)
          local t = os.clock()
          local value = s:read("temperature")
          print(s:get("resolution"), value, (os.clock() - t) * 100 // 1 * 10)
        end
    """
    part = {**THERMOMETERS[0], "temperature": 21.6875}
    assert lines(script, parts=[part]) == [
        "10\t1\t16\tDS18B20",
        "9\t21.5\t130.0",
        "12\t21.6875\t780.0",
        "10\t21.5\t220.0",
    ]


def test_a_ds18s20_takes_longer_than_the_driver_waits_and_cannot_show_frost() -> None:
    part = {"type": "ds18b20", "name": "t", "pin": 17, "model": "ds18s20"}

    def shown(**values: float) -> list[str]:
        return lines('print(sensor.attach("DS1820", 17, 1):read("temperature"))', parts=[{**part, **values}])

    assert shown(temperature=20) == ["-9998.0"]
    assert shown(temperature=21.6875, conversion_ms=100) == ["21.687"]
    # Thousandths in 32 bits without a sign.
    assert shown(temperature=-10, conversion_ms=100) == ["4294958.0"]


def test_a_thermometer_that_is_gone_reads_as_an_impossible_temperature() -> None:
    @staged(**BARE, script='s = sensor.attach("DS1820", 17, 1)', parts=[THERMOMETERS[0]])
    async def play(stage: Stage) -> None:
        await stage.boot()
        stage.board.bench.one_wire_devices.clear()
        assert "-9997.0" in await stage.type(b'print(s:read("temperature"))\r')

    play()


def test_a_bme280_has_modes_and_reads_as_zero_when_the_bus_fails() -> None:
    script = """
        s = sensor.attach("BME280", 0, 0x76)
        print(s:get("mode"), s:get("standbytime"))
        s:set("standbytime", 500) s:set("mode", 2) print(s:get("mode"), s:get("standbytime"))
        s:set("mode", 3) s:set("standbytime", 300) print(s:get("mode"), s:get("standbytime"))
        print(s:read("temperature"))
    """

    @staged(**BARE, script=script, parts=[METEO])
    async def play(stage: Stage) -> None:
        assert (await stage.printed()).replace("\r", "") == "0\t125\n0\t125\n3\t250\n20.00003\n"
        stage.board.bench.i2c_devices.clear()
        assert "0.0\t0.0\t0.0" in await stage.type(b'print(s:read("all"))\r')
        assert "255" in await stage.type(b'print(s:get("mode"))\r')

    play()


@pytest.mark.parametrize(
    ("call", "reason"),
    [('s:get("smode")', "StoreProhibited"), ("s:detach() s:callback(print)", "LoadProhibited")],
)
def test_what_follows_a_wild_pointer_restarts_the_chip(call: str, reason: str) -> None:
    script = 'if not booted then booted = true s = sensor.attach("BME280", 0, 0) end'

    @staged(**BARE, script=script, parts=[METEO])
    async def play(stage: Stage) -> None:
        await stage.boot()
        said = await stage.type(f"{call}\r".encode())
        assert f"Core  0 panic'ed ({reason})" in said
        assert len(stage.board.boots) == 2

    play()


def test_only_the_first_callback_is_called_and_its_second_argument_is_kept() -> None:
    script = """
        s = sensor.attach("PUSH_SWITCH", 4)
        s:callback(function(news, extra) print("first", news.on, extra) end, "x")
        s:callback(function() print("second") end)
    """

    @staged(**BARE, script=script, parts=[BUTTON])
    async def play(stage: Stage) -> None:
        await stage.boot()
        before = len(stage.console)
        for pressed in (1, 0):
            stage.board.bench.part("b").set_control("pressed", pressed)
            await stage.wait(0.1)
        assert stage.console[before:].split("\r\n")[:-1] == ["first\t1\tx", "first\t0\tx"]
        await stage.type(b"s:detach()\r")
        before = len(stage.console)
        stage.board.bench.part("b").set_control("pressed", 1)
        await stage.wait(0.1)
        assert stage.console[before:] == ""

    play()


def test_a_level_counts_after_ten_milliseconds_even_if_they_are_in_pieces() -> None:
    script = """
        s = sensor.attach("PUSH_SWITCH", 4)
        s:callback(function(news) print(news.on) end)
    """

    @staged(**BARE, script=script, parts=[BUTTON])
    async def play(stage: Stage) -> None:
        await stage.boot()
        button = stage.board.bench.part("b")
        before = len(stage.console)
        for _ in range(3):  # 9 ms altogether
            button.set_control("pressed", 1)
            await stage.wait(0.003)
            button.set_control("pressed", 0)
            await stage.wait(0.1)
        assert stage.console[before:] == ""
        button.set_control("pressed", 1)
        await stage.wait(0.002)
        assert stage.console[before:] == "1\r\n"

    play()


def test_sensors_switch_the_power_bus_on_and_off() -> None:
    script = """
        local t = os.clock()
        s = sensor.attach("TMP36", 1, 0)
        print((os.clock() - t) * 1000 // 10)
        u = sensor.attach("LDR", 1, 3)
        s:detach()
    """

    @staged(board="N1ESP32-OTA", files={"/system.lua": ""}, script=script)
    async def play(stage: Stage) -> None:
        assert (await stage.printed()).strip() == "10.0"  # a tenth of a second until it is stable
        wire = stage.board.bench.wire(27)
        assert wire.level(stage.world.now_ns()) == 1
        await stage.type(b"u:detach()\r")
        assert wire.level(stage.world.now_ns()) == 0

    play()


def test_other_threads_run_while_a_sensor_takes_its_time() -> None:
    script = """
        local count = 0
        local t = thread.start(function() while true do count = count + 1 tmr.sleepms(10) end end)
        sensor.attach("DS1820", 17, 1):read("temperature")
        print(count > 20)
        thread.stop(t)
    """
    assert lines(script, parts=[THERMOMETERS[0]]) == ["true"]


def test_a_script_sees_on_the_bus_what_the_sensor_sees() -> None:
    script = """
        local b = i2c.attach(i2c.I2C0, i2c.MASTER)
        b:start() b:address(0x76, false) b:write(0xD0) b:start() b:address(0x76, true)
        print(b:read())
        b:stop()
        local s = sensor.attach("BME280", 0, 0)
        s:read("all")
        b:start() b:address(0x76, false) b:write(0xF2) b:start() b:address(0x76, true)
        local humidity, _, measure = b:read(3)
        print(humidity, measure)
        b:stop()
    """
    # Chip id; one sample of the humidity, two of the pressure, four of the temperature, and asleep again.
    assert lines(script, parts=[METEO]) == ["96", f"1\t{0b011_010_00}"]
