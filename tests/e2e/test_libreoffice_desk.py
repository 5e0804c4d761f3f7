"""The desk in a real LibreOffice: its buttons, the VRP menu, and what loading does."""

from __future__ import annotations

import shutil
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
import xlsxwriter

from tests.e2e.offices import WHY_NOT, Office, running
from vrp_xl import simulator
from vrp_xl.excel import layout
from vrp_xl.excel.files import DESK, built
from vrp_xl.sources.sample.names import SYMBOLS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME = layout.RAW_BLOCK.index("symbol")

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT),
]


@pytest.fixture(scope="module")
def api() -> Iterator[simulator.Simulator]:
    """The vendor, as far as the office knows."""
    served = simulator.serve()
    yield served
    served.close()


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, api: simulator.Simulator) -> Iterator[Office]:
    """An office with the extension, whose macros ask the simulator."""
    environment = {"FLASHALPHA_API_KEY": "demo", "VRP_XL_FLASHALPHA_URL": api.url}
    with running(tmp_path_factory.mktemp("desk"), **environment) as made:
        yield made


@pytest.fixture
def fresh(office: Office, tmp_path: Path) -> Iterator[Office]:
    """The shipped workbook as it is delivered, shown in a window."""
    shutil.copy(built(DESK), tmp_path / DESK)
    office.do("open", path=str(tmp_path / DESK), hidden=False)
    yield office
    office.do("close")


@pytest.fixture
def desk(office: Office) -> Office:
    """The shipped workbook, which other tests may have refreshed; its settings as delivered."""
    path = office.folder / "desk" / DESK
    if office.do("location") != path.as_uri():
        path.parent.mkdir(exist_ok=True)
        shutil.copy(built(DESK), path)
        office.do("open", path=str(path), hidden=False)
    office.do("name_put", name="input_source", formula="sample")
    office.do("name_put", name="input_z_min", formula="")
    return office


def symbols(office: Office) -> list[str]:
    """The names in the raw block."""
    return sorted(row[NAME] for row in office.do("named", name=layout.RAW_NAME) if row[NAME])


def facts(office: Office) -> dict[str, Any]:
    """What the sheet says of its refresh."""
    return dict(office.do("named", name=layout.FACTS_NAME))


def test_it_is_computed_when_it_is_opened(fresh: Office) -> None:
    """Every formula has a value or is #N/A; nothing is changed, so that closing asks nothing."""
    assert {error for _, _, error, _ in fresh.do("errors")} <= {"#N/A"}
    assert fresh.do("state") == {"modified": False, "automatic": True, "locked": False}


def test_the_button_fills_a_cleared_scan(desk: Office) -> None:
    """Pressed, the figures are there again; formats, notes, formulas and inputs are as before."""
    before = {sheet: desk.do("looks", sheet=sheet) for sheet in layout.SHEETS}
    inputs = desk.do("named", name=layout.WATCHLIST_NAME), desk.do("named", name=layout.RULES_NAME)
    desk.do("clear", name=layout.RAW_NAME)
    assert symbols(desk) == []
    before_said = desk.shown()
    assert desk.run("press", macro="RefreshScan", sheet=layout.SCAN) == before_said
    assert symbols(desk) == sorted(SYMBOLS)
    assert desk.do("named", name=layout.DECIDED_NAME)[0][0] in ("A", "B", "C", "D")
    assert facts(desk)["source"] == "sample"
    assert desk.do("state") == {"modified": True, "automatic": True, "locked": False}
    assert {sheet: desk.do("looks", sheet=sheet) for sheet in layout.SHEETS} == before
    assert inputs == (
        desk.do("named", name=layout.WATCHLIST_NAME), desk.do("named", name=layout.RULES_NAME),
    )  # fmt: skip


def test_the_menu_fills_a_cleared_scan(desk: Office) -> None:
    """The entry of the menu does what the button does."""
    desk.do("clear", name=layout.RAW_NAME)
    desk.run("menu", name="RefreshScan")
    assert symbols(desk) == sorted(SYMBOLS)


def test_every_button_is_bound_to_a_macro(desk: Office) -> None:
    """On every sheet; and a macro that works on the selected symbol finds it."""
    bound = {sheet: desk.do("buttons", sheet=sheet) for sheet in layout.SHEETS}
    assert "RefreshScan" in bound[layout.SCAN]
    for sheet, macros in bound.items():
        assert set(macros) <= set(layout.MACROS), sheet
    desk.do("clear", name=layout.RAW_NAME)
    desk.do("name_put", name=layout.SYMBOL_NAME, formula="QQQ")
    desk.do("select", cells="A1000", sheet=layout.SYMBOL)
    (said,) = desk.do("macro", name="RefreshSymbol")
    assert said.startswith("QQQ is fresh")


@pytest.mark.parametrize("fault", ["key", "error500"])
def test_where_nothing_comes_the_sheet_stays(
    desk: Office, api: simulator.Simulator, fault: str
) -> None:
    """A refused key, or a broken server, is told in a sentence and changes no figure."""
    desk.do("name_put", name="input_source", formula="flashalpha")
    before = desk.do("named", name=layout.RAW_NAME), facts(desk)
    api.fault = fault
    try:
        (said,) = desk.do("macro", name="RefreshScan")
    finally:
        api.fault = None
    assert "The sheet is as it was." in said
    assert "demo" not in said
    assert (desk.do("named", name=layout.RAW_NAME), facts(desk)) == before
    assert desk.do("state")["automatic"]
    assert not desk.do("state")["locked"]


def test_the_source_of_the_sheet_is_asked(desk: Office, api: simulator.Simulator) -> None:
    """The source row of Settings decides; progress and dates arrive as they should."""
    desk.do("name_put", name="input_source", formula="flashalpha")
    desk.do("macro", name="RefreshScan")
    assert facts(desk)["source"] == "flashalpha"
    assert api.count(symbol="SPY") > 0
    moment = facts(desk)["refreshed"]
    assert isinstance(moment, float)
    assert 46_000 < moment < 80_000


def test_add_to_the_watchlist(fresh: Office) -> None:
    """Selected symbols go to the first free rows; what is no symbol is named."""
    fresh.do("set", cell="A100", formula="KO", sheet=layout.SETTINGS)
    fresh.do("set", cell="A101", formula="no symbol!", sheet=layout.SETTINGS)
    fresh.do("set", cell="A102", formula="SPY", sheet=layout.SETTINGS)
    fresh.do("select", cells="A100:A102", sheet=layout.SETTINGS)
    (said,) = fresh.do("macro", name="AddToWatchlist")
    assert "no symbol!" in said
    names = [row[0] for row in fresh.do("named", name=layout.WATCHLIST_NAME) if row[0]]
    assert names.count("KO") == names.count("SPY") == 1


def test_freeze_copy(desk: Office) -> None:
    """A workbook of values lies beside the desk."""
    (said,) = desk.do("macro", name="FreezeCopy")
    (copy,) = (desk.folder / "desk").glob("vrp-scan-*.xlsx")
    assert said == f"Saved with values only: {copy}"
    with zipfile.ZipFile(copy) as packed:
        sheets = [name for name in packed.namelist() if name.startswith("xl/worksheets/sheet")]
        assert sheets
        assert not any(
            b"<f>" in packed.read(name) or b"<f " in packed.read(name) for name in sheets
        )


def test_the_last_error_is_that_of_the_formulas(desk: Office) -> None:
    """The menu tells what VRP_WHY tells."""
    desk.do("set", cell="A200", formula='=VRP_CELL("NOSUCH")', sheet=layout.SETTINGS)
    desk.do("read", cells="A200", sheet=layout.SETTINGS)
    said = desk.run("menu", name="ShowLastError")
    assert "NOSUCH is not in the sample market" in said[-1]


def test_help_and_settings_are_shown(desk: Office) -> None:
    """Both entries go to their sheets."""
    for name, sheet in (("OpenSettings", layout.SETTINGS), ("OpenHelp", layout.HELP)):
        assert desk.do("macro", name=name) == []
        assert desk.do("shown") == sheet


def test_a_threshold_moves_the_whole_desk(fresh: Office) -> None:
    """A rule changed on Settings moves decisions on the scan at once."""
    before = [row[0] for row in fresh.do("named", name=layout.DECIDED_NAME)]
    fresh.do("name_put", name="input_z_min", formula="9")
    after = [row[0] for row in fresh.do("named", name=layout.DECIDED_NAME)]
    assert "A" in before
    assert "A" not in after
    assert "C" in after


def test_another_workbook_is_left_alone(office: Office, tmp_path: Path) -> None:
    """A sheet that is not ours is not changed; the menu refreshes the user's own watchlist."""
    book = xlsxwriter.Workbook(str(tmp_path / "other.xlsx"))
    sheet = book.add_worksheet()
    sheet.write_string("A1", "see [1]!VRP_CELL(1)")
    sheet.write_formula("A2", "=1+1", None, 3)
    sheet.insert_button("C2", {"macro": "RefreshScan", "caption": "Refresh scan"})
    book.close()
    office.do("open", path=str(tmp_path / "other.xlsx"), hidden=False)
    assert office.do("read", cells="A1:A2") == [["see [1]!VRP_CELL(1)"], [3.0]]
    assert not office.do("state")["modified"]
    assert "names of the watchlist are fresh." in office.run("menu", name="RefreshScan")[-1]
    assert not office.do("state")["modified"]


_LINK = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_BOOK = (
    f'<externalLink xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    f'<externalBook xmlns:r="{_LINK}" r:id="rId1"><definedNames><definedName name="VRP_CELL"/>'
    "</definedNames></externalBook></externalLink>"
)
_TARGET = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    f'<Relationship Id="rId1" Type="{_LINK}/externalLinkPath" '
    'Target="file:///C:\\AddIns\\vrp_xl.xlam" TargetMode="External"/></Relationships>'
)


def linked(path: Path) -> None:
    """Gives a workbook the link to the add-in's file that Excel writes."""
    with zipfile.ZipFile(path) as packed:
        parts = {name: packed.read(name).decode() for name in packed.namelist()}
    parts["xl/workbook.xml"] = parts["xl/workbook.xml"].replace(
        "<calcPr",
        '<externalReferences><externalReference r:id="rId99"/></externalReferences><calcPr',
    )
    parts["xl/_rels/workbook.xml.rels"] = parts["xl/_rels/workbook.xml.rels"].replace(
        "</Relationships>",
        f'<Relationship Id="rId99" Type="{_LINK}/externalLink" '
        'Target="externalLinks/externalLink1.xml"/></Relationships>',
    )
    parts["[Content_Types].xml"] = parts["[Content_Types].xml"].replace(
        "</Types>",
        '<Override PartName="/xl/externalLinks/externalLink1.xml" ContentType="application/'
        'vnd.openxmlformats-officedocument.spreadsheetml.externalLink+xml"/></Types>',
    )
    parts["xl/externalLinks/externalLink1.xml"] = _BOOK
    parts["xl/externalLinks/_rels/externalLink1.xml.rels"] = _TARGET
    with zipfile.ZipFile(path, "w") as packed:
        for name, text in parts.items():
            packed.writestr(name, text)


@pytest.mark.parametrize("link", [True, False], ids=["linked", "link lost"])
def test_names_that_excel_stored_from_the_add_in(
    office: Office, tmp_path: Path, link: bool
) -> None:
    """They are entered anew, said, and not saved; text that looks like it stays."""
    path = tmp_path / "from_excel.xlsx"
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet()
    sheet.write_formula("A1", '=[1]!VRP_CELL("SPY")', None, "A")
    sheet.write_formula("A2", "=[1]!VRP_RATIO(28,14)+[1]!VRP_RATIO(28,14)", None, 4)
    sheet.write_array_formula("B1:C2", '{=[1]!VRP_SCAN({"SPY";"QQQ"},{"symbol","cell"})}')
    sheet.write_string("A3", "see [1]!VRP_CELL(1)")
    book.close()
    if link:
        linked(path)
    data = path.read_bytes()
    office.do("open", path=str(path), hidden=False)
    assert office.do("read", cells="A2:A3") == [[4.0], ["see [1]!VRP_CELL(1)"]]
    assert office.value("A1") in ("A", "B", "C", "D")
    assert sorted(row[0] for row in office.do("read", cells="B1:C2")) == ["QQQ", "SPY"]
    assert office.do("formula", cell="A1") == '=VRP_CELL("SPY")'
    assert "Excel stored 3 formulas" in office.shown()[-1]
    assert not office.do("state")["modified"]
    assert path.read_bytes() == data
