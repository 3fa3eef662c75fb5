"""The greenhouse's decisions, tried on the board's own Lua."""

from pathlib import Path

import pytest

SOURCE = (Path(__file__).parents[1] / "board" / "greenhouse.lua").read_bytes()


@pytest.mark.luatwin("N1ESP32-OTA", files={"/greenhouse.lua": SOURCE}, script="greenhouse = require('greenhouse')")
def test_the_fan_stays_as_it_is_between_the_limits(board):
    board.expect_exact("/ > ")
    board.write("for t = 24, 29 do print(t, greenhouse.fan(t, false), greenhouse.fan(t, true)) end")
    for temperature in (24, 25):
        board.expect(rf"^{temperature}\s+false\s+false$")
    for temperature in (26, 27):
        board.expect(rf"^{temperature}\s+false\s+true$")
    for temperature in (28, 29):
        board.expect(rf"^{temperature}\s+true\s+true$")
