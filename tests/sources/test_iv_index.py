"""An index of implied volatility against its own past."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest

from tests.sources import chain_files as files
from vrp_xl.core.realized import close_to_close
from vrp_xl.core.snapshot import Snapshot
from vrp_xl.core.standing import zscore
from vrp_xl.sources.cboe_files import read_file
from vrp_xl.sources.iv_index import index_standing, with_index

DATA = Path(__file__).parents[2] / "../shared/data"
CLOSES = files.walk(120)
DAY = CLOSES[-1][0]
DAYS = np.array([day.toordinal() for day, _ in CLOSES])
CLOSE = np.array([close for _, close in CLOSES])
INDEX = 18 + 3 * np.sin(np.arange(120) / 9)


def test_it_is_the_spread_over_rv20_against_the_days_before():
    """By hand, from the plain functions."""
    found = index_standing(DAYS, CLOSE, DAYS, INDEX, day=DAY)
    spreads = [INDEX[i] - close_to_close(CLOSE[: i + 1], 20) for i in range(20, 120)]
    assert found.days == 99
    assert found.z == pytest.approx(zscore(spreads[-1], spreads[:-1]))
    assert found.spread == pytest.approx(spreads[-1])


def test_too_few_days_or_not_the_day_is_none():
    """Nothing is said of a day that the index lacks, nor from fewer days than asked for."""
    assert index_standing(DAYS, CLOSE, DAYS[:-1], INDEX[:-1], day=DAY) is None
    assert index_standing(DAYS, CLOSE, DAYS, INDEX, day=DAY, days_min=100) is None


def test_a_snapshot_says_which_index_it_was():
    """Filled with the index's standing where there is one, else as it was."""
    s = Snapshot(symbol="SPY", source="x", as_of=(now := datetime(2026, 3, 18, 20, tzinfo=UTC)),
                 fetched_at=now)  # fmt: skip
    given = {"day_of_close": DAYS, "closes": CLOSE, "name": "VIX"}
    full = with_index(s, day=DAY, day_of_index=DAYS, index=INDEX, **given)
    assert full.history_days == 99
    assert full.basis["z_score"] == "VIX minus RV20, over the 99 days before"
    assert full.basis["iv_rank"] == "VIX over the 99 days before"
    assert with_index(s, day=DAY, day_of_index=DAYS[:50], index=INDEX[:50], **given) is s


@pytest.mark.parametrize(
    ("day", "rv", "spread", "z"),
    [
        (date(2018, 2, 5), 19.085131, 18.234869, 7.605781),
        (date(2022, 12, 28), None, None, -0.104032),
    ],
)
def test_recorded_vix_over_spx(day, rv, spread, z):
    """The published figures of two days, from the index files."""
    if not (DATA / "vol").is_dir():
        pytest.skip("the recorded prices are not beside this checkout")
    moment = datetime(2026, 3, 18, tzinfo=UTC)
    spx = read_file(DATA / "vol/spx_close_1990_2022_skfolio_bsd3.csv", now=moment).prices
    vix = read_file(DATA / "vol/vix_daily_cboe_1990_2026_pddl.csv", now=moment).prices
    found = index_standing(spx.day, spx.close, vix.day, vix.close, day=day)
    assert found.z == pytest.approx(z, abs=1e-6)
    assert found.days == 252
    if rv is not None:
        assert found.rv_20d == pytest.approx(rv, abs=1e-6)
        assert found.spread == pytest.approx(spread, abs=1e-6)
