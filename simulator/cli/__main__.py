"""``python -m simulator.cli`` is ``luatwin`` where no command of that name is installed."""

from __future__ import annotations

from simulator.cli import main

main()
