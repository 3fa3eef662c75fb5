"""What a bootloader was built with, and what comes of a run."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from simulator.boards import Board
from simulator.boards.schema import FactoryReset
from simulator.boot.log import BootLine
from simulator.boot.revision import REVISIONS, V4_0, Revision
from simulator.formats.image import AppImage
from simulator.formats.partition_table import Partition
from simulator.signatures import VerificationKey


@dataclass(frozen=True, slots=True, kw_only=True)
class SecureBoot:
    """``CONFIG_SECURE_BOOT_ENABLED`` and its successors.

    ``key`` verifies the signatures of v1, and is part of bootloader and app. In v2 it is None: the digest of the key
    is in the eFuses, to where the first boot takes it from the signature of the bootloader.
    """

    key: VerificationKey | None = None

    @classmethod
    def of(cls, scheme: str, key: str) -> SecureBoot | None:
        """Return what a scheme and a key mean as a board and a manifest have them: ``none`` is None."""
        if scheme == "none":
            return None
        return cls(key=VerificationKey("v1", bytes.fromhex(key)) if scheme == "v1" else None)

    @property
    def scheme(self) -> str:
        """``v1`` or ``v2``."""
        return "v2" if self.key is None else "v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class BootConfig:
    """How the bootloader was built."""

    revision: Revision = V4_0
    rollback: bool = False
    """``CONFIG_APP_ROLLBACK_ENABLE``."""
    anti_rollback: bool = False
    """``CONFIG_APP_ANTI_ROLLBACK``, which implies rollback."""
    secure_version_bits: int = 32
    """``CONFIG_APP_SECURE_VERSION_SIZE_EFUSE_FIELD``: how many bits of the eFuse SECURE_VERSION count."""
    factory_reset: FactoryReset | None = None
    test_app_pin: int | None = None
    """``CONFIG_BOOTLOADER_NUM_PIN_APP_TEST``: held low, it starts the app in the test partition."""
    hold_s: int = 5
    """``CONFIG_BOOTLOADER_HOLD_TIME_GPIO``: how long either pin has to be held."""
    secure_boot: SecureBoot | None = None
    compile_time: str = "00:00:00"

    @classmethod
    def for_board(cls, board: Board) -> BootConfig:
        """Return how the bootloader of ``board`` is built."""
        return cls(
            revision=REVISIONS[board.bootloader],
            rollback=board.rollback,
            anti_rollback=board.anti_rollback,
            secure_version_bits=board.secure_version_bits,
            factory_reset=board.factory_reset,
            test_app_pin=board.test_app_pin,
            hold_s=board.hold_s,
            secure_boot=SecureBoot.of(board.secure_boot, board.secure_boot_key),
        )

    @property
    def watches_first_boot(self) -> bool:
        """Whether an app must confirm itself."""
        return self.rollback or self.anti_rollback


class Ending(Enum):
    """How the bootloader ends."""

    STARTED = "an app was started"
    RESET = "the bootloader reset the chip (SW_RESET); it will do so for ever"
    EXCEPTION = "the bootloader died of an exception"


@dataclass(frozen=True, slots=True, kw_only=True)
class BootOutcome:
    """What the bootloader did. Its otadata writes are in the chip, what it burned is in the eFuses."""

    ending: Ending
    partition: Partition | None = None
    """The app partition that was started, None if nothing was."""
    image: AppImage | None = None
    """The image in it."""
    log: tuple[BootLine, ...] = ()
    """Every line down to INFO, in order."""
    burned: tuple[int, ...] = ()
    """The secure versions burned into the eFuse, in order."""
    why: str = ""
    """For people: what decided which app starts, and what became of the others."""

    @property
    def label(self) -> str | None:
        """The label of the app partition that was started."""
        return None if self.partition is None else self.partition.label
