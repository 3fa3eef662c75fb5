"""i2c, spi and uart, as a script has them."""

from __future__ import annotations

import pytest

from tests.device.stage import Stage, staged
from tests.device.test_pins_and_pulses import error_of, lines

EEPROM = {"type": "i2c-eeprom", "name": "rom", "scl": 21, "sda": 22, "address": 0x51}
LOOP = {"type": "spi-loop", "name": "loop", "clk": 14, "mosi": 13, "miso": 12, "cs": 15}
PEER = {"type": "uart-peer", "name": "peer", "tx": 13, "rx": 12, "replies": {"AT": "OK"}}
WIRE = {"type": "jumper", "name": "wire", "pin": 13, "to": 12}


@pytest.mark.parametrize(
    ("call", "text"),
    [
        ("i2c.attach(2, 1)", "50331650:invalid unit"),
        ("i2c.setpins(2, 1, 2)", "50331650:invalid unit"),
        ("local b = i2c.attach(0, 1) b:stop()", "50331653:invalid transaction"),
        ("local b = i2c.attach(0, 1) b:address(1, false)", "50331653:invalid transaction"),
        ("local b = i2c.attach(0, 0) b:start()", "50331651:invalid operation (only allowed in master mode)"),
        ("local b = i2c.attach(0, 0) b:read()", "50331651:invalid operation"),
        ("local b = i2c.attach(0, 1) b:start() b:address(1, true) b:write(1)",
         "50331651:invalid operation (transaction is for read)"),
        ("local b = i2c.attach(0, 1) b:start() b:address(1, false) b:read()",
         "50331651:invalid operation (transaction is for write)"),
        ("local b = i2c.attach(0, 1) b:start() b:address(0x50, false) b:stop()", "50331654:not ack received"),
        ("local b = i2c.attach(0, 1) b:detach() b:start()", "50331649:is not setup"),
        ("local b = i2c.attach(0, 1) b:address(1)", "bad argument #2 to 'address' (boolean expected, got no value)"),
        ("a = {} for i = 1, 4 do a[i] = i2c.attach(0, 1) end", "50331659:no more devices allowed"),
        ("i2c.setpins(0, 4, 34)", "50331656:pin not allowed (scl, selected pin cannot be output)"),
        ("i2c.setpins(0, 34, 4)", "50331656:pin not allowed (sda, selected pin cannot be output)"),
        ("i2c.setpins(0, 4, 4)", "50331656:pin not allowed (sda and scl must be different)"),
        ("local b = i2c.attach(0, 1) i2c.setpins(0, 4, 5)",
         "50331658:cannot change pin map once the I2C unit has an attached device"),
        ("p = pwm.attach(22, 1000, 0) i2c.attach(0, 1)", "gpio22 is used by pwm0"),
        ("i2c.pins(1)", "bad argument #1 to 'pins' (boolean expected, got number)"),
    ],
)  # fmt: skip
def test_i2c_refuses_in_the_words_of_the_device(call: str, text: str) -> None:
    assert error_of(call) == text


def test_bus_errors_come_when_a_transaction_is_carried_out() -> None:
    script = """
        local b = i2c.attach(i2c.I2C0, i2c.MASTER)
        b:start() print(pcall(b.address, b, 0x33, false)) print(pcall(b.write, b, 1, 2))
        print(pcall(b.stop, b))
        print(pcall(b.stop, b))
    """
    assert lines(script) == [
        *("true", "true", "false\t50331654:not ack received", "false\t50331653:invalid transaction")
    ]


def test_a_wire_held_low_is_a_timeout_after_a_second() -> None:
    script = """
        local b, t = i2c.attach(i2c.I2C0, i2c.MASTER), os.clock()
        b:start() b:address(0x51, false)
        print(pcall(b.stop, b))
        print(os.clock() - t > 0.99)
    """
    button = {"type": "pushbutton", "name": "b", "pin": 22, "pressed": 1}
    assert lines(script, parts=[EEPROM, button]) == ["false\t50331655:timeout", "true"]


def test_bytes_are_written_and_read_as_numbers_and_texts() -> None:
    script = """
        local b = i2c.attach(i2c.I2C0, i2c.MASTER)
        b:start() b:address(0x51, false) b:write(0, 16, "a\\0b", 300, "7", nil, {}, 99) b:stop()
        tmr.sleepms(6)
        b:start() b:address(0x51, false) b:write(0, 16) b:start() b:address(0x51, true)
        print(b:read(3)) print(b:read()) print(b:read(2, true)) print(#b:read(0, true), #b:read(200, true))
        b:stop()
    """
    assert lines(script, parts=[EEPROM]) == ["97\t0\t98", "44", "\x07c", "1\t128"]


@pytest.mark.parametrize(
    ("call", "text"),
    [
        ("spi.attach(1, 1, 15, 1000, 8, 0)", "83886081:invalid unit"),
        ("spi.attach(2, 0, 15, 1000, 8, 0)", "83886082:slave mode not allowed"),
        ("spi.attach(2, 1, 15, 1000, 8, 4)", "83886080:invalid mode"),
        ("spi.attach(2, 1, -1, 1000, 8, 0)", "83886084:pin not allowed (default cs is not set in kconfig)"),
        ("spi.attach(2, 1, 34, 1000, 8, 0)", "83886084:pin not allowed (cs, selected pin is not valid for output)"),
        ("spi.attach(2, 1, 12, 1000, 8, 0)", "83886084:pin not allowed (miso, mosi, clk and cs must be different)"),
        ("spi.attach(2, 1, 15, 1000, 8)", "bad argument #6 to 'attach' (number expected, got no value)"),
        ("a = {} for i, cs in ipairs {4, 5, 15, 16} do a[i] = spi.attach(2, 1, cs, 1000, 8, 0) end",
         "83886085:no more devices allowed"),
        ("d = spi.attach(2, 1, 15, 1000, 8, 0) spi.setpins(2, 1, 2, 4)",
         "83886089:cannot change pin map once the SPI unit has an attached device"),
        ("d = spi.attach(2, 1, 15, 1000, 8, 0) d:readwrite(1)", "83886088:device is not selected"),
        ("d = spi.attach(2, 1, 15, 1000, 8, 0) d:detach() d:select()", "83886087:is not set up"),
        ("p = pwm.attach(13, 1000, 0) spi.attach(2, 1, 15, 1000, 8, 0)", "gpio13 is used by pwm0"),
        ("d = spi.attach(2, 1, 15, 1000, 8, 0) p = pwm.attach(15, 1000, 0)", "gpio15 is used by spi2"),
    ],
)  # fmt: skip
def test_spi_refuses_in_the_words_of_the_device(call: str, text: str) -> None:
    assert error_of(call) == text


def test_what_is_written_leaves_when_the_device_reads_or_is_deselected() -> None:
    script = """
        local d = spi.attach(spi.SPI2, spi.MASTER, 15, 1000000, 8, 0)
        d:select() d:write(1, 2)
        print(table.unpack(d:readwrite(3, "AB", 65.0)))
        d:write(9) d:deselect() d:select()
        print(table.unpack(d:readwrite(0)))
    """
    assert lines(script, parts=[LOOP]) == ["2\t3\t65\t66\t54\t53\t46", "9"]


def test_a_second_thread_waits_until_the_bus_is_free() -> None:
    script = """
        local d = spi.attach(2, 1, 15, 1000000, 8, 0)
        local e = spi.attach(2, 1, 4, 1000000, 8, 0)
        d:select()
        thread.start(function() e:select() print("mine") e:deselect() end)
        tmr.sleepms(50) print "now" d:deselect() tmr.sleepms(10)
    """
    assert lines(script) == ["now", "mine"]


def test_pins_are_printed_or_returned_from_index_0() -> None:
    script = """
        i2c.pins() spi.pins() uart.pins()
        local p = spi.pins(true) print(p[0].id, p[0].clk, p[1].miso, #p)
    """
    assert [line.rstrip("\r") for line in lines(script)] == [
        *("I2C0: sda=GPIO22 scl=GPIO21 ", "I2C1: sda=GPIO33 scl=GPIO32 "),
        *("SPI2: miso=GPIO12 mosi=GPIO13 clk=GPIO14 ", "SPI3: miso=GPIO19 mosi=GPIO23 clk=GPIO18 "),
        *("UART0: rx=GPIO3 tx=GPIO1 ", "UART1: rx=GPIO12 tx=GPIO13 ", "UART2: rx=GPIO16 tx=GPIO17 "),
        "2\t14\t19\t1",
    ]


@pytest.mark.parametrize(
    ("call", "text"),
    [
        ("uart.attach(3, 9600, 8, 0, 1)", "67108865:invalid unit"),
        ("uart.attach(1, 9600, 9, 0, 1)", "67108866:invalid data bits"),
        ("uart.attach(1, 9600, 8, 3, 1)", "67108867:invalid parity"),
        ("uart.attach(1, 9600, 8, 0, 3)", "67108868:invalid stop bits"),
        ("uart.write(7, 1)", "UART7 does not exist"),
        ("uart.read(1, '*l')", "UART1 is not setup"),
        ("uart.write(0, 256)", "invalid argument 2 (not a byte)"),
        ("uart.write(0, 65, true)", "Ainvalid argument 3"),
        ("uart.read(0, '*x')", "invalid format"),
        ("uart.consume(3)", "67108865:invalid unit"),
        ("uart.lock(1)", "67108870:is not setup"),
        ("uart.setpins(0, 4, 5)", "67108872:(null)"),
        ("uart.setpins(1, 4, 34)", "67108871:pin not allowed (tx, selected pin cannot be input)"),
        ("uart.setpins(1, 4, 4)", "67108871:pin not allowed (rx, and tx must be different)"),
        ("p = pwm.attach(12, 1000, 0) uart.attach(1, 9600, 8, 0, 1)", "gpio12 is used by pwm0"),
    ],
)
def test_uart_refuses_in_the_words_of_the_device(call: str, text: str) -> None:
    assert error_of(call) == text


def test_a_line_ends_at_either_end_and_bytes_are_numbers() -> None:
    script = """
        uart.attach(uart.UART1, 9600, 8, uart.PARNONE, uart.STOP1)
        uart.write(uart.UART1, "AT\\0 not sent", 13, 10)
        print(uart.read(1, "*l", 100), uart.read(1, "*l", 100), uart.read(1, "*l", 100))
        uart.write(uart.UART1, "AT\\r\\n")
        print(uart.read(1, "*el", 100), uart.read(1, "*c", 100))
        uart.write(uart.UART1, "AT\\r\\n")
        print(uart.read(1, "*c", 100)) tmr.sleepms(20) uart.consume(1) print(uart.read(1, "*c", 1))
    """
    assert lines(script, parts=[PEER]) == ["OK\t\tnil", "OK\tnil", "79", "nil"]


def test_an_unfinished_line_is_returned_when_the_time_is_up() -> None:
    script = """
        uart.attach(uart.UART1, 115200, 8, 0, 1)
        uart.write(1, "ab")
        print(uart.read(1, "*l", 50), uart.read(1, "*l", 50))
    """
    assert lines(script, parts=[WIRE]) == ["ab\tnil"]


def test_a_second_thread_reads_while_the_first_writes() -> None:
    script = """
        uart.attach(uart.UART1, 115200, 8, 0, 1)
        thread.start(function() for i = 1, 3 do print(uart.read(1, "*l")) end end)
        for i = 1, 3 do uart.write(1, "line " .. i, "\\n") tmr.sleepms(10) end
    """
    assert lines(script, parts=[WIRE]) == ["line 1", "line 2", "line 3"]


def test_the_log_tells_pins_and_speed() -> None:
    script = """
        os.loglevel(os.LOG_INFO)
        uart.attach(2, 9600, 8, 0, 1) uart.attach(2, 4800, 8, 0, 1, 1024, 1)
        b = i2c.attach(1, 1) d = spi.attach(2, 1, 15, 1000, 8, 0, 1)
    """
    assert [line.rstrip("\r") for line in lines(script)] == [
        *("uart2: at pins rx=GPIO16/tx=GPIO17", "uart2: speed 9600 bauds", "uart2: interrupts enabled"),
        *("uart2: at pins tx=GPIO17", "uart2: speed 4800 bauds"),
        *("i2c1 at pins scl=GPIO32/sdc=GPIO33", "spi2 at pins mosi=GPIO13/clk=GPIO14"),
    ]


def test_the_old_name_of_attach_warns_with_its_position() -> None:
    script = "uart.setup(1, 9600, 8, 0, 1)"
    assert lines(script) == ["/autorun.lua:1: WARNING uart.setup is deprecated, please use uart.attach instead\r"]


@staged(board="GENERIC", script="print(uart.read(uart.CONSOLE, '*l')) uart.write(uart.CONSOLE, 'raw\\n') print 'end'")
async def test_the_console_can_be_read_and_written_as_a_port(stage: Stage) -> None:
    stage.power_on()
    while "Executing /autorun.lua" not in stage.console:
        await stage.wait(0.05)
    stage.board.receive(b"hello\r")
    await stage.board.finished()
    assert stage.console.partition("Executing /autorun.lua ...\r\n")[2].startswith("hello\r\nraw\nend\r\n")
