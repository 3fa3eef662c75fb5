"""The OTA server: firmware over HTTPS for virtual and for real boards, on any listener.

`OtaServer` puts the connection handling of `simulator.http` around the decisions of `simulator.ota_protocol`;
`simulator.ota_server.tls` makes the certificate, `simulator.ota_server.catalogue` reads firmware from files. Does not
open sockets: it is given listeners. Read `simulator.ota_server.server`.
"""

from __future__ import annotations

from simulator.ota_server.admission import RateLimit, Rollout, parse_networks
from simulator.ota_server.catalogue import read_firmware
from simulator.ota_server.conduct import Conduct
from simulator.ota_server.folder import WatchedFolder
from simulator.ota_server.forgery import rogue_catalogue
from simulator.ota_server.records import AccessLog, Metrics
from simulator.ota_server.server import OtaServer, Policy, Statistics
from simulator.ota_server.tls import Credentials, load_credentials, made_credentials, server_context

__all__ = [
    "AccessLog",
    "Conduct",
    "Credentials",
    "Metrics",
    "OtaServer",
    "Policy",
    "RateLimit",
    "Rollout",
    "Statistics",
    "WatchedFolder",
    "load_credentials",
    "made_credentials",
    "parse_networks",
    "read_firmware",
    "rogue_catalogue",
    "server_context",
]
