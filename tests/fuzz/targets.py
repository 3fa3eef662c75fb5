"""What is given hostile bytes, and what it must keep: end, within bounds, with a verdict and not with an exception."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, Final

from hypothesis import strategies as st

from simulator.boards import load_board
from simulator.boot import BootConfig, boot
from simulator.dump import boot_config_in, read_dump
from simulator.errors import DescriptionError, FormatError, UsageError
from simulator.filesystem import (
    FileSystem,
    FileSystemError,
    FileSystemKind,
    NotFormattedError,
    build_file_system,
    detect,
    mount,
)
from simulator.filesystem.memory import MemoryFlash
from simulator.firmware import find_manifest, first_manifest, recognise
from simulator.firmware.manifest import MARKER
from simulator.flash import SECTOR_BYTES
from simulator.flash_parts import areas_of, find_part, is_nvs, read_files, read_values
from simulator.formats import AppDescriptor, AppImage, OtaData, PartitionTable, Segment, build_image
from simulator.formats.esp_err import EspError
from simulator.formats.nvs import PAGE_BYTES
from simulator.formats.otadata import OTADATA_BYTES
from simulator.formats.partition_table import SUBTYPE_OTADATA, TABLE_BYTES, TABLE_OFFSET, TYPE_DATA
from simulator.inspection import explain_otadata, explain_rollback, inspect_flash
from simulator.nvs import Nvs, NvsEntry, NvsFatalError
from simulator.testing import small_firmware
from tests.firmware.linked_image import hello_world, lua_rtos, lua_rtos_of_2016
from tests.fuzz.flashes import BOOTINGS, ENTRIES, FLASHES, Booting, images, tables
from tests.fuzz.recipes import Buildable, Recipe, damaged, edits, relogged
from tests.nvs.crcs import mend_crc
from tests.reads import CountedBytes, recorded_reads

READS_OF_A_BOOT_MAX: Final = 18 * 40 + 200
"""40 for each of the 18 images that there can be: headers, data, checksum, digest and signature. Some for the rest."""
BYTES_OF_A_BOOT_MAX: Final = 19 * 3 * (16 << 20)
"""An image leads at most to the end of what the cache can map, plus the longest segment; then all of it once more."""
READS_OF_A_DUMP_MAX: Final = 100_000
READS_OF_A_STORE_MAX: Final = 50_000
"""Of all that is done with a small file system or NVS; a good one takes a hundredth of that."""
STEPS_OF_A_TABLE_MAX: Final = 4 * 96 + 20
STEPS_OF_AN_IMAGE_MAX: Final = 2 * 16 + 8


@dataclass(frozen=True)
class Target:
    """One thing that takes bytes. ``share`` is how many of 100 examples it gets."""

    name: str
    strategy: st.SearchStrategy[Any]
    function: Callable[[Any], None]
    share: int

    def check(self, example: Any) -> None:
        """Give it an example, which may be the recipe for one."""
        self.function(example.build() if isinstance(example, Buildable) else example)


# -- the boot ---------------------------------------------------------------------------------------------------------


def check_boot(booting: Booting) -> None:
    """ROM and bootloader end with a verdict; what boots is in the table; nothing but otadata changes.

    Two resets one after the other, for the first can write.
    """
    flash, efuses = booting.flash(), booting.efuses.copy()
    for _ in range(2):
        with recorded_reads(READS_OF_A_BOOT_MAX) as reads:
            result = boot(flash, booting.config, efuses=efuses, chip_revision=booting.chip_revision)
        assert reads.length <= BYTES_OF_A_BOOT_MAX
        assert result.log
        table = PartitionTable.as_read_by_app(flash[TABLE_OFFSET:][:TABLE_BYTES])
        if result.label is None:
            assert result.offset is None
        else:
            assert any(entry.is_app and (entry.label, entry.offset) == (result.label, result.offset) for entry in table)
        assert len(result.flash) == len(flash)
        if result.flash is not flash:
            _hold_to_otadata(flash, result.flash, table, booting.config)
        flash = result.flash


def _hold_to_otadata(before: bytes, after: bytes, table: PartitionTable, config: BootConfig) -> None:
    """Only sectors of the last otadata in the table may change, and with secure boot v1 the one of its digest."""
    may_change = {0} if config.secure_boot is not None and config.secure_boot.scheme == "v1" else set()
    for entry in table:
        if (entry.type, entry.subtype) == (TYPE_DATA, SUBTYPE_OTADATA):
            first = entry.offset // SECTOR_BYTES
            may_change |= {first, first + 1, first + 2}
    sectors = range(0, len(before), SECTOR_BYTES)
    changed = {at // SECTOR_BYTES for at in sectors if before[at : at + SECTOR_BYTES] != after[at : at + SECTOR_BYTES]}
    assert changed <= may_change


def check_dump(flash: bytes) -> None:
    """Whoever looks at a flash gets a report and words, never an exception but one that names what is wrong."""
    with recorded_reads(READS_OF_A_DUMP_MAX):
        read_dump(flash)
        bootloader = boot_config_in(flash)
        report = inspect_flash(flash, bootloader)
        explain_otadata(report)
        explain_rollback(flash, bootloader)
        assert len(report.used) * 4096 == len(flash)
        for partition in report.table:
            if partition.end <= len(flash):
                read_files(flash, partition)
                if is_nvs(partition):
                    read_values(flash, partition)
        for area in areas_of(report.table):
            with suppress(UsageError, FormatError):
                find_part(flash, area.name)


# -- the formats ------------------------------------------------------------------------------------------------------


def check_table(data: bytes) -> None:
    """A table is read or refused; what was read is written and read again as the same."""
    data = counted = CountedBytes(data)
    PartitionTable.as_read_by_app(data)
    try:
        table = PartitionTable.from_bytes(data, chip_size_bytes=4 << 20)
    except FormatError as error:
        assert 0 <= error.offset <= len(data)  # noqa: PT017
        return
    finally:
        assert counted.reads <= STEPS_OF_A_TABLE_MAX
    table.warnings()
    with suppress(FormatError):
        assert PartitionTable.from_bytes(table.to_bytes()) == table
    with suppress(DescriptionError):
        PartitionTable.from_csv(table.to_csv())


def check_csv(text: str) -> None:
    """A CSV is read or all its mistakes are named; what was read has bytes."""
    try:
        table = PartitionTable.from_csv(text, variables={"A": "nvs"})
    except DescriptionError as error:
        assert error.problems  # noqa: PT017
        return
    with suppress(FormatError):
        assert len(table.to_bytes()) == 0xC00


def check_image(data: bytes) -> None:
    """An image is read or refused; what was read is the beginning of what was given."""
    counted = CountedBytes(data)
    try:
        image = AppImage.from_bytes(counted)
    except FormatError as error:
        assert 0 <= error.offset <= len(data) + 16  # noqa: PT017
        return
    finally:
        assert counted.reads <= STEPS_OF_AN_IMAGE_MAX
    assert image.to_bytes() == data[: image.length]
    find_manifest(image)


def check_otadata(data: bytes) -> None:
    """Any 8 KiB are otadata, with an answer to every question."""
    otadata = OtaData.from_bytes(data)
    active = otadata.active()
    assert active is None or otadata.entries[active].is_valid
    for rollback in (False, True):
        index, entry = otadata.next_write(1, 2, rollback=rollback)
        assert index in (0, 1)
        assert entry.is_crc_good
    otadata.to_bytes()
    for entry in otadata.entries:
        assert entry.state_name


def check_descriptor(data: bytes) -> None:
    """A descriptor is read or refused."""
    with suppress(FormatError):
        descriptor = AppDescriptor.from_bytes(data)
        assert AppDescriptor.from_bytes(descriptor.to_bytes()) == descriptor


def check_firmware(first_segment: bytes) -> None:
    """Whatever lies where the manifest does, and whatever strings there are, the firmware is known or it is not."""
    image = AppImage.from_bytes(build_image([Segment(0x3F400020, first_segment)], entry=0))
    manifest = find_manifest(image)
    recognise(image)
    if manifest is not None:
        assert type(manifest).of(manifest.apply(load_board("GENERIC")), commit=manifest.commit, build_time=0)
        manifest.to_bytes()


@cache
def _first_segments() -> tuple[bytes, ...]:
    odd = json.dumps({"board": 1, "commit": "0" * 40, "x": []}).encode()
    manifests = [
        AppDescriptor().to_bytes() + first_manifest(load_board("GENERIC")).to_bytes(),
        AppDescriptor().to_bytes() + MARKER + len(odd).to_bytes(4, "little") + odd,
    ]
    built = (lua_rtos(), lua_rtos(align=1), lua_rtos_of_2016(), hello_world())
    return (*manifests, *(AppImage.from_bytes(image).segments[0].data for image in built))


@cache
def _good_images() -> tuple[bytes, ...]:
    return (small_firmware(), lua_rtos(), hello_world())


# -- what is stored in partitions -------------------------------------------------------------------------------------


def check_spiffs(contents: bytes) -> None:
    """A damaged SPIFFS mounts or not, and whatever is then done with it is done or refused with an errno."""
    _use_file_system(contents, "spiffs")


def check_littlefs(contents: bytes) -> None:
    """The same for littlefs."""
    _use_file_system(contents, "lfs")


def _use_file_system(contents: bytes, kind: FileSystemKind) -> None:
    with recorded_reads(READS_OF_A_STORE_MAX):
        flash = flash_of(contents)
        detect(flash)
        try:
            root = mount(flash, kind, block_size=4096, page_size=256)
        except (NotFormattedError, FileSystemError):
            return
        for action in (
            lambda: [*root.contents()],
            lambda: root.usage(),
            lambda: root.write_file("/new.txt", b"x" * 3000),
            lambda: root.read_file("/new.txt"),
            lambda: append(root, "/c.bin"),
            lambda: root.mkdir("/more"),
            lambda: root.rename("/new.txt", "/more/new.txt"),
            lambda: root.rename("/lib", "/more/lib"),
            lambda: root.remove("/a.lua"),
            lambda: root.rmdir("/more/lib/sub"),
            lambda: [*root.listdir("/")],
        ):
            with suppress(FileSystemError):
                action()
        root.unmount()


def append(root: FileSystem, path: str) -> None:
    """Write at the end of a file."""
    with root.open(path, "a") as file:
        file.write(b"more" * 600)


def flash_of(contents: bytes) -> MemoryFlash:
    """Return a partition with ``contents``."""
    flash = MemoryFlash(len(contents))
    flash.program(0, contents)
    return flash


FILES: Final = {
    "/a.lua": b"print(1)\n" * 40,
    "/lib": None,
    "/lib/b.lua": b"return 2\n",
    "/lib/sub": None,
    "/c.bin": bytes(range(256)) * 24,
}


@cache
def _spiffs() -> tuple[bytes, ...]:
    sizes = {"size_bytes": 32 * 1024, "block_size": 4096, "page_size": 256}
    return (build_file_system(FILES, "spiffs", **sizes), build_file_system({}, "spiffs", **sizes))


@cache
def _littlefs() -> tuple[bytes, ...]:
    sizes = {"size_bytes": 48 * 1024, "block_size": 4096, "page_size": 256}
    return (build_file_system(FILES, "lfs", **sizes), build_file_system({}, "lfs", **sizes))


def check_nvs(contents: bytes) -> None:
    """A damaged NVS loads or not, and whatever is then done with it is done or refused with a code."""
    with recorded_reads(READS_OF_A_STORE_MAX):
        nvs = Nvs(flash_of(contents))
        with suppress(EspError, NvsFatalError):
            nvs.init()
            list(nvs.entries())
            nvs.stats()
        for action in (
            lambda: nvs.put(NvsEntry("app", "number", "u32", 7)),
            lambda: nvs.put(NvsEntry("app", "blob", "blob", bytes(5000))),
            lambda: nvs.put(NvsEntry("other", "text", "string", "x" * 100)),
            lambda: nvs.open("app").get_str("text"),
            lambda: nvs.open("app").get_blob("blob"),
            lambda: nvs.open("app").erase_key("text"),
            lambda: nvs.open("app").erase_all(),
        ):
            with suppress(EspError, NvsFatalError):
                action()


def mended_nvs() -> st.SearchStrategy[Recipe]:
    """Return a strategy for NVS with damage in headers and entries, and their CRCs made right again behind it."""
    page = st.integers(0, 3)
    offsets = st.builds(lambda page, offset: page * PAGE_BYTES + offset, page, st.integers(0, 64 + 60 * 32))

    @st.composite
    def recipes(draw: st.DrawFn) -> Recipe:
        changes = draw(edits(offsets, most=12))
        mend = [partial(mend_crc, offset=offset) for offset, *_ in changes]
        return Recipe(draw(st.sampled_from(_nvs())), changes, tuple(mend))

    return recipes()


@cache
def _nvs() -> tuple[bytes, ...]:
    flash = MemoryFlash(4 * 4096)
    nvs = Nvs(flash)
    nvs.init()
    for round_ in range(30):
        nvs.put(NvsEntry("app", "count", "i32", round_))
        nvs.put(NvsEntry("app", "text", "string", "some words " * round_))
    once = flash.to_bytes()
    for round_ in range(4):
        nvs.put(NvsEntry("app", "blob", "blob", bytes([round_]) * 4500))
    return (once, flash.to_bytes(), b"\xff" * (4 * 4096))


_FIELDS: Final = (
    ("nvs", "otadata", "factory", "a", "b", "c", "storage", "a name that is too long", "é", ""),
    ("data", "data", "app", "1", "0x40", "APP"),
    ("", "nvs", "ota", "factory", "ota_0", "64", "0x11", "phy"),
    ("", "", "", "0x9000", "64K", "0x10000", "1M", "0x110000"),
    ("0x1000", "4K", "24k", "1M", "-2M", "0x2000"),
    ("", "", "encrypted", ":"),
)
_ODD: Final = (
    "$A",
    "${B}",
    "$C",
    "#",
    "-1",
    "0x",
    "9" * 30,
    "a,b",
    "\0",
    "-0",
    "_1",
    "k",
    "1e",
    "256",
    "readonly",
    " 4K ",
)
_LINES: Final = st.lists(
    st.tuples(*(st.one_of(*[st.sampled_from(fields)] * 12, st.sampled_from(_ODD)) for fields in _FIELDS)).map(",".join),
    max_size=4,
)
CSV: Final = st.one_of(_LINES.map("\n".join), st.text(max_size=80))

TARGETS: Final = (
    Target("boot", BOOTINGS, check_boot, 20),
    Target("dump", FLASHES, check_dump, 5),
    Target("partition table", st.one_of(tables(), st.binary(max_size=200)), check_table, 15),
    Target("partition table as CSV", CSV, check_csv, 10),
    Target("image", st.one_of(images(), damaged(_good_images)), check_image, 10),
    Target(
        "otadata",
        st.tuples(ENTRIES, ENTRIES).map(
            lambda pair: b"".join(entry.ljust(OTADATA_BYTES // 2, b"\xff") for entry in pair)
        ),
        check_otadata,
        10,
    ),
    Target(
        "app descriptor",
        st.one_of(st.binary(max_size=300), damaged(lambda: (AppDescriptor().to_bytes(),))),
        check_descriptor,
        6,
    ),
    Target("manifest and recognition", damaged(_first_segments), check_firmware, 6),
    Target("SPIFFS", damaged(_spiffs), check_spiffs, 6),
    Target("littlefs", st.one_of(damaged(_littlefs), relogged(_littlefs)), check_littlefs, 6),
    Target("NVS", st.one_of(damaged(_nvs), mended_nvs()), check_nvs, 6),
)
assert sum(target.share for target in TARGETS) == 100
