"""Options of a board that do not go together are refused when the board is made, and say what is missing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from simulator.boards import load_board
from simulator.boards.partitions import CombinationError

GENERIC = load_board("GENERIC-OTA")
ECO3 = replace(GENERIC.chip, revision=3)


@pytest.mark.parametrize(
    ("options", "field", "why"),
    [
        ({"anti_rollback": True}, "anti_rollback", "anti_rollback needs rollback = true"),
        (
            {"secure_version": 5, "secure_version_bits": 4},
            "secure_version",
            "secure_version = 5 does not fit into 4 bits",
        ),
        (
            {"secure_boot": "v1"},
            "secure_boot_key",
            'secure_boot_key is for secure_boot = "v1", which needs it',
        ),
        (
            {"secure_boot_key": "00" * 64},
            "secure_boot_key",
            'secure_boot_key is for secure_boot = "v1", which needs it',
        ),
        (
            {"secure_boot": "v2", "bootloader": "v5.2"},
            "secure_boot",
            'secure_boot = "v2" needs a chip of revision 3 and a bootloader of release v5.2',
        ),
        (
            {"secure_boot": "v2", "chip": ECO3},
            "secure_boot",
            'secure_boot = "v2" needs a chip of revision 3 and a bootloader of release v5.2',
        ),
    ],
)
def test_options_that_need_others_are_refused_without_them(options: dict[str, Any], field: str, why: str) -> None:
    with pytest.raises(CombinationError) as caught:
        replace(GENERIC, **options)
    assert (str(caught.value), caught.value.field) == (why, field)


@pytest.mark.parametrize(
    "options",
    [
        {"rollback": True, "anti_rollback": True, "secure_version": 4, "secure_version_bits": 4},
        {"secure_boot": "v1", "secure_boot_key": "00" * 64},
        {"secure_boot": "v2", "bootloader": "v5.2", "chip": ECO3},
    ],
)
def test_options_that_have_what_they_need_are_taken(options: dict[str, Any]) -> None:
    board = replace(GENERIC, **options)
    assert {name: getattr(board, name) for name in options} == options
