"""UART0 of a board for other people's programs: what the USB-serial adapter on a devkit is for a real one.

The adapter moves bytes at the pace of the wire and pulls EN and GPIO0 as the two transistors of a devkit do; how a
program reaches it is a pseudo-terminal, a TCP socket or RFC 2217. It serves one program after the other. Not here: what
the board does with the bytes (`simulator.device`). Read `adapter` first.
"""

from __future__ import annotations

from simulator.serial_port.adapter import Adapter, Host
from simulator.serial_port.auto_reset import AutoReset
from simulator.serial_port.modem_lines import serve_lines
from simulator.serial_port.pseudo_terminal import PseudoTerminal
from simulator.serial_port.rfc2217 import Rfc2217Host
from simulator.serial_port.tcp import TcpHost

__all__ = ["Adapter", "AutoReset", "Host", "PseudoTerminal", "Rfc2217Host", "TcpHost", "serve_lines"]
