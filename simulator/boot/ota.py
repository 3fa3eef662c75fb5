"""How an app updates itself: ``esp_ota_*`` of ``esp_ota_ops.c``.

Three partitions to keep apart: the *running* one is whose code the CPU executes, the *boot* partition is what otadata
selects, the *next-update* partition is the slot after the running one. After a fallback the first two differ.

An error is an `EspError` with the function's code; its text is the function's own error line (tag ``esp_ota_ops``).
What erases, programs or verifies for long returns `Steps`: flash commands, and the lines of the image check. `write`
does not, since it is called for every chunk of a download.

Nothing is remembered of how much `begin` erased: writing more than its size programs onto what is there.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import replace
from typing import Final

from simulator.boot.anti_rollback import update_secure_version
from simulator.boot.image_check import ImageCheck
from simulator.boot.log import BootLine, BootLog
from simulator.boot.revision import V4_0, Revision
from simulator.boot.secure_boot import SignatureCheck
from simulator.boot.steps import Work, steps
from simulator.efuses import Efuses
from simulator.flash.chip import SECTOR_BYTES, FlashChip
from simulator.flash.partition import PartitionView, WriteGuard
from simulator.formats.app_descriptor import (
    APP_DESCRIPTOR_BYTES,
    APP_DESCRIPTOR_OFFSET,
    AppDescriptor,
    AppDescriptorError,
)
from simulator.formats.esp_err import EspErr, EspError
from simulator.formats.image import IMAGE_MAGIC, AppImage
from simulator.formats.otadata import ENTRY_BYTES, ERASED_SEQ, ImageState, OtaData, SelectEntry
from simulator.formats.partition_table import (
    MAX_OTA_SLOTS,
    SUBTYPE_FACTORY,
    SUBTYPE_OTA_0,
    SUBTYPE_TEST,
    TYPE_APP,
    Partition,
    PartitionTable,
)

OTA_SIZE_UNKNOWN: Final = 0xFFFFFFFF
"""Erase the whole partition."""
NOT_FOUND_OTADATA: Final = "not found otadata"


class OtaUpdate:
    """An update in progress: what an ``esp_ota_handle_t`` stands for. `Ota.begin` makes it."""

    __slots__ = ("_is_open", "_ota", "_view", "_wrote", "handle")

    def __init__(self, ota: Ota, view: PartitionView, handle: int) -> None:
        self._ota = ota
        self._view = view
        self._wrote = 0
        self._is_open = True
        self.handle = handle
        """Counts from 1 in every run of an app and is never used again."""

    @property
    def partition(self) -> Partition:
        """The app slot that is written."""
        return self._view.partition

    @property
    def written_bytes(self) -> int:
        """How much has been written."""
        return self._wrote

    def write(self, data: bytes) -> None:
        """Program the next bytes (``esp_ota_write``).

        Raises ``ESP_ERR_OTA_VALIDATE_FAILED`` if the very first byte is not that of an image,
        ``ESP_ERR_INVALID_SIZE`` if the data reach beyond the slot. Nothing is written then, and the update goes on.
        """
        if not self._is_open:
            raise EspError(EspErr.ESP_ERR_INVALID_ARG, "not found the handle")
        if not self._wrote and data and data[0] != IMAGE_MAGIC:
            # The parenthesis is not closed at this revision.
            message = f"OTA image has invalid magic byte (expected 0xE9, saw 0x{data[0]:02x}"
            raise EspError(EspErr.ESP_ERR_OTA_VALIDATE_FAILED, message)
        self._view.program(self._wrote, data)
        self._wrote += len(data)

    @steps
    def end(self) -> Work[AppImage]:
        """Verify what was written and give up the handle (``esp_ota_end``); return the image.

        Raises ``ESP_ERR_OTA_VALIDATE_FAILED`` if it is not sound, ``ESP_ERR_INVALID_ARG`` if nothing was written.
        otadata is not touched.
        """
        if not self._is_open:
            raise EspError(EspErr.ESP_ERR_NOT_FOUND)
        self._is_open = False
        if not self._wrote:
            raise EspError(EspErr.ESP_ERR_INVALID_ARG)
        return (yield from self._ota.verify(self.partition))


class Ota:
    """The OTA calls of the app that runs from ``running``.

    ``rollback``, ``anti_rollback`` and ``secure_version_bits`` are those of the build, as in
    `simulator.boot.BootConfig`; ``signature`` verifies the signature of an update, if the build asks for one
    (`simulator.boot.secure_boot.app_check`).
    """

    def __init__(
        self,
        chip: FlashChip,
        table: PartitionTable,
        running: Partition,
        *,
        rollback: bool = False,
        anti_rollback: bool = False,
        secure_version_bits: int = 32,
        efuses: Efuses | None = None,
        signature: SignatureCheck | None = None,
        revision: Revision = V4_0,
    ) -> None:
        self.chip = chip
        self.table = table
        self.running = running
        self.rollback = rollback or anti_rollback
        self.anti_rollback = anti_rollback
        self.secure_version_bits = secure_version_bits
        self.efuses = Efuses() if efuses is None else efuses
        self.signature = signature
        self.revision = revision
        self._handles = 0

    # --- questions

    def otadata(self) -> OtaData | None:
        """Return both select entries, None if the table has no otadata."""
        partition = self.table.otadata
        if partition is None:
            return None
        first, second = (
            SelectEntry.from_bytes(self.chip.read(partition.offset + index * SECTOR_BYTES, ENTRY_BYTES))
            for index in (0, 1)
        )
        return OtaData((first, second))

    def boot_partition(self) -> Partition | None:
        """Return what otadata selects, whether or not it can boot (``esp_ota_get_boot_partition``)."""
        otadata = self.otadata()
        if otadata is None:
            return None
        slots = self.table.ota_slots
        active = otadata.active_entry
        if active is not None and slots:
            return slots[active.slot(len(slots))]
        return self._default_partition()

    def next_update_partition(self, start_from: Partition | None = None) -> Partition | None:
        """Return the existing app slot after ``start_from`` (the running one), cyclic; None if there is no slot.

        The first slot if ``start_from`` is none; the only slot even if it is running
        (``esp_ota_get_next_update_partition``).
        """
        current = start_from or self.running
        slots = list(self._existing_slots())
        if current not in slots:
            return slots[0] if slots else None
        return slots[(slots.index(current) + 1) % len(slots)]

    def state_of(self, partition: Partition) -> int:
        """Return the image state of an app slot (``esp_ota_get_state_partition``): that of its first good entry.

        Raises ``ESP_ERR_NOT_SUPPORTED`` for any other partition, ``ESP_ERR_NOT_FOUND`` if no entry is about it.
        """
        if partition.ota_slot is None:
            raise EspError(EspErr.ESP_ERR_NOT_SUPPORTED)
        otadata = self.otadata()
        count = len(self.table.ota_slots)
        for entry in otadata.entries if otadata is not None and count else ():
            if entry.is_crc_good and entry.slot(count) == partition.ota_slot:
                return entry.ota_state
        raise EspError(EspErr.ESP_ERR_NOT_FOUND)

    def description(self, partition: Partition) -> AppDescriptor:
        """Return what the app in ``partition`` says about itself (``esp_ota_get_partition_description``).

        Raises ``ESP_ERR_NOT_SUPPORTED`` if it is no app partition, ``ESP_ERR_NOT_FOUND`` if there is no descriptor.
        """
        if not partition.is_app:
            raise EspError(EspErr.ESP_ERR_NOT_SUPPORTED)
        try:
            return AppDescriptor.from_bytes(self.view(partition).read(APP_DESCRIPTOR_OFFSET, APP_DESCRIPTOR_BYTES))
        except AppDescriptorError:
            raise EspError(EspErr.ESP_ERR_NOT_FOUND) from None

    @steps
    def last_invalid_partition(self) -> Work[Partition | None]:
        """Return the slot of the entry that is INVALID or ABORTED, the one with the smaller sequence if both are.

        None if its image is not sound (``esp_ota_get_last_invalid_partition``).
        """
        otadata = self.otadata()
        slots = self.table.ota_slots
        refused = [
            entry
            for entry in (otadata.entries if otadata is not None else ())
            if entry.is_crc_good and entry.ota_state in {ImageState.INVALID, ImageState.ABORTED}
        ]
        if not refused or not slots:
            return None
        slot = slots[min(refused, key=lambda entry: entry.ota_seq).slot(len(slots))]
        return slot if (yield from self._is_sound(slot)) else None

    @steps
    def is_rollback_possible(self) -> Work[bool]:
        """Return whether another app could take over (``esp_ota_check_rollback_is_possible``)."""
        return (yield from self._is_rollback_possible())

    # --- updates

    @steps
    def begin(self, partition: Partition | None, size_bytes: int = OTA_SIZE_UNKNOWN) -> Work[OtaUpdate]:
        """Erase the slot and return the update (``esp_ota_begin``).

        A size that is a multiple of 4096 erases one sector more than needed. Raises, in this order,
        ``ESP_ERR_INVALID_ARG`` for no partition, ``ESP_ERR_NOT_FOUND`` if it is not in the table,
        ``ESP_ERR_INVALID_ARG`` if it is no app slot, ``ESP_ERR_OTA_PARTITION_CONFLICT`` if it is running,
        ``ESP_ERR_OTA_ROLLBACK_INVALID_STATE`` if the running app must confirm itself first, and what erasing raises.
        """
        if partition is None:
            raise EspError(EspErr.ESP_ERR_INVALID_ARG)
        if partition not in self.table.entries:
            raise EspError(EspErr.ESP_ERR_NOT_FOUND)
        if partition.ota_slot is None:
            raise EspError(EspErr.ESP_ERR_INVALID_ARG)
        if partition == self.running:
            raise EspError(EspErr.ESP_ERR_OTA_PARTITION_CONFLICT)
        if self.rollback and self._is_running_unconfirmed():
            message = "Running app has not confirmed state (ESP_OTA_IMG_PENDING_VERIFY)"
            raise EspError(EspErr.ESP_ERR_OTA_ROLLBACK_INVALID_STATE, message)
        view = self.view(partition)
        is_whole = size_bytes in {0, OTA_SIZE_UNKNOWN}
        yield from _erase(view, partition.size if is_whole else (size_bytes // SECTOR_BYTES + 1) * SECTOR_BYTES)
        self._handles += 1
        return OtaUpdate(self, view, self._handles)

    @steps
    def set_boot_partition(self, partition: Partition | None) -> Work[None]:
        """Verify the image in ``partition`` once more and select it for the next boot (``esp_ota_set_boot_partition``).

        Selecting the factory app erases otadata. Raises ``ESP_ERR_OTA_VALIDATE_FAILED`` if the image is not sound,
        ``ESP_ERR_OTA_SMALL_SEC_VER`` (after it erased the slot) if its secure version is too low,
        ``ESP_ERR_NOT_FOUND`` without otadata, ``ESP_ERR_INVALID_ARG`` if it is no app or beyond the slots.
        """
        if partition is None:
            raise EspError(EspErr.ESP_ERR_INVALID_ARG)
        yield from self.verify(partition)
        if not partition.is_app:
            raise EspError(EspErr.ESP_ERR_INVALID_ARG)
        if partition.subtype == SUBTYPE_FACTORY:
            view = self._otadata_view()
            yield from _erase(view, view.size_bytes)
            view.commit()
            return
        if self.anti_rollback and not self._is_version_high_enough(partition):
            yield from _erase(self.view(partition), partition.size)
            message = (
                "This a new partition can not be booted due to a secure version is lower than stored in efuse. "
                "Partition will be erased."
            )
            raise EspError(EspErr.ESP_ERR_OTA_SMALL_SEC_VER, message)
        otadata = self.otadata()
        if otadata is None:
            raise EspError(EspErr.ESP_ERR_NOT_FOUND, NOT_FOUND_OTADATA)
        # Only four bits of the subtype count, so the test app selects ota_0.
        slot = partition.subtype % MAX_OTA_SLOTS
        count = len(self.table.ota_slots)
        if slot >= count:
            raise EspError(EspErr.ESP_ERR_INVALID_ARG)
        yield from self._rewrite(*otadata.next_write(slot, count, rollback=self.rollback))

    @steps
    def mark_app_valid(self) -> Work[None]:
        """Confirm the app that otadata selects, even if another runs (``esp_ota_mark_app_valid_cancel_rollback``).

        The entry is rewritten in place: a power cut between erase and program loses it. With anti-rollback the eFuse
        then follows the secure version of the running app. Raises ``ESP_ERR_NOT_FOUND`` without otadata, ``ESP_FAIL``
        without an active entry, and what burning the eFuse answers.
        """
        index, entry = self._active()
        if entry.ota_state != ImageState.VALID:
            yield from self._rewrite(index, replace(entry, ota_state=ImageState.VALID))
            if self.anti_rollback:
                version = self.description(self.running).secure_version
                code = yield from update_secure_version(
                    self.efuses, version, bits=self.secure_version_bits, log=BootLog()
                )
                if code is not EspErr.ESP_OK:
                    raise EspError(code)

    @steps
    def mark_app_invalid(self) -> Work[None]:
        """Reject the app that otadata selects; the caller restarts (``esp_ota_mark_app_invalid_rollback_and_reboot``).

        Raises as `mark_app_valid`, and ``ESP_ERR_OTA_ROLLBACK_FAILED`` if no other app could take over.
        """
        index, entry = self._active()
        if not (yield from self._is_rollback_possible()):
            message = "Rollback is not possible, do not have any suitable apps in slots"
            raise EspError(EspErr.ESP_ERR_OTA_ROLLBACK_FAILED, message)
        yield from self._rewrite(index, replace(entry, ota_state=ImageState.INVALID))

    @steps
    def erase_last_boot_app_partition(self) -> Work[None]:
        """Erase the slot of the entry that is not active, and that entry (``esp_ota_erase_last_boot_app_partition``).

        Raises ``ESP_FAIL`` if there is no such entry, or its app runs.
        """
        otadata = self.otadata()
        slots = self.table.ota_slots
        active = otadata.active() if otadata is not None else None
        if otadata is None or active is None or not slots:
            raise EspError(EspErr.ESP_FAIL)
        index = 1 - active
        entry = otadata.entries[index]
        if entry.ota_seq == ERASED_SEQ or not entry.is_crc_good:
            raise EspError(EspErr.ESP_FAIL)
        slot = slots[entry.slot(len(slots))]
        if slot == self.running:
            raise EspError(EspErr.ESP_FAIL)
        yield from _erase(self.view(slot), slot.size)
        self._otadata_view().erase(index * SECTOR_BYTES, SECTOR_BYTES)
        yield None

    def verify(self, partition: Partition) -> Generator[BootLine, None, AppImage]:
        """Check the image in ``partition``; raises ``ESP_ERR_OTA_VALIDATE_FAILED`` if it is not sound."""
        image = yield from self._check(silent=False)(partition)
        if image is None:
            raise EspError(EspErr.ESP_ERR_OTA_VALIDATE_FAILED)
        return image

    # --- parts

    def view(self, partition: Partition) -> PartitionView:
        """Return the part of the chip that is ``partition``, with the running app guarded."""
        return PartitionView(self.chip, partition, guard=WriteGuard(self.running))

    def _otadata_view(self) -> PartitionView:
        partition = self.table.otadata
        if partition is None:
            raise EspError(EspErr.ESP_ERR_NOT_FOUND, NOT_FOUND_OTADATA)
        return self.view(partition)

    def _existing_slots(self) -> Iterator[Partition]:
        """Yield every app slot by rising subtype; other than `PartitionTable.ota_slots` this jumps over gaps."""
        for subtype in range(SUBTYPE_OTA_0, SUBTYPE_OTA_0 + MAX_OTA_SLOTS):
            slot = self.table.first(TYPE_APP, subtype)
            if slot is not None:
                yield slot

    def _default_partition(self) -> Partition | None:
        return self.table.factory or next(self._existing_slots(), None) or self.table.first(TYPE_APP, SUBTYPE_TEST)

    def _check(self, *, silent: bool) -> ImageCheck:
        return ImageCheck(
            chip=self.chip, revision=self.revision, log=BootLog(), silent=silent, signature=self.signature
        )

    def _is_version_high_enough(self, partition: Partition) -> bool:
        return self.description(partition).secure_version >= self.efuses.secure_version(self.secure_version_bits)

    def _is_running_unconfirmed(self) -> bool:
        try:
            return self.state_of(self.running) == ImageState.PENDING_VERIFY
        except EspError:
            return False

    def _active(self) -> tuple[int, SelectEntry]:
        otadata = self.otadata()
        if otadata is None:
            raise EspError(EspErr.ESP_ERR_NOT_FOUND, NOT_FOUND_OTADATA)
        index = otadata.active()
        if index is None or not self.table.ota_slots:
            raise EspError(EspErr.ESP_FAIL, "Running firmware is factory")
        return index, otadata.entries[index]

    def _is_rollback_possible(self) -> Generator[BootLine, None, bool]:
        otadata = self.otadata()
        slots = self.table.ota_slots
        active = otadata.active() if otadata is not None else None
        if otadata is None or active is None or not slots:
            return False
        other = otadata.entries[1 - active]
        if other.is_valid:
            candidate: Partition | None = slots[other.slot(len(slots))]
        else:
            candidate = None if self.anti_rollback else self.table.factory
        if candidate is None or not (yield from self._is_sound(candidate)):
            return False
        try:
            return not self.anti_rollback or self._is_version_high_enough(candidate)
        except EspError:
            return False

    def _is_sound(self, partition: Partition) -> Generator[BootLine, None, bool]:
        return (yield from self._check(silent=True)(partition)) is not None

    def _rewrite(self, index: int, entry: SelectEntry) -> Iterator[None]:
        view = self._otadata_view()
        view.erase(index * SECTOR_BYTES, SECTOR_BYTES)
        yield None
        view.program(index * SECTOR_BYTES, entry.to_bytes())
        view.commit()
        yield None


def _erase(view: PartitionView, length: int) -> Iterator[None]:
    """Erase from the start of the partition, stopping after every command."""
    for start, size in view.erase_commands(0, length):
        view.erase(start, size)
        yield None
