"""Defects in what a reset or a power cut leaves: state that is kept in an object of ours instead of in the chip."""

from __future__ import annotations

from typing import Final

from tests.mutants.mutant import Mutant

IN_DEVICE: Final = (
    Mutant(
        name="rtc-memory-kept-over-power-on",
        wrong="What is in RTC memory survives a time without power.",
        file="device/device.py",
        change="""
            -self._rtc = RtcMemory()
             self._rtc.clock.set(0, self._now_ns())
        """,
        test="device/test_ulp.py::test_memory_outlives_every_reset_but_that_of_power",
    ),
    Mutant(
        name="rtc-stack-kept-over-a-restart",
        wrong="Values on the stack in RTC memory survive a restart, not only deep sleep.",
        file="device/rtc_memory.py",
        change="""
            -self.stack.clear()
        """,
        test="device/test_deep_sleep.py::test_a_restart_empties_the_stack",
    ),
    Mutant(
        name="boot-counter-kept-over-a-restart",
        wrong="The counter of boots goes on over restarts.",
        file="device/rtc_memory.py",
        change="""
            -self.boot_count = 0
        """,
        test="device/test_device_power.py::test_a_restart_prints_nothing_and_keeps_the_clock",
    ),
    Mutant(
        name="clock-lost-at-a-restart",
        wrong="The clock starts anew at every reset, not only when power comes on.",
        file="device/rtc_memory.py",
        change="""
             self.boot_count = 0
            +self.clock = DeviceClock()
        """,
        test="device/test_device_power.py::test_a_restart_prints_nothing_and_keeps_the_clock",
    ),
    Mutant(
        name="running-firmware-remembered",
        wrong="What runs is remembered from the first boot instead of read from flash at each.",
        file="device/device.py",
        change="""
            -manifest = read_manifest(boot.image, board=self.board)
            +manifest = vars(self).setdefault('_manifest', read_manifest(boot.image, board=self.board))
        """,
        test="device/test_net_ota.py::test_a_valid_image_is_written_selected_and_started",
    ),
    Mutant(
        name="running-slot-remembered",
        wrong="After an update the app believes that it runs from the slot of the first boot.",
        file="device/device.py",
        change="""
            -running=boot.partition,
            +running=vars(self).setdefault('_running', boot.partition),
        """,
        test="device/test_running_app.py::test_an_update_that_confirms_itself_stays",
    ),
    Mutant(
        name="bootloader-options-remembered",
        wrong="How the bootloader was built is remembered, whatever is flashed later.",
        file="device/device.py",
        change="""
            -return boot_config_of(area) or BootConfig.for_board(self.board)
            +return vars(self).setdefault('_config', boot_config_of(area) or BootConfig.for_board(self.board))
        """,
        test="device/test_boot_options.py::test_the_bootloader_that_starts_is_the_one_in_flash",
    ),
    Mutant(
        name="nvs-remembered-over-a-reset",
        wrong="NVS is loaded once for a chip; what was changed in flash since is not seen.",
        file="device/calls/nvs.py",
        change="""
             _INTEGER, _FLOAT, _BOOLEAN, _NIL, _STRING = (bytes((tag,)) for tag in range(1, 6))
            +_stores: dict[int, Nvs | None] = {}
            @@
            -self.nvs = Nvs(PartitionView(chip, partition)) if partition is not None else None
            +fresh = Nvs(PartitionView(chip, partition)) if partition is not None else None
            +self.nvs = _stores.setdefault(id(chip), fresh)
        """,
        test="device/test_nvs_calls.py::test_values_are_those_in_flash_whoever_put_them_there",
    ),
    Mutant(
        name="console-heard-without-power",
        wrong="What the code of a board prints after the power went, while it comes to rest, is on its console.",
        file="device/device.py",
        change="""
             def _heard(self, wire: bytes) -> None:
            -    if self._blackout is not None:
            -        return
        """,
        test="device/test_live_power_cuts.py::test_what_code_still_says_and_burns_after_the_power_has_gone_is_neither_said_nor_burned",
    ),
    Mutant(
        name="dead-board-says-goodbye",
        wrong="A board that loses its power or is reset closes its connections first.",
        file="device/device.py",
        change="""
            -vanish(self._surroundings.interface)
        """,
        test="device/test_sockets.py::test_a_board_that_dies_says_no_goodbye",
    ),
    Mutant(
        name="strapping-pins-not-read-again",
        wrong="A chip that gets its power again starts as its pins said the last time.",
        file="device/device.py",
        change="""
             def _latch_strapping_pins(self) -> None:
            -    self._boot_mode = NORMAL_BOOT_MODE
        """,
        test="device/test_reset_pins.py::test_with_gpio0_low_at_a_reset_the_rom_waits_for_esptool_until_the_next_one",
    ),
    Mutant(
        name="failed-boots-counted-for-ever",
        wrong="Boots that failed before one that succeeded count towards a brick.",
        file="device/device.py",
        change="""
            -attempts = 0
             outcome = await self._run_app(reason, boot)
        """,
        test="device/test_device_power.py::test_boots_that_fail_are_counted_anew_after_one_that_succeeds",
    ),
    Mutant(
        name="power-on-taken-for-a-restart",
        wrong="A board that got power again says that it was restarted by software.",
        file="device/device.py",
        change="""
            -reason = ResetReason.POWERON_RESET
            +reason = ResetReason.POWERON_RESET if not self.boots else ResetReason.SW_CPU_RESET
        """,
        test="device/test_device_power.py::test_power_that_comes_again_keeps_flash_and_loses_the_rest",
    ),
)
