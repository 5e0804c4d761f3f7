"""Every cell of the built desk, computed anew by LibreOffice, against the value it was built with.

The extension's function server runs at the moment that the build froze, so that dates agree.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import re
import shutil
import sys
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
from openpyxl.utils import get_column_letter
from openpyxl.utils.datetime import to_excel

from tests.e2e.offices import WHY_NOT, Office, running
from vrp_xl.excel import layout
from vrp_xl.excel.files import DESK, built
from vrp_xl.libreoffice.component import link

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT),
    # openpyxl keeps no extensions of Excel's and says so
    pytest.mark.filterwarnings("ignore::UserWarning:openpyxl"),
]

RUNNER = """\
import runpy, sys
from vrp_xl import reader
from vrp_xl.frozen import MOMENT
reader.READER.clock = lambda: MOMENT
arguments = [word for word in sys.argv[1:] if word != "-P"]
sys.argv = arguments[1:]
runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
"""

SESSION = re.compile(r"VRP_WHY\(,")
"""Formulas whose answer belongs to a session: the last error of any function."""


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """An office whose function server stands at the frozen moment."""
    with running(tmp_path_factory.mktemp("recalculated")) as made:
        made.stop_server()
        runner = made.folder / "runner.py"
        runner.write_text(RUNNER)
        frozen = made.folder / "python"
        frozen.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{runner}" "$@"\n')
        frozen.chmod(0o700)
        with pytest.MonkeyPatch.context() as patch:
            made.enter(patch)
            config = link.config_file()
        told = json.loads(config.read_text())
        told["python"] = str(frozen)
        config.write_text(json.dumps(told))
        shutil.copy(built(DESK), made.folder / DESK)
        made.do("open", path=str(made.folder / DESK))
        made.do("recalculate")
        yield made


def kept(value: Any) -> Any:
    """A cached value as LibreOffice tells it."""
    if value is None:
        return ""
    if isinstance(value, (dt.datetime, dt.date)):
        return to_excel(value)
    return float(value) if isinstance(value, (bool, int, float)) else str(value)


def alike(cached: Any, shown: Any) -> bool:
    """Whether a cell shows what it was built with."""
    if isinstance(shown, dict):
        shown = shown["error"]
    if isinstance(cached, float) and isinstance(shown, float):
        return math.isclose(cached, shown, rel_tol=1e-8, abs_tol=1e-8)
    return str(cached) == str(shown)


def text_of(formula: Any) -> str:
    """A formula's text, of an array too."""
    return str(getattr(formula, "text", formula))


@pytest.mark.parametrize("name", layout.SHEETS)
def test_every_cell_shows_what_it_was_built_with(office: Office, name: str) -> None:
    """No #NAME?, no Err, no other figure, anywhere on the sheet."""
    cached = openpyxl.load_workbook(built(DESK), data_only=True)[name]
    formulas = openpyxl.load_workbook(built(DESK))[name]
    area = f"A1:{get_column_letter(cached.max_column)}{cached.max_row}"
    shown = office.do("read", cells=area, sheet=name)
    wrong = [
        (cell.coordinate, cell.value, shown[r][c])
        for r, row in enumerate(cached.iter_rows())
        for c, cell in enumerate(row)
        if not alike(kept(cell.value), shown[r][c])
        and not SESSION.search(text_of(formulas[cell.coordinate].value))
    ]
    assert wrong == []


def test_a_changed_rule_moves_every_sheet(office: Office) -> None:
    """Another preset changes the scan, the matrix and the what-if tables; going back restores."""
    places = {layout.SCAN: "A1:H40", layout.MATRIX: "A1:K20", layout.WHATIF: "A1:P25"}

    def seen() -> dict[str, Any]:
        office.do("recalculate")
        return {name: office.do("read", cells=cells, sheet=name) for name, cells in places.items()}

    before = seen()
    office.do("name_put", name="input_z_min", formula="1.5")
    after = seen()
    office.do("name_put", name="input_z_min", formula="")
    assert [name for name in places if before[name] == after[name]] == []
    assert seen() == before
