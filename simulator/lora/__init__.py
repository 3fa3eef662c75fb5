"""LoRaWAN: the radio links, the MAC layer of a node, and a network server with a gateway.

A model without a clock. `phy` has the arithmetic of the radio, `frames` the bytes of LoRaWAN 1.0, `air` who hears whom;
`mac` is what the firmware's stack does, with `channels` for its choice of frequencies; `network` is the other end.
Band EU868, as all builds have it. What scripts see is `simulator.device.drivers.lora`.
"""

from simulator.lora.air import LoraAir, Transmission
from simulator.lora.mac import Mac, MacEvent
from simulator.lora.network import LoraNetwork, Node
from simulator.lora.phy import DataRate, Modulation

__all__ = ["DataRate", "LoraAir", "LoraNetwork", "Mac", "MacEvent", "Modulation", "Node", "Transmission"]
