"""The vrp-xl command as a person runs it: output, files, exit codes."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.command_line import Ran
from tests.command_line import command as vrp_xl_command
from tests.sources import chain_files
from vrp_xl import settings, simulator
from vrp_xl.core.calendar import NEW_YORK

if TYPE_CHECKING:
    from collections.abc import Callable


PROMISED = (
    "symbol",
    "source",
    "as_of",
    "spot",
    "cell",
    "size",
    "structure",
    "score",
    "z_score",
    "percentile",
    "history_days",
    "atm_iv",
    "atm_iv_30d",
    "rv_20d",
    "vrp_20d",
    "structural",
    "tactical",
    "funnel",
    "compression",
    "gamma",
    "gamma_basis",
    "net_gex",
    "gamma_flip",
    "flip_distance_pct",
    "put_vrp",
    "call_vrp",
    "lean",
    "put_wall",
    "call_wall",
    "max_gamma",
    "strikes",
    "status",
    "candidate",
    "why",
)


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[..., Ran]:
    """Runs the command in-process, in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def call(*args: str, stdin: str | None = None) -> Ran:
        if stdin is not None:
            monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        return vrp_xl_command(monkeypatch, capsys, *args)

    return call


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Callable[..., simulator.Simulator]:
    """Starts simulators and points the command at them."""
    running = []

    def start(key: str = "demo", **options: object) -> simulator.Simulator:
        server = simulator.serve(**options)  # type: ignore[arg-type]
        running.append(server)
        monkeypatch.setenv("FLASHALPHA_API_KEY", key)
        monkeypatch.setenv("VRP_XL_FLASHALPHA_URL", server.url)
        return server

    yield start
    for server in running:
        server.close()


def rows_of(ran: Ran) -> dict[str, dict]:
    """The rows of --json by symbol."""
    return {row["symbol"]: row for row in json.loads(ran.out)["rows"]}


def test_scan_without_a_key_shows_the_sample_and_says_so(run, tmp_path):
    """A first scan plans candidates from the sample market and writes a workbook."""
    ran = run("scan")
    assert ran.code == 0
    assert "SAMPLE MARKET" in ran.out
    assert "PREMIUM PARADISE" in ran.out
    assert "Get out" in ran.out
    (book,) = tmp_path.glob("vrp-scan-*.xlsx")
    assert book.name in ran.out


def test_json_holds_every_symbol_and_nothing_else_is_on_stdout(run, tmp_path):
    """--json is JSON alone, covers cells A to D, an unknown gamma and a null z, writes no file."""
    ran = run("scan", "--source", "sample", "--all", "--json")
    data = json.loads(ran.out)
    rows = rows_of(ran)
    assert ran.code == 0
    assert len(rows) == 12
    assert {"A", "B", "C", "D", None} == {row["cell"] for row in rows.values()}
    unknown = [row for row in rows.values() if row["gamma"] == "unknown"]
    assert unknown
    assert all(row["cell"] is None and row["gamma_basis"] is None for row in unknown)
    null_z = [row for row in rows.values() if row["z_score"] is None]
    assert null_z
    assert all(row["cell"] is None and row["missing"]["z_score"] for row in null_z)
    assert data["sample"] is True
    assert data["source"] == "sample"
    assert data["rules"]["preset"] == "standard"
    assert not list(tmp_path.glob("*.xlsx"))


def test_json_rows_hold_the_promised_keys_and_types(run):
    """Every row has the stable keys; numbers are numbers, cell and lean are in their sets."""
    for row in rows_of(run("scan", "--source", "sample", "--json")).values():
        assert set(PROMISED) <= set(row)
        assert row["cell"] in ("A", "B", "C", "D", None)
        assert row["lean"] in ("put-heavy", "call-heavy", "balanced", None)
        assert row["gamma"] in ("positive", "negative", "unknown")
        assert row["gamma_basis"] in ("vendor", "repriced", "net_gex", None)
        assert isinstance(row["candidate"], bool)
        assert isinstance(row["size"], (int, float))
        for name in ("spot", "z_score", "vrp_20d", "gamma_flip"):
            assert row[name] is None or isinstance(row[name], (int, float))


def test_no_row_is_sized_while_its_own_exit_fires(run):
    """A status that says stay out never stands beside a size."""
    for row in rows_of(run("scan", "--source", "sample", "--json")).values():
        if row["status"].startswith("STAY OUT"):
            assert row["size"] == 0
            assert not row["candidate"]


def test_candidates_come_first_by_z(run):
    """Rows are ordered: candidates, then z descending, missing last."""
    rows = list(rows_of(run("scan", "--source", "sample", "--json")).values())
    order = [(not r["candidate"], r["z_score"] is None, -(r["z_score"] or 0)) for r in rows]
    assert order == sorted(order)


def test_csv_holds_every_symbol(run):
    """--csv is a table with one line per symbol."""
    ran = run("scan", "--source", "sample", "--csv")
    rows = list(csv.DictReader(io.StringIO(ran.out)))
    assert ran.code == 0
    assert len(rows) == 12
    assert {row["symbol"] for row in rows} >= {"SPY", "XOM"}
    assert all(row["sample"] == "true" for row in rows)


def test_out_names_the_workbook_also_beside_json(run, tmp_path):
    """--out writes the workbook where it is told to, also with --json."""
    book = tmp_path / "my.xlsx"
    ran = run("scan", "SPY", "--source", "sample", "--json", "--out", str(book))
    assert ran.code == 0
    assert book.exists()
    json.loads(ran.out)


def test_unwritable_workbook_is_told_and_the_plan_still_shows(run, tmp_path):
    """A folder that is not there gives a sentence and exit code 2, after the plan."""
    ran = run("scan", "SPY", "--source", "sample", "--out", str(tmp_path / "no" / "x.xlsx"))
    assert ran.code == 2
    assert "SPY" in ran.out
    assert "x.xlsx" in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    ("args", "word"),
    [
        (["--preset", "nope"], "nope"),
        (["--z-min", "99"], "z_min"),
        (["--source", "nope"], "nope"),
        (["--json", "--csv"], "--csv"),
        (["--out", "plan.pdf"], ".xlsx"),
        (["SPY", "=1+1()"], "symbol"),
        (["--rules", "missing.toml"], "missing.toml"),
    ],
)
def test_usage_errors_are_code_two_with_a_sentence(run, args, word):
    """What cannot be understood is named, with exit code 2 and no traceback."""
    ran = run("scan", *args)
    assert ran.code == 2
    assert word in ran.err
    assert "Traceback" not in ran.err


def test_thresholds_change_the_cells(run):
    """--z-min moves names between the columns of the matrix."""
    low = rows_of(run("scan", "--source", "sample", "--json", "--z-min", "0.2"))
    high = rows_of(run("scan", "--source", "sample", "--json", "--z-min", "3"))
    assert sum(row["cell"] in ("A", "B") for row in low.values()) > 6
    assert not any(row["cell"] in ("A", "B") for row in high.values())


def test_the_traded_window_of_the_rules_is_that_of_the_levels(run, tmp_path):
    """--rules reaches what is computed from a chain, not the saved rules alone."""
    folder = tmp_path / "chains"
    folder.mkdir()
    days = (2, 16, 30, 44, 65, 93)
    (folder / "abc.json").write_text(chain_files.Market("ABC", days=days).json())
    rules = tmp_path / "near.toml"
    rules.write_text("dte_min = 10\ndte_max = 40\ntarget_dte = 30\n")
    scan = ("scan", "--source", "folder", "--data", str(folder), "--json")
    for more, window in (((), (30, 60)), (("--rules", str(rules)), (10, 40))):
        found = rows_of(run(*scan, *more))["ABC"]["levels"]["window"]
        assert (found["dte_min"], found["dte_max"]) == window


def test_live_market_equals_the_sample(run, api):
    """The simulator shows the same market: cell, size, figures; its scores are the vendor's."""
    sample = rows_of(run("scan", "SPY", "QQQ", "--source", "sample", "--json"))
    api()
    ran = run("scan", "SPY", "QQQ", "--json")
    live = rows_of(ran)
    assert ran.code == 0
    assert json.loads(ran.out)["source"] == "flashalpha"
    assert json.loads(ran.out)["sample"] is True  # the simulator's figures are invented
    for symbol in ("SPY", "QQQ"):
        theirs, ours = live[symbol], sample[symbol]
        for key in ("cell", "size", "lean", "candidate", "gamma", "put_wall", "call_wall",
                    "max_gamma", "gamma_flip", "harvest_score"):  # fmt: skip
            assert theirs[key] == ours[key], key
        for key, near in (("z_score", 0.015), ("percentile", 1.0), ("structural", 0.01),
                          ("tactical", 0.01), ("atm_iv", 0.011), ("put_vrp", 0.02)):  # fmt: skip
            assert theirs[key] == pytest.approx(ours[key], abs=near), key
        assert (theirs["score_kind"], ours["score_kind"]) == ("simulated", "local")


@pytest.mark.parametrize(
    ("options", "key", "code", "word"),
    [
        ({}, "wrong", 4, "key"),
        ({"plan": "free"}, "demo", 5, "Free"),
        ({"fault": "quota"}, "demo", 6, "quota"),
        ({"fault": "error500"}, "demo", 7, "500"),
        ({"fault": "html"}, "demo", 7, "JSON"),
    ],
)
def test_refusals_have_their_own_code_and_keep_what_was_known(run, api, options, key, code, word):
    """Wrong key, Free plan, spent quota, broken server: message, code, and the old figures."""
    api()
    assert run("scan", "SPY", "QQQ", "--json").code == 0
    api(key, **options)
    settings_of_old = run("scan", "SPY", "QQQ", "--json")
    assert settings_of_old.code == code
    assert word.lower() in settings_of_old.err.lower()
    assert "Traceback" not in settings_of_old.err
    if key == "demo":
        rows = rows_of(settings_of_old)
        assert set(rows) == {"SPY", "QQQ"}
        assert all(row["state"] == "kept" and row["state_why"] for row in rows.values())


def test_dead_server_says_so_and_keeps_what_was_known(run, api):
    """With nobody listening the run ends with 7 and the stored rows."""
    server = api()
    assert run("scan", "SPY", "--json").code == 0
    server.close()
    ran = run("scan", "SPY", "--json")
    assert ran.code == 7
    assert set(rows_of(ran)) == {"SPY"}


def test_half_of_the_symbols_unknown_is_a_success_that_lists_them(run, api):
    """Known names are planned, unknown ones are listed with their reason, exit code 0."""
    api()
    ran = run("scan", "SPY", "ZZZQ", "--json")
    failed = json.loads(ran.out)["failed"]
    assert ran.code == 0
    assert [f["symbol"] for f in failed] == ["ZZZQ"]
    assert failed[0]["error"] == "unknown symbol"
    assert failed[0]["why"]


def test_only_unknown_symbols_is_code_eight(run, api):
    """No usable symbol at all ends with 8."""
    api()
    assert run("scan", "ZZZQ").code == 8
    assert run("scan", "ZZZQ", "--source", "sample").code == 8


def test_offline_asks_nobody(run, api):
    """--offline reads the store and makes no request."""
    server = api()
    run("scan", "SPY", "--json")
    before = len(server.requests)
    ran = run("scan", "SPY", "--json", "--offline")
    assert ran.code == 0
    assert len(server.requests) == before
    assert rows_of(ran)["SPY"]["state"] == "stored"


def test_the_cost_is_said_before_the_refresh(run, api):
    """The line on standard error tells calls and what is left."""
    api(plan="growth")
    run("scan", "SPY", "--json")
    ran = run("scan", "SPY", "--json")
    assert "2 calls" in ran.err
    assert "left today" in ran.err


def test_scan_never_changes_the_chosen_source(run):
    """`scan --source` reads another source; `refresh --source` and `source` choose it."""
    run("scan", "SPY", "--source", "sample", "--json")
    assert settings.chosen_source() is None
    assert run("refresh", "SPY", "--source", "sample").code == 0
    assert settings.chosen_source() == "sample"


def test_source_shows_and_chooses(run):
    """`source NAME` saves it; `source` says what the next scan reads and why."""
    assert "none" in run("source").out
    assert run("source", "sample").code == 0
    assert "sample" in run("source").out
    assert run("source", "nope").code == 2


def test_rules_show_and_check(run, tmp_path):
    """Rules are listed; a good file is explained, a bad one names key, value and limits."""
    assert "z_min" in run("rules", "show").out
    good = tmp_path / "good.toml"
    good.write_text('preset = "ratio"\nz_min = 1.5\n')
    assert "z_min = 1.5" in run("rules", "check", str(good)).out
    bad = tmp_path / "bad.toml"
    bad.write_text("z_min = 99\n")
    ran = run("rules", "check", str(bad))
    assert ran.code == 2
    assert "z_min" in ran.err
    assert "99" in ran.err
    assert "-5 to 10" in ran.err


def test_variance_rules_file_is_understood(run, tmp_path):
    """A trading_rules.json with // comments sets our rules; its other keys are told."""
    file = tmp_path / "trading_rules.json"
    file.write_text(
        '{\n "vrp_structural_threshold": 1.2, // baseline\n "vrp_tactical_threshold": 1.25,\n'
        ' "hv_floor_percent": 6, "min_iv_percentile": 30\n}'
    )
    ran = run("rules", "check", str(file))
    assert ran.code == 0
    assert "structural_min = 1.2" in ran.out
    assert "min_iv_percentile" in ran.out


def test_watchlist_commands(run, tmp_path):
    """Names are added with earnings, removed, imported, and the scan follows the list."""
    assert "SPY" in run("watchlist").out
    run("watchlist", "add", "GLD")
    day = datetime.now(NEW_YORK).date() + timedelta(days=40)
    run("watchlist", "add", "NVDA", "--earnings", day.isoformat())
    assert day.isoformat() in run("watchlist", "list").out
    later = day + timedelta(days=1)
    run("watchlist", "add", "NVDA", "--earnings", f"{later.month}/{later.day}/{later.year}")
    assert later.isoformat() in run("watchlist", "list").out
    assert run("watchlist", "add", "NVDA", "--earnings", "tomorrow").code == 2
    passed = run("watchlist", "add", "NVDA", "--earnings", "2020-01-02")
    assert (passed.code, "has passed" in passed.err) == (2, True)
    run("watchlist", "remove", "TSLA")
    assert "TSLA" not in run("watchlist", "list").out
    names = tmp_path / "names.csv"
    names.write_text("symbol,earnings\nXOM,\nAAPL,2027-01-28\n")
    assert run("watchlist", "import", str(names), "--replace").code == 0
    assert set(rows_of(run("scan", "--source", "sample", "--json"))) == {"XOM", "AAPL"}
    run("watchlist", "remove", "XOM", "AAPL")
    empty = run("watchlist")
    assert (empty.out, "is empty" in empty.err) == ("", True)


def test_earnings_from_the_watchlist_stop_a_trade(run):
    """A date that the user gives sets the size to 0 with the reason."""
    day = (datetime.now(NEW_YORK).date() + timedelta(days=4)).isoformat()
    run("watchlist", "add", "SPY", "--earnings", day)
    row = rows_of(run("scan", "SPY", "--source", "sample", "--json"))["SPY"]
    assert row["size"] == 0
    assert any("earnings" in why for why in row["why"])


def test_earnings_given_after_the_refresh_count_offline(run):
    """A date given later counts at once; a date of the source that is to come goes before it."""
    before = rows_of(run("scan", "SPY", "NVDA", "--source", "sample", "--json"))
    day = (datetime.now(NEW_YORK).date() + timedelta(days=4)).isoformat()
    run("watchlist", "add", "SPY", "--earnings", day)
    run("watchlist", "add", "NVDA", "--earnings", "2098-01-02")
    after = rows_of(run("scan", "SPY", "NVDA", "--source", "sample", "--json", "--offline"))
    assert before["SPY"]["size"] > 0
    assert (after["SPY"]["size"], after["SPY"]["next_earnings"]) == (0, day)
    assert after["SPY"]["basis"]["next_earnings"] == "watchlist"
    assert after["NVDA"]["next_earnings"] == before["NVDA"]["next_earnings"]


def test_a_preset_on_the_command_line_goes_before_that_of_the_file(run, tmp_path):
    """The file's rules change the preset that was asked for, and its name is told."""
    file = tmp_path / "own.toml"
    file.write_text('preset = "ratio"\nz_min = 1.5\n')
    ran = run("scan", "SPY", "--source", "sample", "--json", "--rules", str(file))
    assert json.loads(ran.out)["rules"]["preset"] == "ratio"
    assert json.loads(ran.out)["rules"]["values"]["method"] == "ratio"
    more = run(
        "scan", "SPY", "--source", "sample", "--json", "--rules", str(file), "--preset", "spike"
    )
    told = json.loads(more.out)["rules"]
    assert (told["preset"], told["values"]["z_min"]) == ("spike", 1.5)
    assert told["values"]["tactical_min"] == 1.30


def test_letters_that_the_output_cannot_show_are_no_error(tmp_path):
    """A pipe in an old code page gets a question mark for what it cannot hold."""
    (tmp_path / "\u540d.csv").write_text("SPY", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "vrp_xl.cli", "watchlist", "import", "\u540d.csv"],
        cwd=tmp_path, capture_output=True, check=False,
        env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "1"},
    )  # fmt: skip
    assert (done.returncode, done.stdout.strip()) == (0, b"1 name from ?.csv")


def test_who_reads_the_output_may_leave(tmp_path):
    """A pipe that closes early is no error, and the workbook is written all the same."""
    command = (
        f'"{sys.executable}" -m vrp_xl.cli scan --source sample --all 2>err | head -n 1 >/dev/null'
    )
    code = f"set -o pipefail\n{command}"
    done = subprocess.run(["bash", "-c", code], cwd=tmp_path, check=False)
    assert done.returncode == 0, (tmp_path / "err").read_text()
    assert list(tmp_path.glob("vrp-scan-*.xlsx"))
    assert "Traceback" not in (tmp_path / "err").read_text()


def test_history_show_tells_series_values_and_gaps(run, tmp_path):
    """Days, gaps, origin and thinness of every series; the values of one; both as CSV."""
    nothing = run("history", "show", "--source", "sample")
    assert nothing.code == 2
    assert "No history of nothing" not in nothing.err
    run("refresh", "SPY", "XOM", "--source", "sample")
    file = tmp_path / "iv.csv"
    file.write_text("date,atm_iv\n2026-03-02,20\n2026-03-03,21\n2026-03-06,22\n2026-03-07,9\n")
    done = run("history", "import", str(file), "--symbol", "KO", "--field", "atm_iv")
    assert "2 trading days are missing in between; rows left out: 1" in done.out
    assert "line 5: 2026-03-07 is no trading day" in done.err
    lines = {
        tuple(line.split()[:2]): line.split() for line in run("history", "show").out.splitlines()
    }
    assert lines["SPY", "close"][2] == "560"
    assert lines["SPY", "close"][5:] == ["0", "own", "yes"]
    assert lines["KO", "atm_iv"][2:] == [
        "3", "2026-03-02", "2026-03-06", "2", "imported", "too", "few",
    ]  # fmt: skip
    told = run("history", "show", "ko", "--field", "atm_iv", "--days", "2").out.splitlines()
    assert told[0].endswith("3 days, 2026-03-02 to 2026-03-06, 2 trading days missing, imported, "
                            "too few")  # fmt: skip
    assert [line.split() for line in told[1:3]] == [
        ["2026-03-03", "21", "imported"], ["2026-03-06", "22", "imported"],
    ]  # fmt: skip
    assert told[3] == "gap: 2 trading days between 2026-03-03 and 2026-03-06"
    table = run("history", "show", "KO", "--field", "atm_iv", "--csv").out
    assert table == (
        "day,atm_iv,from\n2026-03-02,20.0,imported\n2026-03-03,21.0,imported\n"
        "2026-03-06,22.0,imported\n"
    )
    head = run("history", "show", "KO", "--csv").out.splitlines()[0]
    assert head == "symbol,field,days,first,last,missing,origin,thin"
    assert (
        "No history of KO close is stored" in run("history", "show", "KO", "--field", "close").err
    )


def test_history_split_is_said_on_the_command_line(run, tmp_path):
    """Refused, kept, then said: a ratio, none, forgotten; nonsense is told."""
    file = tmp_path / "closes.csv"
    file.write_text("date,close\n2026-03-02,100\n2026-03-03,50.2\n2026-03-04,50\n")
    given = ("history", "import", str(file), "--symbol", "KO", "--field", "close")
    refused = run(*given)
    assert refused.code == 2
    assert "100 to 50.2 on 2026-03-03, as in a 2:1 split. Nothing was stored" in refused.err
    assert run(*given, "--adjust-splits", "--keep-jumps").code == 2
    assert "taken as the price itself" in run(*given, "--keep-jumps").out
    for word, told in (("2:1", "a 2:1 split"), ("none", "no split"), ("forget", "nothing is said")):
        assert told in run("history", "split", "KO", "2026-03-03", word).out
    assert "no split ratio" in run("history", "split", "KO", "2026-03-03", "7").err
    assert "no date" in run("history", "split", "KO", "3/3/2026", "2:1").err
    assert "on both sides" in run("history", "split", "KO", "2026-03-02", "2:1").err
    wrong = run("history", "split", "KO", "2026-03-04", "2:1")
    assert wrong.code == 2
    assert "from 50.2 to 50 on 2026-03-04 (-0.4 %), which is no 2:1 split" in wrong.err
    assert "100 to 50.2 on 2026-03-03, as in a 2:1 split" in wrong.err
    kept = run("history", "split", "KO", "2026-03-04", "2:1", "--anyway").out
    assert kept.startswith("KO 2026-03-04: a 2:1 split; kept")


def test_history_import_fills_a_missing_z(run, tmp_path):
    """Imported spreads give the name without history a z-score of its own."""
    run("scan", "XOM", "--source", "sample", "--json")
    lines = ["date,vrp_20d"]
    lines += [f"2026-0{m}-{d:02d},{3 + (d % 7) * 0.5}" for m in (3, 4, 5, 6) for d in range(1, 29)]
    file = tmp_path / "spreads.csv"
    file.write_text("\n".join(lines))
    ran = run(
        "history", "import", str(file), "--symbol", "XOM", "--field", "vrp_20d",
        "--source", "sample",
    )  # fmt: skip
    assert ran.code == 0
    row = rows_of(run("scan", "XOM", "--source", "sample", "--json", "--offline"))["XOM"]
    assert row["z_score"] is not None
    assert "own history" in row["basis"]["z_score"]


def test_doctor_reports_and_never_shows_the_key(run, monkeypatch):
    """The doctor says that a key is there and where it comes from."""
    monkeypatch.setenv("FLASHALPHA_API_KEY", "canary-1234567890")
    ran = run("doctor")
    assert ran.code == 0
    assert "present" in ran.out
    assert "canary" not in ran.out + ran.err


def test_a_flashalpha_scan_without_a_key_is_code_four(run):
    """Asking for the live source without a key says how to set one."""
    ran = run("scan", "SPY", "--source", "flashalpha")
    assert ran.code == 4
    assert "vrp-xl key set" in ran.err


def test_help_and_version_load_nothing_heavy():
    """--help imports neither numpy, pandas, requests, rich nor xlsxwriter."""
    code = (
        "import sys; sys.argv=['vrp-xl','--help']\n"
        "from vrp_xl import cli\n"
        "try: cli.main()\nexcept SystemExit: pass\n"
        "heavy={'numpy','pandas','requests','xlsxwriter','sqlite3','keyring'}&set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_folder_without_chains_is_told(run, tmp_path):
    """The source folder names a folder that is not there, or holds nothing, with a sentence."""
    assert run("scan", "--source", "folder").code == 2
    ran = run("scan", "--data", str(tmp_path / "none"))
    assert ran.code == 2
    assert "none" in ran.err
    assert run("source", "folder").code == 2
    assert run("scan", "SPY", "--source", "sample", "--data", str(tmp_path)).code == 2


def test_a_folder_of_chains_is_scanned(run, tmp_path, monkeypatch):
    """Real chain files give a row or a reason per symbol, notes of their chains, a workbook."""
    data = Path(__file__).parents[1] / "../shared/data"
    if not data.is_dir():
        pytest.skip("the recorded market data is not beside this checkout")
    monkeypatch.setenv("COLUMNS", "400")
    ran = run("scan", "--source", "folder", "--data", str(data / "chains"), "--json")
    rows = rows_of(ran)
    assert ran.code == 0
    assert set(rows) == {"SPX", "RUT", "SPY"}
    assert rows["RUT"]["gamma_flip"] == pytest.approx(1920.0, abs=1)
    assert rows["SPX"]["gamma_flip"] == pytest.approx(4006.4, abs=1)
    assert rows["SPX"]["gamma_basis"] == "repriced"
    assert "no 30-day ATM IV" in rows["SPY"]["missing"]["atm_iv_30d"]
    plain = run("scan", "--source", "folder", "--data", str(data / "chains"))
    told = " ".join(plain.out.split())
    assert "note: both walls stand at 4000: no condor between them" in told
    assert "note: series that have expired are left out" in told
    assert "8.599 bn instead of 2.114 bn" in told
    assert "no 30-day ATM IV: the last expiry is at 14 days" in told
    [book] = tmp_path.glob("vrp-scan-*.xlsx")
    assert book.stat().st_size > 5_000
    assert run("source", "folder", "--data", str(data / "chains")).code == 0
    assert set(rows_of(run("scan", "--json"))) == {"SPX", "RUT", "SPY"}


def test_everything_shows_the_range_estimators(run):
    """Beside the expiries, and only where open, high and low are there."""
    told = run("scan", "--all").out
    assert "Estimators  Yang-Zhang 20 " in told
    assert told.count("Estimators") == told.count("  Expiries")
    assert "Estimators" not in run("scan", "--offline").out


def test_a_universe_gives_candidates_and_counts(run, tmp_path):
    """Many names from a file: the candidates in the workbook and the counts of all."""
    (tmp_path / "names.csv").write_text("symbol\nSPY\nMSFT\nXOM\nNOPE1\n", encoding="utf-8")
    ran = run("scan", "--universe", "names.csv", "--json", "--out", "found.xlsx")
    assert ran.code == 0, ran.err
    scan = json.loads(ran.out)
    assert scan["looked_at"] == 3
    assert sum(scan["counts"].values()) == 3
    assert [row["symbol"] for row in scan["rows"]] == ["SPY"]
    assert [failed["symbol"] for failed in scan["failed"]] == ["NOPE1"]
    assert "Screening 4 names from sample" in ran.err
    assert (tmp_path / "found.xlsx").exists()
    text = run("scan", "--universe", "names.csv", "--offline").out
    assert "1 of 3 are candidates" in text


def test_a_universe_takes_no_symbols(run, tmp_path):
    """What does not go together is said before anything is asked."""
    (tmp_path / "names.txt").write_text("SPY\n", encoding="utf-8")
    assert run("scan", "SPY", "--universe", "names.txt").code == 2
    assert run("scan", "--restart").code == 2
    assert run("scan", "--universe", "absent.txt").code == 2


def test_sources_side_by_side(run):
    """Each source's columns, age and cost for the watchlist, in one table and as JSON."""
    text = run("source").out
    for words in (
        "sample",
        "folder",
        "flashalpha",
        "can be asked",
        "names stored",
        "days behind z",
    ):
        assert words in text
    told = json.loads(run("source", "--json").out)
    sources = {view["source"]: view for view in told["sources"]}
    assert sources["sample"]["names"] == sources["sample"]["asked"] == 10
    assert sources["sample"]["filled_pct"]["IV"] == 100.0
    assert sources["folder"]["names"] == 0
    assert sources["folder"]["filled_pct"]["IV"] is None
    assert "key" in sources["flashalpha"]["state"]
