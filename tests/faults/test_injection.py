"""Text from outside never becomes a formula: from the vendor and from files, in every output."""

from __future__ import annotations

import csv
import io
import json
import re
import warnings
import zipfile
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest

from tests.sources import chain_files
from vrp_xl import cli, macros, settings
from vrp_xl.core.rules import STANDARD
from vrp_xl.excel import layout
from vrp_xl.excel.books import MemoryBook, literal
from vrp_xl.functions import FUNCTIONS
from vrp_xl.reader import READER
from vrp_xl.simulator import serve
from vrp_xl.sources import http

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

EVIL = [
    '=HYPERLINK("http://127.0.0.1/?"&A1,"click")', "=cmd|' /C calc'!A0", "+1+cmd|' /C calc'!A0",
    "-2+3", "@SUM(1+1)", "\t=1+1", "\r=1+1", "\n=1+1", "\uff1d1+1", "{=1+1}", "'=1+1", "%0A=1+1",
    "<script>alert(1)</script>", "http://127.0.0.1/x", "[red]text[/red]", '";=1+1;"',
]  # fmt: skip
STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
NUMBER = re.compile(r"-?\d+(\.\d+)?(e[+-]?\d+)?")
OURS = re.compile(r"=(SUMPRODUCT|IF\(rule|rule_)")


@pytest.fixture(autouse=True)
def _reader() -> Iterator[None]:
    yield
    READER.close()


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[..., str]:
    """Runs the command; gives what it writes to standard output."""
    monkeypatch.chdir(tmp_path)

    def call(*words: str) -> str:
        monkeypatch.setattr("sys.argv", ["vrp-xl", *words])
        capsys.readouterr()
        with pytest.raises(SystemExit):
            cli.main()
        return capsys.readouterr().out

    return call


def turned(value: Any, evil: str, name: str = "") -> Any:
    """A document with `evil` for every text but symbols, times and the regime, which are read."""
    if isinstance(value, dict):
        return {key: turned(one, evil, key) for key, one in value.items()}
    if isinstance(value, list):
        return [turned(one, evil, name) for one in value]
    kept = name in {"symbol", "gamma", "plan", "status", "date"} or "as_of" in name
    if name == "warnings" or (isinstance(value, str) and not kept and "time" not in name):
        return evil
    return value


@pytest.fixture(params=range(len(EVIL)), ids=lambda n: f"evil{n}")
def evil(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A vendor each of whose texts is this one."""
    words = EVIL[request.param]
    with serve(key="demo") as server:
        monkeypatch.setenv("FLASHALPHA_API_KEY", "demo")
        monkeypatch.setenv("VRP_XL_FLASHALPHA_URL", server.url)
        as_it_was = server.answer

        def answer(*asked: Any) -> object:
            made = as_it_was(*asked)
            document = turned(json.loads(made.body), words)
            if "warnings" not in document:
                document["warnings"] = [words]
            return type(made)(made.status, json.dumps(document).encode(), made.headers, made.kind)

        monkeypatch.setattr(server, "answer", answer)
        settings.choose_source("flashalpha")
        yield words


def check_csv(text: str) -> None:
    """No field of a CSV is what a spreadsheet would compute."""
    rows = list(csv.reader(io.StringIO(text)))
    assert len(rows) > 1
    for field in (field for row in rows for field in row):
        assert not field.startswith(STARTS) or NUMBER.fullmatch(field), field


def check_workbook(path: Path) -> None:
    """No cell but our own computes, none is a link, and nothing is linked from outside."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*extension is not supported", UserWarning)
        book = openpyxl.load_workbook(io.BytesIO(path.read_bytes()))
    for sheet in book.worksheets:
        for place in (place for line in sheet.iter_rows() for place in line):
            assert place.hyperlink is None
            if place.data_type == "f":
                assert OURS.match(str(place.value)), place.value
    with zipfile.ZipFile(path) as packed:
        assert not [name for name in packed.namelist() if "external" in name.lower()]
        for name in packed.namelist():
            if name.endswith(".rels"):
                assert b'TargetMode="External"' not in packed.read(name)


def test_the_vendors_words(evil: str, run: Callable[..., str], tmp_path: Path) -> None:
    """In the terminal, as CSV, as JSON and in the workbook the vendor's words stay words."""
    shown = run("scan", "SPY", "META")
    assert "\x1b" not in shown
    check_csv(run("scan", "SPY", "META", "--csv", "--offline"))
    told = json.loads(run("scan", "SPY", "META", "--json", "--offline"))
    assert evil.strip()[:8] in json.dumps(told, ensure_ascii=False).replace('\\"', '"')
    (workbook,) = tmp_path.glob("*.xlsx")
    check_workbook(workbook)


def test_the_vendors_words_by_the_button(evil: str) -> None:
    """What the macro puts into cells reaches Excel as text, whatever it looks like."""
    del evil
    rules = {"preset": "standard", "source": "flashalpha"} | STANDARD.to_dict()
    book = MemoryBook(
        sheets=layout.SHEETS,
        names={
            layout.RULES_NAME: (layout.SETTINGS, 5, 0, len(rules), 2),
            layout.WATCHLIST_NAME: (layout.SETTINGS, 5, 10, layout.WATCHLIST_ROWS, 2),
            layout.RAW_NAME: (layout.SCAN, 10, 30, 20, len(layout.RAW_BLOCK)),
            layout.FACTS_NAME: (layout.SCAN, 0, 0, len(layout.FACTS), 2),
            layout.SYMBOL_NAME: (layout.SYMBOL, 1, 1, 1, 1),
        },
        selected=(layout.SETTINGS, 0, 0, 1, 1),
    )
    for line, (name, value) in enumerate(rules.items()):
        book.cells[layout.SETTINGS, 5 + line, 0] = name
        book.cells[layout.SETTINGS, 5 + line, 1] = value
    book.cells[layout.SETTINGS, 5, 10] = "SPY"
    macros.refresh_scan(book)
    texts = [value for value in book.cells.values() if isinstance(value, str)]
    assert "SPY" in texts
    for text in texts:
        assert text.isprintable() or "\n" in text
        assert not literal(text).startswith(("=", "+", "-", "@"))


def test_the_vendors_words_in_formulas(evil: str, run: Callable[..., str]) -> None:
    """A function gives text as text: a cell value, which no spreadsheet computes again."""
    del evil
    run("refresh", "SPY")
    for function in FUNCTIONS.values():
        answer = function.call(*(["SPY"] if function.args else []))
        cells = [c for row in answer for c in row] if isinstance(answer, list) else [answer]
        for cell in cells:
            assert not isinstance(cell, str) or len(cell) < 32_768


FILES = ["=1+1.csv", "@SUM(1).json", "+cmd|' !A0.csv", "-2+3.csv", "'=x.json", "\t=1.csv",
         "=HYPERLINK(1).json"]  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_names_of_files(name: str, run: Callable[..., str], tmp_path: Path) -> None:
    """A chain file may have any name; its name stays a name wherever it is told."""
    folder = tmp_path / "chains"
    folder.mkdir()
    made = chain_files.Market("ABC")
    try:
        (folder / name).write_text(made.json() if name.endswith("json") else made.csv())
        (folder / f"{name}.broken.csv").write_text("no chain at all\n1,2\n")
        (folder / f"z{name}").write_text("{")
    except OSError:
        pytest.skip("this file system has no such names")
    shown = run("scan", "--data", str(folder))
    assert "ABC" in shown
    check_csv(run("scan", "--data", str(folder), "--csv"))
    (workbook,) = tmp_path.glob("*.xlsx")
    check_workbook(workbook)


@pytest.mark.parametrize("words", EVIL)
def test_names_of_a_watchlist(words: str, run: Callable[..., str], tmp_path: Path) -> None:
    """A watchlist or a symbol that is a formula is refused, or harmless in the CSV."""
    file = tmp_path / "names.csv"
    file.write_text(f"symbol,earnings\nSPY,\n{words},2030-01-15\n", encoding="utf-8")
    run("watchlist", "import", str(file), "--replace")
    check_csv(run("scan", "--source", "sample", "--csv"))


@pytest.mark.parametrize("words", EVIL)
def test_an_error_of_the_server(words: str, monkeypatch: pytest.MonkeyPatch, run: Any) -> None:
    """An error's text from the server is harmless in the CSV's column of errors."""
    monkeypatch.setattr(http, "_BACKOFF", 0.001)
    with serve(key="demo", fault="error500") as server:
        monkeypatch.setenv("FLASHALPHA_API_KEY", "demo")
        monkeypatch.setenv("VRP_XL_FLASHALPHA_URL", server.url)
        as_it_was = server.answer

        def answer(*asked: Any) -> object:
            made = as_it_was(*asked)
            body = json.dumps({"error": words, "message": words}).encode()
            return type(made)(made.status, body, made.headers, made.kind)

        monkeypatch.setattr(server, "answer", answer)
        settings.choose_source("flashalpha")
        check_csv(run("scan", "SPY", "--csv"))
