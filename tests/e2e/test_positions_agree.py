"""The sheet Positions in LibreOffice against `vrp-xl positions` on the same workbook, as saved."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.command_line import command
from tests.e2e.offices import WHY_NOT, Office, running
from vrp_xl import desk as desks
from vrp_xl.excel import layout
from vrp_xl.excel.desk import desk_book
from vrp_xl.excel.desk.cells import address
from vrp_xl.excel.desk.positions import AT, COLUMNS, FIRST_ROW
from vrp_xl.sources.base import Fetched
from vrp_xl.workflow.refresh import refresh

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT),
    pytest.mark.filterwarnings("ignore::UserWarning:openpyxl"),
]

ENTRY, EXPIRY = datetime.now(UTC).date(), datetime.now(UTC).date() + timedelta(days=50)
SPREAD = {"structure": "short_put_spread", "contracts": 1, "expiry": EXPIRY.isoformat(),
          "entry": (ENTRY - timedelta(days=20)).isoformat(), "credit": 1.65, "mark": 1.4,
          "note": "mine"}  # fmt: skip
ROWS = (
    SPREAD | {"symbol": "SPY", "strikes": "'630/640", "cell": "A"},
    SPREAD | {"symbol": "SPY", "strikes": "'620/630", "cell": "A", "mark": 9.0},
    SPREAD | {"symbol": "QQQ", "strikes": "'550/560", "cell": "A"},
    SPREAD | {"symbol": "IWM", "strikes": "'205/215", "cell": "B", "marked": SPREAD["entry"]},
)
"""Calm; a loss of 4.45 credits; by old figures; by none and an old mark, counted as at entry."""


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """An office over a store with SPY as of now, QQQ of a month ago and nothing of IWM."""
    with running(tmp_path_factory.mktemp("positions")) as made:
        with pytest.MonkeyPatch.context() as patch:
            made.enter(patch)
            opened = desks.open_source("sample")
            with desks.open_store() as store:
                refresh(opened.source, store, ["SPY", "QQQ"])
                known = store.latest_many("sample", ["SPY", "QQQ"])
                now = datetime.now(UTC)
                for symbol, taken in (("SPY", now), ("QQQ", now - timedelta(days=28))):
                    figures = replace(
                        known[symbol], source="flashalpha", sample=False, as_of=taken,
                        z_score=1.3, gamma="positive", gamma_basis="repriced",
                        gamma_flip=(known[symbol].spot or 0.0) * 0.97,
                    )  # fmt: skip
                    store.save(Fetched(figures))
        yield made


def cells(office: Office, name: str) -> list[Any]:
    """What a column of the sheet shows of the rows."""
    first, last = address(FIRST_ROW, AT[name]), address(FIRST_ROW + len(ROWS) - 1, AT[name])
    return [row[0] for row in office.do("read", cells=f"{first}:{last}", sheet=layout.POSITIONS)]


def test_the_sheet_says_what_the_command_says(
    office: Office, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Actions by the rules of the sheet, ages, the cell that counts, percents and caps."""
    path = desk_book(office.folder / "desk.xlsx", vba_project=None)
    office.do("open", path=str(path))
    for n in range(6):
        row = ROWS[n] if n < len(ROWS) else {}
        for column in COLUMNS:
            if column.input:
                office.do(
                    "set", cell=address(FIRST_ROW + n, AT[column.name]), sheet=layout.POSITIONS,
                    formula=str(row.get(column.name, "")),
                )  # fmt: skip
    for name, value in (("source", "flashalpha"), ("loss_stop", "2"), ("equity", "5000")):
        office.do("name_put", name=f"input_{name}", formula=value)
    office.do("recalculate")
    assert cells(office, "action") == ["OK", "CLOSE", "UNKNOWN", "UNKNOWN"]
    assert cells(office, "risk_cell") == ["A", "A", "A", "B"]
    assert "a newer mark: it is of" in cells(office, "reason")[3]
    assert cells(office, "sessions_old")[:2] == [0, 0]
    assert cells(office, "sessions_old")[2] >= 17
    assert cells(office, "sessions_old")[3] == ""
    top = {
        at: office.do("read", cells=at, sheet=layout.POSITIONS)[0][0] for at in ("I5", "L4", "L5")
    }
    saved = office.folder / "saved.xlsx"
    office.do("save", path=str(saved), kind="Calc MS Excel 2007 XML")

    office.enter(monkeypatch)
    ran = command(monkeypatch, capsys, "positions", saved, "--offline", "--json")
    assert ran.code == 3
    told = json.loads(ran.out)
    by_strikes = {p["legs"]: p for p in told["positions"]}
    listed = [by_strikes[f"+P {low} -P {high}"] for low, high in
              ((630, 640), (620, 630), (550, 560), (205, 215))]  # fmt: skip
    for name, key in (("action", "action"), ("reason", "reason"), ("at_risk", "at_risk_usd"),
                      ("sessions_old", "sessions_old")):  # fmt: skip
        shown = [None if value == "" else value for value in cells(office, name)]
        assert shown == [p[key] for p in listed], name
    totals = told["totals"]
    assert totals["at_risk_usd_by_cell"] == {"A": 3 * 835.0, "B": 835.0}
    assert top["I5"] == totals["equity"] == 5_000
    assert top["L4"] == pytest.approx(totals["at_risk_pct_equity"])
    assert top["L5"] == "ABOVE cap_a cap_b cap_total"
    assert [words.split()[1] for words in totals["caps"]] == ["A", "B", "positions"]
    assert told["rules"]["changed"] == {"loss_stop": 2.0, "equity": 5_000.0}
