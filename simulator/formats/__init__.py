"""The bytes of ESP-IDF as values, and back: partition table, app image, app descriptor, otadata, NVS, error codes.

One format per module; the docstring of each draws its layout. Nothing here knows a flash chip, a clock or a device:
bytes in, frozen values out, and wrong bytes raise that format's `FormatError`. Which image boots is the business of
`simulator.boot`. Read `partition_table` first.
"""

from __future__ import annotations

from simulator.formats.app_descriptor import AppDescriptor, AppDescriptorError
from simulator.formats.crc import rom_crc32
from simulator.formats.esp_err import EspErr, EspError, esp_err_to_name
from simulator.formats.image import AppImage, ImageError, ImageHeader, Segment, SpiMode, SpiSpeed, build_image
from simulator.formats.otadata import ImageState, OtaData, OtaDataError, SelectEntry
from simulator.formats.partition_table import Partition, PartitionTable, PartitionTableError

__all__ = [
    "AppDescriptor",
    "AppDescriptorError",
    "AppImage",
    "EspErr",
    "EspError",
    "ImageError",
    "ImageHeader",
    "ImageState",
    "OtaData",
    "OtaDataError",
    "Partition",
    "PartitionTable",
    "PartitionTableError",
    "Segment",
    "SelectEntry",
    "SpiMode",
    "SpiSpeed",
    "build_image",
    "esp_err_to_name",
    "rom_crc32",
]
