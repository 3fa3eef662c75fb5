"""All defects, by room."""

from __future__ import annotations

from typing import Final

from tests.mutants.in_boot import IN_BOOT
from tests.mutants.in_device import IN_DEVICE
from tests.mutants.in_files import IN_FILES
from tests.mutants.in_flash import IN_FLASH
from tests.mutants.in_updates import IN_UPDATES
from tests.mutants.mutant import Mutant

SECTIONS: Final[dict[str, tuple[Mutant, ...]]] = {
    "Boot": IN_BOOT,
    "Updates": IN_UPDATES,
    "Flash and NVS": IN_FLASH,
    "File systems": IN_FILES,
    "Power and reset": IN_DEVICE,
}
MUTANTS: Final = {mutant.name: mutant for section in SECTIONS.values() for mutant in section}
