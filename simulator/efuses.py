"""The eFuses of an ESP32: bits that are burned from 0 to 1 once and for ever, and outlive every reset and power cut.

Four blocks: block 0 (224 bits) holds identity and switches, blocks 1 to 3 (256 bits each) hold the flash encryption
key, the secure boot key or digest, and what the owner wants. The places of the fields are those of ESP-IDF's
``efuse/esp32/esp_efuse_table.csv``, their names those of Espressif's ``espefuse``.

As a file they are what ``espefuse --virt --path-efuse-file FILE`` reads and writes: the controller's registers from
0x3FF5A000 to 0x3FF5A11F in reverse order, so that the tool that burns a real board's eFuses also burns a twin's. One
difference: a key that is read-protected stays in our file, since the hardware can still use it, and the file is as
secret as the key; the tool forgets it.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Final, NamedTuple

from simulator.errors import FormatError

EFUSE_FILE_BYTES: Final = 0x120
MAC_BYTES: Final = 6
KEY_BYTES: Final = 32

_READ_REGISTERS: Final = ((0x00, 28), (0x38, 32), (0x58, 32), (0x78, 32))
"""Offset and length of each block among the controller's registers."""
_CRC8_POLYNOMIAL: Final = 0x8C


class Place(NamedTuple):
    """Where a field is, and the bit of WR_DIS that protects it; None if nothing can."""

    block: int
    bit: int
    length: int
    write_disable: int | None = None


class Fuse(Enum):
    """The fields that a twin needs."""

    WR_DIS = Place(0, 0, 16, 1)
    RD_DIS = Place(0, 16, 4, 0)
    FLASH_CRYPT_CNT = Place(0, 20, 7, 2)
    """Flash encryption is on if an odd number of bits is set."""
    UART_DOWNLOAD_DIS = Place(0, 27, 1, 2)
    """No download mode; for chip revision 3 only."""
    MAC = Place(0, 32, 48, 3)
    MAC_CRC = Place(0, 80, 8, 3)
    CHIP_VER_REV1 = Place(0, 111, 1)
    CHIP_VER_REV2 = Place(0, 180, 1)
    FLASH_CRYPT_CONFIG = Place(0, 188, 4, 10)
    CODING_SCHEME = Place(0, 192, 2, 10)
    """0: blocks 1 to 3 hold 256 bits; 1: the "3/4" scheme, 192 bits; 2: "repeat", 128 bits."""
    CONSOLE_DEBUG_DISABLE = Place(0, 194, 1, 15)
    """No BASIC interpreter when the bootloader is broken."""
    ABS_DONE_0 = Place(0, 196, 1, 12)
    """Secure boot v1 is on."""
    ABS_DONE_1 = Place(0, 197, 1, 13)
    """Secure boot v2 is on; for chip revision 3 only."""
    JTAG_DISABLE = Place(0, 198, 1, 14)
    BLOCK1 = Place(1, 0, 256, 7)
    """The flash encryption key."""
    BLOCK2 = Place(2, 0, 256, 8)
    """Secure boot v1: its key, the last byte first. v2: the SHA-256 of the public key."""
    SECURE_VERSION = Place(3, 128, 32, 9)
    """Anti-rollback: the number of bits burned is the lowest secure version that may run."""


#: The bits of RD_DIS that hide a whole block from software.
_READ_DISABLE: Final = {1: 1 << 0, 2: 1 << 1, 3: 1 << 2}
#: The bits of WR_DIS that bootloaders burn to protect block 2, and the one that protects RD_DIS.
WRITE_PROTECT_BLOCK2: Final = 1 << 8
WRITE_PROTECT_RD_DIS: Final = 1 << 0
READ_PROTECT_BLOCK2: Final = _READ_DISABLE[2]


class EfuseFileFault(Enum):
    """Why bytes are no eFuse file."""

    LENGTH = "wrong length"


class EfuseFileError(FormatError):
    """The bytes are no eFuse file."""


class Efuses:
    """The eFuses of one chip, all 0 when it is made. ``on_burn`` hears of every field that is burned."""

    __slots__ = ("_blocks", "is_changed", "on_burn")

    def __init__(self) -> None:
        self._blocks = [0, 0, 0, 0]
        self.is_changed = False
        """Whether anything was burned since they were made or read from a file."""
        self.on_burn: Callable[[Fuse], None] | None = None

    @classmethod
    def manufactured(cls, mac: bytes, chip_revision: int) -> Efuses:
        """Return the eFuses of a chip that leaves Espressif: its MAC address and its revision (0 to 3) are burned."""
        efuses = cls()
        efuses.burn_identity(mac, chip_revision)
        efuses.is_changed = False
        return efuses

    @classmethod
    def from_bytes(cls, data: bytes) -> Efuses:
        """Read an eFuse file. Raises `EfuseFileError` if it has not the length of one."""
        if len(data) != EFUSE_FILE_BYTES:
            message = f"{len(data)} bytes are no eFuse file; it has {EFUSE_FILE_BYTES}"
            raise EfuseFileError(message, reason=EfuseFileFault.LENGTH, offset=len(data))
        efuses = cls()
        registers = data[::-1]
        for index, (offset, length) in enumerate(_READ_REGISTERS):
            efuses._blocks[index] = int.from_bytes(registers[offset : offset + length], "little")
        return efuses

    def to_bytes(self) -> bytes:
        """Return the contents of an eFuse file."""
        registers = bytearray(EFUSE_FILE_BYTES)
        for block, (offset, length) in zip(self._blocks, _READ_REGISTERS, strict=True):
            registers[offset : offset + length] = block.to_bytes(length, "little")
        return bytes(registers[::-1])

    def copy(self) -> Efuses:
        """Return eFuses of their own in the same state, that nobody listens to."""
        other = Efuses()
        other._blocks = list(self._blocks)
        other.is_changed = self.is_changed
        return other

    def restore(self, other: Efuses) -> None:
        """Be in the state of ``other``, a copy from before: what was burned since was burned without power."""
        self._blocks = list(other._blocks)
        self.is_changed = other.is_changed

    def read(self, fuse: Fuse) -> int:
        """Return what software reads: 0 if the block is read-protected."""
        if self._sense(Fuse.RD_DIS.value) & _READ_DISABLE.get(fuse.value.block, 0):
            return 0
        return self._sense(fuse.value)

    def burn(self, fuse: Fuse, value: int) -> None:
        """Burn the bits of ``value``. Those that are burned stay so, and a write-protected field stays as it is."""
        place = fuse.value
        bits = (value & ((1 << place.length) - 1)) << place.bit
        is_protected = place.write_disable is not None and self._sense(Fuse.WR_DIS.value) >> place.write_disable & 1
        if is_protected or self._blocks[place.block] | bits == self._blocks[place.block]:
            return
        self._blocks[place.block] |= bits
        self.is_changed = True
        if self.on_burn is not None:
            self.on_burn(fuse)

    def _sense(self, place: Place) -> int:
        """Return what is burned, protected or not."""
        return self._blocks[place.block] >> place.bit & ((1 << place.length) - 1)

    # --- identity

    @property
    def mac(self) -> bytes:
        """The base MAC address, in the order in which it is printed; zeros if none is burned."""
        return self.read(Fuse.MAC).to_bytes(MAC_BYTES, "big")

    @property
    def is_mac_good(self) -> bool:
        """Whether the CRC of the MAC address fits. An app aborts at its start if not."""
        return self.read(Fuse.MAC_CRC) == mac_crc8(self.mac)

    def burn_identity(self, mac: bytes, chip_revision: int) -> None:
        """Burn the MAC address with its CRC, and the bits of the chip revision.

        Revision 3 has the bits of revision 2: what tells them apart is a register (``bootloader_common_get_chip_...``).
        """
        self.burn(Fuse.MAC, int.from_bytes(mac, "big"))
        self.burn(Fuse.MAC_CRC, mac_crc8(mac))
        self.burn(Fuse.CHIP_VER_REV1, int(chip_revision >= 1))
        self.burn(Fuse.CHIP_VER_REV2, int(chip_revision >= 2))

    # --- anti-rollback

    def secure_version(self, bits: int = 32) -> int:
        """Return how many of the lowest ``bits`` of SECURE_VERSION are burned (``esp_efuse_read_secure_version``)."""
        return (self.read(Fuse.SECURE_VERSION) & ((1 << bits) - 1)).bit_count()

    def burn_secure_version(self, version: int) -> None:
        """Burn as many of the lowest bits as ``version`` says."""
        self.burn(Fuse.SECURE_VERSION, (1 << version) - 1)

    # --- secure boot

    def block2(self) -> bytes:
        """Return block 2 as software reads it, in the order of its registers: the digest of secure boot v2."""
        return self.read(Fuse.BLOCK2).to_bytes(KEY_BYTES, "little")

    def secure_boot_key(self) -> bytes:
        """Return the AES key with which the hardware of secure boot v1 works, whether software can read it or not."""
        return self._sense(Fuse.BLOCK2.value).to_bytes(KEY_BYTES, "big")


def mac_crc8(mac: bytes) -> int:
    """Return the CRC-8 of a MAC address: reflected polynomial 0x8C, starting at 0 (``esp_crc8`` of the ROM)."""
    crc = 0
    for byte in mac:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (_CRC8_POLYNOMIAL if crc & 1 else 0)
    return crc
