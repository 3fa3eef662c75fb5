"""Defects in the flash chip, its partitions and NVS."""

from __future__ import annotations

from typing import Final

from tests.mutants.mutant import Mutant

IN_FLASH: Final = (
    # -- the chip
    Mutant(
        name="program-sets-bits",
        wrong="Programming replaces what was there, as if it had been erased.",
        file="flash/chip.py",
        change="""
            -merged = int.from_bytes(old, "little") & int.from_bytes(data, "little")
            +merged = int.from_bytes(data, "little")
        """,
        test="flash/test_flash_chip.py::test_programming_only_clears_bits",
    ),
    Mutant(
        name="large-erase-where-little-is-left",
        wrong="The 64 KiB command is used wherever it is aligned, and erases what lies behind the range.",
        file="flash/chip.py",
        change="""
            -size = BLOCK_BYTES if address % BLOCK_BYTES == 0 and end - address >= BLOCK_BYTES else SECTOR_BYTES
            +size = BLOCK_BYTES if address % BLOCK_BYTES == 0 else SECTOR_BYTES
        """,
        test="flash/test_flash_chip.py::test_erase_uses_64_kib_commands_where_they_are_aligned",
    ),
    Mutant(
        name="snapshot-changes-with-the-chip",
        wrong="A snapshot shares sectors that the chip goes on programming.",
        file="flash/chip.py",
        change="""
            -self._own_sectors()[index] = bytes(self._sectors[index])
        """,
        test="flash/test_flash_chip.py::test_snapshot_keeps_contents_and_wear_and_is_not_touched_by_what_follows",
    ),
    Mutant(
        name="chips-of-a-snapshot-share-writes",
        wrong="Boards that are made from one snapshot write into each other's flash.",
        file="flash/chip.py",
        change="""
             _SECTORS_PER_BLOCK: Final = BLOCK_BYTES // SECTOR_BYTES
            +_shared: dict[bytes, bytearray] = {}
            @@
            -sector = sectors[index] = bytearray(sector)
            +sector = sectors[index] = _shared.setdefault(sector, bytearray(sector))
        """,
        test="flash/test_flash_chip.py::test_chips_of_one_snapshot_share_sectors_until_they_program_them",
    ),
    Mutant(
        name="torn-program-sets-bits",
        wrong="A program command that is cut off replaces what was there.",
        file="flash/cut.py",
        change="""
            -merged = int.from_bytes(sector[offset:end], "little") & int.from_bytes(piece, "little")
            +merged = int.from_bytes(piece, "little")
        """,
        test="flash/test_power_cuts.py::test_a_torn_program_clears_only_bits_that_it_was_to_clear",
    ),
    Mutant(
        name="written-in-the-dark",
        wrong="What the code of a board still writes when the power has gone is in flash afterwards.",
        file="flash/faulty_chip.py",
        change="""
             if left is not None:
            -    self.restore(left)
            +    pass
        """,
        test="flash/test_faulty_chip.py::test_code_that_goes_on_in_the_dark_finds_what_it_wrote_and_leaves_nothing",
    ),
    Mutant(
        name="mapped-reads-not-noted",
        wrong="The check of an image counts as no reading, so the sweep takes different states for the same.",
        file="flash/read_tracking.py",
        change="""
            -self._note(address, length)
             return super().map(address, length)
        """,
        test="flash/test_read_tracking.py::test_every_way_to_read_is_noted_by_sector",
    ),
    Mutant(
        name="guard-looks-at-the-first-byte",
        wrong="A write that begins before the running app and reaches into it is allowed.",
        file="flash/partition.py",
        change="""
            -running is not None and address < running.end and address + length > running.offset
            +running is not None and address < running.end and address >= running.offset
        """,
        test="flash/test_flash_partition.py::test_guard_protects_bootloader_table_and_running_app",
    ),
    Mutant(
        name="write-beyond-the-partition",
        wrong="A write that begins in a partition may end behind it.",
        file="flash/partition.py",
        change="""
            -if length < 0 or offset + length > self.size_bytes:
            +if length < 0:
        """,
        test="flash/test_flash_partition.py::test_read_and_write_judge_the_offset_then_the_size",
    ),
    # -- NVS
    Mutant(
        name="nvs-item-crc-ignored",
        wrong="An item whose CRC does not fit is as good as any other.",
        file="formats/nvs.py",
        change="""
            -return self.crc == rom_crc32(entry[:4] + entry[8:])
            +return len(entry) == ENTRY_BYTES
        """,
        test="nvs/test_nvs_load.py::test_item_with_a_wrong_crc_is_erased",
    ),
    Mutant(
        name="nvs-data-crc-ignored",
        wrong="A text or blob whose data is damaged is returned.",
        file="nvs/page.py",
        change="""
            -if rom_crc32(data) != item.data_crc:
            +if len(data) != item.data_size:
        """,
        test="nvs/test_nvs_load.py::test_value_whose_data_has_a_wrong_crc_is_erased_when_it_is_read",
    ),
    Mutant(
        name="nvs-header-crc-ignored",
        wrong="A page whose header is damaged is used with the sequence number that it shows.",
        file="nvs/page.py",
        change="""
            -if not header.is_crc_good:
            +if header.version > 0xFF:
        """,
        test="nvs/test_nvs_load.py::test_page_with_a_wrong_header_is_erased_only_when_it_is_needed",
    ),
    Mutant(
        name="nvs-old-value-erased-first",
        wrong="The old value is erased before the new one is written.",
        file="nvs/storage.py",
        change="""
             old = self.find(query)
             pages = self.pages
            +if old is not None:
            +    self._erase_replaced(old.page, query)
            @@
            -if old is not None:
            -    self._erase_replaced(old.page, query)
        """,
        test="nvs/test_nvs_power_cut.py::test_every_value_is_the_old_or_the_new_one",
    ),
    Mutant(
        name="nvs-old-blob-erased-first",
        wrong="The old blob is erased before the new one is written.",
        file="nvs/storage.py",
        change="""
            +if old is not None and not self._erase_blob(namespace, key, old.item.chunk_start):
            +    raise NvsError(EspErr.ESP_ERR_NVS_NOT_FOUND)
             self._write_chunks(namespace, key, data, start)
             if old is not None:
            -    with _erasing_replaced():
            -        if not self._erase_blob(namespace, key, old.item.chunk_start):
            -            raise NvsError(EspErr.ESP_ERR_NVS_NOT_FOUND)
                 return
        """,
        test="nvs/test_nvs_power_cut.py::test_every_value_is_the_old_or_the_new_one[every kind]",
    ),
    Mutant(
        name="nvs-old-value-kept",
        wrong="A value that was interrupted while it replaced another stays beside the old one.",
        file="nvs/pages.py",
        change="""
            -self._remove_older_value()
        """,
        test="nvs/test_nvs_load.py::test_last_item_of_the_newest_page_replaces_that_of_an_older_page",
    ),
    Mutant(
        name="nvs-table-before-entry",
        wrong="The table says that an entry is written before it is.",
        file="nvs/page.py",
        change="""
             index = ENTRY_COUNT if self._next_free is None else self._next_free
            +self._set_state(index, EntryState.WRITTEN)
            @@
            -self._set_state(index, EntryState.WRITTEN)
        """,
        test="nvs/test_nvs_writes.py::test_every_write_is_the_known_one_in_the_known_order",
    ),
    Mutant(
        name="nvs-states-from-the-first-word-up",
        wrong="The states of a range are written from the first word of the table to the last.",
        file="nvs/page.py",
        change="""
            -for word in range((end - 1) // _STATES_PER_WORD, begin // _STATES_PER_WORD - 1, -1):
            +for word in range(begin // _STATES_PER_WORD, (end - 1) // _STATES_PER_WORD + 1):
        """,
        test="nvs/test_nvs_writes.py::test_whole_entries_of_data_are_one_write_and_their_states_go_from_the_last_word_down",
    ),
    Mutant(
        name="nvs-page-not-marked-full",
        wrong="A page that is full stays active beside the new one.",
        file="nvs/storage.py",
        change="""
            -self.pages.current.mark_full()
            +pass
        """,
        test="nvs/test_nvs_writes.py::test_page_is_marked_full_by_what_does_not_fit_and_the_next_gets_its_header_with_it",
    ),
    Mutant(
        name="nvs-pages-in-order-of-place",
        wrong="The last page of the partition counts as the newest, whatever its sequence number is.",
        file="nvs/pages.py",
        change="""
            -position = bisect_right(self.in_use, page.sequence, key=lambda other: other.sequence)
            +position = len(self.in_use)
        """,
        test="nvs/test_nvs_load.py::test_newest_page_is_the_one_with_the_highest_sequence",
    ),
    Mutant(
        name="nvs-freed-page-lost",
        wrong="A page whose items were moved is not used again until the next start.",
        file="nvs/pages.py",
        change="""
             self.in_use.remove(page)
            -self._free.append(page)
        """,
        test="nvs/test_nvs_writes.py::test_freed_pages_are_used_again_in_the_order_in_which_they_were_freed",
    ),
    Mutant(
        name="nvs-erased-before-moved",
        wrong="A page is erased before what is still good in it was copied.",
        file="nvs/pages.py",
        change="""
            +page.erase()
             page.copy_items(self.current)
            -page.erase()
        """,
        test="nvs/test_nvs_writes.py::test_garbage_is_collected_when_one_page_is_left",
    ),
    Mutant(
        name="nvs-freeing-not-marked",
        wrong="That the items of a page are being moved is not noted, so a power cut leaves them twice.",
        file="nvs/pages.py",
        change="""
            -most_garbage.mark_freeing()
        """,
        test="nvs/test_nvs_writes.py::test_garbage_is_collected_when_one_page_is_left",
    ),
    Mutant(
        name="nvs-half-moved-page-kept",
        wrong="What was copied before a power cut stays, and all of it is copied once more.",
        file="nvs/pages.py",
        change="""
            -if self.current.state is PageState.ACTIVE:
            +if self.current.state is PageState.FREEING:
        """,
        test="nvs/test_nvs_load.py::test_unfinished_collection_starts_again",
    ),
    Mutant(
        name="nvs-orphan-chunks-kept",
        wrong="The chunks of a blob that was not finished take room for ever.",
        file="nvs/storage.py",
        change="""
            -self._erase_orphan_chunks()
        """,
        test="nvs/test_nvs_load.py::test_chunks_without_an_index_are_erased",
    ),
    Mutant(
        name="nvs-blob-in-the-numbers-of-the-old-one",
        wrong="A blob that replaces another is written under the same chunk numbers.",
        file="nvs/storage.py",
        change="""
            -start = second if old.item.chunk_start == first else first
            +start = first
        """,
        test="nvs/test_nvs_power_cut.py::test_every_value_is_the_old_or_the_new_one[blobs over pages]",
    ),
    Mutant(
        name="nvs-old-blob-index-kept",
        wrong="The old blob's index stays when its chunks are gone.",
        file="nvs/storage.py",
        change="""
            -if found is None or not found.page.erase_item(query):
            +if found is None:
        """,
        test="nvs/test_nvs_power_cut.py::test_every_value_is_the_old_or_the_new_one[every kind]",
    ),
)
