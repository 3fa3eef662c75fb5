"""How a device reaches its network: the air and the wire, joining, addresses, and what the driver makes of it.

A model: it has state but no clock, is synchronous, and is told the time and given its randomness. It moves no bytes
(that is `simulator.network`) and waits for nothing (that is `simulator.device.net_stack`). Read `wifi.air` first,
then `wifi.station_states` and `wifi.station`, then `wifi.driver` for the driver of Lua RTOS on top.
"""

from simulator.wifi.air import AccessPoint, Air, Authenticator, Enterprise, ScanRecord
from simulator.wifi.dhcp_client import DhcpClient, DhcpState
from simulator.wifi.driver import EventHandler, NetEvent, Status, StatusWord
from simulator.wifi.ethernet import Emac, EthernetPort, SpiEthernet
from simulator.wifi.events import SystemEvent
from simulator.wifi.lan import NO_ADDRESS, Lan, Lease, pack_ip, unpack_ip
from simulator.wifi.provisioning import SmartConfigMessage
from simulator.wifi.radio import link_quality
from simulator.wifi.signal import Fading, Signal, SignalPath, Step
from simulator.wifi.standard import AuthMode, DisconnectReason, SecondChannel, WifiMode
from simulator.wifi.station import BEACON_TIMEOUT_NS, Station, StationConfig
from simulator.wifi.station_states import StationState

__all__ = [
    "BEACON_TIMEOUT_NS",
    "NO_ADDRESS",
    "AccessPoint",
    "Air",
    "AuthMode",
    "Authenticator",
    "DhcpClient",
    "DhcpState",
    "DisconnectReason",
    "Emac",
    "Enterprise",
    "EthernetPort",
    "EventHandler",
    "Fading",
    "Lan",
    "Lease",
    "NetEvent",
    "ScanRecord",
    "SecondChannel",
    "Signal",
    "SignalPath",
    "SmartConfigMessage",
    "SpiEthernet",
    "Station",
    "StationConfig",
    "StationState",
    "Status",
    "StatusWord",
    "Step",
    "SystemEvent",
    "WifiMode",
    "link_quality",
    "pack_ip",
    "unpack_ip",
]
