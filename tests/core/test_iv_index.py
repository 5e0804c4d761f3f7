"""Which index of implied volatility stands in for a symbol, and what it is called."""

from __future__ import annotations

import pytest

from vrp_xl.core.iv_index import INDICES, IV_INDEX, index_of, plain_index


@pytest.mark.parametrize(
    ("symbol", "index"),
    [(" spy ", "VIX"), ("^spx", "VIX"), ("_NDX", "VXN"), ("QQQ", "VXN"), ("XSP", "VIX"),
     ("XSPY", None), ("SPY_", None), ("XOM", None), ("VIX", None), ("", None)],
)  # fmt: skip
def test_the_index_of_a_symbol(symbol, index):
    """Upper or lower case, with a mark of an index before it; nothing else is near enough."""
    assert index_of(symbol) == index


@pytest.mark.parametrize(
    ("symbol", "name"),
    [("^vix", "VIX"), (" _VXN ", "VXN"), ("gvz", "GVZ"), ("^GSPC", "^GSPC"), ("XVIX", "XVIX"),
     ("vix_", "VIX_"), ("spy", "SPY")],
)  # fmt: skip
def test_the_plain_name_of_an_index(symbol, name):
    """Its mark goes where it is an index of ours; any other symbol stays as it is."""
    assert plain_index(symbol) == name


def test_every_index_has_a_symbol():
    """And no symbol is an index itself: an index never stands in for an index."""
    assert set(IV_INDEX.values()) == INDICES
    assert not INDICES & set(IV_INDEX)
