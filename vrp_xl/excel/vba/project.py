"""Writes ``vbaProject.bin`` from VBA texts, as [MS-OVBA] describes it.

The project holds source alone and no compiled code, so Excel compiles it when it opens the book.
It refers to no library by path: what every project of Excel knows is all that it needs. Equal
texts give equal bytes.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from vrp_xl.errors import InputError
from vrp_xl.excel.vba.compression import compress
from vrp_xl.excel.vba.container import compound_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Kind = Literal["standard", "class", "workbook", "sheet"]

_CODE_PAGE = "cp1252"
_SEED = 0x8D
"""Start of the obfuscated strings in the PROJECT stream; any even byte will do."""

_BASE: dict[Kind, str] = {
    "class": "0{FCFB3D2A-A0FA-1068-A738-08002B3371B5}",
    "workbook": "0{00020819-0000-0000-C000-000000000046}",
    "sheet": "0{00020820-0000-0000-C000-000000000046}",
}
"""What a module that is an object is an instance of."""


@dataclass(frozen=True, slots=True)
class Module:
    """A module: its name, its code without ``Attribute`` lines of its head, and what it is.

    `workbook` and `sheet` are the modules behind the workbook and its sheets; their names are
    the code names in the file.
    """

    name: str
    code: str
    kind: Kind = "standard"

    @property
    def source(self) -> str:
        """The text of its stream: attributes, then code, with the line ends of Windows."""
        head = [f'Attribute VB_Name = "{self.name}"']
        if self.kind != "standard":
            document = self.kind != "class"
            head += [
                f'Attribute VB_Base = "{_BASE[self.kind]}"',
                "Attribute VB_GlobalNameSpace = False",
                "Attribute VB_Creatable = False",
                f"Attribute VB_PredeclaredId = {document}",
                "Attribute VB_Exposed = True",
                "Attribute VB_TemplateDerived = False",
                f"Attribute VB_Customizable = {document}",
            ]
        lines = [*head, *self.code.strip("\r\n").splitlines()]
        return "\r\n".join(lines) + "\r\n"


def read_module(text: str, kind: Kind = "standard") -> Module:
    """A module from the text of an exported ``.bas`` or ``.cls`` file.

    Raises:
        InputError: the text has no ``Attribute VB_Name`` line.
    """
    lines = text.splitlines()
    head = next((i for i, s in enumerate(lines) if s.startswith("Attribute VB_Name")), None)
    if head is None:
        raise InputError("A VBA text has no Attribute VB_Name line.", "Export it from the editor.")
    name = lines[head].split('"')[1]
    rest = lines[head + 1 :]
    while rest and rest[0].startswith("Attribute VB_"):
        rest.pop(0)
    return Module(name, "\n".join(rest), kind)


def vba_project(name: str, project_id: str, modules: Sequence[Module]) -> bytes:
    """``vbaProject.bin`` with these modules.

    Args:
        name: of the project, as the editor shows it.
        project_id: a GUID in braces and capitals; the same one every time.
        modules: all of them, one of kind workbook and one of kind sheet for each sheet included.

    Raises:
        InputError: two modules of one name, or a text that code page 1252 does not have.
    """
    names = [module.name.lower() for module in modules]
    double = next((n for n in names if names.count(n) > 1), None)
    if double is not None:
        raise InputError(f"Two VBA modules have the name {double}.", "Rename one of them.")
    streams = {m.name: compress(_encoded(m.source, m.name)) for m in modules}
    return compound_file(
        {
            "VBA": {
                **streams,
                "_VBA_PROJECT": bytes.fromhex("CC61FFFF000000"),  # no compiled code
                "dir": compress(_directory(name, modules)),
            },
            "PROJECT": _encoded(_project(name, project_id, modules), "PROJECT"),
            "PROJECTwm": b"".join(_both_names(m.name) for m in modules) + b"\0\0",
        }
    )


def _encoded(text: str, where: str) -> bytes:
    try:
        return text.encode(_CODE_PAGE)
    except UnicodeEncodeError as error:
        raise InputError(
            f"VBA module {where} holds {text[error.start]!r}, which VBA cannot store.",
            "Use plain letters.",
        ) from None


def _both_names(name: str) -> bytes:
    return name.encode(_CODE_PAGE) + b"\0" + name.encode("utf-16-le") + b"\0\0"


def _record(number: int, data: bytes = b"") -> bytes:
    return struct.pack("<HI", number, len(data)) + data


def _directory(name: str, modules: Iterable[Module]) -> bytes:
    """The dir stream before compression: what the project is, and its modules."""
    long, short = struct.Struct("<I").pack, struct.Struct("<H").pack
    listed = list(modules)
    out = [
        _record(0x01, long(3)),  # for 64-bit Windows; the others open it too
        _record(0x02, long(0x409)),
        _record(0x14, long(0x409)),
        _record(0x03, short(int(_CODE_PAGE[2:]))),
        _record(0x04, name.encode(_CODE_PAGE)),
        _record(0x05) + _record(0x40),  # description
        _record(0x06) + _record(0x3D),  # help file
        _record(0x07, long(0)),
        _record(0x08, long(0)),
        short(0x09) + long(4) + long(1) + short(0),  # version
        _record(0x0C) + _record(0x3C),  # constants
        _record(0x0F, short(len(listed))),
        _record(0x13, short(0xFFFF)),
    ]
    for module in listed:
        narrow, wide = module.name.encode(_CODE_PAGE), module.name.encode("utf-16-le")
        out += [
            _record(0x19, narrow) + _record(0x47, wide),
            _record(0x1A, narrow) + _record(0x32, wide),  # its stream
            _record(0x1C) + _record(0x48),  # description
            _record(0x31, long(0)),  # the source is at the start of the stream
            _record(0x1E, long(0)),
            _record(0x2C, short(0xFFFF)),
            _record(0x21 if module.kind == "standard" else 0x22),
            _record(0x2B),
        ]
    return b"".join([*out, _record(0x10)])


def _project(name: str, project_id: str, modules: Iterable[Module]) -> str:
    """The PROJECT stream: the modules again, and that nothing is locked."""
    words = {
        "standard": "Module={}",
        "class": "Class={}",
        "workbook": "Document={}/&H00000000",
        "sheet": "Document={}/&H00000000",
    }
    listed = list(modules)
    lines = [
        f'ID="{project_id}"',
        *(words[m.kind].format(m.name) for m in listed),
        f'Name="{name}"',
        'HelpContextID="0"',
        'VersionCompatible32="393222000"',
        f'CMG="{_obfuscated(project_id, bytes(4))}"',
        f'DPB="{_obfuscated(project_id, bytes(1))}"',
        f'GC="{_obfuscated(project_id, bytes([0xFF]))}"',
        "",
        "[Host Extender Info]",
        "&H00000001={3832D640-CF90-11CF-8E43-00A0C911005A};VBE;&H00000000",
        "",
        "[Workspace]",
        *(f"{m.name}=0, 0, 0, 0, C" for m in listed),
    ]
    return "\r\n".join(lines) + "\r\n"


def _obfuscated(project_id: str, data: bytes) -> str:
    """`data` in the form that the PROJECT stream wants ([MS-OVBA] 2.4.3.2): no secret."""
    key = sum(project_id.encode()) & 0xFF
    out = bytearray([_SEED, _SEED ^ 2, _SEED ^ key])
    plain, last, before = key, out[2], out[1]
    for byte in bytes([7] * ((_SEED & 6) // 2)) + struct.pack("<I", len(data)) + data:
        out.append(byte ^ ((before + plain) & 0xFF))
        before, last, plain = last, out[-1], byte
    return out.hex().upper()
