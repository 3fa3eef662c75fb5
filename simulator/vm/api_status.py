"""How much of the Lua API is there. The one place to edit when a function arrives.

A path stands for itself and everything below it, and the longest that fits wins: ``"net"`` covers ``net.ota`` and
``net.curl.get``, ``"net.curl"`` takes the latter out again, ``"tmr.timer"`` stands for the methods of that type and
``"_G"`` for the base functions. What no path covers is missing.

- ``faithful``: does what the reference says, defects included
- ``partial``: usable, but the note says what is different
- ``missing``: raises an error that names the function and says so, with the note in it
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

Status: TypeAlias = Literal["faithful", "partial", "missing"]

_FAITHFUL: Final[tuple[Status, str]] = ("faithful", "")
_MISSING: Final[tuple[Status, str]] = ("missing", "")

STATUS: Final[Mapping[str, tuple[Status, str]]] = {
    "_G": _FAITHFUL,
    "cache": ("missing", "it prints the hits of a cache of look-ups, of which there is none here"),
    "collectgarbage": ("partial", "counts the host's objects, which are about twice as large"),
    "compile": ("partial", "behind the bytecode it writes the source, so that LuaTwin knows it again"),
    "decompile": ("partial", "the addresses are made up"),
    "load": ("partial", "takes only bytecode that LuaTwin has made"),
    "loadfile": ("partial", "takes only bytecode that LuaTwin has made"),
    "coroutine": _FAITHFUL,
    "string": _FAITHFUL,
    "string.dump": ("partial", "what it returns can be loaded until LuaTwin ends"),
    "table": _FAITHFUL,
    "math": _FAITHFUL,
    "utf8": _FAITHFUL,
    "debug": _FAITHFUL,
    "debug.gethook": ("partial", "there is never one"),
    "debug.getregistry": ("missing", "it holds the simulator"),
    "debug.sethook": ("missing", "the simulator's own hook is in its place"),
    "io": _FAITHFUL,
    "package": _FAITHFUL,
    "os": _FAITHFUL,
    "os.stats": ("partial", "the free memory is an estimate"),
    "thread": _FAITHFUL,
    "thread.list": ("partial", "the use of stacks is made up, and the firmware's own tasks are not there"),
    "tmr": _FAITHFUL,
    "nvs": _FAITHFUL,
    "ota": ("faithful", "not in Lua RTOS: the hardened profile only"),
    "bt": _FAITHFUL,
    "lora": _FAITHFUL,
    "lora.attach": ("partial", "not for an SX1301, and the SPI bus to the radio stays silent"),
    "fs": _FAITHFUL,
    "event": _FAITHFUL,
    "cpu": _FAITHFUL,
    "cpu.temperature": ("partial", "always the same"),
    "cpu.watchpoint": ("partial", "checked, and then nothing is watched"),
    **dict.fromkeys(("adc", "can", "encoder", "i2c", "neopixel", "pio", "pwm", "rtc"), _FAITHFUL),
    "rcswitch": _FAITHFUL,
    "sound": _FAITHFUL,
    "sound.attach": ("partial", "the sine of the DAC is a square wave of the same frequency"),
    "sound.device:setvolume": ("partial", "checked, and not to be seen in the wave"),
    "ulp": _FAITHFUL,
    "ulp.run": ("partial", "the program is not run"),
    "ulp.settimer": ("partial", "nothing wakes up by it"),
    **dict.fromkeys(("ulp.valueat", "ulp.var:value"), ("partial", "memory other than the RTC's stops the CPU")),
    **dict.fromkeys(("sensor", "servo", "spi", "stepper", "touch", "uart"), _FAITHFUL),
    "touch.init": ("partial", "the voltages change nothing"),
    "gdisplay": _FAITHFUL,
    "gdisplay.attach": ("partial", "on SPI it takes pins and time, but the bytes are not shifted"),
    "gdisplay.getpixel": ("partial", "on displays of two colours 0 where the device reads behind its buffer"),
    "gdisplay.image": ("partial", "colours of JPEG files may differ by a shade"),
    "gdisplay.init": ("partial", "on SPI it takes pins and time, but the bytes are not shifted"),
    "gdisplay.write": ("partial", "characters of the built-in fonts have the device's sizes and shapes of our own"),
    "sdisplay": _FAITHFUL,
    "crc": _FAITHFUL,
    "md5": _FAITHFUL,
    "pack": _FAITHFUL,
    "vm": ("partial", "accepted, but block annotations are comments to this lexer"),
    "net": _FAITHFUL,
    "net.curl": _FAITHFUL,
    "net.http": _FAITHFUL,
    **dict.fromkeys(("net.scp", "net.ssh"), ("missing", "it reaches the host, but speaks no SSH to it")),
    "net.service": _MISSING,
    "net.service.can": _FAITHFUL,
    "net.service.can.start": ("partial", "no frame of a client goes out; the device gives each an undefined length"),
    "net.service.captivedns": _FAITHFUL,
    "net.service.http": _FAITHFUL,
    "net.service.http.start": ("partial", "over TLS it waits for a request where the device gives up at once"),
    "net.service.mdns": _FAITHFUL,
    **dict.fromkeys(
        [f"net.service.openvpn.{name}" for name in ("start", "stop", "running")],
        ("missing", "no board of the catalogue is built with it"),
    ),
    "net.service.sntp": _FAITHFUL,
    "net.service.ssh": ("partial", "it cannot be started"),
    "net.service.ssh.start": ("missing", "there is no SSH here"),
    "net.service.telnet": _FAITHFUL,
    "net.tu.stat": ("missing", "a tunnel of OpenVPN, which no board of the catalogue is built with"),
    "mqtt": _FAITHFUL,
    "cjson": _FAITHFUL,
    **dict.fromkeys(("ltn12", "mbox", "mime"), _FAITHFUL),
    "socket": _FAITHFUL,
}
