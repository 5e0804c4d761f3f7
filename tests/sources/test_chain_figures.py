"""What a chain says by itself: the figures of a snapshot, on made and on recorded chains."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.sources import chain_files as files
from vrp_xl.errors import ServiceError
from vrp_xl.sources.cboe_files import read_bytes, read_file
from vrp_xl.sources.chain_figures import chain_snapshot

NOW = datetime(2026, 3, 18, 20, 30, tzinfo=UTC)
DATA = Path(__file__).parents[2] / "../shared/data"


def chain_of(**market):
    """A made chain, as it is read from its file."""
    return read_bytes(files.Market("ABC", **market).json().encode(), name="x", now=NOW).chain


def test_the_source_and_the_name_are_what_was_given():
    """The snapshot belongs to the source, and says which chain it rests on."""
    s = chain_snapshot(chain_of(), source="other", name="ABC's chain", now=NOW)
    assert (s.source, s.symbol, s.fetched_at, s.sample) == ("other", "ABC", NOW, False)
    assert s.basis["spot"].startswith("ABC's chain: 732 contracts")
    assert s.atm_iv == s.atm_iv_30d == pytest.approx(20, abs=0.01)
    assert s.rv_20d is None


def test_the_traded_window_is_told_beside_all_expiries():
    """Each level names what the traded window alone would give."""
    s = chain_snapshot(chain_of(), source="x", name="x", now=NOW, window=(20, 50))
    assert s.put_wall == 98
    assert "20 to 50 days alone: 96" in s.basis["put_wall"]


def test_a_chain_of_which_nothing_is_left():
    """Every series has expired: an error that names the chain."""
    with pytest.raises(ServiceError, match="Every series of old one has expired"):
        chain_snapshot(chain_of(days=(-9, -2)), source="x", name="old one", now=NOW)


# The recorded files


def recorded(name):
    """What a recorded chain says by itself."""
    path = DATA / "chains" / name
    if not path.is_file():
        pytest.skip("the recorded chains are not beside this checkout")
    moment = datetime(2026, 3, 18, tzinfo=UTC)
    chain = read_file(path, now=moment).chain
    return chain_snapshot(chain, source="folder", name=name, now=moment)


def test_recorded_rut():
    """Net GEX -1.2531 bn, flip 1920, walls 1850, 30-day ATM IV within half a point of Cboe's."""
    s = recorded("cboe_rut_2023-09-20_gflows_mit.json")
    assert (s.symbol, s.as_of) == ("RUT", datetime(2023, 9, 21, 3, 17, 42, tzinfo=UTC))
    assert s.atm_iv_30d == pytest.approx(17.395)
    assert abs(s.atm_iv_30d - 17.031) < 0.5
    assert s.basis["atm_iv_30d"].endswith("the file's own iv30 is 17.031")
    assert s.net_gex == pytest.approx(-1.2531e9, rel=1e-4)
    assert s.gamma_flip == pytest.approx(1920.03, abs=0.01)
    assert (s.put_wall, s.call_wall, s.gamma) == (1850, 1850, "negative")


def test_recorded_spx():
    """Net GEX -1.0752 bn, flip 4006.42, both walls 4000 and said so, no quotes, no widths."""
    s = recorded("cboe_spx_2022-12-12_gflows_mit.csv")
    assert s.net_gex == pytest.approx(-1.0752e9, rel=1e-4)
    assert s.gamma_flip == pytest.approx(4006.42, abs=0.01)
    assert (s.put_wall, s.call_wall, s.gamma) == (4000, 4000, "negative")
    assert "both walls stand at 4000: no condor between them" in s.warnings
    assert (s.atm_spread_pct, s.atm_oi) == (None, 1594)
    assert "286 expired by the clock" in s.basis["spot"]


def test_recorded_spy():
    """Net GEX 2.1136 bn, 8.5994 bn with the expired series, flip 588.94, no 30-day ATM IV."""
    s = recorded("cboe_spy_2025-05-16_photon1c_mit.csv")
    assert s.net_gex == pytest.approx(2.1136e9, rel=1e-4)
    assert s.gamma_flip == pytest.approx(588.936, abs=0.001)
    assert s.gamma == "positive"
    told = next(w for w in s.warnings if "expired" in w)
    assert "8.599 bn instead of 2.114 bn" in told
    assert s.missing["atm_iv_30d"].startswith("no 30-day ATM IV: the last expiry is at 14 days")
