"""The VBA of xlwings, taken from the installed and pinned package when the files are built.

Its licence stays at its head, and goes along as a file. Two things are changed: the project's
name, so that vrp_xl has a configuration of its own; and the workbook whose configuration counts,
which is always the one that holds the code and never another open one: a workbook that somebody
sent may not say which Python runs.
"""

from __future__ import annotations

import re
import tomllib
from importlib import metadata
from pathlib import Path

import xlwings

from vrp_xl.errors import InputError
from vrp_xl.excel.vba.project import Module, read_module

PROJECT_NAME = "vrp_xl"
"""xlwings reads ``<name>.conf``: a sheet of the workbook, then a file in the user's home."""

CONF_SHEET = f"{PROJECT_NAME}.conf"
CONF = (("UDF Modules", "vrp_xl.excel.udfs"), ("ADD_WORKBOOK_TO_PYTHONPATH", "False"))
"""The rows of that sheet. False is a text: as a logical value it would be read in the language
of the office."""

_ACTS_ON = ('"BOOK_CALLER"', 'ParameterString + "|" + ActiveWorkbook.Name', '" --wb="')
"""Where a macro is told which workbook it acts on; in an add-in this is the active one."""

_DICTIONARY_LICENCE = """
------------------------------------------------------------------------
The VBA class Dictionary (VBA-Dictionary), which xlwings brings along:

Copyright (c) Tim Hall

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.
"""


def pinned_version(pyproject: Path) -> str:
    """The version of xlwings that a ``pyproject.toml`` asks for.

    Raises:
        InputError: it does not ask for one version.
    """
    wanted = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]["dependencies"]
    for requirement in wanted:
        found = re.match(r"xlwings==([0-9.]+)$", requirement)
        if found:
            return found[1]
    raise InputError("pyproject.toml does not name one version of xlwings.", "Pin it with ==.")


def xlwings_modules(pinned: str, *, add_in: bool) -> list[Module]:
    """The modules ``xlwings`` and ``Dictionary`` (which it needs on a Mac).

    Args:
        pinned: the version that the files carry.
        add_in: macros act on the active workbook instead of the one that holds them.

    Raises:
        InputError: another version than the pinned one is installed, or its text is not as known.
    """
    folder = Path(xlwings.__file__).parent
    text = (folder / "xlwings_custom_addin.bas").read_text(encoding="ascii")
    if f'XLWINGS_VERSION As String = "{pinned}"' not in text:
        raise InputError(
            f"xlwings {xlwings.__version__} is installed; the files carry {pinned}.",
            f"Install xlwings=={pinned}.",
        )
    dictionary = (folder / "addin" / "Dictionary.cls").read_text(encoding="ascii")
    return [
        read_module(adapted(text, add_in=add_in)),
        read_module(dictionary, "class"),
    ]


def adapted(text: str, *, add_in: bool) -> str:
    """The text of xlwings for own add-ins with our project's name and the workbook that counts.

    Raises:
        InputError: the places that are changed are not where they are known to be.
    """
    lines, kept = [], 0
    for line in text.splitlines():
        if any(mark in line for mark in _ACTS_ON):
            kept += 1
            lines.append(line if add_in else line.replace("ActiveWorkbook", "ThisWorkbook"))
        else:
            lines.append(line.replace("ActiveWorkbook", "ThisWorkbook"))
    renamed, names = re.subn(
        r'(Public Const PROJECT_NAME As String = )"\w+"', rf'\1"{PROJECT_NAME}"', "\n".join(lines)
    )
    if (kept, names) != (len(_ACTS_ON), 1):
        raise InputError(
            "The VBA of xlwings is not as it is known to be.",
            "Compare xlwings_custom_addin.bas with the version before.",
        )
    return renamed


def licences() -> str:
    """The licences of what the files carry of xlwings.

    Raises:
        InputError: the installed package has none.
    """
    for file in metadata.files("xlwings") or ():
        if file.name == "LICENSE.txt":
            return file.read_text(encoding="utf-8").replace("\r\n", "\n") + _DICTIONARY_LICENCE
    raise InputError("The installed xlwings has no LICENSE.txt.", "Install it from its wheel.")
