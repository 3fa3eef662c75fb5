"""Does a board survive what goes wrong? It runs through a plan of faults, all is lifted, and then it must be whole.

The promises are those of a sweep (`simulator.sweep`), kept live: with the network, the server and the radio around the
board, which can fail as well, and with several faults in one run. Read `simulator.survival.arena`.
"""

from __future__ import annotations

from simulator.survival.arena import Arena, Survival
from simulator.survival.campaign import CampaignReport, SeedResult, run_seeds, smallest_plan
from simulator.survival.watch import Broken

__all__ = ["Arena", "Broken", "CampaignReport", "SeedResult", "Survival", "run_seeds", "smallest_plan"]
