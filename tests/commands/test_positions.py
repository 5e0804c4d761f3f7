"""``vrp-xl positions`` as a scheduler runs it: action, reason and exit code."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime

import pytest

from tests.command_line import command as vrp_xl_command
from vrp_xl import desk
from vrp_xl.commands import positions as command
from vrp_xl.core.snapshot import Snapshot
from vrp_xl.sources.base import Fetched
from vrp_xl.workflow import positions as workflow

NOON = datetime(2026, 3, 27, 16, tzinfo=UTC)
HEADER = "symbol,legs,contracts,entry,expiry,credit,mark,entry cell"
CALM = {"spot": 580.0, "z_score": 1.3, "gamma": "positive", "gamma_basis": "repriced",
        "gamma_flip": 570.0, "atm_iv": 18.0, "atm_iv_30d": 18.0, "rv_20d": 13.0, "rv_30d": 13.0,
        "rv_90d": 14.0, "vrp_20d": 5.0}  # fmt: skip


@pytest.fixture
def run(monkeypatch, capsys, tmp_path):
    """Runs the command on these lines, offline at noon of 27 March 2026, figures stored."""
    monkeypatch.chdir(tmp_path)

    def call(*lines, options=(), moment=NOON, header=HEADER, **market):
        class Clock(datetime):
            """The same moment always."""

            @classmethod
            def now(cls, tz=None):
                return moment.astimezone(tz)

        monkeypatch.setattr(workflow, "datetime", Clock)
        monkeypatch.setattr(
            command, "_today", lambda: moment.astimezone(workflow.calendar.NEW_YORK).date()
        )
        with desk.open_store() as store:
            for symbol, change in {"SPY": {}, **market}.items():
                figures = {"as_of": moment, "fetched_at": moment} | CALM | change
                store.save(Fetched(Snapshot(symbol=symbol, source="flashalpha", **figures)))
        file = tmp_path / "positions.csv"
        file.write_text("\n".join([header, *lines]))
        words = ["positions", str(file), "--source", "flashalpha", "--offline", *options]
        return vrp_xl_command(monkeypatch, capsys, *words)

    return call


def line(symbol="SPY", legs="-P 560 +P 550", expiry="2026-05-15", mark="1.40", cell="A"):
    """A line of the file."""
    return f"{symbol},{legs},2,2026-02-02,{expiry},1.65,{mark},{cell}"


RULES = {
    "inversion": (line(), {"SPY": {"z_score": -0.6}}, "CLOSE", 3),
    "flip breach": (line(), {"SPY": {"spot": 565.0, "gamma": "negative"}}, "CUT HALF", 3),
    "profit target": (line(mark="0.80"), {}, "CLOSE", 3),
    "time stop": (line(expiry="2026-04-17"), {}, "CLOSE", 3),
    "expired": (line(expiry="2026-03-20"), {}, "CLOSE", 3),
    "defense": (line(), {"SPY": {"rv_30d": 20.0}}, "DEFEND", 3),
    "near flip": (line(), {"SPY": {"gamma_flip": 579.0}}, "WARNING", 0),
    "no exit fires": (line(), {}, "OK", 0),
    "unknown: profit target": (line(mark=""), {}, "UNKNOWN", 0),
    "unknown: inversion": (line(), {"SPY": {"z_score": None}}, "UNKNOWN", 0),
}  # fmt: skip


@pytest.mark.parametrize("reason", RULES)
def test_each_exit_alone(run, reason):
    """Action, reason and exit code, on the terminal and as JSON."""
    text, market, action, code = RULES[reason]
    got, out, err = run(text, **market)
    assert (got, err) == (code, "")
    assert f"{action:<9} SPY" in out
    assert f"Reason    {reason}" in out
    again, out, _ = run(text, options=["--json"], **market)
    told = json.loads(out)
    assert again == code
    assert told["must_close"] is (code == 3)
    assert told["positions"][0]["action"] == action
    assert told["positions"][0]["reason"].startswith(reason)


def test_the_loss_stop_by_a_rule(run, tmp_path):
    """Off by default; the user's rules file switches it on."""
    assert run(line(mark="5.20"))[0] == 0
    rules = tmp_path / "rules.toml"
    rules.write_text("loss_stop = 2.0\n")
    code, out, _ = run(line(mark="5.20"), options=["--rules", str(rules)])
    assert code == 3
    assert "loss stop: the loss is 2.15 credits" in out


def test_two_at_once_and_a_book(run):
    """The worst leads and every reason is there; the worst position is first."""
    code, out, _ = run(
        line(), line("QQQ", mark="0.80", expiry="2026-04-17"), QQQ={}, options=["--json"]
    )
    told = json.loads(out)["positions"]
    assert code == 3
    assert [p["symbol"] for p in told] == ["QQQ", "SPY"]
    assert [e["rule"] for e in told[0]["fired"]] == ["profit target", "time stop"]


def test_csv_and_equity(run):
    """A line a position; text cannot become a formula; totals in percent of equity."""
    _, out, _ = run(line(), options=["--csv"])
    (row,) = csv.DictReader(io.StringIO(out))
    assert (row["symbol"], row["action"], row["legs"]) == ("SPY", "OK", "'-P 560 +P 550")
    assert (row["stop_date"], float(row["at_risk_usd"])) == ("2026-04-24", 1670.0)
    _, out, _ = run(line(), options=["--equity", "10000"])
    assert "1,670 USD  16.70 % of equity" in out
    code, out, _ = run(line(), options=["--json", "--equity", "5000"])
    assert code == 0
    assert "above cap_a of 20 %" in json.loads(out)["totals"]["caps"][0]


def test_bad_lines_and_bad_files(run):
    """Code 2, unless a good line must be closed: that is never missed."""
    bad = line(legs="-P soon")
    code, out, err = run(line(), bad)
    assert code == 2
    assert "OK        SPY" in out
    assert "line 3" in err
    assert run(line(mark="0.5"), bad)[0] == 3
    assert run(bad)[0] == 2
    assert run("1,2", header="a,b")[0] == 2
    assert run(line(), options=["--json", "--csv"])[0] == 2


def test_a_breach_is_told_and_open_risk_has_its_code(run):
    """A spread in the money is a warning, an open side must act, the last day more so."""
    code, out, _ = run(line(legs="-P 590 +P 580", mark="5"))
    assert (code, "WARNING   SPY" in out) == (0, True)
    assert "short strike: put 590 is breached by 10.00" in out
    code, out, _ = run(line(legs="-P 590", mark="11"))
    assert (code, "DEFEND    SPY" in out) == (3, True)
    code, out, _ = run(line(legs="-P 590 +P 580", expiry="2026-03-27", mark="5"))
    assert (code, "CLOSE     SPY" in out) == (3, True)
    assert "assignment: put 590 is 10.00 in the money" in out


def test_a_flat_book_is_no_error(run):
    """A header alone: nothing is open, code 0, on the terminal and as JSON."""
    code, out, err = run()
    assert (code, err) == (0, "")
    assert "no open position | 0 to act on" in out
    code, out, _ = run(options=["--json"])
    assert (code, json.loads(out)["positions"]) == (0, [])


def test_no_noise_of_binary_fractions(run):
    """What JSON and CSV hold is what was meant."""
    _, out, _ = run(line(mark="1.00"), options=["--json"])
    told = json.loads(out)
    assert told["positions"][0]["open_usd"] == 130.0
    assert told["totals"]["open_usd"] == 130.0
    _, out, _ = run(line(mark="1.33"), options=["--csv"])
    (row,) = csv.DictReader(io.StringIO(out))
    assert (row["open_usd"], row["profit_pct_credit"]) == ("64.0", "19.393939394")


def test_checks_are_told(run):
    """An expiry without a session, and how slashes were read."""
    code, out, _ = run(line(expiry="5/16/2026"), line(expiry="5/7/2026"), options=["--json"])
    told = json.loads(out)
    assert code == 0
    assert told["positions"][0]["action"] == "WARNING"
    assert "is a Saturday without a session" in told["positions"][0]["checks"][0]
    assert "dates with slashes are month/day/year: 5/7/2026 is 2026-05-07" in told["notices"]


def test_a_stress_that_ends_within_the_credit_is_no_all_clear(run):
    """0 USD at risk of an open side says what it leaves out."""
    _, out, _ = run(line(legs="-P 400 -C 800"))
    assert "0 USD (stress loss, the stress move ends within the credit; a larger one loses)" in out


def test_no_figures_is_code_eight(run):
    """A scheduler that does not see a position must not take it for calm."""
    code, out, _ = run(line("ZZZ"))
    assert code == 8
    assert "no figures of ZZZ are stored" in out
    assert "  Figures   none" in out
    assert run(line(), line("ZZZ"))[0] == 8
    closed = line("ZZZ") + ",2026-03-20,0.5"
    assert run(line() + ",,", closed, header=f"{HEADER},closed,debit")[0] == 0


MONTH_OLD = {"as_of": datetime(2026, 2, 27, 21, tzinfo=UTC)}
YESTERDAY = {"as_of": datetime(2026, 3, 26, 20, tzinfo=UTC)}


def test_old_figures_are_never_ok(run):
    """Their date and age stand at the position and in the head; 8 tells a scheduler."""
    lines = line(), line("QQQ"), line("IWM")
    code, out, _ = run(*lines, QQQ=MONTH_OLD, IWM=YESTERDAY)
    assert code == 8
    assert "3 open | 0 to act on | 2 with an exit that is not known" in out
    assert "as of Fri 2026-02-27 16:00 to Fri 2026-03-27 12:00 New York" in out
    assert "figures of IWM (of 2026-03-26), QQQ (of 2026-02-27) are old: a session has" in out
    assert "UNKNOWN   QQQ" in out
    assert "Reason    unknown: figures of 2026-02-27 are 20 sessions old" in out
    assert "Reason    unknown: figures of 2026-03-26 are 1 session old" in out
    assert "Figures   as of Fri 2026-02-27 16:00 New York, 20 sessions old" in out
    assert "Figures   as of Fri 2026-03-27 12:00 New York\n" in out
    told = json.loads(run(*lines, options=["--json"], QQQ=MONTH_OLD, IWM=YESTERDAY).out)
    assert (told["as_of"], told["newest"]) == (
        "2026-02-27T21:00:00+00:00", "2026-03-27T16:00:00+00:00",
    )  # fmt: skip
    assert {
        p["symbol"]: (p["action"], p["as_of"], p["sessions_old"]) for p in told["positions"]
    } == {
        "SPY": ("OK", "2026-03-27T16:00:00+00:00", 0),
        "QQQ": ("UNKNOWN", "2026-02-27T21:00:00+00:00", 20),
        "IWM": ("UNKNOWN", "2026-03-26T20:00:00+00:00", 1),
    }
    out = run(*lines, options=["--csv"], QQQ=MONTH_OLD, IWM=YESTERDAY).out
    rows = {row["symbol"]: row for row in csv.DictReader(io.StringIO(out))}
    assert rows["QQQ"]["as_of"] == "2026-02-27T21:00:00+00:00"
    assert [rows[name]["sessions_old"] for name in ("SPY", "QQQ", "IWM")] == ["0", "20", "1"]


def test_what_fires_by_old_figures_still_leads(run):
    """A target is reached whatever the figures; an inversion of a month ago is told as one."""
    code, out, _ = run(line(mark="0.80"), SPY=MONTH_OLD)
    assert code == 3
    assert "CLOSE     SPY" in out
    code, out, _ = run(line(), SPY=MONTH_OLD | {"z_score": -0.6})
    assert code == 3
    assert "Reason    inversion: compressed" in out
    assert "            unknown: figures of 2026-02-27 are 20 sessions old" in out


def test_figures_of_the_last_session_are_current_before_the_open(run):
    """And on a weekend: no session has opened since."""
    for moment in (datetime(2026, 3, 27, 12, tzinfo=UTC), datetime(2026, 3, 28, 16, tzinfo=UTC)):
        taken = {"as_of": datetime(2026, 3, moment.day - 1, 20, tzinfo=UTC)}
        code, out, _ = run(line(), moment=moment, SPY=taken)
        assert (code, "OK        SPY" in out, "old" in out) == (0, True, False)


@pytest.mark.parametrize(
    ("expiry", "moment", "code", "stop"),
    [
        # 21 days before 16 April 2027 is Good Friday: the session before is the stop
        ("2027-04-16", datetime(2027, 3, 25, 16, tzinfo=UTC), 3, "2027-03-25"),
        ("2027-04-16", datetime(2027, 3, 24, 16, tzinfo=UTC), 0, "2027-03-25"),
        ("2026-12-18", datetime(2026, 11, 27, 19, tzinfo=UTC), 3, "2026-11-27"),  # half day
        ("2026-12-18", datetime(2026, 11, 26, 19, tzinfo=UTC), 0, "2026-11-27"),  # Thanksgiving
        # 03:30 UTC is the evening before in New York, an hour later once the clocks have changed
        ("2026-11-20", datetime(2026, 10, 30, 3, 30, tzinfo=UTC), 0, "2026-10-30"),
        ("2026-11-23", datetime(2026, 11, 2, 4, 30, tzinfo=UTC), 0, "2026-11-02"),
        ("2026-11-23", datetime(2026, 11, 2, 5, 30, tzinfo=UTC), 3, "2026-11-02"),
        # the monthly of April 2026 is a Thursday: 3 April is Good Friday
        ("2026-04-02", datetime(2026, 3, 12, 14, tzinfo=UTC), 3, "2026-03-12"),
        ("2026-04-03", datetime(2026, 3, 13, 4, 30, tzinfo=UTC), 3, "2026-03-13"),
    ],
)
def test_the_day_of_the_time_stop(run, expiry, moment, code, stop):
    """Holidays, a half day, the change of the clocks: the New York date counts."""
    got, out, _ = run(line(expiry=expiry), moment=moment, options=["--json"])
    told = json.loads(out)["positions"][0]
    assert (got, told["stop_date"]) == (code, stop)


def test_before_the_open_the_last_session_counts(run):
    """It says so, and days to expiry count from today."""
    moment = datetime(2026, 3, 27, 12, tzinfo=UTC)
    code, out, _ = run(line(), moment=moment)
    assert code == 0
    assert "before the open of Fri 2026-03-27: figures are of the session of 2026-03-26" in out
    assert "(49 days)" in out


def test_the_desk_workbook(tmp_path):
    """The yellow cells of its Positions sheet are read; its examples count in the sample only."""
    from vrp_xl.excel.desk.book import desk_book  # noqa: PLC0415
    from vrp_xl.excel.positions_file import read_workbook  # noqa: PLC0415

    file = tmp_path / "desk.xlsx"
    desk_book(file, vba_project=None)
    today = date(2026, 11, 25)
    found = read_workbook(file, today=today, samples=True)
    assert [p.symbol for p in found.positions] == ["SPY", "QQQ", "TSLA", "AMD", "IWM", "GLD"]
    assert found.problems == []
    assert all(p.legs for p in found.positions)
    assert found.equity is None
    real = read_workbook(file, today=today, samples=False)
    assert real.positions == ()
    assert real.left_out.startswith("6 rows marked SAMPLE")
