"""The definitions themselves: complete, honest, and light to load."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from typing import Any

import pytest

import vrp_xl.functions as f
from vrp_xl import function_args as arg
from vrp_xl import settings
from vrp_xl.definition import FUNCTIONS, GROUP_TITLE, Example, vrp
from vrp_xl.excel.boundary import ERRORS, CellError
from vrp_xl.formula import evaluate, parse
from vrp_xl.frozen import frozen_sample
from vrp_xl.reader import READER

EVERY = list(FUNCTIONS.values())
DESIGNED = {
    "pure": "RATIO SPREAD VARIANCE ZSCORE PERCENTILE BAND HV ATMIV COMPRESSION COMPRESSIONBAND "
    "FUNNEL SCREEN MATRIX LEANOF FLIPDIST MOVE EXITSTATE TARGET STOPDATE DTE KELLY CONTRACTS "
    "BREAKEVEN MAXLOSS",
    "symbol": "GET CELL SIGNAL STRUCTURAL TACTICAL STRUCTURE LEAN STRIKES EDGE LEVELS SIZE "
    "TERM TENOR STATUS EXIT",
    "table": "SCAN DECIDE POSITIONS WHATIF WHATIFRATIO HISTORY SCANLOG JOURNAL",
    "data": "ASOF WHY SOURCE QUOTA FIELDS RULES RULE VERSION",
}
WITHOUT_RULES = {
    "VRP_SPREAD", "VRP_VARIANCE", "VRP_PERCENTILE", "VRP_HV", "VRP_ATMIV", "VRP_COMPRESSION",
    "VRP_FLIPDIST", "VRP_MOVE", "VRP_DTE", "VRP_KELLY", "VRP_BREAKEVEN",
    "VRP_FIELDS", "VRP_VERSION",
}  # fmt: skip
"""Functions whose answer depends on no rule and on no source."""
SYNTAX = {
    "VRP_RATIO": "iv, hv, [floor], [rules]",
    "VRP_ZSCORE": "value, history, [window], [rules]",
    "VRP_SCREEN": "z, spread, [z_min], [spread_min], [rules]",
    "VRP_MATRIX": "z, gamma, [z_min], [rules]",
    "VRP_EXITSTATE": "z, spot, flip, [credit], [mark], [days_to_expiry], [entry_cell], [rules]",
    "VRP_TARGET": "credit, [percent], [rules]",
    "VRP_STOPDATE": "expiry, [days], [rules]",
    "VRP_DTE": "expiry, [today]",
    "VRP_KELLY": "credit, width, p_win, [fraction], [cap]",
    "VRP_CONTRACTS": "equity, max_loss, [risk_percent], [multiplier], [rules]",
    "VRP_GET": "symbol, field, [as_of], [rules]",
    "VRP_CELL": "symbol, [z_min], [rules]",
    "VRP_SIGNAL": "symbol, [z_min], [spread_min], [rules]",
    "VRP_STRIKES": "symbol, [structure], [days], [rules]",
    "VRP_EDGE": "symbol, [structure], [days], [measure], [rules]",
    "VRP_LEVELS": "symbol, [table], [rules]",
    "VRP_TERM": "symbol, days, [rules]",
    "VRP_EXIT": "symbol, credit, mark, expiry, [entry_cell], [entry_date], [structure], [rules]",
    "VRP_POSITIONS": "symbols, details, [measures], [rules]",
    "VRP_MAXLOSS": "legs, credit, [spot], [iv], [days], [rules]",
    "VRP_BREAKEVEN": "credit, width, [close_at]",
    "VRP_TENOR": "symbol, [rules]",
    "VRP_SCAN": "[symbols], [fields], [rules]",
    "VRP_DECIDE": "raw_table, [rules]",
    "VRP_WHATIF": "symbols, z_values, spread_values, [measure], [rules]",
    "VRP_WHATIFRATIO": "symbols, structural_values, tactical_values, [measure], [rules]",
    "VRP_HISTORY": "symbol, field, [days], [rules]",
    "VRP_SCANLOG": "[rows], [rules]",
    "VRP_JOURNAL": "[symbol], [rows], [rules]",
    "VRP_WHY": "[symbol], [rules]",
}


@pytest.fixture(autouse=True)
def _closed(_own_home):
    yield
    READER.close()


@pytest.fixture
def frozen():
    """The sample market at one constant moment."""
    with frozen_sample():
        yield


def test_the_functions_are_those_of_the_design():
    """All of them, each in its group, in this order, and no other."""
    assert {
        group: [n.removeprefix("VRP_") for n, d in FUNCTIONS.items() if d.group == group]
        for group in GROUP_TITLE
    } == {group: names.split() for group, names in DESIGNED.items()}


@pytest.mark.parametrize("name", list(SYNTAX))
def test_arguments(name):
    """Symbol first, optional arguments last, rules the very last."""
    assert FUNCTIONS[name].syntax == f"{name}({SYNTAX[name]})"


@pytest.mark.parametrize("d", EVERY, ids=lambda d: d.name)
def test_complete(d):
    """Summary, returns, help and kind of each argument, an example, errors that exist."""
    assert d.summary.endswith((".", "?"))
    assert 10 < len(d.summary) < 160
    assert d.returns
    assert d.examples
    assert set(d.errors) <= set(ERRORS)
    assert all(d.errors.values())
    for a in d.args:
        assert a.doc.endswith(".")
        assert len(a.doc) < 200
        assert re.fullmatch(r"[a-z][a-z0-9_]*", a.name)
        if a.optional:
            assert inspect.signature(d.call).parameters[a.name].default is None
    optional = [a.optional for a in d.args]
    assert optional == sorted(optional), "optional arguments are the last"
    assert getattr(f, d.name) is d.call


@pytest.mark.parametrize("d", EVERY, ids=lambda d: d.name)
def test_names(d):
    """VRP_ and letters, so never a cell address, and short enough for every host."""
    assert re.fullmatch(r"VRP_[A-Z]+", d.name)
    assert len(d.name) <= 31


@pytest.mark.parametrize("d", EVERY, ids=lambda d: d.name)
def test_rules_are_the_last_argument(d):
    """Where rules or the source matter, they come as the very last argument, and only there."""
    kinds = [a.kind.name for a in d.args]
    if d.name in WITHOUT_RULES:
        assert "rules" not in kinds
    else:
        assert kinds[-1] == "rules"
        assert kinds.count("rules") == 1
        assert d.args[-1].name == "rules"
        assert d.args[-1].optional


@pytest.mark.parametrize("d", EVERY, ids=lambda d: d.name)
def test_arguments_that_a_symbol_needs(d):
    """A function of one symbol takes the symbol first."""
    if d.group == "symbol":
        assert (d.args[0].name, d.args[0].kind.name) == ("symbol", "symbol")


@pytest.mark.usefixtures("frozen")
def test_every_example_computes():
    """No example of the reference ends in an error, in the cell or inside its table."""
    for d in EVERY:
        for example in d.examples:
            assert parse(example.formula)[0] == d.name
            answer = evaluate(example.formula)
            cells = [c for row in answer for c in row] if isinstance(answer, list) else [answer]
            assert not any(isinstance(c, CellError) for c in cells), example.formula
            assert any(c is not None for c in cells), example.formula
            assert isinstance(answer, list) is d.spills, example.formula


@pytest.mark.usefixtures("frozen")
def test_examples_are_the_same_every_day():
    """The reference is made from them, so they must not depend on the day."""
    once = [str(evaluate(e.formula)) for d in EVERY for e in d.examples if d.name != "VRP_WHY"]
    READER.close()
    with frozen_sample():
        again = [str(evaluate(e.formula)) for d in EVERY for e in d.examples if d.name != "VRP_WHY"]
    assert once == again


def test_the_frozen_market_leaves_nothing_behind():
    """After it the user's own home is read again."""
    settings.choose_source("flashalpha")
    assert f.VRP_CELL("SPY") == "#N/A"
    with frozen_sample():
        assert f.VRP_CELL("SPY") == "A"
        assert f.VRP_SOURCE() == "sample"
    assert f.VRP_SOURCE() == "flashalpha"
    assert f.VRP_CELL("SPY") == "#N/A"


HEAVY = ("xlwings", "pandas", "numpy", "requests", "keyring", "typer", "rich", "xlsxwriter")
LIGHT = f"""
import sys
import vrp_xl.functions as f
def heavy(): return [m for m in {HEAVY!r} if m in sys.modules]
print("import", heavy())
f.VRP_RATIO(28, 18), f.VRP_HV([1, 2, 3]), f.VRP_ZSCORE(8, [1, 2, 3, 4], 4), f.VRP_WHY()
f.VRP_STOPDATE("2027-01-15"), f.VRP_KELLY(1.65, 5, 0.72), f.VRP_RULES(), f.VRP_CELL([["A"], ["B"]])
print("mathematics", heavy())
assert f.VRP_CELL("SPY") == "A", f.VRP_WHY()
f.VRP_SIZE("SPY"), f.VRP_GET("SPY", "z_score"), f.VRP_SIGNAL("SPY"), f.VRP_RATIO("SPY", 90)
f.VRP_STRIKES("SPY"), f.VRP_ASOF("SPY"), f.VRP_HISTORY("SPY", "close"), f.VRP_WHY("SPY")
f.VRP_SCAN(["SPY"]), f.VRP_CELL("ZZZZ"), f.VRP_DECIDE([["SPY", 580]]), f.VRP_TERM("SPY", 30)
print("store", heavy())
"""


def test_scalar_calls_load_nothing_heavy():
    """Neither the import nor a call over the store brings xlwings, pandas or numpy."""
    fill = (
        "from vrp_xl import settings; settings.choose_source('flashalpha')\n"
        "import datetime as dt\n"
        "from vrp_xl.desk import open_store\n"
        "from vrp_xl.core.snapshot import Snapshot, TermPoint\n"
        "from vrp_xl.sources.base import Fetched, Observation\n"
        "now = dt.datetime.now(dt.UTC)\n"
        "with open_store() as s:\n"
        "    s.save(Fetched(Snapshot(symbol='SPY', source='flashalpha', as_of=now, fetched_at=now,"
        " spot=580.0, z_score=1.3, vrp_20d=5.0, gamma='positive', atm_iv=18.0, rv_90d=15.0,"
        " rv_30d=14.0, term_vrp=(TermPoint(20, 18.0, 14.0, 4.0), TermPoint(40, 18.0, 14.0, 4.0))),"
        " (Observation('close', dt.date(2026, 1, 5), 570.0),)))\n"
    )
    subprocess.run([sys.executable, "-c", fill], check=True)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", LIGHT], check=True, capture_output=True, text=True
    )
    assert done.stdout.splitlines() == ["import []", "mathematics []", "store []"]
    assert done.stderr == ""


def test_a_definition_is_made_from_its_function():
    """Help comes from the docstring, arguments from the signature."""
    before = dict(FUNCTIONS)

    def VRP_TRY(  # noqa: N802
        x: Any, y: Any = None
    ) -> float:
        """First line.

        More words.
        """
        return x if y is None else x + y

    VRP_TRY.__annotations__ = {
        "x": arg_of(arg.number("A number.")), "y": arg_of(arg.number("Another.", default="0")),
    }  # fmt: skip
    try:
        call = vrp("pure", "a number", "=VRP_TRY(1)", Example("=VRP_TRY(1, 2)", "both"))(VRP_TRY)
        d = FUNCTIONS["VRP_TRY"]
        assert (d.summary, d.details) == ("First line.", "More words.")
        assert d.syntax == "VRP_TRY(x, [y])"
        assert [e.note for e in d.examples] == ["", "both"]
        assert (call(1), call(1, 2), call("1", ""), call([[1, 2]])) == (1, 3, 1, [[1, 2]])
        assert call(None) == "#VALUE!"
    finally:
        FUNCTIONS.clear()
        FUNCTIONS.update(before)


def arg_of(spec):
    """An annotation that carries `spec`."""
    from typing import Annotated  # noqa: PLC0415

    return Annotated[Any, spec]
