"""What formulas keep in memory: enough to be fast, and no more than that."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

import vrp_xl.functions as f
from vrp_xl import desk, function_args, settings
from vrp_xl.core.snapshot import Snapshot
from vrp_xl.reader import KEPT_RULES, READER, WANTED_AT_ONCE
from vrp_xl.sources.base import Fetched

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _sample(_own_home: None) -> Iterator[None]:
    settings.choose_source("sample")
    yield
    READER.close()


def test_a_data_table_over_a_threshold_leaves_no_heap() -> None:
    """Hundreds of thresholds give right answers and keep a bounded number of decisions."""
    z = f.VRP_GET("SPY", "z_score")
    grid = [i / 100 for i in range(4 * KEPT_RULES)]
    assert [f.VRP_CELL("SPY", z_min) for z_min in grid] == [
        "A" if z >= z_min else "C" for z_min in grid
    ]
    assert len(READER._decisions) <= KEPT_RULES
    assert len(READER._kept_rules) <= KEPT_RULES


def test_one_and_true_are_two_ranges() -> None:
    """A rules range that was read does not answer for one that only compares equal."""
    assert f.VRP_RULE("z_min", [["z_min", 1.0]]) == 1.0
    assert f.VRP_RULE("z_min", [["z_min", True]]) == "#VALUE!"
    assert f.VRP_RULE("strike_guard", [["strike_guard", True]]) == "on"
    assert f.VRP_RULE("strike_guard", [["strike_guard", 0.0]]) == "off"


def test_a_rules_range_changed_in_place_is_read_again() -> None:
    """The same list with another value in it is another range."""
    rules = [["z_min", 1.0], ["spread_min", 2.0]]
    assert f.VRP_RULE("z_min", rules) == 1.0
    rules[0][1] = 1.5
    assert f.VRP_RULE("z_min", rules) == 1.5


def test_rules_are_read_once_for_a_column(monkeypatch: pytest.MonkeyPatch) -> None:
    """A column of symbols reads its rules range once, not once per cell."""
    looked = []
    key_of = function_args._key_of
    monkeypatch.setattr(function_args, "_key_of", lambda v: looked.append(v) or key_of(v))
    assert f.VRP_CELL([["SPY"]] * 50, None, [["z_min", 5.0]]) == [["C"]] * 50
    assert len(looked) == 1


def test_a_bad_rules_range_is_refused_in_every_cell() -> None:
    """What cannot be read once is refused in its turn; a bad symbol before it leads."""
    answer = f.VRP_CELL([["SPY"], [None], ["#REF!"]], None, [["no_such_rule", 1]])
    assert answer == [["#VALUE!"], [None], ["#REF!"]]


@pytest.mark.skipif(sys.platform == "win32", reason="a file that is open keeps its name there")
def test_a_store_that_another_program_has_replaced_is_opened_anew() -> None:
    """A damaged store is set aside by who opens it; formulas read the new one, not the old."""
    settings.choose_source("flashalpha")

    def bring(spot: float) -> None:
        now = datetime.now(UTC)
        made = Snapshot(symbol="SPY", source="flashalpha", as_of=now, fetched_at=now, spot=spot)
        with desk.open_store() as store:
            store.save(Fetched(made))
        READER._checked = -1.0  # as after a moment

    bring(1.0)
    assert f.VRP_GET("SPY", "spot") == 1.0
    path = settings.store_path()
    path.rename(path.with_name("aside"))
    bring(2.0)
    assert f.VRP_GET("SPY", "spot") == 2.0
    bring(3.0)
    assert f.VRP_GET("SPY", "spot") == 3.0


def test_a_what_if_over_strangers_wants_few_of_them() -> None:
    """A universe that is not stored does not flood the wanted list."""
    settings.choose_source("flashalpha")
    names = [[f"Q{i}"] for i in range(300)]
    assert f.VRP_WHATIF(names, [[1]], [[2]]) == [[0]]
    with desk.open_store() as store:
        assert set(store.wanted("flashalpha")) == {f"Q{i}" for i in range(WANTED_AT_ONCE)}


def test_a_what_if_sees_a_symbol_that_was_missing_before() -> None:
    """A name that was asked for alone before is counted by a what-if, and the other way round."""
    assert f.VRP_CELL("NOSUCH") == "#N/A"
    assert f.VRP_WHATIF([["SPY"], ["NOSUCH"], ["SPY"]], [[0]], [[-50]]) == [[2]]
    assert f.VRP_CELL("NOSUCH") == "#N/A"


@pytest.mark.parametrize(
    "formula",
    [
        ("VRP_STRIKES", [["SPY"], ["QQQ"]]),
        ("VRP_HISTORY", [["SPY", "QQQ"]], "atm_iv"),
        ("VRP_WHATIF", [["SPY"]], [[1]], [[2]], [["count"], ["names"]]),
    ],
)
def test_a_table_does_not_spill_inside_a_table(formula: tuple[object, ...]) -> None:
    """A function that gives a table takes one cell where it takes one, and says so."""
    name, *arguments = formula
    assert f.FUNCTIONS[str(name)].call(*arguments) == "#VALUE!"
    assert "gives a table" in f.VRP_WHY()


def test_a_row_stays_a_row() -> None:
    """One row of cells spills as one row, not as a column."""
    assert f.VRP_BAND([[2.0, 0.0, None, -2.0]]) == [["rich", "normal", None, "compressed"]]
    assert f.VRP_BAND([[2.0], [0.0]]) == [["rich"], ["normal"]]


def test_nesting_without_end_is_refused() -> None:
    """A list in a list in a list, very deep, is an error and no crash."""
    deep: object = 1.0
    for _ in range(20_000):
        deep = [deep]
    assert f.VRP_BAND(deep) == "#VALUE!"
    assert f.VRP_HV(deep) == "#VALUE!"
