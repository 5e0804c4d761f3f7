"""The four cells, the regime in use, the distance to the flip."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vrp_xl.core.matrix import CELL_MEANING, CELL_NAME, cell_of, flip_distance, regime
from vrp_xl.core.rules import STANDARD, preset
from vrp_xl.core.sizing import size_of
from vrp_xl.errors import InputError

Z = st.none() | st.floats(allow_nan=True, allow_infinity=True)
GAMMA = st.sampled_from(["positive", "negative", "unknown"])
RULE = st.sampled_from(["net_gex", "none", "negative"])
GEX = st.none() | st.floats(allow_nan=True)


@pytest.mark.parametrize(
    ("z", "gamma", "cell"),
    [(1.0, "positive", "A"), (1.34, "positive", "A"), (1.0, "negative", "B"),
     (0.99, "positive", "C"), (0.99, "negative", "D"), (-5, "positive", "C"),
     (1.34, "unknown", None), (None, "positive", None), (None, "unknown", None),
     (math.nan, "positive", None)],
)  # fmt: skip
def test_cells(z, gamma, cell):
    """A z from the threshold on is high; unknown in either gives no cell."""
    assert cell_of(z, gamma) == cell


def test_threshold_is_met_on_paper():
    """A z-score that is 1.0 but for binary noise is high."""
    assert cell_of(1.1 - 0.1, "positive") == "A"
    assert cell_of(0.7 + 0.1 + 0.2, "positive") == "A"


@given(Z, GAMMA, st.floats(-5, 10))
def test_cells_cover_the_plane_exactly_once(z, gamma, z_min):
    """Every point is in exactly one of the four cells, or in none for want of an input."""
    known = z is not None and not math.isnan(z) and gamma != "unknown"
    high = known and z >= z_min - 1e-9 * max(1, abs(z_min))
    members = [
        known and gamma == "positive" and high,
        known and gamma == "negative" and high,
        known and gamma == "positive" and not high,
        known and gamma == "negative" and not high,
        not known,
    ]
    assert sum(members) == 1
    assert cell_of(z, gamma, z_min) == ("A", "B", "C", "D", None)[members.index(True)]


@given(
    st.floats(-10, 10), st.floats(0, 10), st.sampled_from(["positive", "negative"]),
    st.sampled_from(["standard", "article", "ratio"]),
)  # fmt: skip
def test_more_z_never_lowers_the_cell(z, more, gamma, name):
    """Higher z stays or moves up in the same column, and the cell's own size never falls."""
    before, after = cell_of(z, gamma), cell_of(z + more, gamma)
    order = "CA" if gamma == "positive" else "DB"
    assert order.index(after) >= order.index(before)
    rules = preset(name)
    assert size_of(after, rules).multiple >= size_of(before, rules).multiple


@given(Z, st.floats(-5, 10))
def test_positive_gamma_is_never_the_worse_column(z, z_min):
    """At the same z the positive column is sized at least as large."""
    good, bad = cell_of(z, "positive", z_min), cell_of(z, "negative", z_min)
    assert (good is None) == (bad is None)
    if good and bad:
        assert size_of(good, STANDARD).multiple >= size_of(bad, STANDARD).multiple


@given(GAMMA, GEX, RULE)
def test_unknown_gamma_is_never_quietly_negative(gamma, net_gex, rule):
    """What was withheld is used only with a note, and says what it rests on."""
    used = regime(gamma, None, net_gex, rule)
    if gamma != "unknown":
        assert used == (gamma, "vendor", "")
        return
    assert used.note
    if used.gamma == "negative":
        assert rule == "negative" or (used.basis == "net_gex" and net_gex < 0)
    if used.gamma == "positive":
        assert rule == "net_gex"
        assert used.basis == "net_gex"
        assert net_gex > 0


@pytest.mark.parametrize("net_gex", [None, 0.0, math.nan])
def test_no_sign_no_regime(net_gex):
    """Net GEX that is missing, zero or no number gives no regime."""
    assert regime("unknown", None, net_gex, "net_gex").gamma == "unknown"


def test_delivered_regime_keeps_its_basis():
    """A delivered regime is never overruled by net GEX."""
    assert regime("positive", "repriced", -1e9, "net_gex") == ("positive", "repriced", "")
    assert regime("negative", None, 1e9, "negative") == ("negative", "vendor", "")


def test_flip_distance_of_the_article():
    """580.51 above 572.50 is +1.38 %; below the flip it is negative."""
    assert flip_distance(580.51, 572.50) == pytest.approx(1.38, abs=5e-3)
    assert flip_distance(570, 572.50) < 0
    assert flip_distance(572.5, 572.5) == 0


@given(st.floats(0.01, 1e6), st.floats(0.01, 1e6), st.floats(0.01, 100))
def test_flip_distance_scales(spot, flip, factor):
    """A distance in percent knows no currency."""
    assert flip_distance(factor * spot, factor * flip) == pytest.approx(
        flip_distance(spot, flip), rel=1e-6, abs=1e-6
    )


@pytest.mark.parametrize("spot", [0, -1, math.nan])
def test_flip_distance_needs_a_spot(spot):
    """A spot that is no price is refused."""
    with pytest.raises(InputError):
        flip_distance(spot, 100)


def test_every_cell_has_name_and_meaning():
    """A to D, each with its name and what it means."""
    assert list(CELL_NAME) == list(CELL_MEANING) == ["A", "B", "C", "D"]
    assert CELL_NAME["A"] == "Premium Paradise"
    assert CELL_NAME["B"] == "Tempting Trap"
    assert CELL_NAME["C"] == "Grind It Out"
    assert CELL_NAME["D"] == "No Trade"
