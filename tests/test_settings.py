"""Settings: folder, kept choices, and a key that never shows."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import traceback

import keyring
import keyring.backend
import keyring.errors
import platformdirs
import pytest

from vrp_xl import settings
from vrp_xl.errors import InputError, KeyRefusedError, StoreError

SECRET = "fa_live_0123456789abcdef"  # noqa: S105 - nobody's key


class MemoryKeyring(keyring.backend.KeyringBackend):
    """A keyring that holds its passwords in memory, or fails as it is told."""

    priority = 1

    def __init__(self, fails=None, *, forgets=False):
        self.held = {}
        self.fails = fails
        self.forgets = forgets

    def get_password(self, service, username):
        """Gives what is held."""
        if self.fails:
            raise self.fails
        return self.held.get((service, username))

    def set_password(self, service, username, password):
        """Holds it."""
        if self.fails:
            raise self.fails
        if not self.forgets:
            self.held[service, username] = password

    def delete_password(self, service, username):
        """Lets go of it."""
        del self.held[service, username]


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch):
    """A home of the test's own and none of the user's variables."""
    for name in (settings.KEY_VARIABLE, settings.URL_VARIABLE, settings.WORKERS_VARIABLE):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(settings.HOME_VARIABLE, str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def use_keyring():
    """Puts a keyring in force for the test."""
    before = keyring.get_keyring()

    def put(backend):
        keyring.set_keyring(backend)
        return backend

    yield put
    keyring.set_keyring(before)


def test_home_follows_the_variable_or_the_system(own_home, monkeypatch):
    """The variable names the folder; without it the user's data folder is taken."""
    assert settings.home() == own_home
    assert settings.store_path() == own_home / "store.sqlite3"
    monkeypatch.setenv(settings.URL_VARIABLE, "https://gate.example.com")
    assert settings.store_path() == own_home / "store.sqlite3"
    for url in ("http://127.0.0.1:8765", "http://localhost:1/", "http://[::1]:80"):
        monkeypatch.setenv(settings.URL_VARIABLE, url)
        assert settings.store_path() == own_home / "store-local.sqlite3"
    monkeypatch.setenv(settings.URL_VARIABLE, "http://[nonsense")
    assert settings.store_path() == own_home / "store.sqlite3"
    monkeypatch.setenv(settings.HOME_VARIABLE, "  ")
    assert str(settings.home()) == platformdirs.user_data_dir("vrp_xl", appauthor=False)


def test_home_is_made_for_this_user_alone(own_home, tmp_path, monkeypatch):
    """The folder is made on demand with mode 0700; where it cannot be, a sentence says so."""
    assert not own_home.exists()
    assert settings.make_home() == own_home
    assert settings.make_home() == own_home
    if os.name == "posix":
        assert stat.S_IMODE(own_home.stat().st_mode) == 0o700
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv(settings.HOME_VARIABLE, str(tmp_path / "file"))
    with pytest.raises(StoreError, match="cannot be made"):
        settings.make_home()


def test_rules_file_is_found(own_home):
    """TOML comes before JSON, and no file is None."""
    assert settings.rules_path() is None
    own_home.mkdir()
    (own_home / "rules.json").write_text("{}")
    assert settings.rules_path() == own_home / "rules.json"
    (own_home / "rules.toml").write_text("")
    assert settings.rules_path() == own_home / "rules.toml"


def test_the_chosen_source_is_kept(own_home):
    """Nothing is chosen at first; a choice is kept in a private file beside other choices."""
    assert settings.chosen_source() is None
    settings.put_setting("agreed", value=True)
    settings.choose_source("flashalpha")
    assert settings.chosen_source() == "flashalpha"
    settings.choose_source("sample")
    assert settings.chosen_source() == "sample"
    assert settings.setting("agreed") is True
    settings.put_setting("agreed", None)
    assert settings.setting("agreed") is None
    assert [p.name for p in own_home.iterdir()] == ["settings.json"]
    if os.name == "posix":
        assert stat.S_IMODE((own_home / "settings.json").stat().st_mode) == 0o600


def test_an_unknown_source_is_refused(own_home):
    """A source that does not exist can neither be chosen nor read."""
    with pytest.raises(InputError, match="flashalpha, cboe, folder, sample"):
        settings.choose_source("bloomberg")
    own_home.mkdir()
    (own_home / "settings.json").write_text('{"source": "bloomberg"}')
    with pytest.raises(StoreError, match="bloomberg"):
        settings.chosen_source()


@pytest.mark.parametrize("text", [b"{", b"[1]", b"\xff\xfe\x00"])
def test_a_damaged_settings_file_is_told(own_home, text):
    """A settings file that cannot be read is an error, not a silent default."""
    own_home.mkdir()
    (own_home / "settings.json").write_bytes(text)
    with pytest.raises(StoreError, match=r"settings\.json cannot be read"):
        settings.chosen_source()


def test_a_write_that_fails_leaves_the_old_file(own_home, monkeypatch):
    """A failed write is told and changes nothing."""
    settings.choose_source("flashalpha")

    def fail(_handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(StoreError, match="No space left"):
        settings.choose_source("sample")
    assert settings.chosen_source() == "flashalpha"
    assert [p.name for p in own_home.iterdir()] == ["settings.json"]


def test_the_environment_comes_before_the_keyring(use_keyring, monkeypatch):
    """A key in the environment wins and spares the keyring; a blank one counts as none."""
    backend = use_keyring(MemoryKeyring())
    backend.held["vrp_xl", "flashalpha"] = "other-key"
    monkeypatch.setenv(settings.KEY_VARIABLE, f" {SECRET}\r\n")
    backend.fails = RuntimeError("must not be asked")
    key = settings.find_key()
    assert (key.value, key.where) == (SECRET, "environment variable FLASHALPHA_API_KEY")
    assert settings.why_no_key() == ""
    backend.fails = None
    monkeypatch.setenv(settings.KEY_VARIABLE, " \n")
    assert settings.find_key() == settings.Key("other-key", "keyring")


def test_a_key_is_kept_found_and_cleared(use_keyring):
    """The keyring's way round, and no key at all is None with a reason."""
    use_keyring(MemoryKeyring())
    assert settings.find_key() is None
    assert "vrp-xl key set" in settings.why_no_key()
    assert settings.set_key(f"\t{SECRET}\n") == settings.Key(SECRET, "keyring")
    assert settings.find_key() == settings.Key(SECRET, "keyring")
    assert settings.clear_key() is True
    assert settings.clear_key() is False
    assert settings.find_key() is None


def test_a_key_never_shows():
    """Neither repr, str nor format of a key shows it."""
    key = settings.Key(SECRET, "keyring")
    for text in (repr(key), str(key), f"{key}", repr([key])):
        assert SECRET not in text


@pytest.mark.parametrize(
    "text", ["", "  \n", "fa key", "fa\x00key", "fa\nkey", "fa\u00e9", "\u043a\u043b\u044e\u0447"]
)
def test_text_that_cannot_be_a_key_is_refused_unshown(text, use_keyring):
    """Empty text, blanks, control characters and other alphabets are refused, never repeated."""
    backend = use_keyring(MemoryKeyring())
    with pytest.raises(InputError, match="API key") as caught:
        settings.set_key(text)
    assert not text.strip() or text not in str(caught.value)
    assert backend.held == {}


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (keyring.errors.NoKeyringError(f"no backend {SECRET}"), "none that can be used"),
        (keyring.errors.KeyringLocked(f"locked {SECRET}"), "locked"),
        (RuntimeError(f"the bus is gone {SECRET}"), "did not work"),
    ],
)
def test_a_keyring_that_fails_is_told(error, words, use_keyring):
    """Reading gives None with the reason, writing a clear error, and none shows a key."""
    use_keyring(MemoryKeyring(fails=error))
    assert settings.find_key() is None
    assert words in settings.why_no_key()
    assert SECRET not in settings.why_no_key()
    for act in (lambda: settings.set_key(SECRET), settings.clear_key):
        with pytest.raises(KeyRefusedError, match=words) as caught:
            act()
        assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_a_keyring_that_keeps_nothing_is_told(use_keyring):
    """A keyring that forgets silently is found out at once."""
    use_keyring(MemoryKeyring(forgets=True))
    with pytest.raises(KeyRefusedError, match="it kept nothing"):
        settings.set_key(SECRET)


def test_the_fingerprint_is_short_steady_and_no_key():
    """An account is named by 12 hex digits that differ between keys."""
    mark = settings.account_fingerprint(SECRET)
    assert len(mark) == 12
    assert int(mark, 16) >= 0
    assert mark == settings.account_fingerprint(SECRET) != settings.account_fingerprint("x")


def test_the_address_can_be_overridden(monkeypatch):
    """The vendor's address is the default; the variable replaces it."""
    assert settings.flashalpha_url() == "https://lab.flashalpha.com"
    monkeypatch.setenv(settings.URL_VARIABLE, " http://127.0.0.1:8080/ ")
    assert settings.flashalpha_url() == "http://127.0.0.1:8080"


def test_workers_are_bounded(monkeypatch):
    """Eight by default, 1 to 32 by the variable, all else is refused."""
    assert settings.workers() == 8
    for text in ("1", "32"):
        monkeypatch.setenv(settings.WORKERS_VARIABLE, text)
        assert settings.workers() == int(text)
    for text in ("0", "33", "-1", "1.5", "many", "9" * 5000):
        monkeypatch.setenv(settings.WORKERS_VARIABLE, text)
        with pytest.raises(InputError, match="1 to 32"):
            settings.workers()


def test_the_keyring_is_loaded_late():
    """Importing the settings loads neither keyring nor platformdirs."""
    code = "import sys, vrp_xl.settings; print({'keyring', 'platformdirs'} & set(sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "set()"
