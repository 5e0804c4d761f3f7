"""A few rounds of the soak, so that the command stays sound; it is meant to run for hours."""

from __future__ import annotations

import sys

import pytest

from tests.soak import refresh
from vrp_xl.sources import flashalpha, http


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_a_short_soak(monkeypatch):
    """Twelve refreshes with faults: nothing grows and every symbol is accounted for."""
    monkeypatch.setattr(flashalpha, "HttpClient", flashalpha.HttpClient)  # put back at the end
    monkeypatch.setattr(http, "_BACKOFF", http._BACKOFF)
    report = refresh.run(12, seed=2)
    assert report.states["fresh"] > 0
    assert report.states["kept"] > 0
    assert report.states.total() == 12 * 12
    assert report.files[-1] <= report.files[0]


def test_what_grows_is_told():
    """The verdict names memory, files, threads and the store, each where it grows."""
    flat = [100] * 50
    report = refresh.Report(memory=list(map(float, flat)), files=flat, threads=flat, store=flat)
    assert refresh.verdict(report) == []
    rising = list(range(100, 150))
    report = refresh.Report(
        memory=list(map(float, rising)), files=rising, threads=rising,
        store=[1_000_000 * n for n in rising],
    )  # fmt: skip
    words = refresh.verdict(report)
    assert [w.split()[0] for w in words] == ["memory", "open", "threads", "the"]
