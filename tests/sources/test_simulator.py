"""The local API simulator: shapes, plans, quotas, errors and faults, over real sockets."""

from __future__ import annotations

import dataclasses
import http.client
import json
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from vrp_xl.errors import InputError
from vrp_xl.simulator import FAULTS, LIMITS, Simulator, extra_names_of, serve
from vrp_xl.sources.sample.market import Market, variation
from vrp_xl.sources.sample.names import SYMBOLS

EXAMPLES = Path(__file__).parents[2] / "../shared/facts/flashalpha_examples"
WEEKEND = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
KELLY = "/v1/pricing/kelly?spot=580&strike=580&dte=30&sigma=0.18&premium=12.69&mu=0.12"
DATA_PATHS = (
    "/v1/vrp/SPY",
    "/v1/vrp/SPY/history",
    "/v1/exposure/levels/SPY",
    "/v1/exposure/summary/SPY",
    "/v1/stock/SPY/summary",
    "/v1/volatility/SPY",
)


def ask(server: Simulator, path: str, key: str | None = "demo", **options) -> requests.Response:
    """GETs `path` with the key, in a connection of its own."""
    headers = {} if key is None else {"X-Api-Key": key}
    with requests.Session() as session:
        session.trust_env = False
        return session.get(server.url + path, headers=headers, timeout=60, **options)


@pytest.fixture(scope="module")
def alpha():
    """A server on the largest plan; tests may not change it."""
    with serve(now=WEEKEND, extra_names=3) as server:
        yield server


def example(name: str) -> dict:
    """A recorded or documented answer of the vendor."""
    if not EXAMPLES.is_dir():
        pytest.skip("the shared examples of the vendor's answers are not beside this checkout")
    return json.loads((EXAMPLES / name).read_text(encoding="utf-8"))


def closes(server: Simulator) -> bool:
    """Whether the server ends without waiting for what is under way."""
    closing = threading.Thread(target=server.close, daemon=True)
    closing.start()
    closing.join(20)
    return not closing.is_alive()


def lacking(ours: object, theirs: object, at: str = "") -> list[str]:
    """Keys of `theirs` that `ours` lacks, and leaves of another type."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        return [
            problem
            for key, value in theirs.items()
            if not key.startswith("_")
            for problem in (
                lacking(ours[key], value, f"{at}.{key}") if key in ours else [f"{at}.{key} missing"]
            )
        ]
    if isinstance(theirs, list) and isinstance(ours, list):
        return lacking(ours[0], theirs[0], f"{at}[0]") if theirs and ours else []
    if theirs is None or ours is None:
        return []
    numbers = (int, float)
    if isinstance(theirs, bool) or not isinstance(theirs, numbers):
        return [] if type(ours) is type(theirs) else [f"{at} is a {type(ours).__name__}"]
    return [] if isinstance(ours, numbers) else [f"{at} is a {type(ours).__name__}"]


class TestShapes:
    """The documents have the keys and types that the vendor's have."""

    @pytest.mark.parametrize(
        ("path", "name"),
        [
            ("/v1/vrp/SPY", "capture_historical_vrp_SPY_2024-08-05.json"),
            ("/v1/vrp/SPY", "docs_vrp_SPY_2026-03-27_PARTIAL.json"),
            ("/v1/vrp/SPY", "docs_envelope_2026-08-25.json"),
            ("/v1/exposure/levels/SPY", "capture_live_levels_SPY_2026-05-27.json"),
            ("/v1/exposure/summary/SPY", "docs_exposure_summary.json"),
            ("/v1/stock/SPY/summary", "docs_stock_summary.json"),
            ("/v1/volatility/TSLA", "docs_volatility.json"),
            ("/v1/account", "docs_account.json"),
            ("/v1/symbols", "docs_symbols.json"),
            ("/v1/tickers", "docs_tickers.json"),
            ("/v1/universe", "docs_universe.json"),
            (KELLY, "docs_kelly.json"),
        ],
    )
    def test_every_key_of_the_vendors_example_is_there(self, alpha, path, name):
        """No key is missing and no leaf has another type."""
        assert lacking(ask(alpha, path).json(), example(name)) == []

    def test_kelly_gives_the_documented_figures(self, alpha):
        """The vendor's sample is reproduced to the last digit."""
        ours, theirs = ask(alpha, KELLY).json(), example("docs_kelly.json")
        assert {k: ours[k] for k in theirs} == theirs

    def test_units_and_types_of_the_wire(self, alpha):
        """Whole strikes are integers, percentiles too, harvest is 0 to 1, times have 7 digits."""
        vrp = ask(alpha, "/v1/vrp/SPY").json()
        assert isinstance(vrp["vrp"]["percentile"], int)
        assert 0 <= vrp["gex_conditioned"]["harvest_score"] <= 1
        assert vrp["as_of"] == "2026-11-20T21:00:00.0000000Z"
        assert vrp["simulated"] is True
        assert vrp["macro"]["vix_term_slope"] == pytest.approx(
            vrp["macro"]["vix_3m"] / vrp["macro"]["vix"]
        )
        levels = ask(alpha, "/v1/exposure/levels/SPY").json()["levels"]
        assert isinstance(levels["put_wall"], int)
        assert isinstance(levels["gamma_flip"], float)
        summary = ask(alpha, "/v1/stock/SPY/summary").json()
        assert isinstance(summary["volatility"]["vrp"], float)
        account = ask(alpha, "/v1/account").json()
        assert account["daily_limit"] == account["remaining"] == "unlimited"

    def test_nulls_travel_as_nulls(self, alpha):
        """A new name has no z-score and no scores; without GEX there is no exposure."""
        new = ask(alpha, "/v1/vrp/XOM").json()
        assert new["vrp"]["z_score"] is None
        assert new["strategy_scores"] is None
        assert new["regime"]["vrp_regime"] is None
        assert ask(alpha, "/v1/stock/META/summary").json()["exposure"] is None
        blank = ask(alpha, "/v1/exposure/levels/META").json()["levels"]
        assert blank["gamma_flip"] is None
        assert blank["gamma_flip_status"] == "insufficient_quote_quality"
        assert [r["dte"] for r in ask(alpha, "/v1/vrp/META").json()["term_vrp"]] == [7, 14, 30]

    def test_the_older_generation(self):
        """On request documents come as before August 2026."""
        with serve(generation="2026-05") as server:
            levels = ask(server, "/v1/exposure/levels/SPY").json()
        assert lacking(levels, example("capture_live_levels_SPY_2026-05-27.json")) == []
        assert "data_as_of" not in levels
        assert "gamma_flip_status" not in levels["levels"]

    def test_stored_days(self, alpha):
        """`date` gives the snapshot of one of the last two days, else 404."""
        before = ask(alpha, "/v1/vrp/SPY?date=2026-11-19").json()
        assert before["underlying_price"] == 656.55
        assert before["as_of"].startswith("2026-11-19")
        gone = ask(alpha, "/v1/vrp/SPY?date=2026-11-16")
        assert (gone.status_code, gone.json()["error"]) == (404, "no_data")

    def test_history_takes_days(self, alpha):
        """1 to 365 days; anything else is a validation error."""
        month = ask(alpha, "/v1/vrp/SPY/history").json()
        year = ask(alpha, "/v1/vrp/SPY/history?days=365").json()
        assert (month["days"], year["days"]) == (30, 365)
        assert 18 <= month["data_points"] <= 22
        assert year["data_points"] >= 245
        for bad in ("0", "366", "x", "-1"):
            refused = ask(alpha, f"/v1/vrp/SPY/history?days={bad}")
            assert (refused.status_code, refused.json()["error"]) == (400, "validation_error")

    def test_universe_is_cut_and_sorted(self, alpha):
        """`sort` and `limit` hold; a sort that nobody knows falls back to the tier."""
        rows = ask(alpha, "/v1/universe?sort=symbol&limit=2").json()
        assert [r["symbol"] for r in rows["symbols"]] == ["AAPL", "AMD"]
        assert (rows["count"], rows["returned"]) == (15, 2)
        assert ask(alpha, "/v1/universe?sort=odd").json()["sort"] == "tier"

    @pytest.mark.parametrize("bad", ["&mu=9", "&mu=x", "&spot=0", "&sigma=nan"])
    def test_kelly_refuses_bad_input(self, alpha, bad):
        """A figure out of bounds or none at all is a validation error."""
        name = bad[1:].partition("=")[0]
        path = "&".join(p for p in KELLY.split("&") if not p.startswith(f"{name}="))
        path = path.replace("spot=580&", "") if name == "spot" else path
        glue = "&" if "?" in path and not path.endswith("?") else ""
        answer = ask(alpha, path + glue + bad[1:])
        assert (answer.status_code, answer.json()["error"]) == (400, "validation_error")

    def test_kelly_with_negative_expectation(self, alpha):
        """A bet that loses on average gets no money, and puts are sized too."""
        sizing = ask(alpha, KELLY.replace("mu=0.12", "mu=-0.5")).json()
        assert sizing["sizing"]["kelly_fraction"] == 0
        assert sizing["recommendation"] == example("docs_kelly_negative_ev.json")["recommendation"]
        put = ask(alpha, KELLY.replace("mu=0.12", "mu=-0.5") + "&type=put").json()
        assert put["sizing"]["kelly_fraction"] > 0

    def test_extra_names(self, alpha):
        """Invented names are served beside the twelve, and no more than asked for."""
        assert ask(alpha, "/v1/vrp/N0003").json()["symbol"] == "N0003"
        assert ask(alpha, "/v1/vrp/N0004").status_code == 404

    def test_names_of_a_file(self, tmp_path, capsys):
        """The names of a list are served beside the twelve; what cannot be read is told."""
        listed = tmp_path / "names.csv"
        listed.write_text("symbol,earnings\nibm,\nBRK.B,2026-12-01\nSPY,\n???,\n")
        names = extra_names_of(str(listed))
        assert names == {"IBM": 1, "BRK.B": 2}
        assert "line 5" in capsys.readouterr().err
        with serve(now=WEEKEND, extra_names=names) as server:
            ibm, brk = (ask(server, f"/v1/vrp/{name}").json() for name in ("IBM", "BRK.B"))
            assert (ibm["symbol"], brk["symbol"]) == ("IBM", "BRK.B")
            assert ibm["vrp"] == ask(server, "/v1/vrp/SPY").json()["vrp"]
            assert ask(server, "/v1/vrp/N0001").status_code == 404
            told = ask(server, "/v1/tickers").json()
            assert {"SPY", "IBM", "BRK.B"} <= set(told["tickers"])
        both = Market(WEEKEND, names)
        assert both.symbols == (*SYMBOLS, "IBM", "BRK.B")
        assert both.name("IBM") == dataclasses.replace(variation(1), symbol="IBM")

    @pytest.mark.parametrize(("text", "names"), [("0", 0), ("25", 25), ("9999", 9999)])
    def test_a_number_of_names(self, text, names):
        """So many invented names."""
        assert extra_names_of(text) == names

    @pytest.mark.parametrize(
        ("text", "words"),
        [("10000", "at most 9999"), ("-3", "cannot be read"), ("nowhere.txt", "cannot be read")],
    )
    def test_names_that_make_no_sense(self, text, words):
        """Too many, and a file that is not there."""
        with pytest.raises(InputError, match=words):
            extra_names_of(text)


class TestKeysAndPlans:
    """Who may ask what."""

    def test_a_wrong_key_is_401_with_a_numeric_status(self, alpha):
        """The body has no `error`, and the status is a number."""
        for key in ("wrong", None):
            answer = ask(alpha, "/v1/vrp/SPY", key)
            assert answer.status_code == 401
            assert answer.json() == example("docs_error_401.json")

    def test_the_key_may_stand_in_the_query(self, alpha):
        """?apiKey= does as well as the header."""
        assert ask(alpha, "/v1/vrp/SPY?apiKey=demo", None).status_code == 200

    def test_some_paths_need_no_key(self, alpha):
        """Health, universe and yesterday's summary are public."""
        assert ask(alpha, "/health", None).json() == {"status": "healthy"}
        assert ask(alpha, "/v1/universe", None).status_code == 200
        public = ask(alpha, "/v1/stock/SPY/summary", None)
        assert public.json()["price"]["mid"] == 656.55
        assert "X-RateLimit-Limit" not in public.headers
        assert ask(alpha, "/v1/stock/SPY/summary").json()["price"]["mid"] == 660

    def test_symbols_are_upper_cased_and_unescaped(self, alpha):
        """The server reads the symbol as the vendor's does."""
        assert ask(alpha, "/v1/vrp/spy").json()["symbol"] == "SPY"
        assert "ES=F" in ask(alpha, "/v1/vrp/ES%3DF").json()["message"]

    def test_unknown_symbol_and_path(self, alpha):
        """Both are 404; the symbol's body has the vendor's shape."""
        answer = ask(alpha, "/v1/vrp/XYZ")
        assert answer.status_code == 404
        assert answer.json() == example("docs_error_404.json")
        assert ask(alpha, "/v1/exposure/gex/SPY").status_code == 404
        with requests.Session() as session:
            session.trust_env = False
            posted = session.post(alpha.url + "/v1/screener", json={}, timeout=60)
        assert posted.status_code == 404

    @pytest.mark.parametrize(
        ("plan", "allowed"),
        [
            ("free", {"levels", "stock"}),
            ("basic", {"levels", "stock"}),
            ("growth", {"levels", "stock", "summary", "volatility"}),
            ("alpha", {"levels", "stock", "summary", "volatility", "vrp"}),
        ],
    )
    def test_plans(self, plan, allowed):
        """Each plan has its endpoints; what it lacks is 403 with both plans in the body."""
        paths = {
            "levels": "/v1/exposure/levels/AAPL",
            "stock": "/v1/stock/AAPL/summary",
            "summary": "/v1/exposure/summary/AAPL",
            "volatility": "/v1/volatility/AAPL",
            "vrp": "/v1/vrp/AAPL",
        }
        with serve(plan=plan) as server:
            for name, path in paths.items():
                answer = ask(server, path)
                assert answer.status_code == (200 if name in allowed else 403)
                if name not in allowed:
                    assert answer.json()["error"] == "tier_restricted"
                    assert answer.json()["current_plan"] == plan.capitalize()
                    assert set(answer.json()) == set(example("docs_error_403_tier.json"))

    def test_the_free_universe_has_no_funds(self):
        """On Free, a fund or an unknown name is 403 with the vendor's words."""
        with serve(plan="free") as server:
            for symbol in ("SPY", "ZZTEST"):
                answer = ask(server, f"/v1/exposure/levels/{symbol}")
                assert answer.status_code == 403
            recorded = example("capture_403_symbol_not_in_free_universe.json")
            assert answer.json() == recorded

    def test_a_quota_counts_refusals_too(self):
        """The sixth request of the day on Free is 429, and 403 and 404 counted."""
        with serve(plan="free", now=WEEKEND) as server:
            paths = ["/v1/vrp/AAPL", "/v1/exposure/levels/SPY", "/v1/nope"]
            paths += ["/v1/exposure/levels/AAPL"] * 2
            left = [ask(server, path).headers["X-RateLimit-Remaining"] for path in paths]
            spent = ask(server, "/v1/exposure/levels/AAPL")
        assert left == ["4", "3", "2", "1", "0"]
        assert spent.status_code == 429
        assert set(spent.json()) == set(example("docs_error_429.json"))
        assert spent.json()["limit"] == 5
        assert spent.json()["reset_at"] == "2026-11-22T00:00:00Z"
        assert spent.headers["Retry-After"] == str(12 * 3600)
        reset = int(datetime(2026, 11, 22, tzinfo=UTC).timestamp())
        assert spent.headers["X-RateLimit-Reset"] == str(reset)
        assert spent.headers["X-RateLimit-Remaining"] == "0"
        assert server.used == 6

    def test_limits_and_headers(self, alpha):
        """Alpha says "unlimited"; requests can be spent beforehand on the others."""
        headers = ask(alpha, "/v1/vrp/SPY").headers
        assert headers["X-RateLimit-Limit"] == headers["X-RateLimit-Remaining"] == "unlimited"
        assert headers["Content-Type"] == "application/json; charset=utf-8"
        assert LIMITS == {"free": 5, "basic": 250, "growth": 2500, "alpha": None}
        with serve(plan="basic") as server:
            server.spend(249)
            answer = ask(server, "/v1/account")
            assert answer.json()["remaining"] == "0"
            assert answer.json()["usage_today"] == 250
            assert ask(server, "/v1/account").status_code == 429

    def test_the_log_says_what_was_asked(self):
        """Endpoint, symbol, status, host and whether the key came, in order."""
        with serve() as server:
            ask(server, "/v1/vrp/spy")
            ask(server, "/v1/exposure/levels/NOPE")
            ask(server, "/health", None)
            ask(server, "/odd")
        assert server.requests == [
            ("vrp", "SPY", 200, "127.0.0.1", True),
            ("levels", "NOPE", 404, "127.0.0.1", True),
            ("health", "", 200, "127.0.0.1", False),
            ("", "", 404, "127.0.0.1", True),
        ]
        assert server.count() == 4
        assert server.count("vrp") == server.count("vrp", "SPY") == server.count(symbol="SPY") == 1

    def test_it_serves_this_machine_only(self):
        """Another address, plan, fault or generation is refused, as is a port that is taken."""
        with serve() as server:
            for options in (
                {"host": "0.0.0.0"},  # noqa: S104 (it must be refused)
                {"plan": "gold"},
                {"fault": "boredom"},
                {"generation": "1999"},
                {"port": server.port},
            ):
                with pytest.raises(InputError):
                    serve(**options)


class TestFaults:
    """What each fault does on the wire."""

    def test_all_data_endpoints_and_only_they_are_hit(self):
        """Account, health and lists stay well; a fault can be for some symbols only."""
        with serve(fault="error500") as server:
            assert {ask(server, path).status_code for path in DATA_PATHS} == {500}
            for path in ("/v1/account", "/health", "/v1/symbols", KELLY):
                assert ask(server, path).status_code == 200
            server.symbols = frozenset({"QQQ"})
            assert ask(server, "/v1/vrp/SPY").status_code == 200
            assert ask(server, "/v1/vrp/QQQ").status_code == 500
            server.fault = None
            assert ask(server, "/v1/vrp/QQQ").status_code == 200
            with pytest.raises(InputError):
                server.fault = "boredom"

    @pytest.mark.parametrize(
        ("fault", "status"),
        [("error500", 500), ("error502", 502), ("quota", 429), ("key", 401), ("plan", 403)],
    )
    def test_status_faults(self, fault, status):
        """The status is the fault's."""
        with serve(fault=fault) as server:
            assert ask(server, "/v1/vrp/SPY").status_code == status
            account = ask(server, "/v1/account").status_code
        assert account == (status if fault in {"quota", "key"} else 200)

    @pytest.mark.parametrize("fault", ["garbled", "html", "empty"])
    def test_bodies_that_are_no_json(self, fault):
        """Status 200, and nothing that can be read as JSON."""
        with serve(fault=fault) as server:
            answer = ask(server, "/v1/vrp/SPY")
        assert answer.status_code == 200
        with pytest.raises(ValueError, match=r"."):
            answer.json()

    def test_cut(self):
        """The full length is told and half of it comes."""
        with serve(fault="cut") as server, pytest.raises(requests.RequestException):
            ask(server, "/v1/vrp/SPY")

    def test_wrong_length(self):
        """The body that was told ends ten bytes early."""
        with serve(fault="wrong_length") as server:
            answer = ask(server, "/v1/vrp/SPY")
        with pytest.raises(ValueError, match=r"."):
            answer.json()

    def test_bad_gzip(self):
        """What is said to be gzip cannot be unpacked."""
        with serve(fault="bad_gzip") as server, pytest.raises(requests.RequestException):
            ask(server, "/v1/vrp/SPY")

    def test_error503_once(self):
        """Each path fails once."""
        with serve(fault="error503_once") as server:
            path, other = "/v1/vrp/SPY", "/v1/exposure/levels/SPY"
            statuses = [ask(server, p).status_code for p in (path, path, other, other)]
        assert statuses == [503, 200, 503, 200]

    def test_wrong_types(self):
        """Numbers are text and inner objects are lists."""
        with serve(fault="wrong_types") as server:
            vrp = ask(server, "/v1/vrp/SPY").json()
        assert vrp["underlying_price"] == "660.0"
        assert isinstance(vrp["vrp"], list)

    def test_nan(self):
        """Tokens that JSON does not have stand for numbers."""
        with serve(fault="nan") as server:
            text = ask(server, "/v1/vrp/SPY").text
        assert "NaN" in text
        assert "-Infinity" in text

    def test_nulls(self):
        """Every leaf is null, the keys stay."""
        with serve(fault="nulls") as server:
            vrp = ask(server, "/v1/vrp/SPY").json()
        assert vrp["symbol"] is None
        assert set(vrp["vrp"].values()) == {None}

    def test_half(self):
        """Every second symbol is unknown."""
        with serve(fault="half") as server:
            asked = {s: ask(server, f"/v1/vrp/{s}").status_code for s in ("SPY", "QQQ", "IWM")}
        assert asked == {"SPY": 200, "QQQ": 404, "IWM": 200}

    def test_big(self):
        """More than ten megabytes of good JSON."""
        with serve(fault="big") as server:
            answer = ask(server, "/v1/vrp/SPY")
        assert len(answer.content) > 11 * 1024 * 1024
        assert answer.json()["symbol"] == "SPY"

    def test_redirect(self):
        """Another host name answers; the log tells whether the key was taken there."""
        with serve(fault="redirect") as server:
            first = ask(server, "/v1/vrp/SPY?x=1", allow_redirects=False)
            assert first.status_code == 302
            target = urlsplit(first.headers["Location"])
            assert (target.hostname, target.port) == ("localhost", server.port)
            assert (target.path, target.query) == ("/v1/vrp/SPY", "x=1")
            assert ask(server, "/v1/vrp/SPY").status_code == 200
        assert [(s.host, s.keyed) for s in server.requests[-2:]] == [
            ("127.0.0.1", True),
            ("localhost", True),
        ]

    @pytest.mark.parametrize("fault", ["slow", "drip"])
    def test_stalls_end_with_the_server(self, fault):
        """A client that waits longer than it likes gives up; closing waits for nobody."""
        with serve(fault=fault) as server:
            host = urlsplit(server.url)
            seconds = 0.3 if fault == "slow" else 60  # the other's first bytes do come
            connection = http.client.HTTPConnection(host.hostname, host.port, timeout=seconds)
            connection.request("GET", "/v1/vrp/SPY", headers={"X-Api-Key": "demo"})
            if fault == "slow":
                with pytest.raises(TimeoutError):
                    connection.getresponse()
            else:
                assert connection.getresponse().read(2) == b'{"'
            assert closes(server)
        connection.close()

    def test_every_fault_is_described(self):
        """The command line lists what there is."""
        assert len(FAULTS) == 20
        assert all(FAULTS.values())


class TestServing:
    """How it serves."""

    def test_connections_are_kept(self, alpha):
        """Several requests go over one connection, at once from several clients."""

        def several(_: int) -> int:
            host = urlsplit(alpha.url)
            connection = http.client.HTTPConnection(host.hostname, host.port, timeout=60)
            connection.connect()
            sock = connection.sock
            for _ in range(20):
                connection.request("GET", "/v1/vrp/SPY", headers={"X-Api-Key": "demo"})
                assert json.loads(connection.getresponse().read())["symbol"] == "SPY"
            same = connection.sock is sock
            connection.close()
            return same

        with ThreadPoolExecutor(8) as pool:
            assert all(pool.map(several, range(8)))

    def test_gzip_on_request(self):
        """Answers are packed where the server is told to and the client takes it."""
        with serve(compress=True) as server:
            assert ask(server, "/v1/vrp/SPY").headers["Content-Encoding"] == "gzip"
            assert ask(server, "/v1/vrp/SPY").json()["symbol"] == "SPY"

    def test_latency_does_not_hold_up_closing(self):
        """Closing ends what still waits, and may be done twice."""
        server = serve(latency=3600.0)
        host = urlsplit(server.url)
        connection = http.client.HTTPConnection(host.hostname, host.port, timeout=60)
        connection.request("GET", "/health")
        assert closes(server)
        server.close()
        connection.close()

    def test_run_prints_its_address_first(self):
        """A process of its own says where it listens, then serves."""
        script = "from vrp_xl.simulator import run; run(key='k', plan='growth')"
        with subprocess.Popen(
            [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True
        ) as process:
            try:
                server = urlsplit(process.stdout.readline().strip())
                client = http.client.HTTPConnection(server.hostname, server.port, timeout=60)
                client.request("GET", "/v1/account", headers={"X-Api-Key": "k"})
                assert json.loads(client.getresponse().read())["plan"] == "growth"
                client.close()
            finally:
                process.terminate()
