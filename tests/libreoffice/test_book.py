"""The adapter of a LibreOffice document against a document in memory, over the real wire."""

from __future__ import annotations

import io
import json
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vrp_xl import macros, settings
from vrp_xl.core.rules import STANDARD
from vrp_xl.errors import InputError, OfficeError
from vrp_xl.excel import layout
from vrp_xl.excel.books import MemoryBook, MemoryRange
from vrp_xl.excel.formats import SheetFormats
from vrp_xl.libreoffice import install
from vrp_xl.libreoffice.book import UnoBook, Wire, run, unwired, wired
from vrp_xl.libreoffice.component import document, link
from vrp_xl.reader import READER

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WIDTH = len(layout.RAW_BLOCK)
RULES = {"preset": None, "source": "sample", **STANDARD.to_dict()}


@pytest.fixture(autouse=True)
def _reader() -> Iterator[None]:
    """The reader of this process starts and ends empty."""
    READER.close()
    yield
    READER.close()


class FakeDocument:
    """Answers as the component does, from a book in memory."""

    def __init__(self, book: MemoryBook, address: str = "") -> None:
        self.book = book
        self.url = address
        self.asked: list[str] = []

    def answer(self, what: str, more: list[Any]) -> Any:
        """Answers one question."""
        assert what in document.QUESTIONS
        self.asked.append(what)
        return getattr(self, what)(*more)

    def cells(self, sheet: str, *place: int) -> MemoryRange:
        """A range."""
        if sheet not in self.book.sheets:
            raise LookupError(sheet)
        return MemoryRange(self.book, sheet, *place)

    def address(self) -> str:
        """Where it lies."""
        return self.url

    def sheets(self) -> list[str]:
        """Its sheets."""
        return list(self.book.sheets)

    def named(self, name: str) -> list[Any] | None:
        """A defined name."""
        place = self.book.names.get(name)
        return None if place is None else list(place)

    def selection(self) -> list[Any] | None:
        """What is selected."""
        return None if self.book.selected is None else list(self.book.selected)

    def get(self, *place: Any) -> Any:
        """Values."""
        return [[wired(cell) for cell in row] for row in self.cells(*place).get()]

    def put(self, sheet: str, row: int, column: int, rows: list[list[Any]]) -> None:
        """Puts values."""
        values = [[unwired(cell) for cell in line] for line in rows]
        self.cells(sheet, row, column, len(rows), len(rows[0])).put(values)

    def clear(self, *place: Any) -> None:
        """Empties cells."""
        self.cells(*place).clear()

    def activate(self, sheet: str) -> None:
        """Shows a sheet."""
        self.book.active = sheet

    def status(self, text: str | None) -> None:
        """A line."""
        self.book.status(text)

    def calculation(self) -> str:
        """When it recalculates."""
        return self.book.calculation

    def calculate(self, when: str) -> None:
        """Sets it."""
        self.book.calculation = when

    def drawing(self) -> bool:
        """Whether the screen follows."""
        return self.book.screen_updating

    def draw(self, follow: bool) -> None:
        """Sets it."""
        self.book.screen_updating = follow

    def recalculate(self) -> None:
        """Counts."""
        self.book.recalculate()

    def message(self, text: str) -> None:
        """Keeps a message."""
        self.book.message(text)

    def ask(self, text: str) -> bool:
        """Keeps a question."""
        return self.book.ask(text)


class Line(io.RawIOBase):
    """Both pipes at once: what is written is answered when it is read."""

    def __init__(self, fake: FakeDocument) -> None:
        super().__init__()
        self.fake = fake
        self.waiting = b""

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, data: Any) -> int:
        """A question."""
        self.waiting += bytes(data)
        return len(data)

    def readline(self, _size: int | None = -1, /) -> bytes:
        """Its answer."""
        line, self.waiting = self.waiting, b""
        return link._reply(line, self.fake.answer)


def desk(*names: Any) -> MemoryBook:
    """A desk in memory."""
    book = MemoryBook(
        sheets=layout.SHEETS,
        names={
            layout.RULES_NAME: (layout.SETTINGS, 5, 0, len(RULES), 2),
            layout.WATCHLIST_NAME: (layout.SETTINGS, 5, 10, layout.WATCHLIST_ROWS, 2),
            layout.RAW_NAME: (layout.SCAN, 10, 30, 20, WIDTH),
            layout.FACTS_NAME: (layout.SCAN, 0, 0, len(layout.FACTS), 2),
        },
        selected=(layout.SETTINGS, 0, 0, 1, 1),
    )
    MemoryRange(book, *book.names[layout.RULES_NAME]).put([[n, v] for n, v in RULES.items()])
    MemoryRange(book, *book.names[layout.WATCHLIST_NAME]).put([[name, None] for name in names])
    MemoryRange(book, *book.names[layout.FACTS_NAME]).put([[fact, None] for fact in layout.FACTS])
    return book


def over_the_wire(book: MemoryBook, address: str = "") -> UnoBook:
    """The adapter over a fake document."""
    line: Any = Line(FakeDocument(book, address))
    return UnoBook(Wire(line, line))


moments = st.datetimes(datetime(1901, 1, 1), datetime(2199, 1, 1))  # noqa: DTZ001
cells = st.one_of(
    st.none(),
    st.booleans(),
    st.text(),
    st.floats(allow_nan=False, allow_infinity=False),
    moments.map(lambda moment: moment.replace(microsecond=0)),
)


@given(cells)
def test_values_travel_as_they_are(value: Any) -> None:
    """What goes to a cell comes back from it: text stays text, a moment stays to the second."""
    assert unwired(json.loads(json.dumps(wired(value), allow_nan=False))) == value


def test_dates_numbers_and_errors() -> None:
    """A day is midnight, a whole number a float, an error its text."""
    assert unwired(wired(date(2027, 1, 15))) == datetime(2027, 1, 15)  # noqa: DTZ001
    assert type(unwired(wired(2))) is float
    assert unwired({"error": "#N/A"}) == "#N/A"


def test_ranges() -> None:
    """Rectangles, parts of them, and no more values than cells."""
    book = over_the_wire(memory := desk("SPY"))
    found = book.named(layout.RAW_NAME)
    assert found is not None
    assert (found.sheet, found.row, found.column, found.rows, found.columns) == (
        layout.SCAN, 10, 30, 20, WIDTH,
    )  # fmt: skip
    part = found.part(2, 1, 1, 2)
    part.put([["=1+1", True]])
    assert part.get() == [["=1+1", True]]
    assert memory.cells[layout.SCAN, 12, 31] == "=1+1"
    part.clear()
    assert part.get() == [[None, None]]
    with pytest.raises(InputError, match="more values than cells"):
        part.put([[1, 2, 3]])
    part.put([])
    assert book.named("nothing") is None


def test_the_book(tmp_path: Path) -> None:
    """Sheets, selection, modes, questions and the folder."""
    memory = desk()
    memory.answers = [True]
    book = over_the_wire(memory, (tmp_path / "a b.ods").as_uri())
    sheet = book.sheet(layout.HELP)
    assert sheet is not None
    sheet.activate()
    assert memory.active == layout.HELP
    assert book.sheet("nothing") is None
    with pytest.raises(InputError, match="in Excel only"):
        sheet.put_formats(SheetFormats(layout.HELP, (), ()))
    selected = book.selection()
    assert selected is not None
    assert selected.sheet == layout.SETTINGS
    memory.selected = None
    assert book.selection() is None
    book.calculation = "manual"
    book.screen_updating = False
    assert (memory.calculation, book.calculation) == ("manual", "manual")
    assert book.screen_updating is False
    assert book.ask("sure?") is True
    assert book.ask("sure?") is False
    assert book.folder == tmp_path


@pytest.mark.parametrize(
    "address",
    [
        "",
        "private:factory/scalc",
        "https://host/a.ods",
        "file://server/share/a.ods",
        "file:///no/such/a.ods",
    ],
)
def test_a_book_without_a_folder(address: str) -> None:
    """What was never saved, or lies elsewhere, has no folder."""
    assert over_the_wire(desk(), address).folder is None


def test_a_name_without_cells() -> None:
    """A name that points to a formula is told apart from none."""
    fake = FakeDocument(desk())
    fake.named = lambda _name: []  # type: ignore[method-assign]
    line: Any = Line(fake)
    with pytest.raises(InputError, match="points to no cells"):
        UnoBook(Wire(line, line)).named(layout.RAW_NAME)


def test_what_the_document_refuses_is_a_sentence() -> None:
    """An exception over there is an error of ours here."""
    book = over_the_wire(desk())
    found = book.named(layout.RAW_NAME)
    assert found is not None
    found._sheet = "gone"
    with pytest.raises(InputError, match="LibreOffice could not do that: gone"):
        found.get()


def test_the_same_refresh_as_without_a_wire() -> None:
    """A refresh leaves in the document what it leaves in a book in memory."""
    direct, wired_book = desk("SPY", "QQQ", "no!"), desk("SPY", "QQQ", "no!")
    macros.refresh_scan(direct)
    macros.refresh_scan(over_the_wire(wired_book))
    facts = {"refreshed", "as_of"}

    def seen(book: MemoryBook) -> dict[Any, Any]:
        day = {
            key: datetime(value.year, value.month, value.day)  # noqa: DTZ001
            if isinstance(value, date) and not isinstance(value, datetime)
            else value
            for key, value in book.cells.items()
        }
        skip = {r for r, fact in enumerate(layout.FACTS) if fact in facts}
        ages = layout.RAW_BLOCK.index("age_minutes") + 30
        return {
            (s, r, c): v
            for (s, r, c), v in day.items()
            if not (s == layout.SCAN and ((r in skip and c == 1) or c == ages))
        }

    here, there = seen(direct), seen(wired_book)
    assert {key: here[key] for key in here if not isinstance(here[key], datetime)} == {
        key: there[key] for key in there if not isinstance(there[key], datetime)
    }
    assert here.keys() == there.keys()
    assert direct.messages == wired_book.messages
    assert wired_book.recalculated == 1
    assert (wired_book.calculation, wired_book.screen_updating) == ("automatic", True)
    assert wired_book.statuses[-1] is None


def test_an_office_that_goes_away() -> None:
    """The macro ends with an exit code, and nothing is raised."""
    assert run("OpenHelp", io.BytesIO(), io.BytesIO()) == OfficeError.exit_code


@pytest.fixture
def set_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file that names the interpreter."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("APPDATA", str(tmp_path / "config"))
    install.write_config()


@pytest.mark.usefixtures("set_up")
def test_a_macro_in_its_own_process() -> None:
    """The process asks, is answered, writes the figures and ends."""
    fake = FakeDocument(desk("SPY"))
    link.run_macro("RefreshScan", fake.answer)
    assert MemoryRange(fake.book, layout.SCAN, 10, 30, 1, 1).get() == [["SPY"]]
    assert fake.book.messages == []
    assert fake.asked[-1] == "status"


@pytest.mark.usefixtures("set_up")
def test_a_document_that_is_closed_meanwhile() -> None:
    """Every question fails; the macro breaks off and says so."""

    def closed(_what: str, _more: list[Any]) -> Any:
        raise RuntimeError("disposed")

    with pytest.raises(link.LinkError, match=r"RefreshScan of vrp_xl broke off: .*disposed"):
        link.run_macro("RefreshScan", closed)


@pytest.mark.usefixtures("set_up")
def test_an_interpreter_that_cannot_run_macros(tmp_path: Path) -> None:
    """What it said reaches the person; a macro that does not exist is no other case."""
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho No module named vrp_xl >&2\nexit 1\n")
    python.chmod(0o755)
    found = {"python": str(python), "home": str(settings.home())}
    link.config_file().write_text(json.dumps(found))
    with pytest.raises(link.LinkError, match=r"No module named vrp_xl.*install --libreoffice"):
        link.run_macro("RefreshScan", lambda _what, _more: None)


@pytest.mark.parametrize(
    ("formula", "clean"),
    [
        ('=[1]!VRP_CELL("SPY")', '=VRP_CELL("SPY")'),
        ("=[12]!vrp_ratio(A1;[1]!VRP_CELL(B1))", "=vrp_ratio(A1;VRP_CELL(B1))"),
        ("='C:\\a b\\vrp_xl.xlam'!VRP_CELL(A1)", "=VRP_CELL(A1)"),
        ("='file:///a/vrp_xl.xlam'#$VRP_CELL(A1)", "=VRP_CELL(A1)"),
        ("=VRP_CELL(A1)", "=VRP_CELL(A1)"),
        ("=[1]!OTHER(A1)", "=[1]!OTHER(A1)"),
        ("=[1]Sheet1!A1", "=[1]Sheet1!A1"),
    ],
)
def test_names_that_excel_stored_from_the_add_in(formula: str, clean: str) -> None:
    """What stands before a function of ours goes; everything else stays."""
    assert document.own_name(formula) == clean
