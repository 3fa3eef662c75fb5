"""MQTT 3.1 and 3.1.1, the side of the client: packets, filters of topics, and the flows of messages that are sent
more than once.

Nothing here waits, connects or knows the time; what the firmware's client library does when, and what scripts get to
see of it, is `simulator.device.drivers.mqtt`. Read `packets` first, then `session`.
"""

from __future__ import annotations

from simulator.mqtt.packets import Packet, PacketReader, PacketType
from simulator.mqtt.session import Message, Session, Store
from simulator.mqtt.topics import topic_matches

__all__ = ["Message", "Packet", "PacketReader", "PacketType", "Session", "Store", "topic_matches"]
