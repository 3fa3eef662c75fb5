"""The app descriptor: what an app says about itself, readable without running it.

It is the first data of the first segment, so it lies at offset 0x20 of every image that has one (``esp_app_desc_t``
in ``esp_image_format.h``). Little-endian, 256 bytes::

      0           4                8                16                              48
    +-----------+----------------+----------------+-------------------------------+------------- ...
    | magic     | secure_version | reserved, 0    | version (32)                  | project_name (32)
    +-----------+----------------+----------------+-------------------------------+------------- ...
     80                96                112               144                    176             256
    +-----------------+-----------------+-----------------+----------------------+---------------+
    | time (16)       | date (16)       | idf_ver (32)    | app_elf_sha256 (32)  | reserved, 0   |
    +-----------------+-----------------+-----------------+----------------------+---------------+

Booting does not need it; anti-rollback and ``esp_ota_get_partition_description`` do.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import Enum
from typing import Final

from simulator.errors import FormatError
from simulator.formats._text import decode_field, encode_field
from simulator.formats.esp_err import EspErr

APP_DESCRIPTOR_MAGIC: Final = 0xABCD5432
APP_DESCRIPTOR_BYTES: Final = 256
APP_DESCRIPTOR_OFFSET: Final = 0x20
"""Where it lies in an image: behind the image header (24) and the header of the first segment (8)."""

_LAYOUT: Final = struct.Struct("<II8x32s32s16s16s32s32s80x")


class AppDescriptorFault(Enum):
    """Why bytes are no app descriptor."""

    TRUNCATED = "truncated"
    MAGIC = "magic"


class AppDescriptorError(FormatError):
    """The bytes are no app descriptor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppDescriptor:
    """The fields of ``esp_app_desc_t``.

    ``time`` is ``HH:MM:SS`` and ``date`` is ``Mmm DD YYYY``, the day padded with a blank.
    """

    secure_version: int = 0
    version: str = ""
    project_name: str = ""
    time: str = ""
    date: str = ""
    idf_ver: str = ""
    app_elf_sha256: bytes = bytes(32)

    @classmethod
    def from_bytes(cls, data: bytes) -> AppDescriptor:
        """Read the descriptor at the start of ``data``; what follows is ignored.

        Raises `AppDescriptorError` if it is too short or the magic is wrong (``ESP_ERR_NOT_FOUND``, as
        ``bootloader_common_get_partition_description`` answers).
        """
        if len(data) < APP_DESCRIPTOR_BYTES:
            raise AppDescriptorError(
                f"app descriptor needs {APP_DESCRIPTOR_BYTES} bytes, there are {len(data)}",
                reason=AppDescriptorFault.TRUNCATED,
                offset=len(data),
                esp_err=EspErr.ESP_ERR_NOT_FOUND,
            )
        magic, secure_version, version, project_name, time, date, idf_ver, digest = _LAYOUT.unpack_from(data)
        if magic != APP_DESCRIPTOR_MAGIC:
            raise AppDescriptorError(
                f"app descriptor has magic 0x{magic:08x}, not 0x{APP_DESCRIPTOR_MAGIC:08x}",
                reason=AppDescriptorFault.MAGIC,
                esp_err=EspErr.ESP_ERR_NOT_FOUND,
            )
        return cls(
            secure_version=secure_version,
            version=decode_field(version),
            project_name=decode_field(project_name),
            time=decode_field(time),
            date=decode_field(date),
            idf_ver=decode_field(idf_ver),
            app_elf_sha256=digest,
        )

    def to_bytes(self) -> bytes:
        """Return the 256 bytes. Raises ValueError if a text is longer than its field."""
        return _LAYOUT.pack(
            APP_DESCRIPTOR_MAGIC,
            self.secure_version,
            encode_field(self.version, 32),
            encode_field(self.project_name, 32),
            encode_field(self.time, 16),
            encode_field(self.date, 16),
            encode_field(self.idf_ver, 32),
            self.app_elf_sha256,
        )
