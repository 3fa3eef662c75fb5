"""What ``decompile`` prints: the listing of ``luac -l``, and of ``luac -l -l`` (``components/lua/src/luac.c``)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Final, NamedTuple

from simulator.formats.lua_bytecode import Constant, Function

_FIRST_ADDRESS: Final = 0x3FFB8E30
_ADDRESS_STEP: Final = 0x50
"""Functions are shown with addresses; these are made up, and the same in every run."""

_CONSTANT_BIT: Final = 0x100
"""An operand of nine bits with this one is the number of a constant."""
_SBX_BIAS: Final = 0x1FFFF


class _Opcode(NamedTuple):
    """``b`` and ``c`` say of what kind an operand is: N none, U a number, R a register, K a register or a constant."""

    name: str
    b: str
    c: str
    layout: str


_OPCODES: Final = tuple(
    _Opcode(*words.split())
    for words in (
        *("MOVE R N ABC", "LOADK K N ABx", "LOADKX N N ABx", "LOADBOOL U U ABC", "LOADNIL U N ABC"),
        *("GETUPVAL U N ABC", "GETTABUP U K ABC", "GETTABLE R K ABC", "SETTABUP K K ABC", "SETUPVAL U N ABC"),
        *("SETTABLE K K ABC", "NEWTABLE U U ABC", "SELF R K ABC", "ADD K K ABC", "SUB K K ABC", "MUL K K ABC"),
        *("MOD K K ABC", "POW K K ABC", "DIV K K ABC", "IDIV K K ABC", "BAND K K ABC", "BOR K K ABC", "BXOR K K ABC"),
        *("SHL K K ABC", "SHR K K ABC", "UNM R N ABC", "BNOT R N ABC", "NOT R N ABC", "LEN R N ABC", "CONCAT R R ABC"),
        *("JMP R N AsBx", "EQ K K ABC", "LT K K ABC", "LE K K ABC", "TEST N U ABC", "TESTSET R U ABC", "CALL U U ABC"),
        *("TAILCALL U U ABC", "RETURN U N ABC", "FORLOOP R N AsBx", "FORPREP R N AsBx", "TFORCALL N U ABC"),
        *("TFORLOOP R N AsBx", "SETLIST U U ABC", "CLOSURE U N ABx", "VARARG U N ABC", "EXTRAARG U U Ax"),
    )
)
_WITH_CONSTANTS: Final = frozenset(
    ("SETTABLE", "ADD", "SUB", "MUL", "POW", "DIV", "IDIV", "BAND", "BOR", "BXOR", "SHL", "SHR", "EQ", "LT", "LE")
)
_JUMPS: Final = frozenset(("JMP", "FORLOOP", "FORPREP", "TFORLOOP"))

_ESCAPES: Final = {
    **{ord(character): f"\\{character}" for character in '"\\'},
    **{code: f"\\{letter}" for code, letter in zip(range(7, 14), "abtnvfr", strict=True)},
}


def listing(main: Function, *, full: bool) -> str:
    """Return the listing of a chunk; ``full`` adds constants, locals and upvalues."""
    addresses = (f"0x{address:08x}" for address in count(_FIRST_ADDRESS, _ADDRESS_STEP))
    return "".join(_function(main, next(addresses), addresses, full=full))


def _function(function: Function, address: str, addresses: Iterator[str], *, full: bool) -> Iterator[str]:
    inner = [(inner, next(addresses)) for inner in function.functions]
    yield _header(function, address)
    yield from _code(function, [address for _, address in inner])
    if full:
        yield from _debug_information(function, address)
    for within, its_address in inner:
        yield from _function(within, its_address, addresses, full=full)


def _header(function: Function, address: str) -> str:
    name = b"=?" if function.name is None else function.name
    shown = name[1:] if name[:1] in (b"@", b"=") else b"(bstring)" if name[:1] == b"\x1b" else b"(string)"
    kind = "function" if function.first_line else "main"
    lines = f"{function.first_line},{function.last_line}"
    vararg = "+" if function.is_vararg else ""
    return (
        f"\n{kind} <{_text(shown)}:{lines}> ({_counted(len(function.code), 'instruction')} at {address})\n"
        f"{function.parameters}{vararg} param{_plural(function.parameters)}, {_counted(function.stack_slots, 'slot')}, "
        f"{_counted(len(function.upvalues), 'upvalue')}, {_counted(len(function.locals), 'local')}, "
        f"{_counted(len(function.constants), 'constant')}, {_counted(len(function.functions), 'function')}\n"
    )


def _plural(number: int) -> str:
    return "" if number == 1 else "s"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{_plural(number)}"


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")


def _code(function: Function, inner: list[str]) -> Iterator[str]:
    numbered = enumerate(function.code)
    for place, instruction in numbered:
        opcode = _OPCODES[instruction & 0x3F]
        _, a, b, c, bx, ax = _fields(instruction)
        match opcode.layout:
            case "ABC":
                operands = [a, *(_operand(value) for kind, value in ((opcode.b, b), (opcode.c, c)) if kind != "N")]
            case "ABx":
                operands = [a, *([-1 - bx] if opcode.b == "K" else [bx] if opcode.b == "U" else [])]
            case "AsBx":
                operands = [a, bx - _SBX_BIAS]
            case _:
                operands = [-1 - ax]
        comment = _comment(function, instruction, place, inner)
        if opcode.name == "SETLIST" and c == 0:
            comment = str(next(numbered)[1])
        line = function.lines[place] if place < len(function.lines) else 0
        yield f"\t{place + 1}\t[{line if line > 0 else '-'}]\t{opcode.name:<9}\t{' '.join(map(str, operands))}"
        yield f"\t; {comment}\n" if comment else "\n"


def _fields(instruction: int) -> tuple[str, int, int, int, int, int]:
    """Return the name of an instruction, and A, B, C, Bx and Ax."""
    a, b, c = instruction >> 6 & 0xFF, instruction >> 23 & 0x1FF, instruction >> 14 & 0x1FF
    return _OPCODES[instruction & 0x3F].name, a, b, c, instruction >> 14, instruction >> 6


def _operand(value: int) -> int:
    return -1 - (value & ~_CONSTANT_BIT) if value & _CONSTANT_BIT else value


def _comment(function: Function, instruction: int, place: int, inner: list[str]) -> str:
    """Return what is said about an instruction, if anything."""
    name, a, b, c, bx, ax = _fields(instruction)
    match name:
        case "LOADK":
            return _constant(function.constants[bx])
        case "EXTRAARG":
            return _constant(function.constants[ax])
        case "GETUPVAL" | "SETUPVAL":
            return _upvalue(function, b)
        case "GETTABUP":
            return " ".join((f"{instruction:x}", _upvalue(function, b), *_constants(function, c)))
        case "SETTABUP":
            return " ".join((_upvalue(function, a), *_constants(function, b, c)))
        case "GETTABLE" | "SELF":
            return " ".join(_constants(function, c))
        case "CLOSURE":
            return inner[bx]
        case "SETLIST":
            return str(c)
    if name in _JUMPS:
        return f"to {bx - _SBX_BIAS + place + 2}"
    if name in _WITH_CONSTANTS and (b | c) & _CONSTANT_BIT:
        return " ".join(next(_constants(function, value), "-") for value in (b, c))
    return ""


def _constants(function: Function, *operands: int) -> Iterator[str]:
    """Yield those of the operands that are constants."""
    for value in operands:
        if value & _CONSTANT_BIT:
            yield _constant(function.constants[value & ~_CONSTANT_BIT])


def _upvalue(function: Function, index: int) -> str:
    name = function.upvalue_names[index] if index < len(function.upvalue_names) else None
    return "-" if name is None else _text(name)


def _constant(constant: Constant) -> str:
    match constant:
        case None:
            return "nil"
        case bool():
            return str(constant).lower()
        case float():
            text = f"{constant:.7g}"
            return text if text.strip("-0123456789") else f"{text}.0"
        case int():
            return str(constant)
        case bytes():
            return f'"{"".join(_ESCAPES.get(byte) or _character(byte) for byte in constant)}"'


def _character(byte: int) -> str:
    return chr(byte) if 0x20 <= byte < 0x7F else f"\\{byte:03d}"


def _debug_information(function: Function, address: str) -> Iterator[str]:
    yield f"constants ({len(function.constants)}) for {address}:\n"
    for number, constant in enumerate(function.constants, 1):
        yield f"\t{number}\t{_constant(constant)}\n"
    yield f"locals ({len(function.locals)}) for {address}:\n"
    for number, local in enumerate(function.locals):
        yield f"\t{number}\t{_text(local.name or b'')}\t{local.begin + 1}\t{local.end + 1}\n"
    yield f"upvalues ({len(function.upvalues)}) for {address}:\n"
    for number, upvalue in enumerate(function.upvalues):
        yield f"\t{number}\t{_upvalue(function, number)}\t{int(upvalue.is_local)}\t{upvalue.index}\n"
