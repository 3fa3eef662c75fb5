"""What a host's TCP/IP stack has room for, and what it does with packets that are too large for its link."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """One kind of stack.

    ``fragments`` says whether it cuts packets that are larger than the MTU, and puts such packets together again.
    ``backlog_max`` connections may wait to be accepted; a request for one more is not answered. Of those that wait only
    ``accept_max`` stay, the others are reset as soon as they are made (None: all stay). ``datagrams_max`` datagrams may
    wait in a socket, those that come then are lost (None: no limit). ``joins_groups``: it hears only the groups that
    somebody has joined, and sends to groups and to everybody over one link.
    """

    fragments: bool
    backlog_max: int
    accept_max: int | None = None
    datagrams_max: int | None = None
    joins_groups: bool = False


LINUX: Final = Stack(fragments=True, backlog_max=128)
"""A server: ``net.core.somaxconn`` was 128. That it hears every group spares its owner the joining."""

LWIP: Final = Stack(fragments=False, backlog_max=255, accept_max=6, datagrams_max=6, joins_groups=True)
"""A board: ``CONFIG_LWIP_IP_FRAG``, ``CONFIG_LWIP_IP_REASSEMBLY`` and ``CONFIG_UDP_RECVMBOX_SIZE`` of all boards of Lua
RTOS 6b455df4, ``DEFAULT_ACCEPTMBOX_SIZE`` of ``lwipopts.h`` (ESP-IDF cc9b06d4), and what ``lwip_listen`` makes of a
larger backlog. That a packet that is too large gets lost without an error is our choice: the code that would have to
send it is closed."""
