"""Files that describe the hardware around a board: read, checked, and every mistake told with its place.

A description is YAML; what may be in it follows from the parts themselves (`simulator.hardware.parts`), so a new part
needs nothing here. What comes out are `PartDescription` values, which make parts. Read `hardware` first.
"""

from simulator.descriptions.hardware import (
    Hardware,
    board_hardware,
    describe_part,
    describe_parts,
    parse_part,
    read_hardware,
)

__all__ = ["Hardware", "board_hardware", "describe_part", "describe_parts", "parse_part", "read_hardware"]
