"""Installs the extension into the user's LibreOffice, takes it out again, and opens a workbook.

LibreOffice is driven by a script of ours under its own Python, as a process of its own: UNO never
comes near this interpreter. What is installed names no path; where this interpreter is stands in
one file of the user's (`link.config_file`).
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from vrp_xl import settings
from vrp_xl.errors import OfficeError
from vrp_xl.libreoffice import oxt, server
from vrp_xl.libreoffice.component import link

SECONDS = 120.0
"""How long LibreOffice may take to start, do its work and end."""

_PYTHON_VARIABLES = ("PYTHONHOME", "PYTHONPATH", "PYTHONSAFEPATH", "VIRTUAL_ENV")


@dataclass(frozen=True, slots=True)
class Office:
    """A LibreOffice on this machine."""

    soffice: Path
    version: str
    """Such as 25.2.3.2."""

    @property
    def known_to_work(self) -> bool:
        """Whether it is at least the first version that is known to work."""
        return _numbers(self.version) >= _numbers(oxt.MINIMUM)


def find_office() -> Office:
    """The LibreOffice of this machine.

    Raises:
        OfficeError: there is none, or one that cannot reach the function server.
    """
    for path in _candidates():
        if path.is_file():
            if _sandboxed(path):
                break
            return Office(path, _version(path))
    if _flatpak_or_snap():
        raise OfficeError(
            "This LibreOffice runs in a sandbox (Flatpak or Snap) and cannot reach the function "
            "server outside of it.",
            "Install LibreOffice from your distribution or from libreoffice.org.",
        )
    raise OfficeError(
        "LibreOffice is not found.", "Install it, or put the folder of `soffice` on the PATH."
    )


def install(profile: Path | None = None) -> str:
    """Adds the extension and returns what was done, in words.

    Args:
        profile: LibreOffice's user folder; the user's own by default.

    Raises:
        OfficeError: it cannot be added, or does not work afterwards.
        StoreError: the file with the interpreter cannot be written.
    """
    office = find_office()
    if not office.known_to_work:
        raise OfficeError(
            f"LibreOffice {office.version} is too old: it does not find the functions in Excel's "
            "files.",
            f"Install LibreOffice {oxt.MINIMUM} or newer.",
        )
    write_config()
    server.stop(str(settings.home()))
    with tempfile.TemporaryDirectory() as folder:
        file = oxt.build_oxt(Path(folder) / "vrp_xl.oxt")
        told = _run(office, profile, add=file.as_uri())
    if not str(told.get("answer", "")):
        raise OfficeError(
            f"The extension was added, but its functions do not answer: {told.get('why', '')}",
            "Look at `vrp-xl doctor`.",
        )
    return (
        f"LibreOffice {told['version']}: the VRP functions {told['answer']} are installed. "
        "They work in every workbook that you open from now on."
    )


def uninstall(profile: Path | None = None) -> str:
    """Removes the extension, the file with the interpreter and the server; says what was done.

    Raises:
        OfficeError: LibreOffice is not there or refused.
    """
    server.stop(str(settings.home()))
    link.config_file().unlink(missing_ok=True)
    told = _run(find_office(), profile, add="")
    return "Removed from LibreOffice." if told["removed"] else "It was not in LibreOffice."


def open_workbook(path: Path) -> None:
    """Opens a workbook in LibreOffice and returns at once.

    Raises:
        OfficeError: there is no LibreOffice that could.
    """
    office = find_office()
    subprocess.Popen(  # noqa: S603 (the office that was found)
        [str(office.soffice), "--calc", str(path)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=_environment(),
        start_new_session=True,
    )


def finding() -> str:
    """What `doctor` says about LibreOffice; starts nothing but its ``--version``."""
    try:
        office = find_office()
    except OfficeError as error:
        return str(error)
    words = f"{office.version} at {office.soffice}"
    if not office.known_to_work:
        return f"{words}: too old, {oxt.MINIMUM} or newer is needed"
    try:
        python = link.read_config()["python"]
    except link.LinkError as error:
        return f"{words}: {error}"
    if not Path(python).exists():
        return f"{words}: {python} is gone. Run: vrp-xl install --libreoffice"
    return f"{words}: installed, its formulas are computed by {python}"


def write_config() -> Path:
    """Writes the file that names this interpreter and the vrp_xl folder.

    Raises:
        StoreError: it cannot be written.
    """
    path = link.config_file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OfficeError(f"The folder {path.parent} cannot be made: {error}.") from error
    found = {"python": sys.executable, "home": str(settings.home().absolute())}
    settings.write_private(path, json.dumps(found, indent=2) + "\n")
    return path


def _candidates() -> list[Path]:
    named = [shutil.which(name) for name in ("soffice", "libreoffice", "soffice.com")]
    found = [Path(name) for name in named if name]
    if base := os.environ.get("PROGRAMFILES"):
        found.append(Path(base, "LibreOffice", "program", "soffice.com"))
    found.append(Path("/Applications/LibreOffice.app/Contents/MacOS/soffice"))
    found.append(Path("/usr/lib/libreoffice/program/soffice"))
    return found + sorted(Path("/opt").glob("libreoffice*/program/soffice"), reverse=True)


def _sandboxed(path: Path) -> bool:
    places = f"{path}\n{path.resolve()}"
    return any(mark in places for mark in ("/snap/", "/flatpak/", "/usr/bin/snap"))


def _flatpak_or_snap() -> bool:
    name = "org.libreoffice.LibreOffice"
    places = (
        Path("/snap/libreoffice"),
        Path("/var/lib/flatpak/app", name),
        Path.home() / ".local/share/flatpak/app" / name,
    )
    return any(place.exists() for place in places)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))


def _version(soffice: Path) -> str:
    try:
        done = subprocess.run(  # noqa: S603 (the office that was found)
            [str(soffice), "--version"], capture_output=True, text=True, timeout=SECONDS,
            check=False, env=_environment(),
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise OfficeError(f"{soffice} cannot be started: {error}.") from error
    found = re.search(r"LibreOffice\w* (\d+(?:\.\d+)+)", done.stdout)
    if found is None:
        raise OfficeError(f"{soffice} does not say its version: {done.stdout.strip()[:100]!r}.")
    return found.group(1)


def python_of(soffice: Path) -> Path:
    """The Python that LibreOffice itself uses: its own, else the system's.

    Raises:
        OfficeError: none of them knows UNO.
    """
    program = soffice.resolve().parent
    for path in (
        program / "python.exe",
        program / "python",
        program.parent / "Resources" / "python",
        Path("/usr/bin/python3"),
    ):
        if path.is_file() and _knows_uno(path):
            return path
    raise OfficeError(
        f"No Python that can talk to {soffice} is found.",
        "Install your distribution's package for it: python3-uno, or libreoffice-pyuno.",
    )


def _knows_uno(python: Path) -> bool:
    done = subprocess.run(  # noqa: S603 (a Python of the office)
        [str(python), "-c", "import uno"], capture_output=True, check=False, env=_environment()
    )
    return done.returncode == 0


def _environment() -> dict[str, str]:
    """This environment without what would lead another Python to our packages."""
    return {name: value for name, value in os.environ.items() if name not in _PYTHON_VARIABLES}


def _run(office: Office, profile: Path | None, *, add: str) -> dict[str, Any]:
    """Has the script do its work.

    Raises:
        OfficeError: it did not work.
    """
    task = {
        "soffice": str(office.soffice),
        "profile": profile.absolute().as_uri() if profile is not None else "",
        "add": add,
        "identifier": oxt.IDENTIFIER,
    }
    script = resources.files("vrp_xl.libreoffice").joinpath("office.py")
    with resources.as_file(script) as path:
        try:
            done = subprocess.run(  # noqa: S603 (the office's Python and our script)
                [str(python_of(office.soffice)), str(path)],
                input=json.dumps(task), capture_output=True, text=True, timeout=SECONDS,
                check=False, env=_environment(),
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise OfficeError(
                f"LibreOffice did not finish within {SECONDS:g} s.", "Close it and try again."
            ) from error
    try:
        told: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        told = {"error": (done.stderr.strip() or "it said nothing").splitlines()[-1]}
    if told.get("error") == "LibreOffice is running.":
        raise OfficeError("LibreOffice is running.", "Close it, then run this again.")
    if "error" in told:
        raise OfficeError(f"LibreOffice refused: {told['error']}", "Close it and try again.")
    return told
