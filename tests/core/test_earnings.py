"""Which earnings date counts: the source's, or the user's own."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from vrp_xl.core.earnings import with_own_earnings
from vrp_xl.core.snapshot import Snapshot

NOW = datetime(2026, 11, 20, 18, tzinfo=UTC)
TODAY = date(2026, 11, 20)
PAST, SOON, LATER = date(2026, 11, 19), date(2026, 11, 24), date(2026, 12, 15)


@pytest.mark.parametrize(
    ("given", "own", "counts"),
    [
        (None, SOON, SOON),
        (None, TODAY, TODAY),
        (None, PAST, None),
        (None, None, None),
        (LATER, SOON, LATER),
        (TODAY, SOON, TODAY),
        (PAST, SOON, SOON),
        (PAST, PAST, PAST),
        (PAST, None, PAST),
    ],
)
def test_the_own_date_counts_where_the_source_has_none_to_come(given, own, counts):
    """A source's date that lies ahead goes first; a date that has passed is no date."""
    snapshot = Snapshot(
        symbol="A", source="fake", as_of=NOW, fetched_at=NOW, next_earnings=given,
        missing={} if given else {"next_earnings": "not delivered"},
    )  # fmt: skip
    done = with_own_earnings(snapshot, own, TODAY)
    assert done.next_earnings == counts
    assert (done.basis.get("next_earnings") == "watchlist") == (counts not in (None, given))
    assert with_own_earnings(done, own, TODAY) == done
    assert ("next_earnings" in done.missing) == (counts is None)
    taken_back = with_own_earnings(done, None, TODAY)
    assert taken_back.next_earnings == (None if done.basis else given)
    assert ("next_earnings" in taken_back.missing) == (taken_back.next_earnings is None)


def test_an_own_date_that_is_taken_back_leaves_the_rest():
    """Its own basis goes and says what to do; the basis of other figures stays."""
    snapshot = Snapshot(
        symbol="A", source="fake", as_of=NOW, fetched_at=NOW, basis={"spot": "the last close"}
    )
    own = with_own_earnings(snapshot, SOON, TODAY)
    assert own.basis == {"spot": "the last close", "next_earnings": "watchlist"}
    back = with_own_earnings(own, None, TODAY)
    assert back.basis == {"spot": "the last close"}
    assert "vrp-xl watchlist add A --earnings DATE" in back.missing["next_earnings"]
