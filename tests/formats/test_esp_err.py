from __future__ import annotations

from simulator.formats.esp_err import EspErr, EspError, esp_err_to_name


def test_codes_have_the_decimal_numbers_that_lua_rtos_prints() -> None:
    assert {code.name: int(code) for code in EspErr if code.name.startswith("ESP_ERR_OTA")} == {
        "ESP_ERR_OTA_BASE": 5376,
        "ESP_ERR_OTA_PARTITION_CONFLICT": 5377,
        "ESP_ERR_OTA_SELECT_INFO_INVALID": 5378,
        "ESP_ERR_OTA_VALIDATE_FAILED": 5379,
        "ESP_ERR_OTA_SMALL_SEC_VER": 5380,
        "ESP_ERR_OTA_ROLLBACK_FAILED": 5381,
        "ESP_ERR_OTA_ROLLBACK_INVALID_STATE": 5382,
    }
    assert int(EspErr.ESP_ERR_FLASH_OP_FAIL) == 65553


def test_names_are_those_of_esp_err_to_name() -> None:
    assert esp_err_to_name(0) == "ESP_OK"
    assert esp_err_to_name(-1) == "ESP_FAIL"
    assert esp_err_to_name(257) == "ESP_ERR_NO_MEM"
    assert esp_err_to_name(4352) == "ESP_ERR_NVS_BASE"
    assert esp_err_to_name(12345) == "UNKNOWN ERROR"


def test_exception_carries_code_and_text() -> None:
    error = EspError(EspErr.ESP_ERR_INVALID_ARG, "write data is invalid")
    assert error.code == 258
    assert error.text == "write data is invalid"
    assert str(error) == "ESP_ERR_INVALID_ARG (258): write data is invalid"
    assert str(EspError(EspErr.ESP_FAIL)) == "ESP_FAIL (-1)"
