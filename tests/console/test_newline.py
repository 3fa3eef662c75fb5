from __future__ import annotations

import pytest

from simulator.console.newline import to_wire


@pytest.mark.parametrize(
    ("written", "wire"),
    [
        (b"x\n", b"x\r\n"),
        (b"x\r\n", b"x\r\r\n"),
        (b"x\n\r", b"x\r\n\r"),
        (b"x\r", b"x\r"),
        (b"", b""),
        (b"\n\n", b"\r\n\r\n"),
        (b"a\nb\nc", b"a\r\nb\r\nc"),
    ],
)
def test_every_lf_gets_one_cr_in_front_and_nothing_else_changes(written: bytes, wire: bytes) -> None:
    assert to_wire(written) == wire


def test_a_write_without_lf_is_not_copied() -> None:
    data = b"\rChunk written successfully in partition at offset 0x000a0000"
    assert to_wire(data) is data
