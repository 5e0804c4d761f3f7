"""One rule for missing days: a tenth of the window, and no return over more than three days."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vrp_xl.core.calendar import trading_days
from vrp_xl.core.gaps import LONGEST_RETURN, broken, gap_of
from vrp_xl.core.history import prices_of
from vrp_xl.errors import NoNumberError

DAYS = trading_days(date(2026, 1, 5), date(2026, 9, 30))


@pytest.mark.parametrize(
    ("places", "found"),
    [
        ([0, 1, 2], (0, 1, 1, False, False)),
        (range(40), (0, 1, 1, False, False)),
        ([*range(10), *range(12, 23)], (2, 10, 3, False, False)),
        ([*range(10), *range(13, 40)], (3, 10, 4, False, True)),
        ([0, 2, 3, 6, 7], (3, 3, 3, True, False)),
        ([5, 9], (3, 1, 4, True, True)),
    ],
)
def test_gaps_of_a_window(places, found):
    """How many days are missing, where the longest return ends, and whether either is too much."""
    assert gap_of(list(places)) == found


@given(
    st.lists(st.integers(1, 5), min_size=1, max_size=60),
    st.integers(2, 12),
    st.sets(st.integers(0, 59), max_size=3),
)
def test_the_panel_is_the_window_one_at_a_time(steps, returns, doubtful):
    """Every full window is judged as `gap_of` judges it, and holds no doubtful step."""
    places = np.cumsum([0, *steps])
    doubtful = [at for at in doubtful if at < len(places)]
    found = broken(places, returns, doubtful)
    assert len(found) == max(len(places) - returns, 0)
    for start, bad in enumerate(found.tolist()):
        gap = gap_of(places[start : start + returns + 1].tolist())
        over = any(start < at <= start + returns for at in doubtful)
        assert bad == (gap.too_many or gap.too_long or over)


@pytest.mark.parametrize("absent", range(6))
@pytest.mark.parametrize("returns", [5, 20, 60, 90])
def test_a_scan_refuses_what_a_history_does(absent, returns):
    """The closes that a scan's window takes are those of which the panel makes a figure."""
    days = DAYS[: 120 - absent - 10] + DAYS[120 - 10 : 120]
    closes = [(day, 100.0 + n % 3) for n, day in enumerate(days)]
    prices = prices_of("SPY", closes, {}, day=days[-1])
    where = np.searchsorted(np.array([d.toordinal() for d in DAYS]), [d.toordinal() for d in days])
    bad = bool(broken(where, returns)[-1])
    assert bad == (returns > 9 and (absent > returns // 10 or absent >= LONGEST_RETURN))
    if bad:
        with pytest.raises(NoNumberError):
            prices.window(returns)
    else:
        assert len(prices.window(returns)[0]) == returns + 1
    known = dict(prices.realized_before(returns))
    assert (days[-1] in known) == (not bad)
