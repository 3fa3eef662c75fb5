"""Bluetooth LE as far as Lua RTOS has it: who advertises what, and which of it a scanning board happens to hear.

A model without a clock: the advertisers of a world are in `air`, what they send is made and read in `eddystone` and
`beacon`, and `scanner` works out what falls into the short windows in which a board listens. No connections, no
classic Bluetooth: the firmware has neither. What scripts see of it is `simulator.device.drivers.bt`.
"""

from simulator.bluetooth.advertiser import Advertiser, AdvertisingType, Pdu
from simulator.bluetooth.air import BluetoothAir
from simulator.bluetooth.beacon import Beacon
from simulator.bluetooth.scanner import Scanner

__all__ = ["Advertiser", "AdvertisingType", "Beacon", "BluetoothAir", "Pdu", "Scanner"]
