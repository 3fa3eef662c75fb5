"""crc, md5, pack and vm as scripts see them."""

from __future__ import annotations

import hashlib
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.device.calls.checksums import rom_crc
from tests.device.stage import printed_by


@pytest.mark.parametrize(
    ("bits", "start", "value"),
    [
        (8, 0xFF, 0xDF),
        (16, 0xFFFF, 0xDE76),
        (32, 0xFFFFFFFF, 0xD202D277),
        (8, 0, 0x2F),
        (16, 0, 0x906E),
        (32, 0, 0xCBF43926),
    ],
)
def test_the_check_values_of_the_rom(bits, start, value):
    assert rom_crc(bits, b"123456789", start) == value


@given(st.binary(), st.binary(), st.sampled_from([8, 16, 32]))
def test_a_checksum_can_be_taken_in_pieces(first, second, bits):
    assert rom_crc(bits, second, rom_crc(bits, first, 0)) == rom_crc(bits, first + second, 0)


@given(st.binary())
def test_with_start_0_it_is_the_common_crc_32(data):
    assert rom_crc(32, data, 0) == zlib.crc32(data)


def test_crc_as_a_script_uses_it():
    script = "print(crc.crc8('123456789'), crc.crc16('123456789'), crc.crc32('123456789'), crc.crc32('123456789', 0))"
    assert printed_by(script) == "223\t56950\t-771566985\t-873187034\r\n"


def test_md5_of_texts_and_files():
    script = "print(md5.string('')) print(md5.file('/f')) print(md5.file('/none'))"
    content = b"abc\0def"
    assert printed_by(script, files={"/f": content}) == (
        f"{hashlib.md5(b'').hexdigest()}\r\n{hashlib.md5(content).hexdigest()}\r\n"
        "nil\t/none: No such file or directory\t2\r\n"
    )


def test_packed_values_are_a_count_their_types_and_themselves():
    number = struct.pack("<f", 1.5).hex().upper()
    printed = printed_by(r"print(pack.pack(1, -1, 1.5, nil, true, 'AB\0C')) print(pack.pack(nil))")
    assert printed == f"0611023401000000FFFFFFFF{number}01414200\r\n0120\r\n"


def test_what_was_packed_is_unpacked():
    script = """
local function same(...)
  local values, again = table.pack(...), table.pack(pack.unpack(pack.pack(...)))
  assert(values.n == again.n)
  for i = 1, values.n do assert(values[i] == again[i] and math.type(values[i]) == math.type(again[i])) end
end
same(1) same(-2147483648, 2147483647) same(0.5, -1e30) same('', 'text', 'Ärger') same(nil) same(true, false, nil, 'x')
local many = {} for i = 1, 100 do many[i] = i % 3 == 0 and 's' .. i or i end
same(table.unpack(many))
print('done')
"""
    assert printed_by(script) == "done\r\n"


def test_unpacking_only_the_first_value_packs_the_rest_again():
    script = """
local text = pack.pack('a', 2, true)
local first, rest = pack.unpack(text, true)
print(first, rest == pack.pack(2, true), select('#', pack.unpack(text, true)))
print(pack.unpack(pack.pack(7), true))
print(pack.unpack(nil))
"""
    assert printed_by(script) == "a\ttrue\t2\r\n7\tnil\r\nnil\r\n"


def test_a_packed_text_ends_at_its_first_nul():
    assert printed_by(r"print(pack.unpack(pack.pack('AB\0C')))") == "AB\r\n"


def test_small_hex_letters_are_no_digits_to_unpack():
    assert printed_by("print(pack.unpack('0110ff000000'))") == "0\r\n"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("crc.crc32()", "bad argument #1 to 'crc32' (string expected, got no value)"),
        ("crc.crc8('x', {})", "bad argument #2 to 'crc8' (number expected, got table)"),
        ("md5.string(nil)", "bad argument #1 to 'string' (string expected, got nil)"),
        ("pack.pack()", "missing arguments"),
        ("pack.pack(1, {})", "unsupported type (argument 2)"),
        ("pack.unpack()", "bad argument #1 to 'unpack' (string expected, got no value)"),
        ("vm.blocks(1)", "bad argument #1 to 'blocks' (boolean expected, got number)"),
    ],
)
def test_what_is_wrong_is_said_in_the_words_of_the_device(call, message):
    script = f"print(select(2, pcall(function() {call} end)))"
    assert printed_by(script) == f"/autorun.lua:1: {message}\r\n"
