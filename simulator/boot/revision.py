"""What differs between the bootloaders of two ESP-IDF revisions. The selection of the app slot does not.

``v4.0`` is the one that Lua RTOS builds (v4.0-dev-59, March 2019); ``v5.2`` is the one whose answers
``tests/against_reference`` compares with.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

RevisionName: TypeAlias = Literal["v4.0", "v5.2"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """One revision: its texts, its checks, and the memory that its own image occupies."""

    name: RevisionName
    version: str
    """``git describe`` of the build."""
    magic_suffix: str
    """What follows "has invalid magic byte"."""
    segment_line: str
    """For printf: index, flash address, load address, length twice, what becomes of it."""
    warns_of_spi_fields: bool
    """Whether impossible SPI settings in an app's header are warned of."""
    checks_chip: bool
    """Whether chip id and chip revision in an app's header must fit."""
    checks_load_range: bool
    """Whether a segment must lie in memory that exists; older ones only protect their stack and loader code."""
    maps_piecewise: bool
    """Whether more flash than the cache window holds can be mapped, piece by piece."""
    otadata_minimum: int
    """The number that it prints (not the one it compares with) when otadata is too small."""
    anti_rollback_covers_test_app: bool
    reports_missing_descriptor: bool
    """Whether the anti-rollback check says why it refused a slot."""
    pins_count_after_deep_sleep: bool
    """Whether the factory reset and test app pins are looked at on a wake from deep sleep."""
    signature_must_fit: bool
    """Whether the signature behind an image has to lie in the partition, too (``process_appended_hash_and_sig``)."""
    verifies_table_signature: bool
    """Whether the partition table has to be signed, too, once the eFuses enable secure boot v1."""
    secure_boot_v1_tag: str
    """Who the lines of secure boot v1 are from."""
    burns_efuses_in_batches: bool
    """Whether the eFuse component tells of every block that it burns."""
    announces_chip: bool
    """Whether cores and chip revision are printed, and the SPI lines come from "boot.esp32" before the RNG line."""
    segments: tuple[tuple[int, int], ...]
    """Load address and length of the segments of a typical build."""
    entry: int
    static_data: range
    """Where .data, .rodata and .bss of the bootloader lie."""

    @property
    def loader_code(self) -> range:
        """Where the code lies that loads the app, and which therefore no segment may overwrite."""
        return next(range(start, start + length) for start, length in self.segments if start == 0x40078000)


V4_0: Final = Revision(
    name="v4.0",
    version="v4.0-dev-59-gcc9b06d4d",
    magic_suffix="",
    segment_line="segment %d: paddr=0x%08x vaddr=0x%08x size=0x%05x (%6d) %s",
    warns_of_spi_fields=True,
    checks_chip=False,
    checks_load_range=False,
    maps_piecewise=False,
    otadata_minimum=32,
    anti_rollback_covers_test_app=False,
    reports_missing_descriptor=False,
    pins_count_after_deep_sleep=True,
    signature_must_fit=False,
    verifies_table_signature=True,
    secure_boot_v1_tag="secure_boot",
    burns_efuses_in_batches=False,
    announces_chip=False,
    segments=((0x3FFF0018, 4), (0x3FFF001C, 6276), (0x40078000, 11624), (0x40080400, 6648)),
    entry=0x40080764,
    static_data=range(0x3FFF0000, 0x3FFF001C + 6276),
)
V5_2: Final = Revision(
    name="v5.2",
    version="v5.2-dev",
    magic_suffix=" (nothing flashed here?)",
    segment_line="segment %d: paddr=%08x vaddr=%08x size=%05xh (%6d) %s",
    warns_of_spi_fields=False,
    checks_chip=True,
    checks_load_range=True,
    maps_piecewise=True,
    otadata_minimum=8192,
    anti_rollback_covers_test_app=True,
    reports_missing_descriptor=True,
    pins_count_after_deep_sleep=False,
    signature_must_fit=True,
    verifies_table_signature=False,
    secure_boot_v1_tag="secure_boot_v1",
    burns_efuses_in_batches=True,
    announces_chip=True,
    segments=((0x3FFF0030, 7112), (0x40078000, 15624), (0x40080400, 4), (0x40080404, 3860)),
    entry=0x4008063C,
    static_data=range(0x3FFF0000, 0x3FFF0030 + 7112),
)
REVISIONS: Final[Mapping[str, Revision]] = {revision.name: revision for revision in (V4_0, V5_2)}
