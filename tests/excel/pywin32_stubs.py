"""Stand-ins for pywin32 and for the Excel objects that a formula meets, so that xlwings runs here.

Nothing of xlwings is replaced: its decorators, its VBA generator, its dispatcher and converters
are the shipped code (``udfs.py``, ``com_server.py``, ``_xlwindows.py``); only COM is imitated.
Importing it "as Windows" changes `sys.modules`, `ctypes` and `subprocess` for good, so do this in
a process of its own::

    import pywin32_stubs as stubs
    xlwings = stubs.import_xlwings()

The classes carry only what those modules touch, under the names that Excel gives them.
"""
# COM names are Excel's, not ours, and so is their meaning.
# ruff: noqa: D102, N802, N803

from __future__ import annotations

import ctypes
import datetime as dt
import subprocess
import sys
import types
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator

MISSING = -2147352572
"""What pywin32 hands over for an argument that the formula leaves out."""

ERROR_CODES = {
    "#NULL!": -2146826288,
    "#DIV/0!": -2146826281,
    "#VALUE!": -2146826273,
    "#REF!": -2146826265,
    "#NAME?": -2146826259,
    "#NUM!": -2146826252,
    "#N/A": -2146826246,
    "#GETTING_DATA": -2146826245,
    "#SPILL!": -2146826243,
    "#CALC!": -2146826238,
}
"""What a cell that shows an error hands over."""

RANGE_IID = "{00020846-0000-0000-C000-000000000046}"

Cells = tuple[tuple[Any, ...], ...]


class ComError(Exception):
    """pywintypes.com_error."""

    def __init__(self, hresult: int = -2147352567, text: str = "Exception occurred.") -> None:
        super().__init__(hresult, text, None, None)
        self.hresult, self.excepinfo = hresult, None


class ComTime(dt.datetime):
    """pywintypes.TimeType: a datetime that is marked as UTC, whatever the cell means by it."""


def com_time(day: dt.date) -> ComTime:
    """What a date cell hands over."""
    hour, minute, second = (
        (day.hour, day.minute, day.second) if isinstance(day, dt.datetime) else (0, 0, 0)
    )
    return ComTime(day.year, day.month, day.day, hour, minute, second, tzinfo=dt.UTC)


class _TypeInfo:
    """The chain ``_oleobj_.GetTypeInfo().GetTypeAttr().iid`` by which xlwings knows a Range."""

    iid = RANGE_IID

    def GetTypeInfo(self) -> _TypeInfo:
        return self

    def GetTypeAttr(self) -> _TypeInfo:
        return self


class _Counted:
    """Rows or Columns of a Range."""

    def __init__(self, count: int) -> None:
        self.Count = count


class Range:
    """A reference argument. `Value` is a scalar for one cell, else a tuple of tuples."""

    CLSID = RANGE_IID
    _oleobj_ = _TypeInfo()

    def __init__(self, value: Any, sheet: Sheet, row: int = 1, column: int = 1) -> None:
        rows: Cells = value if isinstance(value, tuple) else ((value,),)
        self.Value = value
        self.Worksheet, self.Row, self.Column = sheet, row, column
        self.Rows, self.Columns = _Counted(len(rows)), _Counted(len(rows[0]))

    @property
    def Count(self) -> int:
        return self.Rows.Count * self.Columns.Count


class Application:
    """Excel itself; keeps what `MacroOptions` was told."""

    Hwnd = 1
    Version = "16.0"

    def __init__(self) -> None:
        self.macro_options: dict[str, dict[str, Any]] = {}

    def MacroOptions(self, Macro: str, **options: Any) -> None:
        self.macro_options[Macro] = options


class Components:
    """The modules of a VBA project; keeps the text of those that were imported."""

    def __init__(self) -> None:
        self.imported: list[str] = []

    def __call__(self, _name: str) -> NoReturn:
        raise ComError  # a new workbook has no such module

    def Remove(self, component: Any) -> None:
        raise NotImplementedError

    def Import(self, path: str) -> None:
        self.imported.append(Path(path).read_text(encoding="utf-8"))


class Project:
    """The VBA project of a workbook."""

    def __init__(self) -> None:
        self.VBComponents = Components()


class Sheets:
    """The worksheets of a workbook."""

    def __init__(self, sheets: list[Sheet]) -> None:
        self._sheets = sheets

    def __iter__(self) -> Iterator[Sheet]:
        return iter(self._sheets)

    @property
    def Count(self) -> int:
        return len(self._sheets)


class Sheet:
    """A worksheet."""

    def __init__(self, book: Workbook, name: str) -> None:
        self.Parent, self.Application, self.Name = book, book.Application, name


class Workbook:
    """A workbook with one sheet."""

    def __init__(self, name: str = "vrp.xlsm") -> None:
        self.Name = name
        self.Application = Application()
        self.VBProject = Project()
        self.sheet = Sheet(self, "Scan")
        self.Worksheets = self.Sheets = Sheets([self.sheet])

    def range(self, value: Any) -> Range:
        """A reference to cells that hold `value`: one cell, or a tuple of rows."""
        return Range(value, self.sheet)


class _Anything:
    """A library of Windows: every name is there, every call gives another of these."""

    def __getattr__(self, name: str) -> _Anything:
        return _Anything()

    def __call__(self, *_: Any, **__: Any) -> _Anything:
        return _Anything()


class _Policy:
    """win32com.server.policy.DefaultPolicy."""


class _TimeZone:
    """win32timezone.TimeZoneInfo."""

    @staticmethod
    def utc() -> dt.timezone:
        return dt.UTC


class _CDispatch:
    """win32com.client.CDispatch and its like: no stand-in above is one, so none gets wrapped."""


def _same(value: Any, *_: Any, **__: Any) -> Any:
    return value


def _nothing(*_: Any, **__: Any) -> None:
    return None


def _window(_hwnd: int) -> tuple[int, int]:
    """The thread and the process of a window."""
    return 1, 2


def _not_ours(*_: Any) -> NoReturn:
    raise ComError


def _module(name: str, **content: Any) -> types.ModuleType:
    made = types.ModuleType(name, "A stand-in of pywin32.")
    made.__dict__.update(content, __file__=f"<{name}>", __path__=[])
    sys.modules[name] = made
    parent, _, last = name.rpartition(".")
    if parent:
        setattr(sys.modules[parent], last, made)
    return made


def install() -> None:
    """Puts the stand-ins where ``import pythoncom`` and the others find them."""
    _module("pywintypes", com_error=ComError, error=OSError, IID=str, TimeType=ComTime)
    _module(
        "pythoncom",
        IID_IDispatch="IDispatch",
        IID_IEnumVARIANT="IEnumVARIANT",
        TypeIIDs={"IDispatch": _CDispatch},
        CoInitialize=_nothing,
        com_error=ComError,
        ole_error=ComError,
    )
    for name in ("win32api", "win32con", "win32event", "win32gui"):
        _module(name)
    _module("win32process", GetWindowThreadProcessId=_window)
    _module("win32timezone", TimeZoneInfo=_TimeZone)
    _module("win32com")
    _module(
        "win32com.client",
        CDispatch=_CDispatch,
        CoClassBaseClass=_CDispatch,
        DispatchBaseClass=_CDispatch,
        Dispatch=_same,
        DispatchEx=_same,
        gencache=types.SimpleNamespace(EnsureModule=_nothing),
    )
    _module("win32com.server")
    _module("win32com.server.util", wrap=_same, unwrap=_not_ours)
    _module("win32com.server.policy", DefaultPolicy=_Policy)
    _module("win32com.server.dispatcher")
    for name in ("windll", "oledll"):
        setattr(ctypes, name, _Anything())
    subprocess.CREATE_NO_WINDOW = 0  # type: ignore[attr-defined]


def import_xlwings() -> types.ModuleType:
    """Imports xlwings by its Windows branch and returns it."""
    install()
    # What looks at sys.platform on import must be there before it is changed.
    import asyncio  # noqa: PLC0415
    import atexit  # noqa: PLC0415
    import concurrent.futures  # noqa: PLC0415
    import multiprocessing  # noqa: F401, PLC0415
    import ssl  # noqa: F401, PLC0415
    import tempfile  # noqa: F401, PLC0415

    import numpy  # noqa: F401, ICN001, PLC0415
    import pandas  # noqa: F401, ICN001, PLC0415

    del asyncio, concurrent
    platform, library, register = sys.platform, ctypes.PyDLL, atexit.register
    try:
        sys.platform = "win32"
        ctypes.PyDLL = _Anything()  # type: ignore[assignment, misc]
        # It would look for Excel's leftovers with tasklist and taskkill at exit.
        atexit.register = _same
        import xlwings  # noqa: PLC0415
    finally:
        sys.platform, ctypes.PyDLL, atexit.register = platform, library, register
    return xlwings
