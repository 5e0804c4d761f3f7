"""The snapshot: what cannot be is missing with a reason, and what is stored comes back alike."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from vrp_xl.core.snapshot import (
    FIGURES,
    Crossing,
    ExpiryPoint,
    IvPoint,
    Snapshot,
    StrikePoint,
    TermPoint,
    finite,
)

MOMENT = datetime(2026, 3, 27, 19, 30, tzinfo=UTC)


def whole(snap):
    """A snapshot with something of every kind."""

    def point(kind):
        return kind(*range(1, len(kind._fields) + 1))

    return snap(
        spot=580.51, z_score=0.0, gamma="positive", next_earnings=date(2026, 4, 30),
        market_open=False, iv_term=(point(IvPoint),) * 2, term_vrp=(point(TermPoint),),
        crossings=(Crossing(570.0, "up"),), expiries=(point(ExpiryPoint),),
        by_strike=(point(StrikePoint),), window_levels={"put_wall": 545.0}, dropped={"no bid": 3},
        scores={"iron_condor": 85.0}, warnings=("event_risk",), missing={"rv_90d": "no history"},
        basis={"spot": "the last close"},
    )  # fmt: skip


def test_what_is_stored_comes_back(snap):
    """Through JSON and back it is the same snapshot, zeros, lists and dates with it."""
    s = whole(snap)
    assert Snapshot.from_dict(json.loads(json.dumps(s.to_dict()))) == s
    bare = snap(spot=1.0)
    assert Snapshot.from_dict(json.loads(json.dumps(bare.to_dict()))) == bare


@pytest.mark.usefixtures("elsewhere")
def test_what_is_written(snap):
    """Plain types in UTC, a 0 and a False as such, nothing for what is not known."""
    eastern = MOMENT.astimezone(timezone(timedelta(hours=-4)))
    written = whole(snap).replace(as_of=eastern).to_dict()
    assert written["as_of"] == "2026-03-27T19:30:00+00:00"
    assert written["next_earnings"] == "2026-04-30"
    assert (written["z_score"], written["market_open"]) == (0.0, False)
    assert written["crossings"] == [[570.0, "up"]]
    assert written["warnings"] == ["event_risk"]
    assert written["scores"] == {"iron_condor": 85.0}
    assert not {"rv_90d", "iv_term", "missing", "warnings"} & set(snap(spot=1.0).to_dict())


def test_a_newer_version_is_read(snap):
    """Keys that this version does not know are left aside."""
    s = whole(snap)
    assert Snapshot.from_dict({**s.to_dict(), "of_tomorrow": 1}) == s


def test_what_was_written_stays_apart(snap):
    """Changing what was written does not reach into the snapshot."""
    s = whole(snap)
    s.to_dict()["scores"]["iron_condor"] = 0.0
    assert s.scores == {"iron_condor": 85.0}


@pytest.mark.parametrize(
    ("name", "value"),
    [("spot", float("nan")), ("spot", 0.0), ("rv_20d", -1.0), ("atm_iv", float("inf")),
     ("rv_20d", -1.2345678901234567e-05)],
)  # fmt: skip
def test_what_cannot_be_is_missing(snap, name, value):
    """The figure is gone, and its reason quotes the source; the others stay."""
    s = snap(**{"z_score": 1.0, name: value}, missing={"rv_90d": "no history"})
    assert getattr(s, name) is None
    assert s.missing[name] == f"the source says {str(value)[:20]}, which cannot be"
    assert (s.z_score, s.missing["rv_90d"]) == (1.0, "no history")


def test_scores_that_are_no_number_are_left_out(snap):
    """One broken score costs no other."""
    s = snap(scores={"iron_condor": 85.0, "short_straddle": float("nan"), "iron_fly": None})
    assert s.scores == {"iron_condor": 85.0}


def test_a_figure_that_is_filled_needs_no_reason(snap):
    """Its reason goes, other reasons stay, and a new one is added."""
    s = snap(missing={"spot": "closed", "rv_90d": "no history"})
    filled = s.replace(spot=10.0, missing={"atm_iv": "no chain"})
    assert filled.spot == 10.0
    assert filled.missing == {"rv_90d": "no history", "atm_iv": "no chain"}
    assert s.replace(spot=None).missing == s.missing
    assert s.missing == {"spot": "closed", "rv_90d": "no history"}


def test_every_figure_is_described(anew):
    """Sheets and pages are made from label and meaning; what nobody has said is not known."""
    made = anew("vrp_xl.core.snapshot")
    bare = made.Snapshot(symbol="SPY", source="test", as_of=MOMENT, fetched_at=MOMENT)
    assert list(made.FIGURES) == list(FIGURES)
    for name, told in made.FIGURES.items():
        assert set(told) == {"label", "unit", "doc"}
        assert told["label"], name
        assert told["doc"].endswith("."), name
        assert getattr(bare, name) == ("unknown" if name == "gamma" else None)
    assert made.FIGURES["net_gex"] == {
        "label": "Net GEX", "unit": "USD/1%", "doc": "Net dealer gamma exposure.",
    }  # fmt: skip


@pytest.mark.parametrize("value", [10**400, -float("inf"), "3", True, None, [1]])
def test_no_finite_number(value):
    """Neither text nor a truth value nor what is too large for a float."""
    assert finite(value) is None
