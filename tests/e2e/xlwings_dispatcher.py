"""A process that answers formula calls with xlwings' own dispatcher, one JSON line per call.

Run by the test's interpreter. Reads ``{"module", "function", "args"}``; an argument is
``["missing"]``, ``["value", v]`` or ``["range", rows]``. Answers ``{"answer": ...}`` or
``{"failed": text}``.
"""

from __future__ import annotations

import datetime as dt
import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

STUBS = Path(__file__).parents[1] / "excel" / "pywin32_stubs.py"
EPOCH = dt.datetime(1899, 12, 30)  # noqa: DTZ001 (a cell has no zone)


def plain(value: Any) -> Any:
    """What COM would hand over, in JSON."""
    if isinstance(value, (list, tuple)):
        return [plain(cell) for cell in value]
    if isinstance(value, dt.datetime):
        return (value.replace(tzinfo=None) - EPOCH).total_seconds() / 86400
    return value


def main() -> None:
    """Serves until the input ends."""
    spec = importlib.util.spec_from_file_location("pywin32_stubs", STUBS)
    assert spec is not None
    assert spec.loader is not None
    stubs = importlib.util.module_from_spec(spec)
    sys.modules["pywin32_stubs"] = stubs
    spec.loader.exec_module(stubs)
    stubs.import_xlwings()
    from xlwings import com_server  # noqa: PLC0415

    from vrp_xl.frozen import frozen_sample  # noqa: PLC0415

    book = stubs.Workbook()
    python = com_server.XLPython()

    def given(kind: str, value: Any = None) -> Any:
        if kind == "missing":
            return stubs.MISSING
        if kind == "value":
            return value
        many = isinstance(value, list)
        return book.range(tuple(tuple(row) for row in value) if many else value)

    with frozen_sample():
        for line in sys.stdin:
            call = json.loads(line)
            args = [given(*arg) for arg in call["args"]]
            caller = book.range(None)
            try:
                value = python.CallUDF(call["module"], call["function"], args, book, caller)
                answer = {"answer": plain(value)}
            except Exception as error:  # noqa: BLE001 (COM hands over any error as text)
                answer = {"failed": f"{type(error).__name__}: {error}"}
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
