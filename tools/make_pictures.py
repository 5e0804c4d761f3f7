"""Makes the pictures of the README from the sample market. Needs LibreOffice and pdftoppm.

python tools/make_pictures.py
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

IMAGES = Path(__file__).parents[1] / "docs" / "images"
ONE_PAGE = 'pdf:calc_pdf_Export:{"SinglePageSheets":{"type":"boolean","value":"true"}}'
PICTURES = {
    "scan": ("1", ("-x", "0", "-y", "0", "-W", "2050", "-H", "930")),
    "matrix": ("2", ()),
}
"""Name -> page of the workbook and the part of it that is shown."""


def main() -> None:
    """Scans the sample market, renders the workbook and writes the pictures."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        book = Path(folder) / "scan.xlsx"
        home = {"VRP_XL_HOME": folder}
        command = [sys.executable, "-m", "vrp_xl.cli", "scan", "--source", "sample", "--out", book]
        subprocess.run(command, check=True, env={**os.environ, **home}, stdout=subprocess.DEVNULL)
        profile = f"-env:UserInstallation=file://{folder}/profile"
        subprocess.run(
            ["soffice", profile, "--headless", "--convert-to", ONE_PAGE, "--outdir", folder, book],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        for name, (page, part) in PICTURES.items():
            subprocess.run(
                ["pdftoppm", "-png", "-r", "110", "-f", page, "-l", page, "-singlefile", *part,
                 f"{folder}/scan.pdf", str(IMAGES / name)],
                check=True,
            )  # fmt: skip


if __name__ == "__main__":
    main()
