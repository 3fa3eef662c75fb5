"""Images that the twin did not build: real Lua RTOS is recognised by what its build left in it, others are named."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.boards import Board, all_boards
from simulator.firmware import ManifestError, Recognition, app_name, find_manifest, read_manifest, recognise
from simulator.firmware.recognition import UNKNOWN_COMMIT
from simulator.formats import AppImage
from tests.firmware.linked_image import (
    BUILD_TIME,
    COMMIT,
    DESCRIPTOR,
    Linker,
    hello_world,
    lua_rtos,
    lua_rtos_of_2016,
    noise,
)


def recognition(image: bytes) -> Recognition:
    found = recognise(AppImage.from_bytes(image))
    assert found is not None
    return found


@pytest.mark.parametrize("align", [1, 4])
@pytest.mark.parametrize("board", all_boards(), ids=lambda board: board.id)
def test_the_firmware_of_every_board_is_recognised(board: Board, align: int) -> None:
    image = lua_rtos(
        type_=board.type,
        subtype=board.subtype,
        firmware=board.firmware,
        server=board.ota_server,
        ota=board.ota,
        align=align,
    )
    manifest = recognition(image).manifest
    assert (manifest.commit, manifest.build_time) == (COMMIT, BUILD_TIME)
    assert (manifest.type, manifest.ota, manifest.ota_server) == (board.type, board.ota, board.ota_server)
    if board.ota:
        assert (manifest.firmware, manifest.subtype) == (board.firmware, board.subtype)


def test_it_says_what_it_found_and_what_it_assumed() -> None:
    found = recognition(lua_rtos())
    assert found.found == (
        "Lua RTOS beta 0.1",
        "firmware WHITECAT-ESP32-N1-OTA",
        "board type N1ESP32",
        f"commit {COMMIT}",
        f"build {BUILD_TIME}",
        "update server ota.whitecatboard.org",
    )
    assert found.assumed == ("pins and equipment of WHITECAT-ESP32-N1-OTA", "log level NONE")
    assert found.manifest.board == "WHITECAT-ESP32-N1-OTA"
    assert found.manifest.ota_id_form == "source"


def test_a_board_and_a_server_of_ones_own_are_recognised_and_the_board_is_taken_for_a_generic_one() -> None:
    found = recognition(lua_rtos(type_="GREENHOUSE", firmware="MY-GREENHOUSE-OTA", server="updates.example.org"))
    manifest = found.manifest
    assert (manifest.firmware, manifest.type, manifest.ota_server) == (
        "MY-GREENHOUSE-OTA",
        "GREENHOUSE",
        "updates.example.org",
    )
    assert manifest.board == "GENERIC-OTA"
    assert "a board like GENERIC-OTA, as the catalogue has none of that name" in found.assumed


def test_a_build_without_ota_is_known_by_its_board_type() -> None:
    found = recognition(lua_rtos(type_="ESP32THING", subtype="", ota=False))
    assert (found.manifest.board, found.manifest.ota) == ("ESP32-THING", False)
    assert "built without OTA" in found.found
    assert "subtype (empty)" in found.assumed


def test_a_commit_whose_address_was_merged_away_is_found_by_itself() -> None:
    functions = [*noise(4), ["beta 0.1", "Lua RTOS %s. Copyright"], *noise(5), [COMMIT]]
    assert recognition(Linker(4, DESCRIPTOR, functions).image()).manifest.commit == COMMIT


def test_of_several_commits_the_one_of_the_descriptor_is_taken() -> None:
    functions = [*noise(4), ["Lua RTOS %s. Copyright"], *noise(5), ["f" * 40, COMMIT, "0" * 40]]
    assert recognition(Linker(4, DESCRIPTOR, functions).image()).manifest.commit == COMMIT
    other = replace(DESCRIPTOR, version="1.0")
    assert recognition(Linker(4, other, functions).image()).manifest.commit == UNKNOWN_COMMIT


def test_without_a_build_time_that_of_the_descriptor_is_taken_as_utc() -> None:
    found = recognition(Linker(1, DESCRIPTOR, [["Lua RTOS %s"]]).image())
    assert found.manifest.build_time == BUILD_TIME
    assert f"build {BUILD_TIME} (the time in its descriptor, as if it were UTC)" in found.assumed


def test_an_image_of_2016_is_recognised_by_its_banner() -> None:
    found = recognition(lua_rtos_of_2016())
    assert found.found == ("Lua RTOS beta 0.1", "build 1473031797", "built without OTA")
    assert found.manifest.commit == UNKNOWN_COMMIT
    assert found.manifest.board == "GENERIC"


def test_an_app_of_another_project_is_named_and_not_taken_for_lua_rtos() -> None:
    image = AppImage.from_bytes(hello_world())
    assert recognise(image) is None
    assert find_manifest(image) is None
    assert app_name(image) == "hello_world v1.2"
    with pytest.raises(ManifestError, match=r"the image is sound, but it is hello_world v1\.2, no Lua RTOS"):
        read_manifest(image)


def test_an_app_without_a_descriptor_has_no_name() -> None:
    assert app_name(AppImage.from_bytes(Linker(4, None, noise(1)).image())) == "an app without a descriptor"


@given(st.data())
def test_whatever_the_strings_and_literals_of_an_image_are_it_is_recognised_or_not_and_nothing_else(
    data: st.DataObject,
) -> None:
    texts = st.sampled_from(
        ["Lua RTOS %s", "board type %s\r\n", "/?firmware=%s&commit=%s", "Connecting to https://%s ...\r\n", COMMIT, ""]
    )
    words = st.one_of(texts, st.text("Az09-_.% \n", max_size=45), st.integers(0, (1 << 32) - 1))
    functions = data.draw(st.lists(st.lists(words, max_size=12), max_size=12))
    image = Linker(data.draw(st.sampled_from([1, 4])), DESCRIPTOR, functions).image()
    assert recognise(AppImage.from_bytes(image)) is not None
