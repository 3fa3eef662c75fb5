"""Defects in SPIFFS and in what carries littlefs."""

from __future__ import annotations

from typing import Final

from tests.mutants.mutant import Mutant

IN_FILES: Final = (
    # -- SPIFFS
    Mutant(
        name="spiffs-deleted-before-moved",
        wrong="A page is deleted before its new place was taken and written.",
        file="filesystem/spiffs_volume.py",
        change="""
             new_page = self._take_free_page()
            +old = self.read_page(page)
            +self.delete(page)
             if content is None:
            -    self.program(new_page, 0, self.read(page, 0, self.geometry.page_size))
            +    self.program(new_page, 0, old)
            @@
                     self.program_flags(new_page, flags)
            -self.delete(page)
        """,
        test="filesystem/test_spiffs_power_cut.py::test_a_renamed_file_has_one_of_its_names_or_both",
    ),
    Mutant(
        name="spiffs-half-erased-block-kept",
        wrong="A block whose erase was cut off is used as it is.",
        file="filesystem/spiffs_volume.py",
        change="""
            -for block in unmarked:
            -    self._erase(block)
        """,
        test="filesystem/test_spiffs.py::test_one_block_without_magic_is_erased_again_at_mount",
    ),
    Mutant(
        name="spiffs-removal-not-marked",
        wrong="A file that is being removed is not marked so, and is found again after a power cut.",
        file="filesystem/spiffs_objects.py",
        change="""
            -volume.program_flags(file.header_page, lifetime_flags(USED, INDEX, FINAL, REMOVING))
            +volume.program_flags(file.header_page, lifetime_flags(USED, INDEX, FINAL))
        """,
        test="filesystem/test_spiffs_power_cut.py::test_a_removed_file_is_whole_or_gone",
    ),
    Mutant(
        name="spiffs-held-write-lost-at-close",
        wrong="A small write that is held in RAM is not written when the file is closed.",
        file="filesystem/spiffs_files.py",
        change="""
            -self.flush(number)
             self._get(number).number = 0
        """,
        test="filesystem/test_file_system_contract.py::test_what_is_closed_is_on_flash",
    ),
    Mutant(
        name="spiffs-collects-without-moving",
        wrong="A block with garbage is erased although index pages still live in it.",
        file="filesystem/spiffs_volume.py",
        change="""
            -self._move_indexes_out(block)
        """,
        test="filesystem/test_spiffs_golden.py::test_the_same_history_has_the_same_results_and_leaves_the_same_bytes_as_spiffs_itself",
    ),
    # -- littlefs
    Mutant(
        name="littlefs-erases-nothing",
        wrong="Blocks that littlefs wants erased are not.",
        file="filesystem/littlefs.py",
        change="""
            -self._view.erase(block * config.block_size, config.block_size)
        """,
        test="filesystem/test_file_system_contract.py::test_flash_can_be_rewritten_many_times_over[lfs]",
    ),
    Mutant(
        name="littlefs-flush-does-nothing",
        wrong="Flushing a file leaves what was written in RAM.",
        file="filesystem/littlefs.py",
        change="""
            -lfs.file_sync(self._lfs, self._handle)
            +pass
        """,
        test="filesystem/test_file_system_contract.py::test_file_can_be_read_while_it_is_written",
    ),
    Mutant(
        name="littlefs-removed-before-renamed",
        wrong="Renaming onto a file removes that one first, so that a power cut leaves neither.",
        file="filesystem/littlefs.py",
        change='''
             """Rename; an existing file or empty directory of the new name is replaced, at once."""
             with _device_errors():
            +    if self.exists(new):
            +        lfs.remove(self._lfs, _bytes(new), _BYTES)
        ''',
        test="filesystem/test_littlefs.py::test_every_cut_of_a_rename_leaves_the_name_with_one_of_the_files",
    ),
    Mutant(
        name="littlefs-formatted-on-any-error",
        wrong="A partition that is no littlefs for any reason at all is erased, also if only its size is another.",
        file="filesystem/littlefs.py",
        change="""
            +except LittleFSError:
            +    _format(view, self._config)
            +    self._mount()
            -except LittleFSError as error:
            +except OverflowError as error:
                 message = f"no littlefs of {self._config.block_count} blocks of {block_size} bytes"
        """,
        test="filesystem/test_littlefs.py::test_another_number_of_blocks_is_not_formatted",
    ),
)
