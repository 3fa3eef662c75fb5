from __future__ import annotations

import pickle

import pytest

from simulator.vm.exceptions import DRIVERS, ERROR_TABLES, DriverError, LuaError, error_table


@pytest.mark.parametrize(
    ("driver", "name", "text"),
    [
        ("net", "NotAvailable", "150994944:network is not available"),
        ("net", "InvalidIpAddr", "150994945:invalid IP adddress"),
        ("net", "NameCannotBeResolved", "150994948:name cannot be resolved"),
        ("net", "OTANotEnabled", "150994958:OTA is not enabled in this build"),
        ("wifi", "CannotSetup", "134217728:can't setup"),
        ("wifi", "CannotConnect", "134217729:can't connect, review your SSID / password"),
        ("wifi", "NotSetup", "134217732:wifi is not setup"),
        ("wifi", "NotStopped", "134217746:driver was not stopped"),
        ("mdns", "CannotResolveHost", "452984834:can't resolve host"),
        ("thread", "GetTaskList", "234881033:cannot get tasklist"),
        ("timer", "NotSetup", "419430404:is not setup"),
        ("cpu", "CannotAddWatchdog", "469762058:can't add watchdog"),
        ("eth", "NotSetup", "503316481:ethernet is not setup"),
        ("spi_eth", "InvalidArg", "352321540:invalid argument"),
        ("http", "OutputAlreadyExists", "637534208:output file already exists, aborting"),
        ("event", "NotEnoughtMemory", "335544320:not enough memory"),
        ("system", "LockError", "385875968:lock error"),
        ("i2c", "NoMoreDevicesAllowed", "50331659:no more devices allowed"),
        ("bt", "NotSetup", "520093698:is not setup"),
        ("sound", "NoToneGen", "620756992:tone generator not setup"),
    ],
)
def test_text_is_code_colon_message_as_the_device_prints_it(driver: str, name: str, text: str) -> None:
    error = DriverError(driver, name)
    assert str(error) == text
    assert error.code == int(text.partition(":")[0])


def test_detail_follows_in_parentheses() -> None:
    error = DriverError("net", "CannotCreateSSL", "context")
    assert str(error) == "150994952:cannot create SSL (context)"


def test_detail_is_cut_at_179_characters() -> None:
    error = DriverError("net", "InvalidContent", "x" * 200)
    assert str(error) == f"150994956:invalid content ({'x' * 179})"


def test_survives_a_copy_to_another_process() -> None:
    error = pickle.loads(pickle.dumps(DriverError("net", "InvalidResponse", "http response")))
    assert str(error) == "150994955:invalid response (http response)"
    assert (error.driver, error.name, error.extra) == ("net", "InvalidResponse", "http response")


def test_an_unknown_driver_or_exception_is_a_bug_of_ours() -> None:
    with pytest.raises(KeyError):
        DriverError("nothing", "NotSetup")
    with pytest.raises(KeyError):
        DriverError("net", "Nothing")


def test_a_plain_lua_error_is_its_text() -> None:
    assert str(LuaError("invalid format")) == "invalid format"


def test_every_driver_of_the_firmware_is_there() -> None:
    assert [driver.id for driver in DRIVERS.values()] == [*range(1, 36), 37, 38]
    assert sum(len(driver.exceptions) for driver in DRIVERS.values()) == 275


def test_offsets_grow_in_the_order_of_the_firmware() -> None:
    for driver in DRIVERS.values():
        offsets = [offset for offset, _ in driver.exceptions.values()]
        assert offsets == sorted(offsets), driver.name


def test_only_the_display_driver_uses_an_offset_twice_and_the_later_text_wins() -> None:
    doubles = {
        driver.name
        for driver in DRIVERS.values()
        if len({offset for offset, _ in driver.exceptions.values()}) != len(driver.exceptions)
    }
    assert doubles == {"gdisplay"}
    assert str(DriverError("gdisplay", "TouchNotSupported")) == "402653198:can't setup"


def test_error_table_maps_names_to_codes_in_order() -> None:
    table = error_table("net")
    assert table["NotAvailable"] == 150994944
    assert list(table)[:3] == ["NotAvailable", "InvalidIpAddr", "NoMoreCallbacksAvailable"]
    assert list(table.values()) == list(range(150994944, 150994959))


def test_every_error_table_belongs_to_a_driver() -> None:
    assert {path for path, driver in ERROR_TABLES.items() if driver not in DRIVERS} == set()
    assert ERROR_TABLES["net.wf.error"] == "wifi"
    assert not {"tmr.error", "pio.error", "uart.error", "bt.error"} & ERROR_TABLES.keys()
