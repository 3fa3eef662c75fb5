from __future__ import annotations

from collections import Counter

import pytest

from simulator.boards import all_boards, load_board
from simulator.vm.api import Entry, constants, entries, lookup, members, modules
from simulator.vm.api_builds import CONDITIONS
from simulator.vm.api_status import STATUS
from simulator.vm.exceptions import ERROR_TABLES

OS_MEMBERS = (
    "date difftime clock remove rename time settime tmpname exit execute setlocale getenv factoryreset partitions "
    "passwd uptime locks exists stdout clear cpu board sleep version ls cd pwd mkdir logcons loglevel syslog rsyslog "
    "stats format history shell cp cat more dmesg run luarunning luainterpreter resetreason bootcount flashEUI edit df"
)
NET_MEMBERS = "stat connected lookup packip unpackip ping ota callback wf service error scp ssh en tu curl http"
GLOBAL_FUNCTIONS = (
    "assert cache collectgarbage compile decompile dofile error getmetatable ipairs load loadfile next pairs pcall "
    "print rawequal rawget rawlen rawset require select setmetatable tonumber tostring try type xpcall"
)
ROM_MODULES = (
    "os string table math coroutine debug utf8 net thread event tmr nvs fs crc md5 pack vm cpu "
    "pio adc pwm servo i2c spi uart sensor neopixel stepper encoder can touch rtc gdisplay sdisplay rcswitch sound ulp "
    "mqtt lora bt"
)


def names(module: str, *kinds: str) -> set[str]:
    return {entry.name for entry in members(module) if not kinds or entry.kind in kinds}


def test_no_path_is_there_twice() -> None:
    counts = Counter(entry.path for entry in entries())
    assert [path for path, count in counts.items() if count > 1] == []
    assert sum(counts.values()) == sum(1 + len(names(path)) for path in modules()) - len(modules())


def test_every_entry_is_whole() -> None:
    for entry in entries():
        check(entry)


def check(entry: Entry) -> None:
    assert entry.path == (entry.name if entry.module == "_G" else f"{entry.module}.{entry.name}")
    assert entry.module in modules()
    assert entry.summary
    assert entry.condition in CONDITIONS
    assert entry.status in {"faithful", "partial", "missing"}
    assert entry.note or entry.status != "partial", "what is different has to be said"
    if entry.kind in {"function", "method"}:
        assert entry.signature.startswith("(")
        assert entry.signature.endswith(")")
        assert entry.value is None
    else:
        assert not entry.signature
    assert (":" in entry.name) == (entry.kind == "method")
    assert lookup(entry.path) == entry


@pytest.mark.parametrize(
    ("path", "signature"),
    [
        ("print", "(...)"),
        ("try", "(f [, catch [, finally]])"),
        ("os.settime", "(t | hour, min, sec, month, day, year [, isdst])"),
        ("net.ping", "(name [, count=10 [, interval=1 [, size=32 [, timeout=1]]]])"),
        ("net.wf.start", "([async=true])"),
        ("tmr.timer:start", "()"),
        ("thread.mutex:trylock", "()"),
        ("rtc.mem.push", "(value)"),
        ("bt.service.eddystone.uid", "(address, txpower, namespace, instance)"),
    ],
)
def test_functions_and_methods_are_found_by_their_path(path: str, signature: str) -> None:
    entry = lookup(path)
    assert entry is not None
    assert entry.signature == signature


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("_VERSION", "Lua 5.3"),
        ("math.maxinteger", 2147483647),
        ("math.mininteger", -2147483648),
        ("os.LOG_ERR", 3),
        ("os.LOG_ALL", 255),
        ("net.wf.mode.STA", 1),
        ("net.wf.mode.STAENT", 999),
        ("net.wf.auth.WPA_WPA2_PSK", 4),
        ("net.wf.timecheck.DEFAULT", 2),
        ("net.error.NotAvailable", 150994944),
        ("net.wf.error.CannotConnect", 134217729),
        ("thread.RecursiveLock", 1),
        ("tmr.TMR3", 3),
        ("cpu.RESET_SW_CPU", 12),
        ("cpu.WATCHPOINT_STORE", -2147483648),
        ("pio.GPIO39", 39),
        ("pio.pin.IntrAnyEdge", 3),
        ("gdisplay.ORANGE", 0xFD20),
        ("uart.STOP1", 1),
        ("bt.chann.37", 1),
        ("cjson._VERSION", "2.1devel"),
    ],
)
def test_constants_have_the_values_of_the_firmware(path: str, value: int | str) -> None:
    entry = lookup(path)
    assert entry is not None
    assert (entry.kind, entry.value) == ("constant", value)


@pytest.mark.parametrize(
    "path",
    [
        *("os.rmdir", "os.reboot", "os.run_bootloader", "os.timezone", "net.url", "net.ip", "dac", "bit32", "dolua"),
        *("unpack", "loadstring", "math.pow", "math.ldexp", "table.maxn", "tmr.error", "bt.error", "adc.ADC2"),
        *("pio.GPIO24", "pio.GPIO28", "gdisplay.UBUNTU16_FONT", "lora.OTAA", "socket.unix", "", "os.", "tmr.timer"),
    ],
)
def test_what_is_nil_on_the_board_is_not_in_the_catalogue(path: str) -> None:
    assert lookup(path) is None


def test_os_has_exactly_the_members_of_the_firmware() -> None:
    assert names("os", "function") == set(OS_MEMBERS.split())


def test_net_has_exactly_the_members_of_the_firmware() -> None:
    assert names("net") == set(NET_MEMBERS.split())


def test_base_library_has_exactly_the_functions_of_the_firmware() -> None:
    assert names("_G", "function") == set(GLOBAL_FUNCTIONS.split())


def test_every_module_of_the_firmware_is_a_table_of_the_globals() -> None:
    by_require = {module.path for module in modules().values() if module.by_require and "." not in module.path}
    assert by_require == {"socket", "ltn12", "mime", "mbox", "cjson"}
    of_the_twin = {"ota"}  # what firmware of the hardened profile has more
    assert names("_G", "table") - by_require - of_the_twin == {*ROM_MODULES.split(), "io", "package"}


def test_number_of_names_by_outermost_module() -> None:
    counts = Counter(
        entry.module.partition(".")[0]
        for entry in entries()
        if entry.kind != "table" and entry.module not in ERROR_TABLES
    )
    assert " ".join(f"{module}={count}" for module, count in counts.items()) == (
        "_G=29 coroutine=7 string=17 table=7 math=27 utf8=6 debug=16 package=8 io=24 "
        "os=57 thread=18 event=7 tmr=14 nvs=4 ota=5 fs=4 crc=3 md5=2 pack=2 vm=1 cpu=43 "
        "net=87 mqtt=12 socket=96 ltn12=20 mime=14 mbox=8 cjson=21 "
        "pio=65 adc=16 pwm=23 servo=3 i2c=14 spi=14 uart=19 sensor=10 neopixel=6 stepper=10 encoder=4 can=10 touch=18 "
        "rtc=4 gdisplay=110 sdisplay=7 rcswitch=4 sound=9 ulp=9 lora=24 bt=34"
    )


def test_error_tables_are_those_of_the_exceptions() -> None:
    tables = {path for path in modules() if path.rpartition(".")[2] == "error"}
    assert tables == set(ERROR_TABLES)
    assert constants("net.en.error")["NotSetup"] == 503316481
    assert modules()["net.en.error"].condition == "ethernet"


def test_constants_of_a_module_are_its_known_values_only() -> None:
    assert constants("net.wf.powersave") == {"NONE": 0, "MODEM": 1, "MODEM_MIN": 1, "MODEM_MAX": 2}
    assert constants("bt.chann") == {"37": 1, "38": 2, "39": 4, "All": 7}
    assert constants("crc") == {}
    assert set(constants("package")) == {"config", "cpath", "path"}
    with pytest.raises(KeyError):
        constants("nothing")


def test_members_of_a_module_include_its_tables() -> None:
    assert {"mode", "auth", "powersave", "wpstype", "timecheck", "error"} == names("net.wf", "table")
    with pytest.raises(KeyError):
        list(members("nothing"))


def test_status_of_the_longest_path_that_covers_a_name_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    for path, status in [
        ("_G", ("faithful", "")),
        ("net", ("faithful", "")),
        ("net.scp", ("missing", "")),
        ("net.ota", ("partial", "something is different")),
        ("tmr.timer", ("faithful", "")),
    ]:
        monkeypatch.setitem(STATUS, path, status)
    monkeypatch.delitem(STATUS, "tmr")
    monkeypatch.delitem(STATUS, "lora")

    def status_of(path: str) -> str:
        entry = lookup(path)
        assert entry is not None
        return entry.status

    assert status_of("print") == "faithful"
    assert status_of("net.connected") == status_of("net.error.NotAvailable") == "faithful"
    assert status_of("net.scp.get") == "missing"
    assert status_of("net.ota") == "partial"
    assert status_of("tmr.timer:start") == "faithful"
    assert status_of("tmr.delay") == "missing"
    assert status_of("lora") == "missing", "a table of the globals is no base function"


def test_every_path_with_a_status_covers_something() -> None:
    prefixes = {
        entry.path[:length]
        for entry in entries()
        for length in range(len(entry.path) + 1)
        if length == len(entry.path) or entry.path[length] in ".:"
    }
    assert set(STATUS) - prefixes - {"_G"} == set()


def builds_with(condition: str) -> set[str]:
    return {board.id for board in all_boards() if CONDITIONS[condition](board)}


@pytest.mark.parametrize(
    ("condition", "count"),
    [
        *(
            ("always", 41),
            ("openvpn", 0),
            ("hardened", 0),
            ("curl", 2),
            ("mdns", 3),
            ("wifi_nvs", 5),
            ("touch", 2),
            ("sdisplay", 9),
        ),
        *(("ssh_server", 11), ("ethernet", 15), ("lora", 12), ("lora_node", 10), ("gdisplay", 37), ("bt", 34)),
        *(("can", 36), ("pio", 39), ("nvs", 40), ("ads1015", 3), ("ads1115", 1), ("mcp3008", 0)),
        ("hardened", 0),
    ],
)
def test_number_of_builds_that_have_a_part(condition: str, count: int) -> None:
    assert len(builds_with(condition)) == count


def test_every_condition_is_used_and_knows_its_boards() -> None:
    assert {entry.condition for entry in entries()} == set(CONDITIONS)


@pytest.mark.parametrize(
    ("board", "has", "lacks"),
    [
        ("GENERIC", "pio can gdisplay bt", "ethernet lora sdisplay touch ssh_server"),
        ("WHITECAT-ESP32-N1-OTA", "lora_node sdisplay pio", "ethernet"),
        ("WHITECAT-ESP32-LORA-GW", "ethernet lora ssh_server", "lora_node pio adc can gdisplay bt"),
        ("EVK-NINA-W", "pio touch bt", "nvs mqtt cjson spi sensor can gdisplay"),
        ("M5STACK-OTA", "curl wifi_nvs ethernet", "mdns"),
    ],
)
def test_what_a_build_has(board: str, has: str, lacks: str) -> None:
    there = load_board(board)
    assert [name for name in has.split() if not CONDITIONS[name](there)] == []
    assert [name for name in lacks.split() if CONDITIONS[name](there)] == []
