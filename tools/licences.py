"""Writes docs/licences.md: the licence of every package that runs with vrp_xl.

How to run: python tools/licences.py [--check]

Read from the metadata of what is installed; with --check nothing is changed, and the exit code is 1
where a package of `requirements.lock` is missing, one too many is told, or a licence is of another
kind; versions do not matter. What only another system needs cannot be read here; its line stays as
it is.
"""

from __future__ import annotations

import argparse
import re
import sys
import tomllib
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "licences.md"
LOCK = ROOT / "requirements.lock"
SYSTEMS = ("linux", "darwin", "win32")
PYTHONS = ("3.11", "3.12", "3.13")
HEAD = """# Licences

What runs with vrp_xl, and under which licence, as each package's own metadata says it. Tests and
development need more, which is not part of what is installed. `tools/licences.py` writes this page;
the exact versions are in `requirements.lock` ([supply](supply.md)). The files that the built
workbook takes from xlwings carry its licence: `workbook/LICENSE.xlwings.txt`.

| package | licence | why it is here |
|---|---|---|
"""
_ROW = re.compile(r"^\| ([^|]+?) \| ([^|]+?) \| ([^|]+?) \|$", re.MULTILINE)
_LOCKED = re.compile(r"^([A-Za-z0-9._-]+)==", re.MULTILINE)
_CLASSIFIER = "License :: OSI Approved :: "
_KNOWN = {
    "pywin32": "PSF-2.0", "pywin32-ctypes": "BSD-3-Clause",
    "psutil": "BSD-3-Clause", "appscript": "Public Domain", "lxml": "BSD-3-Clause",
    "colorama": "BSD-3-Clause", "tzdata": "Apache-2.0",
}  # fmt: skip
"""Of packages that only Windows or macOS need."""


def licence_of(name: str) -> str | None:
    """The licence that the metadata names; None where the package is not installed."""
    try:
        about = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return None
    expression = about.get("License-Expression")
    if expression:
        return str(expression)
    classified = [
        value.removeprefix(_CLASSIFIER)
        for value in about.get_all("Classifier") or ()
        if value.startswith(_CLASSIFIER)
    ]
    told = (about.get("License") or "").strip().splitlines()
    if classified:
        return " and ".join(sorted(classified))
    return told[0][:60] if told else "not told"


def applies(need: Requirement) -> bool:
    """Whether any system and Python of ours needs it, without extras."""
    if need.marker is None:
        return True
    names = {"linux": ("Linux", "posix"), "darwin": ("Darwin", "posix"), "win32": ("Windows", "nt")}
    return any(
        need.marker.evaluate(
            {"extra": "", "sys_platform": system, "python_version": version,
             "python_full_version": f"{version}.0", "platform_system": names[system][0],
             "os_name": names[system][1]}
        )
        for system in SYSTEMS
        for version in PYTHONS
    )  # fmt: skip


def packages() -> dict[str, tuple[str, str | None]]:
    """Name -> who needs it, and its licence where it can be read here."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    waiting = [(Requirement(text), "vrp_xl") for text in project["dependencies"]]
    found: dict[str, tuple[str, str | None]] = {}
    while waiting:
        need, who = waiting.pop(0)
        name = canonicalize_name(need.name)
        if name in found or not applies(need):
            continue
        found[name] = (who, licence_of(name))
        try:
            more = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue
        waiting += [(Requirement(text), name) for text in more]
    return dict(sorted(found.items()))


def page(before: str) -> str:
    """The whole page; what cannot be read here is taken from `before`."""
    kept = {name: (licence, why) for name, licence, why in _ROW.findall(before)}
    here = packages()
    rows = []
    for name in sorted(locked_names()):
        old_licence, why = kept.get(name, ("not known here", "needed on another system"))
        who, licence = here.get(name, ("", None))
        if who:
            why = "needed by " + (who if who == "vrp_xl" else f"`{who}`")
        told = licence or _KNOWN.get(name) or old_licence
        rows.append(f"| {name} | {told.replace('|', '/')} | {why} |\n")
    return HEAD + "".join(rows)


def locked_names() -> set[str]:
    """The packages of the lock of what runs, on any system."""
    return {canonicalize_name(name) for name in _LOCKED.findall(LOCK.read_text("utf-8"))}


def problems(text: str) -> list[str]:
    """What a page does not say as it is."""
    told = {name: licence for name, licence, _ in _ROW.findall(text) if name != "package"}
    told.pop("---", None)
    locked = locked_names()
    wrong = [f"{name} is not on the page" for name in sorted(locked - set(told))]
    wrong += [f"{name} is on the page and not locked" for name in sorted(set(told) - locked)]
    for name, (_, licence) in packages().items():
        if name not in told:  # what a later version needs is no fault of the page yet
            continue
        if licence is not None and name not in _KNOWN and family(told[name]) != family(licence):
            wrong.append(f"{name} is under {licence}, the page says {told[name]}")
    return wrong


def family(licence: str) -> frozenset[str]:
    """The kinds of licence in the words: a later version may write ``MIT`` for ``MIT License``."""
    return frozenset(
        re.findall(r"mit|bsd|apache|isc|psf|mpl|[al]?gpl|zlib|unlicense", licence.lower())
    )


def main(arguments: list[str] | None = None) -> int:
    """Runs the tool."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing")
    options = parser.parse_args(arguments)
    before = PAGE.read_text("utf-8") if PAGE.is_file() else ""
    if not options.check:
        PAGE.write_text(page(before), "utf-8")
        return 0
    wrong = problems(before)
    for words in wrong:
        print(words, file=sys.stderr)
    if wrong:
        print("Run: python tools/licences.py", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
