"""`vrp-xl evaluate` as a person runs it: output, files, exit codes, the journal."""

from __future__ import annotations

import json
import sys

import openpyxl
import pytest

from tests.command_line import command as vrp_xl_command
from tests.evidence_series import made, written
from vrp_xl import cli, desk
from vrp_xl.commands import evaluate as command
from vrp_xl.core.calendar import session_close, trading_days
from vrp_xl.core.rules import PRESETS, STANDARD
from vrp_xl.sources.base import Observation
from vrp_xl.store.scanlog import Head
from vrp_xl.workflow import journal

SERIES = made(700)


@pytest.fixture
def run(monkeypatch, capsys, tmp_path):
    """Runs the command in-process, in a folder of its own; gives code, output, errors."""
    monkeypatch.chdir(tmp_path)

    def call(*args):
        return vrp_xl_command(monkeypatch, capsys, "evaluate", *args)

    return call


@pytest.fixture
def files(tmp_path):
    """The options of a made history."""
    prices, iv = written(tmp_path, SERIES)
    return "--prices", prices, "--iv", iv


def test_a_report_in_plain_words(run, files):
    """What it is, every question with an answer, the groups and the buckets."""
    code, out, err = run(*files, "--symbol", "abc")
    assert (code, err) == (0, "")
    flat = " ".join(out.split())
    for words in (
        "Proxy: ", "Period: ", "Overlap: ", "Not P&L: ", "Structural alone", "Tactical alone",
        "Where the two filters disagree, which one predicts?", "95 % interval",
        "What did other thresholds of z_min and spread_min cost in the past?", "HV30 / HV90",
    ):  # fmt: skip
        assert words in flat
    assert max(len(line) for line in out.splitlines()) <= 120


def test_a_narrow_terminal_gets_lines(run, files, monkeypatch):
    """Nothing is cut where a table would not fit."""
    monkeypatch.setattr("vrp_xl.terminal.PIPED_WIDTH", 60)
    code, out, _ = run(*files)
    assert code == 0
    assert "Structural alone: " in out
    assert "…" not in out


def test_json_alone_on_standard_output(run, files):
    """It can be piped; the workbook is told on standard error."""
    code, out, err = run(*files, "--json", "--out", "evidence.xlsx", "--preset", "ratio")
    assert code == 0
    found = json.loads(out)
    assert found["preset"] == "ratio"
    assert {"n", "mean", "positive_pct", "ci"} <= set(found["groups"]["tactical_only"])
    assert err.strip() == "Workbook: evidence.xlsx"
    assert openpyxl.load_workbook("evidence.xlsx").sheetnames[0] == "Summary"


def test_another_tenor(run, files):
    """45 days are 31 returns."""
    code, out, _ = run(*files, "--json", "--tenor", 45)
    assert code == 0
    assert json.loads(out)["tenor"] == {"calendar_days": 45, "returns": 31}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), "There is nothing to evaluate."),
        (("--prices", "a.csv"), "There are 1 --prices and 0 --iv."),
        (("--journal", "--prices", "a.csv"), "--journal and --prices cannot go together."),
        (("--prices", "a.csv", "--iv", "b.csv", "--source", "cboe"), "--source goes with"),
        (("--prices", "a.csv", "--iv", "b.csv"), "a.csv cannot be read"),
        (("--journal", "--out", "a.csv"), "must end in .xlsx"),
        (("--journal", "--source", "sample"), "sample market are invented"),
        (("--prices", "a", "--iv", "b", "--same-rules"), "--same-rules goes with --journal."),
        (("--journal", "--keep-jumps"), "go with --prices. Of stored closes say it once: vrp-xl "),
        (
            ("--prices", "a", "--iv", "b", "--keep-jumps", "--adjust-splits"),
            "--adjust-splits and --keep-jumps cannot go together",
        ),
    ],
)
def test_what_makes_no_sense_is_told(run, options, words):
    """One sentence, exit code 2, nothing printed."""
    code, out, err = run(*options)
    assert (code, out) == (2, "")
    assert words in err


def test_an_empty_journal_is_told(run):
    """Exit code 8, and how it grows."""
    code, _, err = run("--journal", "--source", "folder")
    assert code == 8
    assert "The journal holds no scan with figures of the source folder." in err


def kept(preset, rules, places):
    """Keeps scans of a made series at the closes of some of its days."""
    closes = dict(SERIES.closes)
    days = trading_days(SERIES.closes[0][0], SERIES.closes[-1][0])
    names = journal.FIGURE_COLUMNS
    with desk.open_store() as store:
        store.add_observations(
            "folder", "ABC", (Observation("close", day, close) for day, close in closes.items())
        )
        for n in places:
            day, iv = days[n], SERIES.ivs[n][1]
            moment = session_close(day)
            figures = {
                "iv": iv, "atm_iv": iv, "rv_20d": 15.0, "rv_30d": 14.0 + n % 5, "rv_90d": 15.0,
                "vrp_20d": iv - 15.0, "z_score": (n % 7) - 3.0, "iv_percentile": float(n % 100),
                "stale": False, "rejected": "",
            }  # fmt: skip
            head = Head(
                number=0, source="folder", sample=False, day=day, scanned_at=moment, as_of=moment,
                preset=preset, pinned=False, symbols=("ABC",), cells="ABCD"[n % 4],
                passed=str(n % 2), failed=0,
            )  # fmt: skip
            store.scans.keep(
                head, rules.to_dict(), (names, [[figures.get(name) for name in names]]),
                (journal.DETAIL_COLUMNS, [[None] * len(journal.DETAIL_COLUMNS)]),
                {"failed": [], "notices": []},
            )  # fmt: skip


def test_the_journal_of_kept_scans(run):
    """What scans saw, with the stored closes: by cell and by decision too."""
    kept("standard", STANDARD, range(100, 400))
    code, out, err = run("--journal", "--source", "folder", "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert found["counts"]["inputs"] == found["counts"]["with_outcome"] == 300
    assert [group["n"] for group in found["buckets"]["cell"]] == [75, 75, 75, 75, 0]
    assert [group["n"] for group in found["buckets"]["candidate"]] == [150, 150]
    assert found["inputs"][0].startswith("journal of the source folder: 300 symbol-days")
    assert not any("sets of rules" in note for note in found["notes"])


def test_scans_by_other_rules_are_told_and_can_be_left_out(run):
    """Of one day the scan by the usual rules counts; --same-rules takes those of one alone."""
    kept("standard", STANDARD, range(100, 200))
    kept("spike", PRESETS["spike"], range(195, 230))
    asked = ("--journal", "--source", "folder", "--json")
    pooled = json.loads(run(*asked)[1])
    assert pooled["counts"]["rows"] == 130
    assert "2 sets of rules are counted together (standard 100; spike 35)" in pooled["notes"][1]
    for options, days in (((), 100), (("--preset", "spike"), 35)):
        code, out, err = run(*asked, "--same-rules", *options)
        assert (code, err) == (0, "")
        found = json.loads(out)
        assert found["counts"]["rows"] == days
        assert not any("sets of rules" in note for note in found["notes"])
    code, _, err = run(*asked, "--same-rules", "--preset", "ratio")
    assert code == 8
    assert (
        "No scan of the journal was made by these rules; they were made by standard, spike" in err
    )
    code, _, err = run("--journal", "--source", "flashalpha", "--same-rules")
    assert "The journal holds no scan with figures" in err


def test_verdicts_come_first_and_it_says_what_it_is(run, files):
    """Period and proxy at the top, each verdict before the first table, how to read it last."""
    code, out, err = run(*files, "--symbol", "abc")
    assert (code, err) == (0, "")
    flat = " ".join(out.split())
    order = [
        "Period: ", "A proxy, not P&L", "Do days that pass both filters",
        "Do the compression bands",
        "The two filters", "pass both", "HV30 / HV90", "How to read this", "Overlap: ", "Not P&L: ",
    ]  # fmt: skip
    places = [flat.index(words) for words in order[:4]]
    for words in order[4:]:
        places.append(flat.index(words, places[-1]))
    assert places == sorted(places)
    assert "ABC, 610 days with all inputs" in flat


def test_preset_tenor_and_percentile_count(run, files):
    """Each changes what is reported."""
    usual = json.loads(run(*files, "--json")[1])
    code, out, _ = run(*files, "--json", "--preset", "spike", "--tenor", "45",
                       "--iv-percentile", "60")  # fmt: skip
    assert code == 0
    found = json.loads(out)
    assert found["tenor"] == {"calendar_days": 45, "returns": 31}
    assert found["iv_percentile_min"] == 60
    assert found["counts"]["both"] < usual["counts"]["both"]
    assert (
        found["comparisons"]["rejected"]["left"]["n"]
        != (usual["comparisons"]["rejected"]["left"]["n"])
    )


def test_what_a_step_of_a_file_was_is_said_by_an_option(run, files):
    """Left open, divided, or kept: each counts other days, and each says so."""
    path = files[1]
    head, *lines = path.read_text().splitlines()
    halved = [
        f"{day},{float(value) / (2 if n >= 400 else 1)}"
        for n, (day, value) in enumerate(line.split(",") for line in lines)
    ]
    whole = json.loads(run(*files, "--json")[1])
    path.write_text("\n".join([head, *halved]))
    counts = {}
    for option, words in (
        ((), "as in a 2:1 split: no figure and no outcome reaches over it"),
        (("--adjust-splits",), "are adjusted for the 2:1 split"),
        (("--keep-jumps",), "are splits adjusted for?"),
    ):
        code, out, err = run(*files, "--json", *option)
        assert (code, err) == (0, "")
        found = json.loads(out)
        assert any(words in note for note in found["notes"])
        counts[option] = (found["counts"]["with_outcome"], found["all"]["mean"])
    assert counts[()][0] == whole["counts"]["with_outcome"] - 21 - 90
    assert counts["--adjust-splits",] == (
        whole["counts"]["with_outcome"], pytest.approx(whole["all"]["mean"], abs=1e-4),
    )  # fmt: skip
    assert counts["--keep-jumps",][1] < whole["all"]["mean"] - 1


def test_scans_of_the_sample_market_are_no_evidence(run, monkeypatch, capsys):
    """A journal full of invented figures counts as none."""
    monkeypatch.setattr(sys, "argv", ["vrp-xl", "scan", "--csv"])
    with pytest.raises(SystemExit):
        cli.main()
    capsys.readouterr()
    code, _, err = run("--journal")
    assert code != 0
    assert "The figures of the sample market are invented" in err


def test_the_workbook_is_there_before_the_words(run, files, monkeypatch, tmp_path):
    """`vrp-xl evaluate ... --out e.xlsx | head` leaves the workbook, though the reader leaves."""
    there = []
    monkeypatch.setattr(command, "show", lambda *_: there.append((tmp_path / "e.xlsx").is_file()))
    code, _, err = run(*files, "--out", "e.xlsx")
    assert (code, err.strip()) == (0, "Workbook: e.xlsx")
    assert there == [True]
