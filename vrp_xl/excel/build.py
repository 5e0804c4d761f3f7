"""Builds the Excel files from their sources: the desk workbook and the add-in.

Works in a checkout, where the VBA and ribbon sources are (``workbook/``). Reads no store, no
settings and no environment; equal sources give equal files, byte for byte.
"""

from __future__ import annotations

import datetime as dt
import io
import re
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import xlsxwriter

from vrp_xl.errors import InputError
from vrp_xl.excel.desk import desk_book
from vrp_xl.excel.files import ADD_IN, BUILT, DESK, EXTENSION, LICENCE, PACKAGE
from vrp_xl.excel.layout import INTELLISENSE, SHEETS
from vrp_xl.excel.vba.project import Module, read_module, vba_project
from vrp_xl.excel.vba.wrappers import functions_text, help_text
from vrp_xl.excel.vba.xlwings_module import (
    CONF,
    CONF_SHEET,
    licences,
    pinned_version,
    xlwings_modules,
)
from vrp_xl.libreoffice.oxt import build_oxt

if TYPE_CHECKING:
    from collections.abc import Mapping

CHECKOUT = PACKAGE.parent
"""The checkout that this package is in, if it is in one."""

CREATED = dt.datetime(2026, 1, 1)  # noqa: DTZ001 (the format has no zone)
"""When the add-in was made, as the file says: a constant, so that builds stay equal."""

_DESK_ID = "{6E0B7F52-41C3-4F0B-9C58-2D1A7B34E0A1}"
_ADD_IN_ID = "{A91C2D64-7B1E-4D3C-8F25-5C0E9B7D12F3}"

_ADD_IN_TYPE = "application/vnd.ms-excel.addin.macroEnabled.main+xml"
_BOOK_TYPE = "application/vnd.ms-excel.sheet.macroEnabled.main+xml"
_RIBBON = "customUI/customUI14.xml"
_RIBBON_LINK = (
    '<Relationship Id="rIdRibbon" '
    'Type="http://schemas.microsoft.com/office/2007/relationships/ui/extensibility" '
    f'Target="{_RIBBON}"/>'
)


def build(root: Path) -> list[Path]:
    """Builds the files into ``workbook/`` of a checkout.

    Args:
        root: the checkout.

    Returns:
        The files that were written.

    Raises:
        InputError: `root` is no checkout, or another xlwings than the pinned one is installed.
    """
    return _build(root, root / "workbook")


def stale(root: Path) -> list[str]:
    """What in ``workbook/`` is not what its sources make: files, or members of files.

    Args:
        root: the checkout.

    Returns:
        Such as ``vrp_scan.xlsm: xl/vbaProject.bin``; empty where all is up to date.

    Raises:
        InputError: as `build` does.
    """
    with tempfile.TemporaryDirectory() as folder:
        made = _build(root, Path(folder))
        return [line for path in made for line in _unlike(path, root / "workbook" / path.name)]


def vba_modules(root: Path, *, sheets: int, add_in: bool) -> list[Module]:
    """The modules of a file's VBA project.

    Args:
        root: the checkout, for the hand-written ones and the version of xlwings.
        sheets: how many sheets the file has; their code names are Sheet1 and so on.
        add_in: for the add-in, which has a ribbon and acts on the active workbook.

    Raises:
        InputError: a source is missing, or another xlwings than the pinned one is installed.
    """
    sources = root / "workbook" / "vba"
    pinned = pinned_version(root / "pyproject.toml")
    names = ["VrpDispatch.bas", "VrpErrors.bas", "VrpMacros.bas"]
    if add_in:
        names.append("VrpRibbon.bas")
    return [
        read_module(_source(sources / "ThisWorkbook.cls"), "workbook"),
        *(Module(f"Sheet{n + 1}", "Option Explicit", "sheet") for n in range(sheets)),
        *(read_module(_source(sources / name)) for name in names),
        read_module(functions_text()),
        read_module(help_text()),
        *xlwings_modules(pinned, add_in=add_in),
    ]


def _check(root: Path) -> None:
    if not (root / "workbook" / "vba").is_dir() or not (root / "pyproject.toml").is_file():
        raise InputError(
            f"{root.name or root} is no checkout of vrp_xl: the VBA sources are not there.",
            "The built files are part of the installation; build them in a checkout.",
        )


def _source(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"The source {path.name} cannot be read: {error.strerror}.") from None


def _build(root: Path, target: Path) -> list[Path]:
    _check(root)
    desk, add_in = target / DESK, target / ADD_IN
    _build_desk(root, desk)
    _build_add_in(root, add_in)
    build_oxt(target / EXTENSION)
    (target / LICENCE).write_text(licences(), encoding="utf-8", newline="\n")
    return [target / name for name in BUILT]


def _build_desk(root: Path, path: Path) -> None:
    sheets = len((*SHEETS, INTELLISENSE, CONF_SHEET))
    modules = vba_modules(root, sheets=sheets, add_in=False)
    desk_book(path, vba_project=vba_project("VrpScan", _DESK_ID, modules))
    _code_names_agree(path, modules)
    _repack(path, {})


def _build_add_in(root: Path, path: Path) -> None:
    """The add-in: a workbook with one sheet of configuration, the VBA, and the ribbon."""
    modules = vba_modules(root, sheets=1, add_in=True)
    project = io.BytesIO(vba_project("VrpXl", _ADD_IN_ID, modules))
    book = xlsxwriter.Workbook(str(path), {"in_memory": True})
    book.set_properties(
        {
            "title": "vrp_xl",
            "comments": "The variance risk premium: the VRP functions and the VRP tab.",
            "created": CREATED,
        }
    )
    book.add_vba_project(project, is_stream=True)
    sheet = book.add_worksheet(CONF_SHEET)
    sheet.set_column(0, 1, 32)
    for row, (key, value) in enumerate(CONF):
        sheet.write_string(row, 0, key)
        sheet.write_string(row, 1, value)
    book.close()
    _code_names_agree(path, modules)
    with zipfile.ZipFile(path) as packed:
        types = packed.read("[Content_Types].xml").decode()
        links = packed.read("_rels/.rels").decode()
    _repack(
        path,
        {
            "[Content_Types].xml": types.replace(_BOOK_TYPE, _ADD_IN_TYPE),
            "_rels/.rels": links.replace("</Relationships>", f"{_RIBBON_LINK}</Relationships>"),
            _RIBBON: _source(root / "workbook" / "ribbon.xml"),
        },
    )


def _code_names_agree(path: Path, modules: list[Module]) -> None:
    """Excel repairs a file whose sheets have no module, or modules no sheet.

    Raises:
        InputError: the code names in the file are not those of the modules.
    """
    found = []
    with zipfile.ZipFile(path) as packed:
        for name in packed.namelist():
            if name == "xl/workbook.xml" or name.startswith("xl/worksheets/sheet"):
                found += re.findall(r'<(?:workbookPr|sheetPr)[^>]* codeName="(\w+)"',
                                    packed.read(name).decode())  # fmt: skip
    documents = [m.name for m in modules if m.kind in ("workbook", "sheet")]
    if sorted(found) != sorted(documents):
        raise InputError(
            f"{path.name} has the code names {', '.join(sorted(found)) or '(none)'}; "
            f"its VBA project has {', '.join(sorted(documents))}.",
            "Each sheet needs a module of its own.",
        )


def _repack(path: Path, changes: Mapping[str, str]) -> None:
    """Packs a file anew with changed or added members, in one order and without times."""
    with zipfile.ZipFile(path) as packed:
        members = {name: packed.read(name) for name in packed.namelist()}
    members |= {name: text.encode() for name, text in changes.items()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name, data in members.items():
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 0
            target.writestr(info, data)


def _unlike(made: Path, there: Path) -> list[str]:
    """In what two files differ: unpacked, since another zlib packs the same otherwise."""
    if not there.is_file():
        return [f"{there.name}: missing"]
    new, old = _members(made), _members(there)
    if new == old:
        return []
    return [
        f"{made.name}: {name}" if name else made.name
        for name in sorted(new.keys() | old.keys())
        if new.get(name) != old.get(name)
    ]


def _members(path: Path) -> dict[str, bytes]:
    """The members of a packed file; a plain file is one member without a name."""
    if path.suffix == ".txt":
        return {"": path.read_bytes()}
    try:
        with zipfile.ZipFile(path) as packed:
            return {name: packed.read(name) for name in packed.namelist()}
    except zipfile.BadZipFile:
        return {}


def command(*, check: bool) -> list[str]:
    """What ``vrp-xl build`` does; returns the lines that it says.

    Args:
        check: build nothing, compare what is there with what the sources make.

    Raises:
        InputError: this is no checkout, or with `check` something is not up to date.
    """
    if not check:
        return [f"built {path.relative_to(CHECKOUT)}" for path in build(CHECKOUT)]
    old = stale(CHECKOUT)
    if old:
        raise InputError(
            "Not what the sources make: " + ", ".join(old) + ".", "Run `vrp-xl build`."
        )
    return ["The files in workbook/ are what their sources make."]
