"""A scan as a workbook of values: what the workbook of a scan shows, with no formula in a cell.

For people who have neither the add-in nor Python. May read a scan and write one new file.
"""

from __future__ import annotations

import io
import re
import zipfile
from typing import TYPE_CHECKING

from vrp_xl.errors import InputError
from vrp_xl.excel.workbook import workbook_bytes

if TYPE_CHECKING:
    from pathlib import Path

    from vrp_xl.workflow.scan import Scan

_FORMULA = re.compile(rb"<f(?: [^>]*?)?(?:/>|>.*?</f>)", re.DOTALL)


def values_only(data: bytes) -> bytes:
    """A workbook whose cells keep the values that their formulas had.

    Args:
        data: the bytes of an .xlsx file in which every formula has its computed value.
    """
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for info in old.infolist():
            part = old.read(info)
            if info.filename.startswith("xl/worksheets/sheet"):
                part = _FORMULA.sub(b"", part)
            new.writestr(info, part, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def write_frozen(scan: Scan, path: Path) -> Path:
    """Writes the values of `scan` to `path`, where nothing stands yet.

    Raises:
        InputError: the file cannot be written there.
    """
    data = values_only(workbook_bytes(scan))
    try:
        with path.open("xb") as file:
            file.write(data)
    except OSError as error:
        raise InputError(
            f"The copy {path} cannot be written: {error.strerror or error}.",
            "Save the workbook into a folder of your own first.",
        ) from error
    return path
