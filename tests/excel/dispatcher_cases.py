"""Calls every function through xlwings' own dispatcher and prints what came back, as JSON.

Run in a process of its own (see `pywin32_stubs`) with ``VRP_XL_HOME`` set to an empty folder;
``test_udfs_dispatcher.py`` does that and looks at the answer. Each case is a call as Excel makes
it (`got`) and the plain Python call of the same (`want`), both in the types that a cell holds.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
from itertools import product
from typing import TYPE_CHECKING, Any

import pywin32_stubs as stubs

xlwings = stubs.import_xlwings()

from xlwings import udfs  # noqa: E402
from xlwings.com_server import XLPython  # noqa: E402

from vrp_xl import formula, functions, settings  # noqa: E402
from vrp_xl.excel.boundary import CellError  # noqa: E402
from vrp_xl.reader import READER  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from vrp_xl.definition import Function

MODULE = "vrp_xl.excel.udfs"
NOW = dt.datetime(2026, 1, 6, 15, 0, tzinfo=dt.UTC)
FIRST_SERIAL = dt.date(1899, 12, 30)

BOOK = stubs.Workbook()
SERVER = XLPython()
CASES: list[dict[str, Any]] = []


# Values: how Excel hands them over, and what a cell holds


def typed(value: Any) -> Any:
    """An argument that was typed into the formula: blanks left out, dates as serial numbers."""
    if value is None:
        return stubs.MISSING
    if isinstance(value, list):
        return tuple(tuple(map(inside, row)) for row in value)
    return float((value - FIRST_SERIAL).days) if isinstance(value, dt.date) else value


def inside(value: Any) -> Any:
    """A value inside an array constant."""
    return None if value is None else typed(value)


def referred(value: Any) -> stubs.Range:
    """An argument that is a reference to cells which hold `value`."""
    if isinstance(value, list):
        return BOOK.range(tuple(tuple(map(in_cell, row)) for row in value))
    return BOOK.range(in_cell(value))


def in_cell(value: Any) -> Any:
    """What a cell that holds `value` hands over."""
    if isinstance(value, dt.date):
        return stubs.com_time(value)
    return stubs.ERROR_CODES.get(value, value) if isinstance(value, str) else value


def excel_form(value: Any) -> Any:
    """What Excel must get for the answer of plain Python."""
    if isinstance(value, list):
        rows = [[excel_form(cell) for cell in row] for row in value]
        if len(rows) == 1:
            return rows[0][0] if len(rows[0]) == 1 else rows[0]
        return rows
    if value is None:
        return ""
    if isinstance(value, CellError):
        return "".join(value)
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return dt.datetime(value.year, value.month, value.day)  # noqa: DTZ001
    return value


def written(value: Any) -> Any:
    """A value for JSON; types that COM does not know stand out."""
    if isinstance(value, list):
        return [written(cell) for cell in value]
    if isinstance(value, dt.datetime):
        return {"time": value.replace(tzinfo=None).isoformat()}
    if type(value) in (bool, int, float, str):
        return value
    return {"no cell holds a": type(value).__name__}


# Calls


def call(function: Function, arguments: Sequence[Any]) -> Any:
    """Calls as the VBA wrapper does, which names every argument."""
    cells = [*arguments, *[stubs.MISSING] * (len(function.args) - len(arguments))]
    try:
        answer = SERVER.CallUDF(MODULE, function.name, cells, BOOK, BOOK.range(None))
    except Exception as error:  # noqa: BLE001 (in Excel its text would be in the cell)
        return {"raised": repr(error)}
    return written(answer)


def case(kind: str, function: Function, given: Sequence[Any], want: Any, label: str) -> None:
    """Adds a case; `want` is what plain Python answers."""
    wanted = written(excel_form(want))
    got = call(function, given)
    CASES.append(
        {
            "kind": kind,
            "function": function.name,
            "label": label,
            "got": json.dumps(got),
            "want": json.dumps(wanted),
        }
    )


def plain(function: Function, arguments: Sequence[Any]) -> Any:
    """The plain Python call."""
    return getattr(functions, function.name)(*arguments)


def examples() -> Iterator[tuple[Function, list[Any], str]]:
    """Every example of every function, with its arguments."""
    for function in functions.FUNCTIONS.values():
        for example in function.examples:
            yield function, formula.parse(example.formula)[1], example.formula


def scalars_cells_and_constants() -> None:
    """Each example as typed, with references, and with array constants."""
    for function, given, label in examples():
        want = plain(function, given)
        case("typed", function, [typed(a) for a in given], want, label)
        blanks = [None] * (len(function.args) - len(given))
        case("cells", function, [referred(a) for a in (*given, *blanks)], want, label)
        constants = [typed(a if isinstance(a, list) or a is None else [[a]]) for a in given]
        case("constants", function, constants, want, label)
        # A horizontal array constant reaches VBA with one dimension.
        flat = [a[0] if isinstance(a, tuple) and len(a) == 1 else a for a in constants]
        case("constants", function, flat, want, label + " (one dimension)")


def shaped(shape: str, value: Any) -> list[list[Any]]:
    """Rows of cells as `shape` says: v is the value, b a blank, e an error."""
    meaning = {"v": value, "b": None, "e": CellError("#NUM!")}
    return [[meaning[mark] for mark in row] for row in shape.split(";")]


def ranges_that_spill() -> None:
    """Each example with every scalar as a column, a row and a block: a value, a blank, an error."""
    for function, given, label in examples():
        single = [
            i for i, a in enumerate(given)
            if a is not None and not function.args[i].kind.takes_range
        ]  # fmt: skip
        if not single:
            continue
        answer = plain(function, given)
        for shape in ("vb;ev", "vb", "v;b;v", "vvv"):
            cells = [referred(shaped(shape, a) if i in single else a) for i, a in enumerate(given)]
            want = CellError("#VALUE!") if function.spills else shaped(shape, answer)
            case("spilled", function, cells, want, f"{label} {shape}")


def blanks() -> None:
    """Each example with one argument left out, an empty cell, or empty text."""
    for function, given, label in examples():
        for i in range(len(function.args)):
            full = [*given, *[None] * (len(function.args) - len(given))]
            full[i] = None
            want = plain(function, full)
            before, after = full[:i], full[i + 1 :]
            for word, blank in (
                ("left out", stubs.MISSING), ("empty cell", BOOK.range(None)), ("empty text", ""),
            ):  # fmt: skip
                cells = [*map(typed, before), blank, *map(typed, after)]
                case("blank", function, cells, want, f"{label}, argument {i + 1} {word}")


def errors() -> None:
    """Each example with an error in one argument, as a cell and as one cell of a range."""
    for (function, given, label), error in product(examples(), stubs.ERROR_CODES):
        for i, a in enumerate(given):
            ranged = function.args[i].kind.takes_range
            bad: Any = [[error], [1.0]] if ranged else error
            full = [*given[:i], bad, *given[i + 1 :]]
            want = plain(function, full)
            if not ranged and a is not None:
                assert want == error or function.spills, (label, want)
            cells = [referred(b) for b in full]
            case("error", function, cells, want, f"{label}, {error} in argument {i + 1}")


def rules() -> None:
    """Every function that takes rules, over a range as the Settings sheet holds them."""
    changed = {"z_min": 5.0, "structural_min": 2.5, "lean_min": 49.0, "risk_percent": 1.0}
    table: list[list[Any]] = [
        ["Rule", "Value"],
        *([name, changed.get(name, value)] for name, value, *_ in functions.VRP_RULES()[1:]),
        [None, None],
        ["source", "sample"],
    ]
    for function, given, label in examples():
        if not function.args or function.args[-1].name != "rules":
            continue
        full = [*given, *[None] * (len(function.args) - 1 - len(given)), table]
        want = plain(function, full)
        cells = [*map(typed, full[:-1]), referred(table)]
        case("rules", function, cells, want, label + " with a Settings range")


def main() -> None:
    """Runs everything and prints one JSON object."""
    settings.choose_source("sample")
    READER.clock = lambda: NOW
    READER.close()
    stdout, sys.stdout = sys.stdout, sys.stderr  # xlwings prints what it imported
    try:
        udfs.import_udfs(MODULE, BOOK)
        scalars_cells_and_constants()
        ranges_that_spill()
        blanks()
        errors()
        rules()
    finally:
        sys.stdout = stdout
        READER.close()
    answer = {
        "pro": xlwings.__pro__,
        "engines": [engine.name for engine in xlwings.engines],
        "files": [udfs.__file__, sys.modules["xlwings.com_server"].__file__],
        "vba": BOOK.VBProject.VBComponents.imported,
        "options": BOOK.Application.macro_options,
        "cases": CASES,
    }
    print(json.dumps(answer))  # noqa: T201


if __name__ == "__main__":
    main()
