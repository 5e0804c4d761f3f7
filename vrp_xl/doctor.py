"""What is installed, chosen and stored. Never shows the key, makes no request."""

from __future__ import annotations

import platform
from importlib import metadata
from typing import TYPE_CHECKING

from vrp_xl import __version__, desk, settings
from vrp_xl.core import calendar
from vrp_xl.errors import VrpError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vrp_xl.store.database import Store

PACKAGES = ("requests", "numpy", "pandas", "XlsxWriter", "keyring", "typer", "rich")


def report() -> Iterator[tuple[str, str]]:
    """(what, finding) line by line; a part that cannot be checked says so and the rest goes on."""
    yield "vrp-xl", f"{__version__} on Python {platform.python_version()}, {platform.system()}"
    yield "packages", ", ".join(f"{name} {_version(name)}" for name in PACKAGES)
    yield "folder", str(settings.home())
    yield "libreoffice", _libreoffice()
    try:
        choice = desk.choose()
    except VrpError as error:
        yield "source", str(error)
        return
    chosen = settings.chosen_source()
    yield "source", f"{choice.name} ({choice.why}); formulas read {chosen or 'none yet'}"
    key = settings.find_key()
    yield "key", f"present, from {key.where}" if key else f"none: {settings.why_no_key()}"
    try:
        yield "api", settings.flashalpha_url()
        yield "cboe", _cboe()
        rules = desk.rules_in_force()
        yield "rules", f"{rules.preset}, {len(rules.rules.changed())} off the standard"
    except VrpError as error:
        yield "settings", str(error)
    try:
        with desk.open_store() as store:
            account = settings.account_fingerprint(key.value) if key else ""
            yield from _stored(store, choice.name, account)
    except VrpError as error:
        yield "store", str(error)


def _cboe() -> str:
    from vrp_xl import consent  # noqa: PLC0415 (only this line needs it)

    when = consent.given()
    if when is None:
        return "off: its terms were not agreed to (vrp-xl source cboe)"
    name = settings.cboe_user_agent()
    named = f", User-Agent {name}" if name else ""
    return f"on since {when:%Y-%m-%d}, {settings.cboe_url()}{named}"


def _libreoffice() -> str:
    from vrp_xl.libreoffice import install  # noqa: PLC0415 (slow, and only this line needs it)

    return install.finding()


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "is not installed"


def _stored(store: Store, source: str, account: str) -> Iterator[tuple[str, str]]:
    symbols = store.symbols(source)
    latest = store.latest_many(source, symbols)
    newest = max((s.as_of for s in latest.values()), default=None)
    when = ""
    if newest is not None:
        when = f", newest {newest.astimezone(calendar.NEW_YORK):%Y-%m-%d %H:%M} New York"
    yield "store", f"{store.path}: {len(symbols)} symbols of {source}{when}"
    if store.notice:
        yield "notice", store.notice
    yield "watchlist", ", ".join(w.symbol for w in store.watchlist()) or "empty"
    wanted = store.wanted(source)
    if wanted:
        yield "wanted", ", ".join(wanted)
    quota = store.quota(source, account)
    if quota.plan or quota.remaining is not None or quota.unlimited:
        left = "unlimited" if quota.unlimited else f"{quota.remaining} of {quota.limit} left"
        seen = f", seen {quota.seen_at:%Y-%m-%d %H:%M} UTC" if quota.seen_at else ""
        yield "plan", f"{quota.plan or 'not known'}, {left}{seen}"
    latch = store.latch(source, account)
    if latch is not None:
        yield "quota", str(latch)
