"""Fuzzes what reads files: chains and prices, histories, watchlists, rules, settings, formulas.

How to run: python -m tests.fuzz.parsers --seconds 3600 [--seed 1] [--findings DIR] [--only chain]

Whatever a file holds, it is read, refused in words, or told line by line; what was read can be
worked with. A traceback, a warning or more than five seconds is a finding.
"""

from __future__ import annotations

import gzip
import json
import os
import sys
import tempfile
from datetime import UTC, date, datetime
from pathlib import Path

from tests.fuzz.mutations import Target, command
from tests.sources.chain_files import Market, price_csv, price_json, walk
from vrp_xl import formula, functions, settings
from vrp_xl.core.chain import clean
from vrp_xl.core.decide import decide
from vrp_xl.core.exposure import exposure_of
from vrp_xl.core.rules import STANDARD
from vrp_xl.core.surface import surface_of
from vrp_xl.rules_file import load_rules
from vrp_xl.sources.cboe_files import read_bytes
from vrp_xl.sources.folder import FolderSource
from vrp_xl.store.database import Store
from vrp_xl.workflow.importing import import_history, read_watchlist

NOW = datetime(2026, 3, 18, 20, 0, tzinfo=UTC)
assert functions.FUNCTIONS  # fills the table that formulas are looked up in
_FOLDER = Path(tempfile.mkdtemp(prefix="vrp-xl-fuzz-"))


def _market() -> Market:
    """A small chain: a case must be quick."""
    made = Market("ABC", days=(2, 30, 44))
    made.strikes = made.strikes[::10]
    return made


def _bucket(number: int) -> str:
    return "none" if not number else "one" if number == 1 else "some" if number < 50 else "many"


def read_any(data: bytes) -> str:
    """A chain or price file; a chain goes all the way to its figures."""
    read = read_bytes(data, name="fuzz", now=NOW)
    told = f"{_bucket(len(read.problems))} problems"
    if read.chain is not None:
        cleaned = clean(read.chain)
        surface_of(cleaned.chain)
        exposure_of(cleaned)
        return f"chain of {_bucket(len(read.chain))}, {told}"
    if read.prices is not None:
        return f"prices of {_bucket(len(read.prices))}, {told}"
    return f"nothing, {read.problems[0].why[:24]}"


def read_folder(data: bytes) -> str:
    """The same in a folder, to a snapshot that can be stored, and its decision."""
    folder = _FOLDER / "chains"
    folder.mkdir(exist_ok=True)
    (folder / "a.json").write_bytes(data)
    source = FolderSource(folder, now=NOW)
    for symbol in source.symbols():
        fetched = source.assemble(symbol, {}, {})
        json.dumps(fetched.snapshot.to_dict(), allow_nan=False)
        decide(fetched.snapshot, STANDARD, today=date(2026, 3, 18))
    return f"{_bucket(len(source.symbols()))} symbols, {_bucket(len(source.problems()))} problems"


def read_history(data: bytes) -> str:
    """A history import into a store."""
    path = _FOLDER / "history.csv"
    path.write_bytes(data)
    with Store(_FOLDER / "store.sqlite3", clock=lambda: NOW) as store:
        report = import_history(store, "cboe", "ABC", "close", path, clock=lambda: NOW)
        assert all(value > 0 for _, value in store.series("cboe", "ABC", "close", limit=5))
    return f"imported, {_bucket(len(report.problems))} problems"


def read_names(data: bytes) -> str:
    """A watchlist into a store."""
    path = _FOLDER / "names.csv"
    path.write_bytes(data)
    report = read_watchlist(path)
    with Store(_FOLDER / "store.sqlite3", clock=lambda: NOW) as store:
        store.import_watchlist(report.items[:20], replace=True)
        assert len(store.watchlist()) <= 20
    return f"{_bucket(len(report.items))} names, {_bucket(len(report.problems))} problems"


def read_toml(data: bytes) -> str:
    """Rules in TOML."""
    path = _FOLDER / "rules.toml"
    path.write_bytes(data)
    loaded = load_rules(path)
    return f"{loaded.preset}, {_bucket(len(loaded.rules.changed()))} changed"


def read_json(data: bytes) -> str:
    """Rules in JSON."""
    path = _FOLDER / "rules.json"
    path.write_bytes(data)
    loaded = load_rules(path)
    return f"{loaded.preset}, {_bucket(len(loaded.rules.changed()))} changed"


def read_settings(data: bytes) -> str:
    """The file of the kept choices."""
    home = _FOLDER / "home"
    home.mkdir(exist_ok=True)
    os.environ[settings.HOME_VARIABLE] = str(home)
    (home / "settings.json").write_bytes(data)
    settings.data_folder()
    return str(settings.chosen_source())[:12]


def read_formula(data: bytes) -> str:
    """A formula of the command line, not computed."""
    name, arguments = formula.parse(data.decode("utf-8", "replace"))
    return f"{name[:20]} of {_bucket(len(arguments))}"


_PRICES = price_csv(walk(30)).encode()
_CHAINS = [
    _market().json().encode(), _market().csv().encode(), gzip.compress(_market().csv().encode()),
    _PRICES, price_json("_VIX", walk(20)).encode(),
]  # fmt: skip
TARGETS = {
    "chain": Target(_CHAINS, read_any),
    "folder": Target(_CHAINS, read_folder),
    "history": Target(
        [_PRICES, b"Date;Close\n3/5/2026;1,234.5\n", b"date,atm_iv,close\n2026-01-02,20,1.5\n"],
        read_history,
    ),
    "watchlist": Target(
        [b"SPY QQQ\n# x\nAAPL 2026-05-01\n", b"symbol,earnings\nSPY,\nAAPL,2026-05-01\n",
         b"ticker;note\nBRK.B;x\n", "SPY\n".encode("utf-16")],
        read_names,
    ),
    "rules toml": Target(
        [b'preset = "article"\nz_min = 1.5\nloss_stop = 2\n', b"[rules]\nz_min=1\n"],
        read_toml,
    ),
    "rules json": Target(
        [b'{"preset": "ratio", "z_min": 1.5, "loss_stop": null}', b"{z_min: 1, /* x */}"], read_json
    ),
    "settings": Target([b'{"source": "sample", "data_folder": "/x"}', b"{}"], read_settings),
    "formula": Target(
        [b"=VRP_RATIO(28, 18)", b'=VRP_CELL("SPY", 1.5)', b"=VRP_HV({1;2;3}, -2)", b"=VRP_QUOTA()"],
        read_formula,
    ),
}  # fmt: skip

if __name__ == "__main__":
    sys.exit(command(TARGETS, __doc__ or ""))
