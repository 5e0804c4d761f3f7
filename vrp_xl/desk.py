"""What every host does first: which source, which rules, which store.

The command line and the macros both come through here, so that they choose alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from vrp_xl import settings
from vrp_xl.core import rules as core
from vrp_xl.errors import InputError, KeyRefusedError, VrpError
from vrp_xl.rules_file import LoadedRules, load_rules

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from pathlib import Path

    from vrp_xl.core.rules import Rules
    from vrp_xl.sources.base import Source
    from vrp_xl.store.database import Store
    from vrp_xl.workflow.compare_sources import SourceView

NO_KEY_FIX = (
    "Set one with `vrp-xl key set` or in the environment variable FLASHALPHA_API_KEY, or use the "
    "sample market: `vrp-xl scan --source sample`."
)


class Choice(NamedTuple):
    """A source by name and why it is that one."""

    name: str
    why: str


def choose(asked: str | None = None) -> Choice:
    """The source to use: the one asked for, else the saved one, else by the key.

    Raises:
        InputError: a source of that name does not exist.
    """
    if asked is not None:
        return Choice(settings.source_name(asked), "asked for")
    saved = settings.chosen_source()
    if saved is not None:
        return Choice(saved, "chosen with `vrp-xl source`")
    if settings.find_key() is not None:
        return Choice("flashalpha", "an API key is set")
    return Choice("sample", "no source is chosen and no API key is set")


SOURCE_WORDS = {
    "sample": "made-up market, offline, free",
    "folder": "chains and prices you save by hand, free",
    "flashalpha": "FlashAlpha API, your key and plan",
    "cboe": "Cboe's delayed quotes, free, after your yes to the terms",
}
"""Source -> what it is, in a few words."""


class Opened(NamedTuple):
    """A source ready to be asked, and the account that its quota belongs to."""

    source: Source
    account: str
    symbols: tuple[str, ...] = ()
    """What it holds, where that is the natural list to scan; else the watchlist is."""
    problems: tuple[str, ...] = ()
    """What could not be used, a sentence each."""


def _open_sample(now: datetime | None, rules: Rules | None) -> Opened:  # noqa: ARG001
    from vrp_xl.sources.sample.source import SampleSource  # noqa: PLC0415

    return Opened(SampleSource(now), "")


def _open_flashalpha(now: datetime | None, rules: Rules | None) -> Opened:  # noqa: ARG001
    from vrp_xl.sources.flashalpha import FlashAlpha  # noqa: PLC0415

    key = settings.find_key()
    if key is None:
        raise KeyRefusedError("There is no FlashAlpha API key.", NO_KEY_FIX)
    source = FlashAlpha(key.value, base_url=settings.flashalpha_url(), workers=settings.workers())
    return Opened(source, settings.account_fingerprint(key.value))


def _open_cboe(now: datetime | None, rules: Rules | None) -> Opened:  # noqa: ARG001
    """Cboe's delayed quotes.

    Raises:
        ConsentError: the user has not said yes to the terms.
    """
    from vrp_xl import consent  # noqa: PLC0415
    from vrp_xl.sources.cboe import RATE, Cboe  # noqa: PLC0415

    consent.require()
    url = settings.cboe_url()
    local = settings.is_local(url)
    source = Cboe(
        require=consent.require,
        base_url=url,
        sample=local,
        user_agent=settings.cboe_user_agent(),
        rate=None if local else RATE,
        workers=settings.workers(),
        rules=rules or rules_in_force().rules,
    )
    return Opened(source, "")


NO_FOLDER_FIX = (
    "Name it: `vrp-xl scan --source folder --data DIR`, or keep it: "
    "`vrp-xl source folder --data DIR`."
)


def _folder(data: Path | None, rules: Rules | None) -> Opened:
    """The user's own chain and price files.

    Args:
        data: their folder; the kept one by default.
        rules: the traded window of expiries is theirs; the saved ones by default.

    Raises:
        InputError: no folder is named or kept, or it is not there.
    """
    from vrp_xl.sources.folder import FolderSource  # noqa: PLC0415

    path = data.expanduser() if data is not None else settings.data_folder()
    if path is None:
        raise InputError("The folder of your chain files is not known.", NO_FOLDER_FIX)
    if not path.is_dir():
        raise InputError(f"There is no folder {path}.", NO_FOLDER_FIX)
    source = FolderSource(path, rules=rules or rules_in_force().rules)
    return Opened(source, "", tuple(source.symbols()), tuple(map(str, source.problems())))


def _open_kept_folder(now: datetime | None, rules: Rules | None) -> Opened:  # noqa: ARG001
    return _folder(None, rules)


_OPEN = {
    "sample": _open_sample,
    "flashalpha": _open_flashalpha,
    "cboe": _open_cboe,
    "folder": _open_kept_folder,
}


def open_source(
    name: str,
    now: datetime | None = None,
    *,
    data: Path | None = None,
    rules: Rules | None = None,
) -> Opened:
    """Opens the source of that name.

    Args:
        name: one of `settings.SOURCES`.
        now: the moment that the sample market stands at; the clock by default.
        data: the folder of the source ``folder``; the kept one by default.
        rules: those in force, for what is computed from a chain; the saved ones by default.

    Raises:
        KeyRefusedError: the source needs an API key and there is none, or the user's yes to its
            terms (`ConsentError`).
        InputError: the source needs a folder and there is none.
    """
    if data is not None:
        if choose(name).name != "folder":
            raise InputError("--data goes with the source folder only.")
        return _folder(data, rules)
    return _OPEN[choose(name).name](now, rules)


def open_store(clock: Callable[[], datetime] | None = None) -> Store:
    """Opens the user's store, and makes it where there is none.

    Args:
        clock: tells the store the time; the machine's does where it is None.

    Raises:
        StoreError: it cannot be opened.
    """
    from vrp_xl.store.database import Store, utc_now  # noqa: PLC0415

    settings.make_home()
    return Store(settings.store_path(), clock=clock or utc_now)


def rules_in_force(
    *,
    preset: str | None = None,
    file: Path | None = None,
    z_min: float | None = None,
    spread_min: float | None = None,
) -> LoadedRules:
    """The rules to use: a preset, else a file, else the saved ones; then single thresholds.

    A file given together with a preset changes that preset, whatever preset it names itself.

    Raises:
        RulesError: something in them is not allowed.
    """
    if preset is not None:
        loaded = LoadedRules(core.preset(preset), preset.strip().lower())
    else:
        saved = settings.rules_path() if file is None else None
        loaded = LoadedRules(core.STANDARD, "standard") if saved is None else load_rules(saved)
    if file is not None:
        in_file = load_rules(file, base=None if preset is None else loaded.rules)
        loaded = in_file if preset is None else in_file._replace(preset=loaded.preset)
    single = {"z_min": z_min, "spread_min": spread_min}
    changed = loaded.rules.with_values({k: v for k, v in single.items() if v is not None})
    return loaded._replace(rules=changed)


def compare_sources(store: Store, symbols: Sequence[str]) -> list[SourceView]:
    """What each source gives for `symbols`: from the store, and its cost; makes no request.

    The sample market needs no request to be known, so it is put into the store first.

    Raises:
        StoreError: the store cannot be read.
    """
    from vrp_xl.workflow.compare_sources import view_of  # noqa: PLC0415
    from vrp_xl.workflow.refresh import cost, refresh  # noqa: PLC0415

    views = []
    for name in settings.SOURCES:
        state, told = "ready", ""
        try:
            opened = open_source(name)
        except VrpError as error:
            state = str(error)
        else:
            try:
                if name == "sample":
                    refresh(opened.source, store, symbols)
                told = str(cost(opened.source, store, symbols, account=opened.account))
            except VrpError as error:
                state = str(error)
            finally:
                opened.source.close()
        views.append(view_of(store, name, symbols, what=SOURCE_WORDS[name], state=state, cost=told))
    return views
