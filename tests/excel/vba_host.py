"""Readers of VBA projects, and a host in which our VBA runs without an office.

The host is the VBA interpreter of pyOpenVBA with stand-ins for Excel and for xlwings: it follows
Excel's meaning of `CVErr`, `Err` and `On Error`, so it shows what LibreOffice cannot.
"""
# VBA names are Excel's, and so is their meaning.
# ruff: noqa: D102, N802

from __future__ import annotations

import io
import warnings
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import olefile
from pyopenvba.exceptions import VBARuntimeError
from pyopenvba.interpreter import (
    EMPTY,
    MISSING,
    HostBridge,
    Interpreter,
    VBAArray,
    VBAErrorValue,
    VBAObject,
    member,
    method,
    setter,
)

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it greets a newer pyparsing with deprecations
    from oletools.olevba import VBA_Parser, decompress_stream

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vrp_xl.excel.vba.project import Module

STUB = """
Public Function XLPy()
    Set XLPy = FakeXlwings.Python()
End Function
Public Function RunPython(command)
    RunPython = FakeXlwings.RunPython(command)
End Function
Public Sub KillPy()
    FakeXlwings.KillPy
End Sub
"""


def unpacked(data: bytes) -> bytes:
    """A compressed VBA stream, read by olevba."""
    return bytes(decompress_stream(bytearray(data)))


def module_texts(project: bytes) -> dict[str, str]:
    """The modules of a project whose source starts its stream, read by olefile and olevba."""
    with olefile.OleFileIO(io.BytesIO(project), raise_defects=olefile.DEFECT_POTENTIAL) as ole:
        names = [path[1] for path in ole.listdir() if path[0] == "VBA"]
        return {
            name: unpacked(ole.openstream(f"VBA/{name}").read()).decode("cp1252")
            for name in names
            if name not in ("dir", "_VBA_PROJECT")
        }


def seen_by_olevba(path: Path) -> dict[str, str]:
    """The modules of a workbook as olevba finds and reads them by itself."""
    parser = VBA_Parser(str(path))
    try:
        return {Path(name).stem: code for _, _, name, code in parser.extract_all_macros()}
    finally:
        parser.close()


def project_of(path: Path) -> bytes:
    """The VBA project of a workbook."""
    with zipfile.ZipFile(path) as packed:
        return packed.read("xl/vbaProject.bin")


def failure(number: int, text: str) -> VBARuntimeError:
    """An error that VBA can trap."""
    return VBARuntimeError(number, text)


def table(rows: Sequence[Sequence[Any]]) -> VBAArray:
    """Two dimensions, as COM gives a tuple of tuples."""
    made = VBAArray([(0, len(rows) - 1), (0, len(rows[0]) - 1)])
    for i, row in enumerate(rows):
        for j, cell in enumerate(row):
            made.set([i, j], cell)
    return made


def cells(array: VBAArray) -> list[Any]:
    """What an array holds: a list, or a list of rows; errors as ``Error 2042``."""
    spans = [range(low, high + 1) for low, high in array.bounds]
    if len(spans) == 1:
        return [shown(array.get([i])) for i in spans[0]]
    return [[shown(array.get([i, j])) for j in spans[1]] for i in spans[0]]


def shown(value: Any) -> Any:
    """A value, an error as its words."""
    return str(value) if isinstance(value, VBAErrorValue) else value


class Python(VBAObject):
    """What XLPy() gives: answers from a list, or raises what the list holds."""

    def __init__(self, host: Host) -> None:
        self.host = host

    @method
    def CallUDF(self, script: Any, name: Any, args: Any, book: Any, caller: Any) -> Any:
        self.host.calls.append((script, name, args, book, caller))
        answer = self.host.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


class FakeXlwings(VBAObject):
    """The module of xlwings."""

    def __init__(self, host: Host) -> None:
        self.host = host

    @method(name="Python")
    def python(self) -> Python:
        self.host.asked += 1
        if self.host.unreachable is not None:
            raise self.host.unreachable
        return Python(self.host)

    @method
    def RunPython(self, command: Any) -> Any:
        self.host.ran.append(str(command))
        if self.host.unreachable is not None:
            raise self.host.unreachable
        return self.host.exit_code

    @method
    def KillPy(self) -> None:
        self.host.ran.append("KillPy")


class Application(VBAObject):
    """Excel."""

    def __init__(self, host: Host) -> None:
        self.host = host

    @member
    def Caller(self) -> str:
        return "the cell"

    @method
    def MacroOptions(
        self, Macro: Any, Description: Any, Category: Any, ArgumentDescriptions: Any = MISSING  # noqa: N803
    ) -> None:  # fmt: skip
        told = None if ArgumentDescriptions is MISSING else cells(ArgumentDescriptions)
        self.host.described[str(Macro)] = (str(Description), str(Category), told)


class ThisWorkbook(VBAObject):
    """The workbook that holds the code."""

    def __init__(self) -> None:
        self.saved: Any = True

    @member
    def Name(self) -> str:
        return "vrp_xl.xlam"

    @member
    def Saved(self) -> Any:
        return self.saved

    @setter("Saved")
    def _save(self, value: Any) -> None:
        self.saved = value


class Host(HostBridge):
    """Excel and xlwings as our modules see them; `run` runs a procedure.

    `answers` are what Python gives to formula calls, one after the other; an error number raises.
    """

    def __init__(self, modules: Sequence[Module]) -> None:
        self.answers: list[Any] = []
        self.calls: list[tuple[Any, ...]] = []
        self.asked = 0
        self.ran: list[str] = []
        self.exit_code: Any = EMPTY
        self.unreachable: VBARuntimeError | None = None
        self.described: dict[str, tuple[str, str, list[Any] | None]] = {}
        self.book = ThisWorkbook()
        self.objects = {
            "fakexlwings": FakeXlwings(self),
            "application": Application(self),
            "thisworkbook": self.book,
        }
        self.vba = Interpreter(host=self)
        self.vba.add_module(STUB, name="xlwings")
        for module in modules:
            self.vba.add_module(module.source, name=module.name)

    @property
    def messages(self) -> list[str]:
        """What message boxes said."""
        return [text for _, text, _, _ in self.vba.dialogs]

    def global_object(self, name: str) -> object:
        """An object that code names without a dot."""
        return self.objects.get(name.lower()) or super().global_object(name)

    def run(self, name: str, *args: Any) -> Any:
        """Runs a procedure; errors come back as ``Error 2042``, arrays as lists."""
        value = self.vba.run(name, list(args))
        return cells(value) if isinstance(value, VBAArray) else shown(value)
