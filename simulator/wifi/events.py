"""The messages between ESP-IDF's tasks and the driver of Lua RTOS, and the callables that carry them.

Names from ``components/esp32/include/esp_event.h`` (ESP-IDF cc9b06d4) without ``SYSTEM_EVENT_``; the SPI Ethernet
ones are added by Lua RTOS (``components/sys/patches/spi_ethernet.patch``). A message says only *that* something
happened. Whoever wants to know more asks the model, as the firmware does; the event log gets its facts from the
model at the moment when they are true.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
from typing import Protocol, TypeAlias


class SystemEvent(Enum):
    """``system_event_id_t``, as far as Lua RTOS acts on it."""

    SCAN_DONE = auto()
    STA_START = auto()
    STA_STOP = auto()
    STA_CONNECTED = auto()
    STA_DISCONNECTED = auto()
    STA_GOT_IP = auto()
    STA_LOST_IP = auto()
    STA_WPS_ER_SUCCESS = auto()
    STA_WPS_ER_FAILED = auto()
    STA_WPS_ER_TIMEOUT = auto()
    STA_WPS_ER_PIN = auto()
    AP_START = auto()
    AP_STOP = auto()
    GOT_IP6 = auto()
    ETH_START = auto()
    ETH_STOP = auto()
    ETH_CONNECTED = auto()
    ETH_DISCONNECTED = auto()
    ETH_GOT_IP = auto()
    SPI_ETH_START = auto()
    SPI_ETH_CONNECTED = auto()
    SPI_ETH_DISCONNECTED = auto()
    SPI_ETH_GOT_IP = auto()


Post: TypeAlias = Callable[[SystemEvent], None]
"""Puts a message into the queue of the event task."""


class Emit(Protocol):
    """Writes an event of this board into the log."""

    def __call__(self, kind: str, /, **fields: object) -> None:
        """Record that ``kind`` happened now; field values are JSON values."""
