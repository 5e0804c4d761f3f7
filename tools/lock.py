"""Writes the locks: exact versions with hashes, one set for each system and Python.

How to run: python tools/lock.py [--upgrade]        Needs uv (extra ``dev``) and a package index.
            python tools/lock.py --check            Only compares with pyproject.toml, offline.

The ranges of `pyproject.toml` say what works; a lock says what was tested. `requirements.lock` is
what runs, `requirements-dev.lock` adds what tests, checks and builds. Neither names a package host:
whatever index pip is set up with serves them, and the hashes must agree. `docs/supply.md` tells
how to use them.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
LOCK = ROOT / "requirements.lock"
DEV = ROOT / "requirements-dev.lock"
HEADS = {
    LOCK: "# Exact versions with hashes of what vrp-xl runs with; made by tools/lock.py.\n",
    DEV: "# Exact versions with hashes of what vrp-xl runs with, and what tests, checks and builds"
    " it;\n# made by tools/lock.py.\n",
}
SYSTEMS = {
    "linux": ("Linux", "posix", "x86_64"),
    "darwin": ("Darwin", "posix", "arm64"),
    "win32": ("Windows", "nt", "AMD64"),
}
PYTHONS = ("3.11", "3.12", "3.13")
PLACES = tuple(
    {
        "sys_platform": system, "platform_system": name, "os_name": os_name,
        "platform_machine": machine, "python_version": python, "python_full_version": f"{python}.5",
        "implementation_name": "cpython", "platform_python_implementation": "CPython", "extra": "",
    }
    for system, (name, os_name, machine) in SYSTEMS.items()
    for python in PYTHONS
)  # fmt: skip
"""Where a lock must do: each system with each Python, as markers see them."""
_PIN = re.compile(r"([A-Za-z0-9._-]+)==([^\s;\\]+)(?: ; ([^\\]+?))? \\")
_HASH = re.compile(r"    --hash=sha256:[0-9a-f]{64}( \\)?")
_REMARK = re.compile(r"#[^:@]*")
_FOREIGN = ("UV_CONSTRAINT", "UV_BUILD_CONSTRAINT", "UV_OVERRIDE", "UV_EXCLUDE", "UV_FIND_LINKS",
            "UV_PRERELEASE", "UV_RESOLUTION", "UV_EXCLUDE_NEWER")  # fmt: skip


class Pin(NamedTuple):
    """One exact version, and where it holds."""

    name: str
    version: str
    marker: Marker | None

    def holds(self, place: dict[str, str]) -> bool:
        """Whether pip would install it there."""
        return self.marker is None or self.marker.evaluate(place)


def read(text: str) -> tuple[list[Pin], list[str]]:
    """The pins in the text of a lock, and what is wrong with its lines.

    Nothing but pins, hashes and plain remarks may stand there: so no option, index, address, path
    or editable package gets in.
    """
    pins: list[Pin] = []
    wrong: list[str] = []
    more = False  # whether the line before says that a hash follows
    for line in text.splitlines():
        pin = _PIN.fullmatch(line)
        hashed = _HASH.fullmatch(line)
        if more != bool(hashed):
            wrong.append(f"no hash where one must stand: {line[:80]}")
        more = bool(pin) or bool(hashed and hashed[1])
        if pin:
            marker = Marker(pin[3]) if pin[3] else None
            pins.append(Pin(canonicalize_name(pin[1]), pin[2], marker))
        elif line and not hashed and not _REMARK.fullmatch(line):
            wrong.append(f"neither pin, hash nor remark: {line[:80]}")
    if more:
        wrong.append("it ends where a hash must stand")
    return pins, wrong


def wanted(path: Path) -> list[Requirement]:
    """What `pyproject.toml` asks of a lock."""
    made = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    project = made["project"]
    texts = list(project["dependencies"])
    if path == DEV:
        extras = project["optional-dependencies"]
        texts += extras["test"] + extras["dev"] + made["build-system"]["requires"]
    needs = [Requirement(text) for text in texts]
    return [need for need in needs if canonicalize_name(need.name) != project["name"]]


def needed_by(pin: Pin, extras: frozenset[str]) -> list[tuple[Requirement, frozenset[str]]]:
    """What a package asks for, where just this version is installed here; else nothing."""
    try:
        if metadata.version(pin.name) != pin.version:
            return []
        texts = metadata.requires(pin.name) or []
    except metadata.PackageNotFoundError:
        return []
    return [(Requirement(text), extras) for text in texts]


def lacks(pins: list[Pin], needs: list[Requirement], place: dict[str, str]) -> list[str]:
    """What one place would lack."""
    here = {pin.name: pin for pin in pins if pin.holds(place)}
    where = f"on {place['sys_platform']}, Python {place['python_version']}"
    twice = [p for p in pins if p.holds(place) and here[p.name] is not p]
    wrong = [f"{pin.name} is locked twice {where}" for pin in twice]
    waiting: list[tuple[Requirement, frozenset[str]]] = [(need, frozenset()) for need in needs]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        need, extras = waiting.pop()
        if need.marker and not any(
            need.marker.evaluate({**place, "extra": extra}) for extra in ("", *extras)
        ):
            continue
        name = canonicalize_name(need.name)
        pin = here.get(name)
        if pin is None:
            wrong.append(f"{need.name} is not locked {where}")
        elif not need.specifier.contains(pin.version, prereleases=True):
            wrong.append(
                f"{need.name} is locked at {pin.version} {where}, which is not {need.specifier}"
            )
        elif (name, asked := frozenset(need.extras)) not in seen:
            seen.add((name, asked))
            waiting += needed_by(pin, asked)
    return wrong


def problems(text: str, path: Path = LOCK) -> list[str]:
    """What is wrong with the text of a lock; empty where it fits."""
    pins, wrong = read(text)
    needs = wanted(path)
    for place in PLACES:
        wrong += lacks(pins, needs, place)
    return list(dict.fromkeys(wrong))


def disagreements(runs: str, dev: str) -> list[str]:
    """What the two locks say differently: the second must hold the first."""
    told = {(pin.name, pin.version) for pin in read(dev)[0]}
    return [
        f"{pin.name} {pin.version} is in {LOCK.name} and not in {DEV.name}"
        for pin in read(runs)[0]
        if (pin.name, pin.version) not in told
    ]


def compile_lock(path: Path, *more: str, asks: str = "") -> None:
    """Lets uv solve for all systems and Pythons at once."""
    command = [
        "uv", "pip", "compile", "pyproject.toml", *more, "--universal", "--generate-hashes",
        "--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links",
        "--python-version", PYTHONS[0], "--output-file", str(path), "--quiet",
    ]  # fmt: skip
    # Of the machine's set-up nothing gets in but where packages come from.
    environment = {name: v for name, v in os.environ.items() if name not in _FOREIGN}
    subprocess.run(command, cwd=ROOT, check=True, env=environment, input=asks.encode())
    path.write_text(HEADS[path] + path.read_text("utf-8"), "utf-8", newline="\n")


def main(arguments: list[str] | None = None) -> int:
    """Runs the tool."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing")
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions")
    options = parser.parse_args(arguments)
    if not options.check:
        upgrade = ("--upgrade",) if options.upgrade else ()
        compile_lock(LOCK, *upgrade)
        # The same versions of what runs, as a constraint; the build's tools come by themselves.
        builds = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["build-system"]
        extras = ("-", "--extra", "test", "--extra", "dev", "--constraint", str(LOCK))
        compile_lock(DEV, *extras, *upgrade, asks="\n".join(builds["requires"]))
    texts = {path: path.read_text("utf-8") if path.is_file() else "" for path in (LOCK, DEV)}
    wrong = [
        f"{path.name}: {words}" for path, text in texts.items() for words in problems(text, path)
    ]
    wrong += disagreements(texts[LOCK], texts[DEV])
    for words in wrong:
        print(words, file=sys.stderr)
    if wrong:
        print("Run: python tools/lock.py", file=sys.stderr)
    else:
        pins = {pin.name: pin for text in texts.values() for pin in read(text)[0]}
        looked = sum(1 for pin in pins.values() if is_here(pin))
        print(f"{len(pins)} packages locked; the needs of {looked}, installed here, are all met")
    return 1 if wrong else 0


def is_here(pin: Pin) -> bool:
    """Whether just this version is installed."""
    try:
        return metadata.version(pin.name) == pin.version
    except metadata.PackageNotFoundError:
        return False


if __name__ == "__main__":
    sys.exit(main())
