"""Why this app starts and no other, in words for people: no real board says it, and every owner of one asks."""

from __future__ import annotations

from simulator.formats.otadata import ERASED_ENTRY, ImageState, OtaData, SelectEntry

_REFUSED_STATES = {
    ImageState.INVALID: "INVALID: its app declared itself bad",
    ImageState.ABORTED: "ABORTED: its app was reset before it confirmed itself",
}


def refusal(entry: SelectEntry) -> str:
    """Return why a select entry can never be selected, empty if it can."""
    if entry == ERASED_ENTRY:
        return "erased"
    if entry.is_invalid:
        return next((words for state, words in _REFUSED_STATES.items() if state == entry.ota_state), "erased")
    return "" if entry.is_crc_good else "of no effect, as its CRC is wrong"


def selection(otadata: OtaData, index: int, slot: str) -> str:
    """Return why entry ``index``, which selects the app in ``slot``, counts."""
    entry, other = otadata.entries[index], otadata.entries[1 - index]
    text = f"otadata[{index}] selects {slot} ({_in_short(entry)})"
    against_other = refusal(other)
    if against_other:
        return f"{text}, and otadata[{1 - index}] is {against_other}"
    if entry.ota_seq > other.ota_seq:
        return f"{text}, which is newer than otadata[{1 - index}] ({_in_short(other)})"
    if entry.ota_seq == other.ota_seq:
        return f"{text}, and of two entries with the same sequence the first counts"
    return f"{text}, as the app of otadata[{1 - index}] ({_in_short(other)}) has too low a secure version"


def _in_short(entry: SelectEntry) -> str:
    return f"sequence {entry.ota_seq}, {entry.state_name}"


def nothing_selected(otadata: OtaData) -> str:
    """Return why neither entry counts."""
    first, second = (refusal(entry) or "of an app with too low a secure version" for entry in otadata.entries)
    if first == second == "erased":
        return "otadata is erased and selects nothing"
    return f"otadata selects nothing: otadata[0] is {first}; otadata[1] is {second}"
