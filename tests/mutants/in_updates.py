"""Defects in ``esp_ota_*``, in ``net.ota`` of both profiles and in the update server."""

from __future__ import annotations

from typing import Final

from tests.mutants.mutant import Mutant

IN_UPDATES: Final = (
    # -- esp_ota_*
    Mutant(
        name="activated-before-verified",
        wrong="The new slot is selected first and verified then.",
        file="boot/ota.py",
        change="""
            -yield from self.verify(partition)
            @@
             yield from self._rewrite(*otadata.next_write(slot, count, rollback=self.rollback))
            +yield from self.verify(partition)
        """,
        test="boot/test_ota.py::test_selecting_checks_the_image_before_anything_else",
    ),
    Mutant(
        name="activated-unverified",
        wrong="A slot is selected whatever is in it.",
        file="boot/ota.py",
        change="""
            -yield from self.verify(partition)
        """,
        test="boot/test_ota.py::test_selecting_checks_the_image_before_anything_else",
    ),
    Mutant(
        name="both-entries-erased-first",
        wrong="All of otadata is erased before the new entry is written.",
        file="boot/ota.py",
        change="""
            -view.erase(index * SECTOR_BYTES, SECTOR_BYTES)
            +view.erase(0, 2 * SECTOR_BYTES)
        """,
        test="boot/test_ota.py::test_selecting_the_active_slot_again_makes_two_equal_entries",
    ),
    Mutant(
        name="entry-programmed-unerased",
        wrong="The new entry is programmed onto the old one, without erasing that.",
        file="boot/ota.py",
        change="""
            -view.erase(index * SECTOR_BYTES, SECTOR_BYTES)
            -yield None
        """,
        test="boot/test_ota.py::test_timeline_of_a_board_without_factory_and_rollback",
    ),
    Mutant(
        name="slot-erased-a-sector-short",
        wrong="The last sector of the slot is not erased before an update.",
        file="boot/ota.py",
        change="""
            -yield from _erase(view, partition.size if is_whole else (size_bytes // SECTOR_BYTES + 1) * SECTOR_BYTES)
            +end = partition.size - SECTOR_BYTES if is_whole else (size_bytes // SECTOR_BYTES + 1) * SECTOR_BYTES
            +yield from _erase(view, end)
        """,
        test="boot/test_ota.py::test_begin_of_unknown_size_erases_the_slot_in_27_blocks",
    ),
    Mutant(
        name="known-size-erased-a-sector-short",
        wrong="If the size of the update is known, the sector with its end is not erased.",
        file="boot/ota.py",
        change="""
            -yield from _erase(view, partition.size if is_whole else (size_bytes // SECTOR_BYTES + 1) * SECTOR_BYTES)
            +yield from _erase(view, partition.size if is_whole else size_bytes // SECTOR_BYTES * SECTOR_BYTES)
        """,
        test="boot/test_ota.py::test_begin_of_whole_sectors_erases_one_too_many",
    ),
    Mutant(
        name="handle-stays-open",
        wrong="An update that has ended can be written to and ended once more.",
        file="boot/ota.py",
        change="""
            -self._is_open = False
        """,
        test="boot/test_ota.py::test_end_frees_the_handle_even_if_it_fails",
    ),
    Mutant(
        name="update-goes-into-the-running-slot",
        wrong="The slot that runs is the next one to be written.",
        file="boot/ota.py",
        change="""
            -return slots[(slots.index(current) + 1) % len(slots)]
            +return slots[slots.index(current)]
        """,
        test="boot/test_ota.py::test_next_update_partition_is_the_slot_after_the_running_one",
    ),
    Mutant(
        name="running-slot-unguarded",
        wrong="Nothing keeps an app from overwriting what it runs from.",
        file="boot/ota.py",
        change="""
            -return PartitionView(self.chip, partition, guard=WriteGuard(self.running))
            +return PartitionView(self.chip, partition, guard=WriteGuard(None))
        """,
        test="boot/test_ota.py::test_app_cannot_destroy_what_it_runs_from",
    ),
    Mutant(
        name="update-while-on-trial",
        wrong="An app that has not confirmed itself may overwrite the slot that it would fall back to.",
        file="boot/ota.py",
        change="""
            -if self.rollback and self._is_running_unconfirmed():
            +if not self.table:
        """,
        test="boot/test_ota.py::test_unconfirmed_app_of_a_rollback_build_must_not_update",
    ),
    Mutant(
        name="confirms-the-other-entry",
        wrong="Confirming an app overwrites the entry of the previous one.",
        file="boot/ota.py",
        change="""
            -yield from self._rewrite(index, replace(entry, ota_state=ImageState.VALID))
            +yield from self._rewrite(1 - index, replace(entry, ota_state=ImageState.VALID))
        """,
        test="boot/test_ota.py::test_confirming_rewrites_the_active_entry_in_place_once",
    ),
    Mutant(
        name="rejects-without-a-way-back",
        wrong="An app can reject itself although no other one could take over.",
        file="boot/ota.py",
        change="""
            -if not (yield from self._is_rollback_possible()):
            +if not (yield from self._is_sound(self.running)):
        """,
        test="boot/test_ota.py::test_rejecting_needs_another_app_that_can_take_over",
    ),
    Mutant(
        name="older-secure-version-selected",
        wrong="An update with a lower secure version than the eFuses is selected, which then cannot boot.",
        file="boot/ota.py",
        change="""
            -return self.description(partition).secure_version >= self.efuses.secure_version(self.secure_version_bits)
            +return self.description(partition).secure_version <= self.efuses.secure_version(self.secure_version_bits)
        """,
        test="boot/test_ota.py::test_app_with_a_lower_secure_version_is_erased_instead_of_selected",
    ),
    # -- net.ota of the stock profile
    Mutant(
        name="stock-activates-a-broken-image",
        wrong="`net.ota` selects the slot although the image in it was found broken.",
        file="device/calls/ota.py",
        change=r"""
             await self.print("Failed\r\n")
            -return None
        """,
        test="device/test_net_ota.py::test_an_image_with_a_wrong_digest_is_refused",
    ),
    # -- net.ota of the hardened profile
    Mutant(
        name="downgrade-accepted",
        wrong="Firmware that is older than the installed one is wanted.",
        file="device/update/checks.py",
        change="""
            -if manifest.build_time < installed.build_time:
            +if manifest.build_time < 0:
        """,
        test="device/test_hardened_ota.py::test_what_the_board_has_or_does_not_want_is_refused",
    ),
    Mutant(
        name="firmware-of-another-board-accepted",
        wrong="Firmware for another board is wanted.",
        file="device/update/checks.py",
        change="""
            -if board.ota_firmware_id not in manifest.ids:
            +if not manifest.ids:
        """,
        test="device/test_hardened_ota.py::test_what_the_board_has_or_does_not_want_is_refused",
    ),
    Mutant(
        name="given-up-update-comes-again",
        wrong="An update that did not confirm itself is installed again, over and over.",
        file="device/calls/hardened_ota.py",
        change="""
            -if state not in {ImageState.ABORTED, ImageState.INVALID}:
            +if state != ImageState.INVALID:
        """,
        test="device/test_hardened_ota.py::test_an_update_that_does_not_confirm_itself_in_three_trials_is_not_installed_again",
    ),
    Mutant(
        name="trials-of-all-firmware-counted-together",
        wrong="The failed trials of one update count against the next, which then gets fewer.",
        file="device/update/trials.py",
        change="""
            -if noted == commit and count.isdecimal():
            +if noted and count.isdecimal():
        """,
        test="device/test_hardened_ota.py::test_another_update_has_trials_of_its_own",
    ),
    Mutant(
        name="download-digest-unchecked",
        wrong="What arrived is not held against the digest that the server names.",
        file="device/update/download.py",
        change="""
            -if answer.sha256 is not None and answer.sha256 != writer.sha256:
            +if answer.sha256 == b'':
        """,
        test="device/test_hardened_ota.py::test_what_was_changed_on_its_way_is_fetched_again",
    ),
    Mutant(
        name="asks-for-what-it-has",
        wrong="After a break the bytes that wait to be programmed are asked for a second time.",
        file="device/update/download.py",
        change="""
            -first = writer.received_bytes if writer.etag else 0
            +first = writer.programmed_bytes if writer.etag else 0
        """,
        test="device/test_hardened_ota.py::test_several_breaks_cost_several_connections_and_no_byte_twice",
    ),
    Mutant(
        name="resumed-without-hashing",
        wrong="What was in the slot before a power cut is not part of the digest.",
        file="device/update/slot_writer.py",
        change="""
            -self._hash.update(self._view.read(0, done))
        """,
        test="device/test_hardened_ota.py::test_after_a_power_cut_the_download_goes_on_from_the_last_whole_block",
    ),
    Mutant(
        name="noted-before-it-is-there",
        wrong="The note of how far the image got is a block ahead of the flash.",
        file="device/update/slot_writer.py",
        change="""
            -self._note(offset)
            +self._note(offset + BLOCK_BYTES)
        """,
        test="device/test_hardened_ota.py::test_after_a_power_cut_the_download_goes_on_from_the_last_whole_block",
    ),
    Mutant(
        name="pending-bytes-kept-over-a-restart",
        wrong="When a download begins anew, bytes of the one before are written in front of it.",
        file="device/update/slot_writer.py",
        change="""
            -self._pending.clear()
        """,
        test="device/test_hardened_ota.py::test_what_is_published_between_two_connections_is_not_mixed_with_what_was_there",
    ),
    Mutant(
        name="note-outlives-the-update",
        wrong="The note of how far an image got stays when the update is done, for the next one to find.",
        file="device/update/slot_writer.py",
        change="""
            -handle.erase_key("done")
            +handle.commit()
        """,
        test="device/test_hardened_ota.py::test_an_update_that_is_done_leaves_no_note_for_the_next",
    ),
    Mutant(
        name="part-of-another-image",
        wrong="A part of an image with another tag is added to what is there.",
        file="device/update/download.py",
        change="""
            -elif answer.first != writer.received_bytes or answer.etag != writer.etag:
            +elif answer.first != writer.received_bytes:
        """,
        test="device/test_hardened_ota.py::test_a_part_of_another_image_is_not_added_to_what_is_there",
    ),
    # -- the update server
    Mutant(
        name="range-a-byte-short",
        wrong="The server sends a part without its last byte.",
        file="ota_protocol/ranges.py",
        change="""
            -end = min(last + 1, size)
            +end = min(last, size)
        """,
        test="ota_protocol/test_ota_ranges.py::test_one_range_is_served",
    ),
    Mutant(
        name="if-range-ignored",
        wrong="The server sends a part of a firmware that the board has no beginning of.",
        file="ota_protocol/ranges.py",
        change="""
            -if match is None or (if_range is not None and if_range.strip() != etag):
            +if match is None:
        """,
        test="ota_protocol/test_ota_ranges.py::test_a_part_of_something_else_is_of_no_use",
    ),
)
