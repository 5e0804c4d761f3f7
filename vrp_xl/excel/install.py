"""Puts the add-in and the desk where Excel finds them, takes them away again, opens the desk.

For one user, without an administrator. What is to be done is planned from a description of the
machine (`Machine`) and then carried out, so that every system's plan can be looked at on any.
A file that the user may have changed is never written over and never removed: a record of what was
put says which are still ours.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from vrp_xl import settings
from vrp_xl.errors import InputError, StoreError
from vrp_xl.excel.files import ADD_IN, DESK, built, put_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

PROJECT = "vrp_xl"
"""The project name of our VBA; its configuration is apart from that of xlwings."""
UDF_MODULE = "vrp_xl.excel.udfs"
PINNED = "0.37.8"
"""The version of xlwings that the built files are made for: its library's name carries it."""
RECORD = "installed.json"
"""In the home folder: what was put where."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What a plan needs to know of the machine and of its user."""

    platform: str
    """As `sys.platform` says it: win32, darwin, linux."""
    home: Path
    documents: Path
    interpreter: Path
    xlwings: str
    """Version of the installed xlwings."""
    xlwings_folder: Path
    app_data: Path | None = None
    """Windows: %APPDATA%."""
    encoding: str = "utf-8"
    """Of text files that VBA reads."""


def this_machine() -> Machine:
    """This machine and its user."""
    from importlib.metadata import version  # noqa: PLC0415
    from importlib.util import find_spec  # noqa: PLC0415

    import platformdirs  # noqa: PLC0415

    spec = find_spec("xlwings")
    folder = Path(str(spec.origin)).parent if spec is not None else Path()
    profile = os.environ.get("USERPROFILE", "") if sys.platform == "win32" else ""
    data = os.environ.get("APPDATA", "")
    return Machine(
        platform=sys.platform,
        home=Path(profile) if profile else Path.home(),
        documents=Path(platformdirs.user_documents_dir()),
        interpreter=Path(sys.executable),
        xlwings=version("xlwings"),
        xlwings_folder=folder,
        app_data=Path(data) if data else None,
        encoding="mbcs" if sys.platform == "win32" else "utf-8",
    )


# Plans


@dataclass(frozen=True, slots=True)
class Write:
    """Write a small file; what the user has made of it is set aside."""

    path: Path
    data: bytes
    what: str


@dataclass(frozen=True, slots=True)
class Copy:
    """Copy a file.

    `keep` says that a file of the user may stand there: it is left alone, and a new name is taken
    unless what stands there came from the same original.
    """

    source: Path
    path: Path
    what: str
    keep: bool = False


class Plan(NamedTuple):
    """What is to be done, and what the user should know."""

    actions: tuple[Write | Copy, ...]
    words: tuple[str, ...]


def plan_install(machine: Machine) -> Plan:
    """What `install` does on `machine`.

    Raises:
        InputError: something is missing that the add-in cannot do without.
    """
    if machine.platform == "win32":
        return _windows(machine)
    if machine.platform == "darwin":
        return _mac(machine)
    return Plan(
        (),
        (
            "There is no Excel on this system, so there is nothing to install.",
            "For LibreOffice: `vrp-xl install --libreoffice`, then `vrp-xl open --libreoffice`.",
            "`vrp-xl scan` writes a workbook that any spreadsheet opens, with every figure in it.",
            "`vrp-xl call '=VRP_CELL(\"SPY\")'` computes a formula here.",
        ),
    )


def _check_version(machine: Machine) -> None:
    if machine.xlwings != PINNED:
        raise InputError(
            f"xlwings {machine.xlwings} is installed; the add-in needs exactly {PINNED}.",
            f'Install it: "{machine.interpreter}" -m pip install xlwings=={PINNED}',
        )


def configuration(entries: Mapping[str, str], encoding: str) -> bytes:
    """A configuration as the VBA side reads it: quoted pairs, one per line.

    Args:
        entries: key and value.
        encoding: of text files on that system.

    Raises:
        InputError: a value that the VBA side cannot read.
    """
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerows(entries.items())
    try:
        data = out.getvalue().encode(encoding)
    except UnicodeEncodeError:
        data = b""
    if not data or any(ch in value for value in entries.values() for ch in '"\r\n'):
        raise InputError(
            f"Excel's side cannot read one of these: {', '.join(entries.values())}.",
            "Install vrp-xl into a folder whose name has plain letters only.",
        )
    return data


def _from_home(path: Path, home: Path) -> str:
    """A path by %USERPROFILE%, which the VBA side expands: a user's name may have any letters."""
    if path.is_relative_to(home):
        return "\\".join(("%USERPROFILE%", *path.relative_to(home).parts))
    return str(path)


def _windows(machine: Machine) -> Plan:
    _check_version(machine)
    if machine.app_data is None:
        raise InputError("The variable APPDATA is not set, so Excel's folder is not known.")
    libraries = [f"xlwings{bits}-{PINNED}.dll" for bits in ("64", "32")]
    places = machine.interpreter.parent, machine.interpreter.parent.parent
    if not any((place / name).is_file() for place in places for name in libraries):
        raise InputError(
            f"{libraries[0]} is neither in {places[0]} nor in {places[1]}, where Excel looks.",
            "Install vrp-xl into a virtual environment and run its `vrp-xl install`.",
        )
    text = configuration(
        {
            "INTERPRETER_WIN": _from_home(machine.interpreter, machine.home),
            "UDF MODULES": UDF_MODULE,
            "ADD_WORKBOOK_TO_PYTHONPATH": "False",
        },
        machine.encoding,
    )
    start = machine.app_data / "Microsoft" / "Excel" / "XLSTART"
    return Plan(
        (
            Write(
                machine.home / f".{PROJECT}" / f"{PROJECT}.conf", text, "which Python Excel starts"
            ),
            Copy(built(ADD_IN), start / ADD_IN, "the add-in"),
            Copy(built(DESK), machine.documents / DESK, "the desk", keep=True),
        ),
        (
            (
                "Excel opens what lies in its XLSTART folder by itself and trusts it; nothing was "
                "changed in the registry."
            ),
            "Start Excel anew: there is a tab VRP, and =VRP_RATIO(28,18) gives 1.5556.",
            "The desk: vrp-xl open",
        ),
    )


def _mac(machine: Machine) -> Plan:
    _check_version(machine)
    library = machine.home / "Library"
    sandbox = library / "Containers" / "com.microsoft.Excel" / "Data"
    if not sandbox.is_dir():
        raise InputError(f"{sandbox} is not there.", "Start Excel once, then install again.")
    script = f"xlwings-{PINNED}.applescript"
    text = configuration(
        {"INTERPRETER_MAC": str(machine.interpreter), "ADD_WORKBOOK_TO_PYTHONPATH": "False"},
        machine.encoding,
    )
    return Plan(
        (
            Write(sandbox / f"{PROJECT}.conf", text, "which Python Excel starts"),
            Copy(
                machine.xlwings_folder / script,
                library / "Application Scripts" / "com.microsoft.Excel" / script,
                "how Excel starts Python",
            ),
            Copy(built(DESK), machine.documents / DESK, "the desk", keep=True),
        ),
        (
            (
                "On a Mac the buttons of the desk work; VRP formulas in cells do not, because "
                "Excel for Mac cannot call Python for a cell."
            ),
            "The decisions of a scan: Freeze copy on the desk, or `vrp-xl scan`.",
            "The desk: vrp-xl open",
        ),
    )


# Doing it


class Put(NamedTuple):
    """A file that was put: what it held then, and what it was copied from."""

    path: str
    digest: str
    origin: str


def install(machine: Machine) -> list[str]:
    """Installs for this user and says what it did, a sentence each.

    Raises:
        InputError: something is missing, or a file cannot be written.
        StoreError: the record cannot be kept.
    """
    plan = plan_install(machine)
    record = read_record()
    words = []
    for action in plan.actions:
        done, said = _do(action, record)
        words.append(said)
        if done is not None:
            record[done.path] = done
            _write_record(record)
    return [*words, *plan.words]


def _do(action: Write | Copy, record: Mapping[str, Put]) -> tuple[Put | None, str]:
    data = action.data if isinstance(action, Write) else _read(action.source)
    origin = _digest(data)
    path = action.path
    if isinstance(action, Copy) and action.keep:
        mine = _taken(path, origin, record)
        if mine is not None:
            return None, f"{action.what} is there already: {mine}"
        path = _free(path)
    aside = ""
    if isinstance(action, Write) and path.is_file():
        known = record.get(str(path))
        if _digest(_read(path)) not in (origin, known.digest if known else ""):
            old = _free(path.with_name(f"{path.name}.before"))
            _put(old, _read(path))
            aside = f" (what was there: {old})"
    _put(path, data)
    return Put(str(path), origin, origin), f"{action.what}: {path}{aside}"


def _taken(path: Path, origin: str, record: Mapping[str, Put]) -> Path | None:
    """Where a copy of that original is already, changed by the user or not."""
    for put in record.values():
        if put.origin == origin and Path(put.path).suffix == path.suffix and _is_file(put.path):
            return Path(put.path)
    return path if path.is_file() and _digest(_read(path)) == origin else None


def _is_file(path: str) -> bool:
    return Path(path).is_file()


def _free(path: Path) -> Path:
    """`path`, or where something stands there the same name with a number."""
    found, number = path, 1
    while found.exists():
        number += 1
        found = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return found


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from error


def _put(path: Path, data: bytes) -> None:
    """Writes a file whole or not at all."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"{path} cannot be written: {error.strerror or error}.", "Close Excel and try again."
        ) from error
    put_whole(path, data, what="", fix="Close Excel and try again.")


def uninstall() -> list[str]:
    """Removes what `install` put, where it is as it was put; says what it did.

    The store, the key and the settings stay.

    Raises:
        InputError: a file cannot be removed.
        StoreError: the record cannot be read or written.
    """
    record = read_record()
    if not record:
        return ["Nothing is installed."]
    words = []
    for put in list(record.values()):
        path = Path(put.path)
        if not path.is_file():
            words.append(f"gone before: {path}")
        elif _digest(_read(path)) != put.digest:
            words.append(f"kept, because it was changed since: {path}")
        else:
            try:
                path.unlink()
            except OSError as error:
                raise InputError(
                    f"{path} cannot be removed: {error.strerror or error}.",
                    "Close Excel and try again.",
                ) from error
            words.append(f"removed: {path}")
            if path.parent.name == f".{PROJECT}":
                with suppress(OSError):  # the user keeps something in it
                    path.parent.rmdir()
        del record[put.path]
        _write_record(record)
    return [*words, f"Store, settings and rules stay in {settings.home()}; the key in its keyring."]


def read_record() -> dict[str, Put]:
    """What `install` put, by path.

    Raises:
        StoreError: the record cannot be read.
    """
    path = settings.home() / RECORD
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        return {row["path"]: Put(row["path"], row["digest"], row["origin"]) for row in rows}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(
            f"The record {path} cannot be read.", "Delete it and install again."
        ) from error


def _write_record(record: Mapping[str, Put]) -> None:
    path = settings.make_home() / RECORD
    rows = [put._asdict() for put in record.values()]
    settings.write_private(path, json.dumps(rows, indent=2) + "\n")


# Opening


def desk_to_open(machine: Machine, *, new: bool = False) -> Path:
    """The user's desk; a fresh copy in the documents folder where there is none, or where asked.

    Raises:
        InputError: it cannot be written.
        StoreError: the record cannot be read or written.
    """
    record = read_record()
    copies = [
        Path(put.path)
        for put in record.values()
        if Path(put.path).suffix == Path(DESK).suffix and _is_file(put.path)
    ]
    there = [*reversed(copies), machine.documents / DESK]
    found = next((path for path in there if path.is_file()), None)
    if found is not None and not new:
        return found
    data = _read(built(DESK))
    path = _free(machine.documents / DESK)
    _put(path, data)
    record[str(path)] = Put(str(path), _digest(data), _digest(data))
    _write_record(record)
    return path


def open_file(
    path: Path,
    platform: str = sys.platform,
    run: Callable[[Sequence[str]], int] | None = None,
) -> None:
    """Opens a file with the program that the system has for it.

    Args:
        path: the file.
        platform: as `sys.platform` says it.
        run: runs a command and returns its exit code; by default a process.

    Raises:
        InputError: the system has no program for it.
    """
    start = getattr(os, "startfile", None)
    fix = f"Open {path} yourself."
    if platform == "win32" and start is not None:
        try:
            start(str(path))
        except OSError as error:
            raise InputError(f"Windows has no program for {path.name}.", fix) from error
        return
    command = "open" if platform == "darwin" else "xdg-open"
    if run is None:
        found = shutil.which(command)
        if found is None:
            raise InputError(f"This system has no `{command}` to open files with.", fix)
        command, run = found, _run
    if run([command, str(path)]) != 0:
        raise InputError(f"No program opened {path.name}.", fix)


def _run(command: Sequence[str]) -> int:
    return subprocess.run(command, check=False).returncode  # noqa: S603 (a fixed opener and a path)
