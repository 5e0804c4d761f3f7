"""Where the built spreadsheet files are: in the installed package, or in the checkout."""

from __future__ import annotations

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
