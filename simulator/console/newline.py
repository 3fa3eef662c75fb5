r"""The line-end translation of the firmware's write path (``components/sys/vfs/vfs.c``).

Every LF that a program writes gets a CR in front, whether or not one is there already, so the firmware's own
``\r\n`` arrives as ``\r\r\n``. Nothing is translated on input. Writes that bypass the file system (the answers to
0x04, the transfer handshakes, panic text) and vectored writes are raw: they do not come through here.
"""

from __future__ import annotations


def to_wire(data: bytes) -> bytes:
    """Return what the UART carries when a program writes ``data``. Without an LF it is the same object."""
    return data.replace(b"\n", b"\r\n")
