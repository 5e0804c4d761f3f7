"""Where the key, the source, the store and the rules come from.

One folder holds everything (`home`). The API key is not in it: it lives in the environment or in
the operating system's keyring, and nothing here ever prints it. Imports neither hosts nor sources;
keyring is loaded only when the environment holds no key.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args
from urllib.parse import urlsplit

from vrp_xl import changes
from vrp_xl.errors import InputError, KeyRefusedError, StoreError
from vrp_xl.loopback import is_loopback

if TYPE_CHECKING:
    from types import ModuleType

HOME_VARIABLE = "VRP_XL_HOME"
KEY_VARIABLE = "FLASHALPHA_API_KEY"
URL_VARIABLE = "VRP_XL_FLASHALPHA_URL"
CBOE_URL_VARIABLE = "VRP_XL_CBOE_URL"
WORKERS_VARIABLE = "VRP_XL_WORKERS"

FLASHALPHA_URL = "https://lab.flashalpha.com"
CBOE_URL = "https://cdn.cboe.com"
WORKERS = 8
WORKERS_MOST = 32

SourceName = Literal["flashalpha", "cboe", "folder", "sample"]
SOURCES: tuple[SourceName, ...] = get_args(SourceName)

_KEYRING_SERVICE = "vrp_xl"
_KEYRING_USER = "flashalpha"


@dataclass(frozen=True, slots=True)
class Key:
    """An API key and where it was found. Neither `repr` nor `str` shows the key."""

    value: str = field(repr=False)
    where: str


# Folder and files


def home() -> Path:
    """The folder of the store, the settings and the rules; it need not exist.

    ``VRP_XL_HOME`` names it, else it is the user's data folder.
    """
    chosen = os.environ.get(HOME_VARIABLE, "").strip()
    if chosen:
        return Path(chosen).expanduser()
    import platformdirs  # noqa: PLC0415 - only where it is needed

    return Path(platformdirs.user_data_dir("vrp_xl", appauthor=False))


def make_home() -> Path:
    """Makes the folder where it does not exist, for this user alone, and returns it.

    Raises:
        StoreError: it cannot be made.
    """
    folder = home()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"The folder {folder} cannot be made: {error.strerror or error}.",
            f"Check its permissions, or choose another folder with {HOME_VARIABLE}.",
        ) from error
    return folder


def store_path() -> Path:
    """The file of the local store.

    What a server on this machine serves is a trial: it has a store of its own, so that it never
    mixes with real figures.
    """
    local = is_local(flashalpha_url()) or is_local(cboe_url())
    return home() / ("store-local.sqlite3" if local else "store.sqlite3")


def rules_path() -> Path | None:
    """The user's rules file, ``rules.toml`` or else ``rules.json``; None where there is none."""
    for name in ("rules.toml", "rules.json"):
        path = home() / name
        if path.is_file():
            return path
    return None


# Choices that are kept


def setting(name: str) -> Any:
    """A kept choice by name, or None where it was never made.

    Raises:
        StoreError: the settings file cannot be read.
    """
    return _read_settings().get(name)


def put_setting(name: str, value: Any) -> None:
    """Keeps a choice; `value` is anything JSON can hold, None takes the choice back.

    Raises:
        StoreError: the settings file cannot be read or written.
    """
    settings = _read_settings()
    settings[name] = value
    kept = {k: v for k, v in settings.items() if v is not None}
    write_private(make_home() / "settings.json", json.dumps(kept, indent=2, sort_keys=True) + "\n")


def version() -> tuple[int, ...]:
    """Numbers that change when the settings or the saved rules do, by any process."""
    found = []
    for name in ("settings.json", "rules.toml", "rules.json"):
        try:
            stat = (home() / name).stat()
        except OSError:
            found += [0, 0]
        else:
            found += [stat.st_mtime_ns, stat.st_size]
    return tuple(found)


def chosen_source() -> SourceName | None:
    """The source that formulas and scans read, or None where none was chosen yet.

    Raises:
        StoreError: the settings file cannot be read, or names a source that does not exist.
    """
    name = setting("source")
    if name is None or name in SOURCES:
        return name  # type: ignore[no-any-return]
    raise StoreError(
        f"{home() / 'settings.json'} names the source {name!r}, which does not exist.",
        f"Choose one of {', '.join(SOURCES)}: vrp-xl source NAME",
    )


def choose_source(name: str) -> None:
    """Keeps the source that formulas and scans read.

    Raises:
        InputError: there is no such source.
        StoreError: the settings file cannot be read or written.
    """
    put_setting("source", source_name(name))


def data_folder() -> Path | None:
    """The folder of the user's own chain and price files, or None where none was chosen.

    Raises:
        StoreError: the settings file cannot be read.
    """
    kept = setting("data_folder")
    return Path(kept) if isinstance(kept, str) else None


def choose_data_folder(path: Path) -> Path:
    """Keeps the folder of the source ``folder``.

    Raises:
        InputError: there is no such folder.
        StoreError: the settings file cannot be read or written.
    """
    folder = path.expanduser().resolve()
    if not folder.is_dir():
        raise InputError(f"There is no folder {path}.", "Name the folder of your chain files.")
    put_setting("data_folder", str(folder))
    return folder


def source_name(text: str) -> SourceName:
    """The source of that name, in any case.

    Raises:
        InputError: there is no such source.
    """
    name = text.strip().lower()
    for source in SOURCES:
        if name == source:
            return source
    raise InputError(f"There is no source named {text!r}.", f"Choose one of {', '.join(SOURCES)}.")


def write_private(path: Path, text: str) -> None:
    """Writes `text` to `path`, whole or not at all, readable by this user alone.

    Raises:
        StoreError: it cannot be written.
    """
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        fresh = Path(name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(path)
            changes.note()
        except BaseException:
            fresh.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise StoreError(
            f"{path} cannot be written: {error.strerror or error}.",
            f"Check the folder's permissions, or choose another one with {HOME_VARIABLE}.",
        ) from error


def _read_settings() -> dict[str, Any]:
    path = home() / "settings.json"
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(path, error) from error
    try:
        settings = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _unreadable(path, error) from error
    if not isinstance(settings, dict):
        raise _unreadable(path, "it holds no JSON object")
    return settings


def _unreadable(path: Path, why: object) -> StoreError:
    return StoreError(
        f"The settings file {path} cannot be read: {why}.",
        "Correct or delete it, then choose again: vrp-xl source NAME",
    )


# The key


def find_key() -> Key | None:
    """The API key: from the environment, else from the keyring, else None.

    Raises:
        InputError: what was found cannot be a key.
    """
    return _look()[0]


def why_no_key() -> str:
    """Why `find_key` gives None, in a sentence; empty where it gives a key."""
    return _look()[1]


def set_key(text: str) -> Key:
    """Keeps a key in the operating system's keyring.

    Raises:
        InputError: `text` cannot be a key.
        KeyRefusedError: the keyring is missing, locked, or does not keep it.
    """
    value = check_key(text)
    try:
        keyring = _keyring()
        keyring.set_password(_KEYRING_SERVICE, _KEYRING_USER, value)
        kept = keyring.get_password(_KEYRING_SERVICE, _KEYRING_USER) == value
    except Exception as error:  # noqa: BLE001 - backends raise whatever their system does
        raise _no_keyring("keep", error) from None
    if not kept:
        raise _no_keyring("keep", None)
    return Key(value, "keyring")


def clear_key() -> bool:
    """Removes the key from the keyring; False where there was none.

    A key in the environment is not touched.

    Raises:
        KeyRefusedError: the keyring is missing or locked.
    """
    try:
        keyring = _keyring()
        if keyring.get_password(_KEYRING_SERVICE, _KEYRING_USER) is None:
            return False
        keyring.delete_password(_KEYRING_SERVICE, _KEYRING_USER)
    except Exception as error:  # noqa: BLE001 - backends raise whatever their system does
        raise _no_keyring("remove", error) from None
    return True


def check_key(text: str) -> str:
    """`text` without blanks and line ends around it, where it can be a key.

    Raises:
        InputError: it is empty, or holds what no HTTP header can carry. The sentence never shows
            the text.
    """
    value = text.strip()
    if not value:
        raise InputError("The API key is empty.", "Paste the key from your account page.")
    for place, letter in enumerate(value, start=1):
        if not "!" <= letter <= "~":
            raise InputError(
                f"The API key holds a blank, a control character or a letter outside ASCII at "
                f"place {place}.",
                "Copy it again, the key alone.",
            )
    return value


def account_fingerprint(key: str) -> str:
    """What the store names an account by: 12 hex digits from which no key can be found."""
    return hashlib.sha256(key.encode()).hexdigest()[:12]


def _look() -> tuple[Key | None, str]:
    text = os.environ.get(KEY_VARIABLE, "")
    if text.strip():
        return Key(check_key(text), f"environment variable {KEY_VARIABLE}"), ""
    try:
        kept = _keyring().get_password(_KEYRING_SERVICE, _KEYRING_USER)
    except Exception as error:  # noqa: BLE001 - backends raise whatever their system does
        return None, str(_no_keyring("give", error))
    if kept is None or not kept.strip():
        return None, (
            f"No API key is stored: the environment variable {KEY_VARIABLE} is not set and the "
            "keyring holds none. Store one with: vrp-xl key set"
        )
    return Key(check_key(kept), "keyring"), ""


def _keyring() -> ModuleType:
    import keyring  # noqa: PLC0415 - slow, and not needed where the environment holds the key

    return keyring


def _no_keyring(verb: str, error: Exception | None) -> KeyRefusedError:
    """What went wrong, by the error's kind: a backend's own words might hold anything."""
    kind = "" if error is None else f" ({type(error).__name__})"
    reasons = {
        "NoKeyringError": "this system has none that can be used",
        "KeyringLocked": "it is locked",
    }
    reason = reasons.get(type(error).__name__, "it did not work") if error else "it kept nothing"
    return KeyRefusedError(
        f"The keyring could not {verb} the API key: {reason}{kind}.",
        f"Unlock it, or set the environment variable {KEY_VARIABLE}.",
    )


# Connection


def flashalpha_url() -> str:
    """The vendor's address without a slash at its end; ``VRP_XL_FLASHALPHA_URL`` overrides it."""
    return os.environ.get(URL_VARIABLE, "").strip().rstrip("/") or FLASHALPHA_URL


def cboe_url() -> str:
    """Cboe's address without a slash at its end; ``VRP_XL_CBOE_URL`` overrides it."""
    return os.environ.get(CBOE_URL_VARIABLE, "").strip().rstrip("/") or CBOE_URL


def cboe_user_agent() -> str | None:
    """How requests to Cboe name themselves, where the user chose a name; None is our own.

    Raises:
        StoreError: the settings file cannot be read.
    """
    kept = setting("cboe_user_agent")
    return kept if isinstance(kept, str) and kept else None


def choose_cboe_user_agent(text: str) -> str | None:
    """Keeps the name that requests to Cboe give; empty text puts our own back.

    Raises:
        InputError: no header can carry it.
        StoreError: the settings file cannot be read or written.
    """
    name = text.strip()
    if not (name.isascii() and name.isprintable()):
        raise InputError(
            "The User-Agent holds characters that no header may have.", "Use plain ASCII."
        )
    put_setting("cboe_user_agent", name or None)
    return name or None


def is_local(url: str) -> bool:
    """Whether an address is that of a server on this machine."""
    try:
        return is_loopback(urlsplit(url).hostname or "")
    except ValueError:  # no address at all: the source says so
        return False


def workers() -> int:
    """How many calls may run at once: ``VRP_XL_WORKERS``, 1 to 32, else 8.

    Raises:
        InputError: the variable holds something else.
    """
    text = os.environ.get(WORKERS_VARIABLE, "").strip()
    if not text:
        return WORKERS
    if text.isascii() and text.isdigit() and len(text) <= 2 and 1 <= int(text) <= WORKERS_MOST:
        return int(text)
    raise InputError(
        f"The environment variable {WORKERS_VARIABLE} holds {text!r}.",
        f"Use a whole number from 1 to {WORKERS_MOST}.",
    )
