"""Plays many scenario files: finds and chooses them, plays each case in a process of its own, and reports.

What a case does is `simulator.play`'s business. A process of its own is what keeps cases apart, lets several run at
once, and lets one that hangs be ended while the others go on. Read `crew` first.
"""

from simulator.suite.crew import Crew
from simulator.suite.items import Item, find_items, is_chosen
from simulator.suite.result import Result, exit_code_of

__all__ = ["Crew", "Item", "Result", "exit_code_of", "find_items", "is_chosen"]
