"""The boards: from a name or a TOML file to a checked, immutable `Board`.

Knows the hardware and the build options of each firmware, its ids and its partition table. Does not know what a
device does with them, and holds no board itself: those are the files in the top-level folder ``boards/``, explained in
its README. Read `schema` first, then `load`; `sdkconfig` lays an owner's build over a board.
"""

from __future__ import annotations

from simulator.boards.load import all_boards, board_ids, load_board
from simulator.boards.schema import Board

__all__ = ["Board", "all_boards", "board_ids", "load_board"]
