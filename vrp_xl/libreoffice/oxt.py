"""Writes the LibreOffice extension, all of it generated from the functions' definitions.

The same definitions give the same bytes: constant times, no compression, no path of any machine.
May not import a host or start one.
"""

from __future__ import annotations

import json
import zipfile
from importlib import metadata, resources
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from vrp_xl import __version__
from vrp_xl.definition import help_of, help_of_argument
from vrp_xl.functions import FUNCTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from vrp_xl.definition import Function

IDENTIFIER = "org.vrpxl"
"""The extension's name in LibreOffice."""

SERVICE = "org.vrpxl.Functions"
"""Stands before every function's name in saved .ods files, so it never changes."""

DESK_SERVICE = "org.vrpxl.Desk"
"""The component behind the menu and the buttons."""

MENU = {
    "RefreshScan": "Refresh scan",
    "RefreshSymbol": "Refresh symbol",
    "AddToWatchlist": "Add to watchlist",
    "FreezeCopy": "Freeze copy",
    "ShowLastError": "Last error",
    "OpenSettings": "Settings",
    "OpenHelp": "Help",
}
"""The VRP menu of Calc: macros and what the menu calls them. Formats are put back in Excel only."""

MINIMUM = "25.2"
"""The first LibreOffice that is known to find the functions' names in Excel's files."""

_EPOCH = (1980, 1, 1, 0, 0, 0)
_XML = '<?xml version="1.0" encoding="UTF-8"?>\n'


def build_oxt(path: Path) -> Path:
    """Writes the extension to `path` and returns it.

    Raises:
        OSError: it cannot be written.
    """
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, text in parts().items():
            info = zipfile.ZipInfo(name, _EPOCH)
            info.create_system = 3
            info.external_attr = 0o100644 << 16
            archive.writestr(info, text.encode())
    return path


def parts() -> Mapping[str, str]:
    """Every file of the extension by name, in order."""
    component = resources.files("vrp_xl.libreoffice").joinpath("component")
    return {
        "META-INF/manifest.xml": _manifest(),
        "description.xml": _description(),
        "CalcAddIns.xcu": _add_ins(),
        "Addons.xcu": _menu(),
        "Jobs.xcu": _jobs(),
        "functions.idl": _types(),
        "registry.json": _registry(),
        "vrp_addin.py": component.joinpath("vrp_addin.py").read_text("utf-8"),
        "vrp_desk.py": component.joinpath("vrp_desk.py").read_text("utf-8"),
        "pythonpath/vrp_xl_document.py": component.joinpath("document.py").read_text("utf-8"),
        "pythonpath/vrp_xl_link.py": component.joinpath("link.py").read_text("utf-8"),
        "LICENSE": _license(),
    }


def _license() -> str:
    text = metadata.distribution("vrp-xl").read_text("licenses/LICENSE")
    if text is None:
        raise FileNotFoundError("The installed vrp-xl has lost its licence; install it again.")
    return text


def method_of(name: str) -> str:
    """A function's name in the interface, which allows no underscore.

    >>> method_of("VRP_WHATIFRATIO")
    'vrpWhatifratio'
    """
    first, *rest = name.lower().split("_")
    return first + "".join(word.capitalize() for word in rest)


def _registry() -> str:
    found = {method_of(f.name): {"name": f.name, "table": f.spills} for f in FUNCTIONS.values()}
    return json.dumps(found, indent=1) + "\n"


def _types() -> str:
    """The interface in UNO's own language; LibreOffice reads it as a type library.

    Only functions that give a table by themselves are declared to give one: in LibreOffice 25.2
    text out of a declared table is unequal to the same text elsewhere (``=A1="A"`` is FALSE).
    """
    lines = []
    for function in FUNCTIONS.values():
        given = ", ".join(f"[in] any {a.name.replace('_', '')}" for a in function.args)
        result = "sequence< sequence<any> >" if function.spills else "any"
        lines.append(f"    {result} {method_of(function.name)}({given});\n")
    body = "".join(lines)
    return f"module org {{ module vrpxl {{\ninterface XFunctions {{\n{body}}};\n}}; }};\n"


def _add_ins() -> str:
    """What the function wizard and the file filters know of each function."""
    body = "".join(_function(function) for function in FUNCTIONS.values())
    return _configuration(
        "CalcAddIns",
        "org.openoffice.Office",
        f'<node oor:name="AddInInfo">\n<node oor:name="{SERVICE}" oor:op="replace">\n'
        f'<node oor:name="AddInFunctions">\n{body}</node>\n</node>\n</node>\n',
    )


def _configuration(name: str, package: str, body: str) -> str:
    return (
        _XML + '<oor:component-data xmlns:oor="http://openoffice.org/2001/registry" '
        f'xmlns:xs="http://www.w3.org/2001/XMLSchema" oor:name="{name}" '
        f'oor:package="{package}">\n{body}</oor:component-data>\n'
    )


def _menu() -> str:
    """The VRP menu, in Calc alone."""
    entries = "".join(
        _open(f"m{number}")
        + f'<prop oor:name="URL"><value>service:{DESK_SERVICE}?{macro}</value></prop>\n'
        + _text("Title", title)
        + '<prop oor:name="Target"><value>_self</value></prop>\n</node>\n'
        for number, (macro, title) in enumerate(MENU.items(), start=1)
    )
    body = (
        '<node oor:name="AddonUI">\n<node oor:name="OfficeMenuBar">\n'
        + _open(f"{IDENTIFIER}.menu")
        + _text("Title", "VRP")
        + '<prop oor:name="Context"><value>com.sun.star.sheet.SpreadsheetDocument</value></prop>\n'
        + f'<node oor:name="Submenu">\n{entries}</node>\n</node>\n</node>\n</node>\n'
    )
    return _configuration("Addons", "org.openoffice.Office", body)


def _jobs() -> str:
    """What runs when a document is shown for the first time."""
    job = f"{IDENTIFIER}.Shown"
    body = (
        '<node oor:name="Jobs">\n'
        + _open(job)
        + f'<prop oor:name="Service"><value>{DESK_SERVICE}</value></prop>\n</node>\n</node>\n'
        + '<node oor:name="Events">\n<node oor:name="OnViewCreated" oor:op="fuse">\n'
        + '<node oor:name="JobList">\n'
        + _open(job)
        + "</node>\n</node>\n</node>\n</node>\n"
    )
    return _configuration("Jobs", "org.openoffice.Office", body)


def _function(function: Function) -> str:
    return "".join([
        _open(method_of(function.name)),
        _text("DisplayName", function.name),
        _text("Description", help_of(function)),
        '<prop oor:name="Category"><value>Add-In</value></prop>\n',
        _text("CompatibilityName", function.name),
        '<node oor:name="Parameters">\n',
        *(part for i in range(len(function.args)) for part in _argument(function, i)),
        "</node>\n</node>\n",
    ])  # fmt: skip


def _argument(function: Function, index: int) -> Iterator[str]:
    name = function.args[index].name
    yield _open(name.replace("_", ""))
    yield _text("DisplayName", name)
    yield _text("Description", help_of_argument(function, index))
    yield "</node>\n"


def _open(name: str) -> str:
    return f'<node oor:name={quoteattr(name)} oor:op="replace">\n'


def _text(name: str, value: str) -> str:
    return f'<prop oor:name="{name}"><value xml:lang="en">{escape(value)}</value></prop>\n'


_MEDIA = {
    "functions.idl": "application/vnd.sun.star.uno-typelibrary;type=RDB",
    "CalcAddIns.xcu": "application/vnd.sun.star.configuration-data",
    "Addons.xcu": "application/vnd.sun.star.configuration-data",
    "Jobs.xcu": "application/vnd.sun.star.configuration-data",
    "vrp_addin.py": "application/vnd.sun.star.uno-component;type=Python",
    "vrp_desk.py": "application/vnd.sun.star.uno-component;type=Python",
}


def _manifest() -> str:
    entries = "".join(
        f'<manifest:file-entry manifest:media-type="{media}" manifest:full-path="{name}"/>\n'
        for name, media in _MEDIA.items()
    )
    return (
        _XML + '<manifest:manifest xmlns:manifest="http://openoffice.org/2001/manifest">\n'
        f"{entries}</manifest:manifest>\n"
    )


def _description() -> str:
    return (
        _XML + '<description xmlns="http://openoffice.org/extensions/description/2006" '
        'xmlns:lo="http://libreoffice.org/extensions/description/2011">\n'
        f'<identifier value="{IDENTIFIER}"/>\n<version value="{__version__}"/>\n'
        f'<dependencies><lo:LibreOffice-minimal-version value="{MINIMUM}" '
        f'name="LibreOffice {MINIMUM}"/></dependencies>\n'
        '<display-name><name lang="en">VRP functions</name></display-name>\n</description>\n'
    )
