"""The radio of a world besides WiFi: one medium for each kind, made when somebody first uses it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulator.bluetooth import BluetoothAir
    from simulator.lora import LoraAir


class Airwaves:
    """What the boards of a world share. A world in which nobody uses a medium does not even load it."""

    @cached_property
    def bluetooth(self) -> BluetoothAir:
        """Who advertises over Bluetooth."""
        from simulator.bluetooth import BluetoothAir

        return BluetoothAir()

    @cached_property
    def lora(self) -> LoraAir:
        """The frames of LoRa nodes and gateways."""
        from simulator.lora import LoraAir

        return LoraAir()
