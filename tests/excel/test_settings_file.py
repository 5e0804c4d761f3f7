"""The Settings sheet of a saved workbook, and what `vrp-xl positions` does with it."""

from __future__ import annotations

import json
import warnings
from datetime import datetime
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest

from tests.command_line import Ran, command
from vrp_xl import settings as saved
from vrp_xl.core.rules import PRESETS, STANDARD
from vrp_xl.errors import InputError
from vrp_xl.excel import layout
from vrp_xl.excel.desk import settings
from vrp_xl.excel.desk.book import desk_book
from vrp_xl.excel.desk.positions import AT, EQUITY_CELL, FIRST_ROW
from vrp_xl.excel.settings_file import BookSettings, read_settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:openpyxl")

Edit = "Callable[..., Path]"
HEADER = "symbol,legs,contracts,expiry,credit,mark"
RULES = list(STANDARD.to_dict())


LOSS = {"credit": 1.65, "mark": 9.0, "expiry": datetime(2099, 1, 15)}  # noqa: DTZ001
"""Cells of the first position that make it a loss, open on whatever day these tests run."""


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The desk as it is delivered."""
    path = tmp_path_factory.mktemp("delivered") / "desk.xlsx"
    return desk_book(path, vba_project=None)


@pytest.fixture(scope="module")
def small(delivered: Path) -> openpyxl.Workbook:
    """Settings and Positions of the desk alone, in memory, without the values of formulas."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        book = openpyxl.load_workbook(delivered)
    for name in book.sheetnames:
        if name not in (layout.SETTINGS, layout.POSITIONS):
            del book[name]
    for name, made in list(book.defined_names.items()):
        if any(sheet not in book.sheetnames for sheet, _ in made.destinations):
            del book.defined_names[name]
    return book


@pytest.fixture
def desk(small: openpyxl.Workbook, tmp_path: Path) -> Edit:
    """Types into the desk and saves it, as a program that computes nothing would."""

    def edit(*, typed: Any = None, first: dict[str, Any] | None = None, **rules: Any) -> Path:
        path = tmp_path / "mine.xlsx"
        rows = {"preset": settings.PRESET_ROW, "source": settings.SOURCE_ROW}
        rows |= {name: settings.FIRST_RULE + n for n, name in enumerate(RULES)}
        sheet, own = small[layout.POSITIONS], small[layout.SETTINGS]
        cells = [(sheet.cell(EQUITY_CELL[0] + 1, EQUITY_CELL[1] + 1), typed)]
        cells += [(sheet.cell(FIRST_ROW + 1, AT[k] + 1), v) for k, v in (first or {}).items()]
        cells += [(own.cell(rows[k] + 1, settings.YOURS + 1), v) for k, v in rules.items()]
        before = [cell.value for cell, _ in cells]
        for cell, value in cells:
            cell.value = value
        small.save(path)
        for (cell, _), value in zip(cells, before, strict=True):
            cell.value = value
        return path

    return edit


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Runs the command on a file."""
    return lambda file, *words: command(monkeypatch, capsys, "positions", file, *words)


def of(path: Path) -> BookSettings:
    """What a workbook asks for; it asks for something."""
    found = read_settings(path)
    assert found is not None
    return found


def test_as_delivered(delivered: Path) -> None:
    """The standard rules, with the values of formulas in the file or without."""
    found = of(delivered)
    assert found == (STANDARD, "standard", "sample")
    assert found.words == "preset standard"


def test_what_is_typed_holds_over_the_preset(desk: Edit) -> None:
    """Numbers, words, flags, and off for a rule that may be blank; the saved rules play no part."""
    saved.make_home()
    (saved.home() / "rules.toml").write_text("z_min = 2\n")
    path = desk(preset="ratio", loss_stop=2, cap_a="off", strike_guard="off", source=None)
    found = of(path)
    wanted = {"loss_stop": 2.0, "cap_a": None, "strike_guard": False}
    assert found == (PRESETS["ratio"].with_values(wanted), "ratio", None)
    assert found.words == "preset ratio with strike_guard off, loss_stop 2, cap_a off"


def test_a_workbook_without_settings(tmp_path: Path) -> None:
    """There is nothing to read, which is no error."""
    path = tmp_path / "plain.xlsx"
    openpyxl.Workbook().save(path)
    assert read_settings(path) is None


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"loss_stop": "two"}, "of mine.xlsx: Rule loss_stop is 'two'; it takes a number from 0.1"),
        ({"preset": None}, "The sheet Settings of mine.xlsx names no preset"),
        ({"preset": "mine"}, "of mine.xlsx: There is no preset 'mine'"),
        ({"source": "moon"}, "moon"),
    ],
)
def test_what_is_not_allowed_is_told(
    desk: Edit, ask: Callable[..., Ran], typed: dict[str, Any], words: str
) -> None:
    """With the file and the rule; a preset of the command line does without the sheet."""
    path = desk(**typed)
    with pytest.raises(InputError) as refused:
        read_settings(path)
    assert words in str(refused.value)
    ran = ask(path, "--source", "sample")
    assert ran.code == 2
    assert words in ran.err
    ran = ask(path, "--source", "sample", "--preset", "standard")
    assert ran.code == 3
    assert "the workbook's sheet Settings cannot be read and is not used" in ran.out


def test_the_command_judges_by_the_sheet(desk: Edit, ask: Callable[..., Ran]) -> None:
    """As its formulas do: a loss of 4.45 credits meets its loss stop of 2."""
    path = desk(loss_stop=2, first=LOSS)
    told = json.loads(ask(path, "--source", "sample", "--json").out)
    (spy,) = (p for p in told["positions"] if p["symbol"] == "SPY")
    assert spy["action"] == "CLOSE"
    assert spy["reason"].startswith("loss stop: the loss is 4.45 credits")
    assert told["rules"] == {"preset": "standard", "changed": {"loss_stop": 2.0}}
    assert (
        "rules are those of the workbook's sheet Settings: preset standard with loss_stop 2"
        in told["notices"]
    )


def test_what_the_command_line_names_wins(
    desk: Edit, ask: Callable[..., Ran], tmp_path: Path
) -> None:
    """A preset, a file of rules or both; the output says that the sheet is not used."""
    path = desk(loss_stop=2, first=LOSS)
    rules = tmp_path / "mine.toml"
    rules.write_text("z_min = 2\n")
    for words in (
        ("--preset", "spike"),
        ("--rules", rules),
        ("--preset", "zscore", "--rules", rules),
    ):
        told = json.loads(ask(path, "--source", "sample", "--json", *words).out)
        (spy,) = (p for p in told["positions"] if p["symbol"] == "SPY")
        assert "loss stop" not in spy["reason"]
        named = " and ".join(f"{words[n]} {words[n + 1]}" for n in range(0, len(words), 2))
        said = f"the rules of the workbook's sheet Settings are not used, those of {named} are"
        assert said in told["notices"]


def equity_of(ran: Ran) -> tuple[float | None, list[str]]:
    """The account that totals are held against, and what is said of it."""
    told = json.loads(ran.out)
    return told["totals"]["equity"], [n for n in told["notices"] if n.startswith("equity is")]


def test_the_value_of_the_account(desk: Edit, ask: Callable[..., Ran], tmp_path: Path) -> None:
    """Asked for, of the file of rules, of the sheet Positions, of the rule: in this order."""
    rules = tmp_path / "mine.toml"
    rules.write_text("equity = 20000\n")
    bare = tmp_path / "bare.toml"
    bare.write_text("z_min = 2\n")
    words = ("--source", "sample", "--json")
    path = desk()
    assert equity_of(ask(path, *words)) == (None, [])
    assert equity_of(ask(path, *words, "--rules", rules)) == (20_000, [])
    path = desk(typed=30_000)
    assert equity_of(ask(path, *words, "--rules", rules)) == (20_000, [])
    assert equity_of(ask(path, *words, "--rules", bare)) == (30_000, [])
    path = desk(typed=30_000, preset="wide")
    assert equity_of(ask(path, *words)) == (30_000, [])
    assert equity_of(ask(path, *words, "--equity", "5000")) == (5_000, [])


def test_the_rule_of_the_sheet_is_the_account(desk: Edit, ask: Callable[..., Ran]) -> None:
    """Where the cell on Positions is blank; where both are typed the cell holds, and it is said."""
    words = ("--source", "sample", "--json")
    assert equity_of(ask(desk(equity=40_000), *words)) == (40_000, [])
    path = desk(equity=40_000, typed=30_000)
    said = "equity is 30,000 USD by the workbook; the rule equity says 40,000"
    assert equity_of(ask(path, *words)) == (30_000, [said])
    said = "equity is 5,000 USD by --equity; the rule equity says 40,000"
    assert equity_of(ask(path, *words, "--equity", "5000")) == (5_000, [said])


def test_a_scan_takes_the_same_account(
    desk: Edit,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A file of rules that is named holds over the cell of the workbook."""
    path = desk(typed=30_000)
    rules = tmp_path / "mine.toml"
    rules.write_text("equity = 20000\n")
    monkeypatch.chdir(tmp_path)
    for words, wanted in (((), 30_000), (("--rules", rules), 20_000)):
        ran = command(
            monkeypatch, capsys, "scan", "SPY", "--source", "sample", "--positions", path, "--json",
            *words,
        )  # fmt: skip
        assert json.loads(ran.out)["rules"]["values"]["equity"] == wanted


@pytest.mark.parametrize(
    ("typed", "chosen", "words", "source", "said"),
    [
        ("sample", None, (), "sample", None),
        ("folder", None, (), "folder", None),
        ("folder", "sample", (), "folder", None),
        ("sample", "folder", (), "folder", "reads sample; figures here are from folder"),
        (None, "folder", (), "folder", None),
        ("folder", None, ("--source", "sample"), "sample", "reads folder; figures here are from"),
    ],
)
def test_the_source_of_the_sheet(
    desk: Edit, ask: Callable[..., Ran], typed: str | None, chosen: str | None,
    words: tuple[str, ...], source: str, said: str | None,
) -> None:  # fmt: skip
    """A real one holds over the chosen one; sample, as it is shipped, over none."""
    if chosen is not None:
        saved.choose_source(chosen)
    path = desk(source=typed, first={"note": "mine"})
    told = json.loads(ask(path, "--offline", "--json", *words).out)
    assert told["source"] == source
    assert (said is not None) == any("figures here are from" in n for n in told["notices"])
    assert said is None or any(said in n for n in told["notices"])


def test_a_list_of_positions_brings_no_rules(ask: Callable[..., Ran], tmp_path: Path) -> None:
    """The saved rules hold, and nothing is said of a sheet."""
    file = tmp_path / "book.csv"
    file.write_text(f"{HEADER}\nSPY,-P 600 +P 590,1,2099-01-15,1.65,1.4\n")
    told = json.loads(ask(file, "--source", "sample", "--json").out)
    assert told["rules"]["preset"] == "standard"
    assert not any("Settings" in notice for notice in told["notices"])
