"""os.passwd: what is asked, and what comes of the answers."""

from __future__ import annotations

import pytest

from simulator.console.history import History
from simulator.console.md5_crypt import hash_password
from simulator.console.passwd import change_password
from tests.console.programs import Typist


class NoFile:
    def read(self) -> bytes | None:
        return None

    def append(self, data: bytes) -> None:
        raise AssertionError(data)

    def clear(self) -> None:
        raise AssertionError


SECRET = hash_password(b"secret", b"saltsalt")


def dialogue(current: bytes = b"") -> Typist:
    return Typist(change_password(current, history=History(NoFile()), random_bytes=lambda count: bytes(range(count))))


def test_a_first_password_is_asked_for_twice_without_echo():
    typist = dialogue()
    assert typist.output == b"New Password: "
    assert typist.type(b"secret\r") == b"\nRetype New Password: "
    assert typist.type(b"secret\r") == b"\n"
    assert typist.result == hash_password(b"secret", b"./012345")


def test_the_old_password_comes_first():
    typist = dialogue(SECRET)
    assert typist.output == b"Old Password: "
    assert typist.type(b"secret\r") == b"\nNew Password: "


@pytest.mark.parametrize(
    ("current", "answers", "last"),
    [
        (SECRET, b"wrong\r", b"\ntry again\r\n"),
        (SECRET, b"\r", b"\n"),
        (SECRET, b"x" * 65 + b"\r", b"\ntry again, password too long\r\n"),
        (b"", b"\r", b"\n"),
        (b"", b"one\rtwo\r", b"\ntry again\r\n"),
        (b"", b"one\r\r", b"\n"),
        (b"", b"x" * 65 + b"\r", b"\ntry again, password too long\r\n"),
    ],
)
def test_what_ends_the_dialogue_without_a_new_password(current, answers, last):
    typist = dialogue(current)
    assert typist.type(answers).endswith(last)
    assert typist.is_over
    assert typist.result is None


def test_what_ctrl_c_cuts_off_counts_as_typed():
    typist = dialogue()
    typist.type(b"abc\x03ab\x7fbc\r")
    assert typist.result == hash_password(b"abc", b"./012345")
