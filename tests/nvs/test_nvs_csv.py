from __future__ import annotations

import pytest

from simulator.errors import DescriptionError
from simulator.nvs import NvsEntry, from_csv, to_csv

TEXT = """key,type,encoding,value
storage,namespace,,
u8k,data,u8,127
i32k,data,i32,-2147483648
hexadecimal,data,u16,0x10
str,data,string,0A:0B:0C
quoted,data,string,"one, two
three"
hex,data,hex2bin,010203abcdef
b64,data,base64,MTIzYWJj
bin,data,binary,text

other,namespace,,
"""
ENTRIES = [
    NvsEntry("storage", "u8k", "u8", 127),
    NvsEntry("storage", "i32k", "i32", -(2**31)),
    NvsEntry("storage", "hexadecimal", "u16", 16),
    NvsEntry("storage", "str", "string", "0A:0B:0C"),
    NvsEntry("storage", "quoted", "string", "one, two\nthree"),
    NvsEntry("storage", "hex", "blob", bytes.fromhex("010203abcdef")),
    NvsEntry("storage", "b64", "blob", b"123abc"),
    NvsEntry("storage", "bin", "blob", b"text"),
]


def test_reads_every_encoding():
    assert from_csv(TEXT) == ENTRIES


def test_files_are_read_by_the_caller():
    text = "key,type,encoding,value\nns,namespace,,\na,file,binary,a.bin\nb,file,hex2bin,b.hex\nc,file,string,c.txt\n"
    files = {"a.bin": b"\0\xff", "b.hex": b"00ff\n", "c.txt": "größe".encode()}
    assert [entry.value for entry in from_csv(text, read_file=files.__getitem__)] == [b"\0\xff", b"\0\xff", "größe"]


def test_what_was_written_reads_back_and_damaged_values_are_left_out():
    entries = [*ENTRIES, NvsEntry("other", "k", "u64", 2**64 - 1), NvsEntry("other", "damaged", "blob", None)]
    text = to_csv(entries)
    assert text.startswith("key,type,encoding,value\nstorage,namespace,,\nu8k,data,u8,127\n")
    assert "\nother,namespace,,\nk,data,u64,18446744073709551615\n" in text
    assert from_csv(text) == entries[:-1]


def test_every_mistake_is_told_with_its_line():
    text = """key,type,encoding,value
a,data,u8,1
storage,namespace,,
b,data,u8,256
c,data,u8,one
d,data,u7,1
e,datum,u8,1
f,data,hex2bin,123
sixteen_letters_,data,u8,1
,data,u8,1
g,file,binary,g.bin
"""
    with pytest.raises(DescriptionError) as error:
        from_csv(text, "values.csv")
    assert str(error.value).splitlines() == [
        "values.csv:2: a stands before the first namespace",
        "values.csv:4: 256 is no u8",
        "values.csv:5: invalid literal for int() with base 0: 'one'",
        "values.csv:6: 'u7' is none of u8, i8, u16, i16, u32, i32, u64, i64, string, binary, hex2bin, base64",
        "values.csv:7: 'datum' is none of namespace, data",
        "values.csv:8: no hex2bin: Odd-length string",
        "values.csv:9: 'sixteen_letters_' has no length of 1 to 15 bytes",
        "values.csv:10: '' has no length of 1 to 15 bytes",
        "values.csv:11: 'file' is none of namespace, data",
    ]


def test_text_that_is_no_such_csv_is_told():
    with pytest.raises(DescriptionError, match="the first line is not key,type,encoding,value"):
        from_csv("")
