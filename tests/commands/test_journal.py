"""``vrp-xl journal`` as a person runs it."""

from __future__ import annotations

import json
import os
import re

import pytest
import typer

from tests.command_line import command as vrp_xl_command
from vrp_xl import desk
from vrp_xl.errors import StoreError
from vrp_xl.store.scanlog import ScanLog


@pytest.fixture
def run(monkeypatch, capsys, tmp_path):
    """Runs the command in-process, in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def call(*words):
        return vrp_xl_command(monkeypatch, capsys, *words)

    return call


def heads():
    """The heads of the user's journal."""
    with desk.open_store() as store:
        return store.scans.heads()


def test_an_empty_journal_says_how_to_fill_it(run):
    """No traceback, no error code for a list."""
    code, out, err = run("journal")
    assert (code, out) == (0, "")
    assert "no scan yet" in err
    code, _, err = run("journal", "show")
    assert code != 0
    assert "The journal holds no scan yet. Run: vrp-xl scan" in err
    assert json.loads(run("journal", "list", "--json")[1]) == []


def test_every_refresh_is_kept(run):
    """A scan, a refresh; not offline, not where it is asked not to."""
    run("scan", "--no-journal", "--csv")
    run("scan", "--offline", "--csv")
    assert heads() == []
    run("scan", "--csv")
    run("refresh")
    (kept,) = heads()
    assert (kept.source, kept.sample, len(kept.symbols)) == ("sample", True, 12)
    run("scan", "SPY", "--csv", "--keep")
    assert [len(head.symbols) for head in heads()] == [12, 1]
    run("scan", "--csv")
    assert [(len(head.symbols), head.pinned) for head in heads()] == [(1, True), (12, False)]
    code, _, err = run("scan", "--keep", "--no-journal")
    assert code == 2
    assert "--keep cannot go with" in err


def test_list_and_show(run):
    """What was seen, what passed, what each filter rejected; SAMPLE on every screen."""
    run("scan", "--csv")
    code, out, _ = run("journal", "list")
    assert code == 0
    assert "sample SAMPLE" in out
    assert "6: AAPL, AMZN, IWM, QQQ, SPY, TSLA" in out
    code, out, _ = run("journal", "show")
    assert code == 0
    assert out.startswith("SAMPLE: invented figures\n")
    assert "PASSED: 6 of 12" in out
    assert re.search(r"spread_min -7\.\d+ \(limit 2\)", out)
    assert "earnings_days" in out
    assert "BY FILTER" in out
    assert "not yet: 0 of 21 returns" in out
    day = heads()[0].day.isoformat()
    assert run("journal", "show", day)[1] == out
    assert run("journal", "show", "2020-01-02")[0] != 0
    shown = json.loads(run("journal", "show", "--json")[1])
    rows = {row["symbol"]: row for row in shown["rows"]}
    assert len(rows) == 12
    assert shown["rules"]["z_min"] == 1.0
    assert shown["sample"] is True
    told = {each["rule"]: each for each in rows["AMD"]["rejections"]}
    spread = rows["AMD"]["vrp_20d"]
    assert told["spread_min"] == {"rule": "spread_min", "value": spread, "limit": 2.0}
    assert rows["SPY"]["candidate"] is True


def test_one_name(run):
    """In full, with its path; a name that was not scanned is a sentence."""
    run("scan", "--csv")
    code, out, _ = run("journal", "show", "--symbol", "nvda")
    assert code == 0
    assert "NVDA: STAY OUT: earnings on" in out
    assert "gamma_flip" in out
    assert "PATH through 1 scan, the newest first" in out
    code, _, err = run("journal", "show", "--symbol", "ZZZ")
    assert code != 0
    assert "no scan of ZZZ" in err
    day = heads()[0].day.isoformat()
    code, _, err = run("journal", "show", day, "--symbol", "ZZZ")
    assert "ZZZ is not in the scan of" in err


def test_real_scans_come_before_invented_ones(run):
    """Where there are real ones, the sample market's show only when they are asked for."""
    run("scan", "--csv")
    with desk.open_store() as store:
        (head,) = store.scans.heads()
        store.scans.keep(
            head._replace(source="folder", sample=False), {}, (["rejected"], [[""]] * 12),
            (["action"], [["WAIT"]] * 12), {},
        )  # fmt: skip
    out = run("journal", "list")[1]
    assert "folder" in out
    assert "SAMPLE" not in out
    out = run("journal", "list", "--source", "sample")[1]
    assert "SAMPLE" in out
    assert "folder" not in out


def test_export_prune_and_pin(run, tmp_path):
    """A file of every row; old scans leave, pinned ones stay."""
    run("scan", "--csv")
    for ending in ("csv", "xlsx", "json"):
        code, out, _ = run("journal", "export", "--out", f"j.{ending}")
        assert (code, out) == (0, f"12 rows of 1 scans: j.{ending}\n")
        assert (tmp_path / f"j.{ending}").stat().st_size > 1000
    out = run("journal", "export", "--out", "c.csv", "--candidates", "--symbol", "SPY")[1]
    assert out.startswith("1 rows")
    assert run("journal", "export", "--out", "j.txt")[0] == 2
    assert run("journal", "export", "--out", "j.csv", "--since", "soon")[0] == 2
    assert run("journal", "prune")[0] == 2
    assert "is pinned" in run("journal", "pin")[1]
    assert run("journal", "prune", "--keep", "0")[1] == "0 removed, 1 left.\n"
    assert "no longer pinned" in run("journal", "pin", "--off")[1]
    code, out, err = run("journal", "prune", "--before", "2100-1-1", "--yes")
    assert (code, out, err) == (0, "1 removed, 0 left.\n", "")


@pytest.mark.parametrize("how", [("--keep", "0"), ("--before", "2100-01-01")])
def test_pruning_every_scan_of_a_source_is_asked_about(run, monkeypatch, how):
    """Nobody to ask, or a no: nothing is removed. A yes, or --yes: it is."""
    run("scan", "--csv")
    run("scan", "--csv", "--preset", "spike")
    code, out, err = run("journal", "prune", *how)
    assert (code, out) == (2, "")
    assert "Nothing was removed: all 2 scans of sample would go" in err
    assert "Say --yes" in err
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    asked = []
    for answer, left in ((False, 2), (True, 0)):
        monkeypatch.setattr(
            typer, "confirm", lambda words, answer=answer: asked.append(words) or answer
        )
        code = run("journal", "prune", *how)[0]
        assert (code, len(heads())) == (0 if answer else 2, left)
    assert asked == ["Remove all 2 scans of sample? They cannot be brought back."] * 2
    run("scan", "--csv")
    assert run("journal", "prune", *how, "--yes")[1] == "1 removed, 0 left.\n"


def test_pruning_that_leaves_some_asks_nothing(run):
    """The usual bound, and a source that has no scans."""
    run("scan", "--csv")
    for options in (
        ("--keep", "1"),
        ("--before", "2020-01-01"),
        ("--keep", "0", "--source", "cboe"),
    ):
        assert run("journal", "prune", *options)[:2] == (0, "0 removed, 1 left.\n")


def test_the_bare_command_takes_the_options_of_its_list(run):
    """`vrp-xl journal --source folder` is the list of that source; before a command it is told."""
    run("scan", "--csv")
    assert run("journal", "--last", "1", "--source", "sample") == run("journal", "list")
    code, out, _ = run("journal", "--json")
    assert (code, len(json.loads(out))) == (0, 1)
    assert "The journal holds no scan of the source folder yet." in run(
        "journal", "--source", "folder"
    )[2]  # fmt: skip
    for options in (("--source", "folder"), ("--last", "3"), ("--json",)):
        code, out, err = run("journal", *options, "show")
        assert (code, out) == (2, "")
        assert "vrp-xl journal show --source NAME" in err


def test_a_day_needs_no_leading_zeros(run):
    """As a person writes it, wherever a day is asked for."""
    run("scan", "--csv")
    day = heads()[0].day
    short = f"{day.year}-{day.month}-{day.day}"
    assert run("journal", "show", short)[0] == 0
    assert run("journal", "export", "--out", "j.csv", "--since", short, "--until", short)[0] == 0
    code, _, err = run("journal", "show", "2026-13-1")
    assert code == 2
    assert "'2026-13-1' is no date. Write it as 2026-11-20, or say latest." in err


def test_a_journal_that_cannot_be_written_spoils_no_scan(run, monkeypatch):
    """The scan is shown, and a sentence says that it was not kept."""

    def full(*_args, **_more):
        raise StoreError("The store cannot grow: the disk is full.")

    monkeypatch.setattr(ScanLog, "keep", full)
    code, out, err = run("scan", "--json")
    assert code == 0
    assert len(json.loads(out)["rows"]) == 12
    assert "not kept in the journal: The store cannot grow" in err


def test_the_journal_asks_nobody(run, monkeypatch):
    """No source is opened by any of its commands."""
    run("scan", "--csv")

    def refused(*_args, **_more):
        raise AssertionError

    monkeypatch.setattr(desk, "open_source", refused)
    for words in (["list"], ["show"], ["show", "--symbol", "SPY"], ["export", "--out", "j.csv"]):
        assert run("journal", *words)[0] == 0
    assert os.environ["VRP_XL_HOME"]
