"""Makes the pictures of the README from the sample market and the built desk.

    python tools/make_pictures.py

Needs LibreOffice and pdftoppm. The desk is shown with the values that it was built with, because
LibreOffice without the extension computes no VRP formula.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from vrp_xl.excel.files import DESK, built
from vrp_xl.excel.frozen_copy import values_only

IMAGES = Path(__file__).parents[1] / "docs" / "images"
ONE_PAGE = 'pdf:calc_pdf_Export:{"SinglePageSheets":{"type":"boolean","value":"true"}}'


class Picture(NamedTuple):
    """A part of a page of a workbook: its name, the book, the page, dots per inch, the part."""

    name: str
    book: str
    page: int
    dots: int
    part: tuple[int, int] | None = None


PICTURES = (
    Picture("scan", "scan", 1, 110, (2050, 930)),
    Picture("matrix", "scan", 2, 90),
    Picture("desk", "desk", 1, 90, (2000, 480)),
    Picture("whatif", "desk", 4, 75),
)


def main() -> None:
    """Scans the sample market, renders both workbooks and writes the pictures."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        home = {**os.environ, "VRP_XL_HOME": folder}
        scan = Path(folder) / "scan.xlsx"
        command = [sys.executable, "-m", "vrp_xl.cli", "scan", "--source", "sample", "--out", scan]
        subprocess.run(command, check=True, env=home, stdout=subprocess.DEVNULL)
        desk = Path(folder) / "desk.xlsx"
        desk.write_bytes(values_only(built(DESK).read_bytes()))
        profile = f"-env:UserInstallation=file://{folder}/profile"
        for book in (scan, desk):
            subprocess.run(
                ["soffice", profile, "--headless", "--convert-to", ONE_PAGE, "--outdir", folder,
                 book],
                check=True,
                stdout=subprocess.DEVNULL,
            )  # fmt: skip
        for name, book, page, dots, part in PICTURES:
            cut = ["-x", "0", "-y", "0", "-W", str(part[0]), "-H", str(part[1])] if part else []
            subprocess.run(
                ["pdftoppm", "-png", "-r", str(dots), "-f", str(page), "-l", str(page),
                 "-singlefile", *cut, f"{folder}/{book}.pdf", str(IMAGES / name)],
                check=True,
            )  # fmt: skip


if __name__ == "__main__":
    main()
