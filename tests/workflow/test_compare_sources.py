"""What each source gives for a list of names."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from vrp_xl.core.snapshot import FIELD_NAMES, Snapshot
from vrp_xl.sources.base import Fetched
from vrp_xl.store.database import Store
from vrp_xl.workflow.compare_sources import GROUPS, filled_pct, view_of

NOW = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)


def snapshot(symbol, **figures):
    """A snapshot of one source."""
    given = {"as_of": NOW, "fetched_at": NOW, **figures}
    return Snapshot(symbol=symbol, source="here", **given)


def test_groups_name_fields_that_exist():
    """A group that names no field of a snapshot would always be empty."""
    assert {name for fields in GROUPS.values() for name in fields} <= set(FIELD_NAMES)


@pytest.mark.parametrize(
    ("figures", "expected"),
    [
        ({}, 0.0),
        ({"gamma": "positive"}, 100 / 3),
        ({"gamma": "negative", "net_gex": -1.0}, 200 / 3),
        ({"gamma": "unknown", "net_gex": 0.0, "gamma_flip": 90.0}, 200 / 3),
    ],
)
def test_filled(figures, expected):
    """A zero is a figure; an unknown regime is none."""
    assert filled_pct([snapshot("A", **figures)], GROUPS["gamma regime"]) == pytest.approx(expected)


def test_nothing_stored_is_not_zero():
    """Where no name is stored nothing is known of the columns."""
    assert filled_pct([], ("spot",)) is None


def test_view(tmp_path):
    """Ages, history and what z was made from; another source's figures do not count."""
    early = NOW - timedelta(days=2)
    with Store(tmp_path / "s.sqlite3", clock=lambda: NOW) as store:
        for made in (
            snapshot("A", z_score=1.0, history_days=200, basis={"z_score": "VIX"}),
            snapshot("B", z_score=1.0, history_days=100, as_of=early),
            snapshot("C", history_days=7),
        ):
            store.save(Fetched(made))
        store.save(Fetched(snapshot("D").replace(source="there")))
        view = view_of(store, "here", ["A", "B", "C", "D", "E"], what="w", state="ready", cost="c")
    assert (view.names, view.asked) == (3, 5)
    assert (view.newest, view.oldest) == (NOW, early)
    assert view.history_days == 150
    assert view.z_from == ("VIX", "as delivered")
    assert view.to_dict()["newest"] == "2026-11-20T18:00:00+00:00"
