"""Spreadsheet files on disk: where the built ones are, and how one is put in its place whole."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from vrp_xl.errors import InputError

DESK, ADD_IN, LICENCE = "vrp_scan.xlsm", "vrp_xl.xlam", "LICENSE.xlwings.txt"
EXTENSION = "vrp_xl.oxt"
BUILT = (DESK, ADD_IN, EXTENSION, LICENCE)
"""What `vrp-xl build` makes and a wheel carries."""

PACKAGE = Path(__file__).resolve().parents[1]


def built(name: str) -> Path:
    """The path of a built file.

    Raises:
        InputError: it is not there.
    """
    places = (PACKAGE / "files" / name, PACKAGE.parent / "workbook" / name)
    for path in places:
        if path.is_file():
            return path
    raise InputError(
        f"{name[:60]} is not part of this installation.",
        "Install the vrp-xl wheel again; in a checkout run `vrp-xl build`.",
    )


def put_whole(path: Path, data: bytes, *, what: str, fix: str) -> Path:
    """Writes `data` to `path`, whole or not at all.

    Args:
        path: the file; its folder must be there.
        data: what it is to hold.
        what: what the file is, for the sentence.
        fix: what to do where it cannot be written.

    Returns:
        `path`.

    Raises:
        InputError: the file cannot be written there.
    """
    scratch = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        scratch.write_bytes(data)
        scratch.replace(path)
    except OSError as error:
        with suppress(OSError):
            scratch.unlink()
        raise InputError(
            f"{what}{path} cannot be written: {error.strerror or error}.", fix
        ) from error
    return path
