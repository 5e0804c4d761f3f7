"""The user's yes to Cboe's terms: asked once, kept, revocable; without it no host asks anything."""

from __future__ import annotations

import io
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from tests.sources.cboe_small import Documents
from tests.test_macros import desk_of
from vrp_xl import cli, consent, desk, doctor, macros, settings
from vrp_xl.errors import ConsentError, InputError
from vrp_xl.excel import layout
from vrp_xl.functions import FUNCTIONS
from vrp_xl.simulator import Simulator, serve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

RULES = [["source", "cboe"]]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    """Cboe's documents on this machine, of today, as the setting names them."""
    documents = Documents()
    documents.now = datetime.now(UTC)
    with serve(cboe=documents) as one:
        monkeypatch.setenv("VRP_XL_CBOE_URL", one.url)
        yield one


class Terminal(io.StringIO):
    """Standard input with a person at it."""

    def isatty(self) -> bool:
        """A person can be asked."""
        return True


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: object
) -> Callable[..., tuple[int, str]]:
    """Runs the command; gives its code and all that it printed."""
    monkeypatch.chdir(str(tmp_path))

    def call(*words: str, typed: str | None = None) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["vrp-xl", *words])
        monkeypatch.setattr(sys, "stdin", io.StringIO() if typed is None else Terminal(typed))
        try:
            cli.main()
            code = 0
        except SystemExit as left:
            code = int(left.code or 0)
        told = capsys.readouterr()
        return code, told.out + told.err

    return call


class TestKept:
    """What is kept, and what makes it void."""

    def test_a_yes_is_kept_and_taken_back(self) -> None:
        """With its time."""
        assert consent.given() is None
        consent.give(datetime(2026, 3, 18, 12, tzinfo=UTC))
        assert consent.given() == datetime(2026, 3, 18, 12, tzinfo=UTC)
        consent.require()
        assert consent.revoke() is True
        assert consent.given() is None
        assert consent.revoke() is False
        with pytest.raises(ConsentError, match="vrp-xl source cboe"):
            consent.require()

    def test_other_words_need_a_new_yes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A notice that has changed was never agreed to."""
        consent.give()
        monkeypatch.setattr(consent, "CBOE_NOTICE", consent.CBOE_NOTICE + "More.\n")
        assert consent.given() is None

    @pytest.mark.parametrize("kept", [True, "yes", {}, {"notice": "x"}, {"at": "today"}])
    def test_what_is_no_yes(self, kept: object) -> None:
        """A settings file that somebody has edited."""
        settings.put_setting("cboe_agreed", kept)
        assert consent.given() is None

    def test_the_notice_says_what_matters(self) -> None:
        """Whose terms, what for, what not, how to take it back."""
        for words in ("personal, non-commercial", "automatically", "pass it on", "--revoke"):
            assert words in " ".join(consent.CBOE_NOTICE.split())


class TestCommand:
    """``vrp-xl source cboe`` and what goes on without a yes."""

    def test_a_person_is_asked_once(self, run: Callable[..., tuple[int, str]]) -> None:
        """The terms, the question, the choice; afterwards no question."""
        code, told = run("source", "cboe", typed="yes\n")
        assert code == 0
        assert consent.CBOE_NOTICE in told
        assert settings.chosen_source() == "cboe"
        code, told = run("source", "cboe")
        assert (code, told) == (0, "Source: cboe\n")

    @pytest.mark.parametrize("typed", ["no\n", "\n", "", "of course not, yes\n"])
    def test_a_no_is_a_no(
        self, run: Callable[..., tuple[int, str]], server: Simulator, typed: str
    ) -> None:
        """Nothing is chosen, nothing is asked, then or later."""
        code, told = run("source", "cboe", typed=typed)
        assert code == 4
        assert "stays off" in told
        assert settings.chosen_source() is None
        assert run("scan", "ABC", "--source", "cboe")[0] == 4
        assert server.requests == []

    def test_nobody_to_ask(self, run: Callable[..., tuple[int, str]]) -> None:
        """A script must say it in words."""
        code, told = run("source", "cboe")
        assert code == 4
        assert "--yes" in told
        assert consent.given() is None

    @pytest.mark.parametrize("word", ["--yes", "--agree"])
    def test_a_script_agrees(self, run: Callable[..., tuple[int, str]], word: str) -> None:
        """The terms are printed all the same."""
        code, told = run("source", "cboe", word)
        assert code == 0
        assert consent.CBOE_NOTICE in told
        assert consent.given() is not None

    def test_revoked(self, run: Callable[..., tuple[int, str]], server: Simulator) -> None:
        """What is stored can still be read; nothing is asked."""
        run("source", "cboe", "--yes")
        assert run("scan", "ABC")[0] == 0
        server.requests.clear()
        code, told = run("source", "cboe", "--revoke")
        assert code == 0
        assert "nothing is asked of Cboe" in told
        code, told = run("scan", "ABC")
        assert code == 4
        assert run("refresh", "ABC")[0] == 4
        assert run("scan", "ABC", "--offline")[0] == 0
        assert server.requests == []
        assert "no yes" in run("source", "cboe", "--revoke")[1]

    def test_words_that_do_not_go_together(self, run: Callable[..., tuple[int, str]]) -> None:
        """They change nothing."""
        assert run("source", "cboe", "--yes", "--revoke")[0] == 2
        assert run("source", "sample", "--yes")[0] == 2
        assert consent.given() is None

    def test_the_user_agent_is_kept(
        self, run: Callable[..., tuple[int, str]], server: Simulator
    ) -> None:
        """And put back by empty text."""
        run("source", "cboe", "--yes", "--user-agent", "Mozilla/5.0 me")
        run("scan", "ABC")
        assert server.agents == {"Mozilla/5.0 me"}
        assert "vrp_xl and its version" in run("source", "cboe", "--user-agent", "")[1]
        assert settings.cboe_user_agent() is None
        assert run("source", "cboe", "--user-agent", "naïve")[0] == 2

    def test_looking_asks_nothing(
        self, run: Callable[..., tuple[int, str]], server: Simulator
    ) -> None:
        """Comparing sources and the doctor make no request, with a yes or without."""
        for _ in range(2):
            assert run("source")[0] == 0
            assert run("doctor")[0] == 0
            consent.give()
        assert server.requests == []


class TestHosts:
    """Formulas, buttons, the doctor."""

    def test_a_button_without_a_yes(self, server: Simulator) -> None:
        """The message says what to do; no cell changes, no request is made."""
        book = desk_of("ABC", source="cboe")
        before = dict(book.cells)
        macros.refresh_scan(book)
        assert book.cells == before
        assert "vrp-xl source cboe" in book.messages[0]
        assert server.requests == []

    def test_a_button_with_a_yes(self, server: Simulator) -> None:
        """The desk's source row says cboe."""
        consent.give()
        book = desk_of("ABC", source="cboe")
        macros.refresh_scan(book)
        raw = book.named(layout.RAW_NAME)
        assert raw.get()[0][0] == "ABC"
        assert server.count("cboe_chain", "ABC") == 1

    def test_formulas(self, server: Simulator) -> None:
        """They say that it is off, and never ask."""
        assert FUNCTIONS["VRP_SOURCE"].call(RULES) == "cboe"
        assert "off until you agree" in FUNCTIONS["VRP_QUOTA"].call(RULES)
        assert FUNCTIONS["VRP_CELL"].call("ABC", None, RULES) == "#N/A"
        settings.choose_source("cboe")
        assert "the source cboe is off" in FUNCTIONS["VRP_WHY"].call("ABC")
        consent.give()
        assert FUNCTIONS["VRP_QUOTA"].call(RULES) == "cboe: no quota, 15 minutes delayed"
        assert "vrp-xl refresh" in FUNCTIONS["VRP_WHY"].call("ABC")
        assert server.requests == []

    def test_the_doctor_says_whether_it_is_on(self) -> None:
        """With the day of the yes."""
        assert "off" in dict(doctor.report())["cboe"]
        consent.give(datetime(2026, 3, 18, 12, tzinfo=UTC))
        assert "on since 2026-03-18, https://cdn.cboe.com" in dict(doctor.report())["cboe"]

    def test_the_desk_refuses(self) -> None:
        """Every host comes through here."""
        with pytest.raises(ConsentError):
            desk.open_source("cboe")

    def test_a_server_here_has_a_store_of_its_own(self, server: Simulator) -> None:
        """A trial's figures never mix with Cboe's, and are marked."""
        assert server.url == settings.cboe_url()
        assert settings.store_path().name == "store-local.sqlite3"
        consent.give()
        opened = desk.open_source("cboe")
        opened.source.close()
        assert opened.source.sample is True

    def test_plain_http_elsewhere_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The address may be this machine, or https."""
        consent.give()
        monkeypatch.setenv("VRP_XL_CBOE_URL", "http://cdn.cboe.com")
        with pytest.raises(InputError, match="not encrypted"):
            desk.open_source("cboe")
        monkeypatch.setenv("VRP_XL_CBOE_URL", "https://mirror.example/")
        assert settings.cboe_url() == "https://mirror.example"
        assert settings.store_path().name == "store.sqlite3"
