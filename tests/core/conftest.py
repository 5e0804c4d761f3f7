"""What the tests of the core share: a builder of snapshots, and modules made anew."""

from __future__ import annotations

import importlib.util
import time
from datetime import UTC, datetime

import pytest

from vrp_xl.core.snapshot import Snapshot


@pytest.fixture(scope="session")
def snap():
    """A function that makes a snapshot of SPY from nothing but the figures that matter."""
    moment = datetime(2026, 3, 27, 19, 30, tzinfo=UTC)

    def build(**figures):
        known = {"symbol": "SPY", "source": "test", "as_of": moment, "fetched_at": moment}
        return Snapshot(**(known | figures))

    return build


@pytest.fixture(scope="session")
def anew():
    """A function that imports a module once more, apart: what its import makes is under test."""

    def load(name):
        spec = importlib.util.find_spec(name)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


@pytest.fixture
def elsewhere(monkeypatch):
    """A computer whose own clock is not UTC."""
    if not hasattr(time, "tzset"):
        pytest.skip("the zone of this system's clock cannot be changed")
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()
