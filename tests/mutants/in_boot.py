"""Defects in otadata, the image check, the mask ROM and the bootloader: which app starts, and what is written."""

from __future__ import annotations

from typing import Final

from tests.mutants.mutant import Mutant

IN_BOOT: Final = (
    # -- otadata
    Mutant(
        name="tie-reversed",
        wrong="Of two entries with equal sequence numbers the second one counts.",
        file="formats/otadata.py",
        change="""
            -return 0 if entries[0].ota_seq >= entries[1].ota_seq else 1
            +return 0 if entries[0].ota_seq > entries[1].ota_seq else 1
        """,
        test="formats/test_otadata.py::test_active_is_the_valid_entry_with_the_larger_sequence",
    ),
    Mutant(
        name="sequence-compared-as-signed",
        wrong="A sequence number from 0x80000000 on counts as negative, so the older entry wins.",
        file="formats/otadata.py",
        change="""
            -return 0 if entries[0].ota_seq >= entries[1].ota_seq else 1
            +return 0 if entries[0].ota_seq ^ 1 << 31 >= entries[1].ota_seq ^ 1 << 31 else 1
        """,
        test="formats/test_otadata.py::test_active_is_the_valid_entry_with_the_larger_sequence",
    ),
    Mutant(
        name="otadata-crc-ignored",
        wrong="An entry with a wrong CRC, such as one that a power cut left half written, is selected.",
        file="formats/otadata.py",
        change="""
            -return not self.is_invalid and self.is_crc_good
            +return not self.is_invalid
        """,
        test="formats/test_otadata.py::test_wrong_crc_is_not_invalid_but_not_valid_either",
    ),
    Mutant(
        name="aborted-is-selected",
        wrong="An app that was reset before it confirmed itself is selected again.",
        file="formats/otadata.py",
        change="""
            -_REFUSED: Final = frozenset({ImageState.INVALID, ImageState.ABORTED})
            +_REFUSED: Final = frozenset({ImageState.INVALID})
        """,
        test="formats/test_otadata.py::test_invalid_and_aborted_are_refused_whatever_the_crc_says",
    ),
    Mutant(
        name="active-entry-overwritten",
        wrong="Selecting a slot rewrites the entry that is active, so that a power cut leaves none.",
        file="formats/otadata.py",
        change="""
            -target = 1 - active
            +target = active
        """,
        test="formats/test_otadata.py::test_selecting_a_slot_writes_what_the_reference_table_says",
    ),
    Mutant(
        name="sequence-not-raised",
        wrong="The new entry gets a sequence number below that of the old one, which stays selected.",
        file="formats/otadata.py",
        change="""
            -rounds = max(0, -((first_seq - active_seq) // slot_count))
            +rounds = max(0, (active_seq - first_seq) // slot_count)
        """,
        test="formats/test_otadata.py::test_written_sequence_is_the_smallest_of_its_slot_not_below_the_active_one",
    ),
    # -- the image check
    Mutant(
        name="digest-unchecked",
        wrong="An image whose SHA-256 does not fit passes.",
        file="boot/image_check.py",
        change="""
            -elif header.hash_appended and start != BOOTLOADER_OFFSET and hasher.digest() != digest:
            +elif header.hash_appended and start != BOOTLOADER_OFFSET and digest is None:
        """,
        test="boot/test_image_check.py::test_two_flipped_bits_are_found_by_the_digest_only",
    ),
    Mutant(
        name="checksum-unchecked",
        wrong="The checksum is not looked at if the image also has a digest.",
        file="boot/image_check.py",
        change="""
            -if computed != tail[-1]:
            +if computed != tail[-1] and not header.hash_appended:
        """,
        test="boot/test_image_check.py::test_corrupt_image_prints_its_segments_first",
    ),
    Mutant(
        name="checksum-from-zero",
        wrong="The checksum starts from 0 instead of 0xEF, in what makes images and in what checks them.",
        file="formats/image.py",
        change="""
            -CHECKSUM_SEED: Final = 0xEF
            +CHECKSUM_SEED: Final = 0x00
        """,
        test="formats/test_image.py::test_builds_the_worked_image_of_the_reference_byte_for_byte",
    ),
    Mutant(
        name="length-unchecked",
        wrong="An image that is longer than its partition passes.",
        file="boot/image_check.py",
        change="""
            -if full_length > partition.size:
            +if image_length > _LARGEST_PARTITION_BYTES:
        """,
        test="boot/test_image_check.py::test_length_is_compared_with_the_partition_after_everything_was_read",
    ),
    Mutant(
        name="checked-image-remembered-by-place",
        wrong="An image that was sound once counts as sound for good, whatever its place in flash holds later.",
        file="boot/image_check.py",
        change="""
             TAG: Final = "esp_image"
            +_seen: dict[int, _Sums] = {}
            @@
            -segments, computed, hasher = sum_up(header_bytes, tuple(parts), tail)
            +segments, computed, hasher = _seen.setdefault(start, sum_up(header_bytes, tuple(parts), tail))
            @@
            -_sum_up_once: Final = lru_cache(maxsize=8)(_sum_up)
            +_sum_up_once: Final = _sum_up
        """,
        test="boot/test_image_check.py::test_image_that_was_sound_is_checked_again_when_a_bit_has_changed",
    ),
    Mutant(
        name="signature-without-digest",
        wrong="What the signature is verified over ends before the digest of the image.",
        file="boot/image_check.py",
        change="""
            -hasher.update(digest or b"")
        """,
        test="boot/test_secure_boot.py::test_a_signed_update_is_accepted_and_boots",
    ),
    Mutant(
        name="any-key-is-trusted",
        wrong="An image that is signed with another key than the one in the eFuses passes.",
        file="boot/secure_boot.py",
        change="""
            -return None if block.key_digest == trusted and block.verifies(digest) else ""
            +return None if block.verifies(digest) else ""
        """,
        test="boot/test_secure_boot.py::test_an_app_of_another_key_is_refused",
    ),
    # -- the mask ROM and the bootloader
    Mutant(
        name="rom-checksum-unchecked",
        wrong="The ROM starts a bootloader that is damaged.",
        file="boot/rom.py",
        change="""
            -if computed != stored:
            +if computed != stored and not segments:
        """,
        test="boot/test_boot_rom.py::test_wrong_checksum_ends_in_the_interpreter_or_at_the_watchdog",
    ),
    Mutant(
        name="table-md5-unchecked",
        wrong="The bootloader believes a partition table whose MD5 does not fit.",
        file="formats/partition_table.py",
        change="""
            -if row[16:] != _md5(data[:position]):
            +if len(row[16:]) != len(_md5(data[:position])):
        """,
        test="formats/test_partition_table.py::test_bootloader_names_the_first_fault",
    ),
    Mutant(
        name="fallback-only-downwards",
        wrong="If the selected slot is damaged, the slots above it are not tried.",
        file="boot/bootloader.py",
        change="""
            -order = (*range(start, FACTORY_INDEX - 1, -1), *range(start + 1, self.roles.app_count))
            +order = (*range(start, FACTORY_INDEX - 1, -1),)
        """,
        test="boot/test_bootloader.py::test_fallback_without_factory",
    ),
    Mutant(
        name="started-before-checked",
        wrong="The bootloader starts the selected slot even if its image is not sound.",
        file="boot/bootloader.py",
        change="""
            -image = yield from self.check(partition)
            +image = (yield from self.check(partition)) or AppImage(
            +    header=self._own_header(), segments=(), padding=b'', checksum=0, digest=None
            +)
        """,
        test="boot/test_bootloader.py::test_fallback_goes_down_to_factory_and_then_up",
    ),
    Mutant(
        name="rollback-only-in-memory",
        wrong="An app on trial that was reset is passed over once, but its entry in flash is not changed.",
        file="boot/bootloader.py",
        change="""
            -yield from self._write_otadata(index, aborted)
        """,
        test="boot/test_bootloader.py::test_new_image_is_pending_before_it_is_looked_at_and_aborted_at_the_next_boot",
    ),
    Mutant(
        name="rollback-marks-the-other-entry",
        wrong="The entry of the previous app is overwritten when an app on trial is given up.",
        file="boot/bootloader.py",
        change="""
            -yield from self._write_otadata(index, aborted)
            +yield from self._write_otadata(1 - index, aborted)
        """,
        test="boot/test_bootloader.py::test_new_image_is_pending_before_it_is_looked_at_and_aborted_at_the_next_boot",
    ),
    Mutant(
        name="new-app-is-not-watched",
        wrong="The first boot of a new app leaves no trace, so that it can never be given up.",
        file="boot/bootloader.py",
        change="""
            -yield from self._write_otadata(index, replace(entry, ota_state=ImageState.PENDING_VERIFY))
            +yield from self._write_otadata(index, entry)
        """,
        test="boot/test_bootloader.py::test_new_image_is_pending_before_it_is_looked_at_and_aborted_at_the_next_boot",
    ),
    Mutant(
        name="bootloader-erases-both-entries",
        wrong="The bootloader erases all of otadata before it writes one entry.",
        file="boot/bootloader.py",
        change="""
            -self.chip.erase(address - address % SECTOR_BYTES, SECTOR_BYTES)
            +self.chip.erase(self.roles.otadata.offset, 2 * SECTOR_BYTES)
        """,
        test="boot/test_bootloader.py::test_new_image_is_pending_before_it_is_looked_at_and_aborted_at_the_next_boot",
    ),
    Mutant(
        name="initial-entry-off-by-one",
        wrong="The entry for the first boot of a board without a factory app selects the slot before.",
        file="boot/bootloader.py",
        change="""
            -entry = SelectEntry.make(index + 1, ImageState.VALID)
            +entry = SelectEntry.make(index + 2, ImageState.VALID)
        """,
        test="boot/test_bootloader.py::test_initial_otadata_gets_the_slot_that_really_loads",
    ),
    Mutant(
        name="anti-rollback-reversed",
        wrong="Apps with a *higher* secure version than the eFuses are passed over.",
        file="boot/bootloader.py",
        change="""
            -return descriptor is not None and descriptor.secure_version >= self._secure_version()
            +return descriptor is not None and descriptor.secure_version <= self._secure_version()
        """,
        test="boot/test_bootloader.py::test_slot_with_a_lower_secure_version_is_passed_over_without_a_look_at_its_image",
    ),
    Mutant(
        name="secure-version-burned-on-trial",
        wrong="The eFuse follows an app that has not confirmed itself, so that there is no way back.",
        file="boot/bootloader.py",
        change="""
            -if self.config.anti_rollback and entry.ota_state == ImageState.VALID:
            +if self.config.anti_rollback:
        """,
        test="against_reference/test_against_boot_decisions.py::test_every_pair_of_select_entries_is_decided_as_by_the_real_bootloader",
    ),
)
