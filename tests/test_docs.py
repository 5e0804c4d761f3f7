"""The docs say what the code does: generated parts, names, links, defaults, exit codes."""

from __future__ import annotations

import dataclasses
import importlib.util
import inspect
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from vrp_xl import errors, settings
from vrp_xl.core import compare, decide, exits, history, structures
from vrp_xl.core.rules import ALIASES, PRESETS, SPECS, STANDARD
from vrp_xl.core.snapshot import FIELD_NAMES, Snapshot
from vrp_xl.workflow.columns import COLUMNS, row_dict
from vrp_xl.workflow.scan import Row

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
DECISIONS = DOCS / "decisions"

PAGES = sorted(DOCS.rglob("*.md"))
GENERATED = ("columns.md", "functions.md")  # their names are the definitions themselves
DECISION_PAGES = sorted(DECISIONS.glob("[0-9]*.md"))
LINKING = [path for path in (ROOT / "README.md", ROOT / "CHANGELOG.md", *PAGES) if path.is_file()]

OTHER_WORDS = {
    "vrp_xl",
    "positive_gamma",
    "put_gex",
    "event_only",
    "cell_why",
    "left_out",
}
"""Names in backticks that are the package's own or the vendor's."""

MACHINE = re.compile(
    r"/(?:work|tmp|root|home|opt|usr|var|mnt|Users)/|[A-Za-z]:\\\\?Users", re.ASCII
)
FENCE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


def name_of(path: Path) -> str:
    """A page's name in the list of tests."""
    return path.relative_to(ROOT).as_posix()


def make_docs() -> ModuleType:
    """The tool that generates docs; an installed source archive may lack it."""
    path = ROOT / "tools" / "make_docs.py"
    if not path.is_file():
        pytest.skip("tools/make_docs.py is not part of this copy of the source")
    spec = importlib.util.spec_from_file_location("make_docs", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings, as they are made for Markdown on the web."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.lower()).strip().replace(" ", "-") for h in headings}


def known_names() -> set[str]:
    """Every snake_case name that a page may put in backticks."""
    choices = {choice for spec in SPECS.values() for choice in spec.choices}
    return {
        *SPECS, *ALIASES, *PRESETS, *choices, *FIELD_NAMES, *structures.STRUCTURES,
        *(column.name for column in COLUMNS), *OTHER_WORDS,
    }  # fmt: skip


def test_generated_parts_are_up_to_date() -> None:
    """rules.md, columns.md, the index and every table of rules equal what the code gives."""
    tool = make_docs()
    stale = [name_of(p) for p, text in tool.wanted(DOCS).items() if p.read_text("utf-8") != text]
    assert stale == [], "run: python tools/make_docs.py"


def test_check_tells_and_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """--check ends with 1 on a stale page and leaves it; without --check it is written anew."""
    tool = make_docs()
    decisions = tmp_path / "docs" / "decisions"
    decisions.mkdir(parents=True)
    page = decisions / "0001-one.md"
    page.write_text("# One\n\n<!-- rules: z_min -->\nold\n<!-- end -->\n", "utf-8")
    monkeypatch.setattr(tool, "ROOT", tmp_path)
    assert tool.main(["--check"]) == 1
    assert "old" in page.read_text("utf-8")
    assert not (tmp_path / "docs" / "rules.md").exists()
    assert tool.main([]) == 0
    assert "| `z_min` | 1 | sd |" in page.read_text("utf-8")
    assert "(../rules.md#changing-a-rule)" in page.read_text("utf-8")
    assert "[One](0001-one.md)" in (decisions / "README.md").read_text("utf-8")
    assert tool.main(["--check"]) == 0
    assert "Run: python tools/make_docs.py" in capsys.readouterr().out


def test_every_rule_is_on_the_page_of_rules() -> None:
    """docs/rules.md has one row per rule, and every preset."""
    text = (DOCS / "rules.md").read_text("utf-8")
    missing = [name for name in SPECS if f"\n| `{name}` | " not in text]
    assert missing == []
    assert all(f"| `{name}` |" in text for name in PRESETS)


def test_presets_table_shows_exactly_the_differences() -> None:
    """In the table of presets a dash stands where a preset keeps the default, and only there."""
    text = (DOCS / "rules.md").read_text("utf-8").split("## Presets")[1].split("## Other")[0]
    rows = [
        [c.strip() for c in line.strip("|").split("|")] for line in text.splitlines() if "|" in line
    ]
    head = next(row for row in rows if row[0] == "rule")
    columns = [cell.strip("`") for cell in head[2:]]
    table = {row[0].strip("`"): row[2:] for row in rows if row[0].strip("`") in SPECS}
    for name in SPECS:
        for preset, cell in zip(columns, table.get(name, ["-"] * len(columns)), strict=True):
            changed = getattr(PRESETS[preset], name) != SPECS[name].default
            assert (cell != "-") is changed, (name, preset)


def test_every_decision_is_in_the_index() -> None:
    """The index links each numbered page once, by its title, in order."""
    text = (DECISIONS / "README.md").read_text("utf-8")
    links = re.findall(r"^- (\d{4})\. \[(.+)\]\((.+)\)$", text, re.MULTILINE)
    assert [link[2] for link in links] == [path.name for path in DECISION_PAGES]
    for number, title, file in links:
        assert file.startswith(number)
        assert (DECISIONS / file).read_text("utf-8").startswith(f"# {title}\n")


def test_decisions_are_numbered_without_gaps() -> None:
    """0001, 0002, ... and each number once."""
    numbers = [int(path.name[:4]) for path in DECISION_PAGES]
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize("path", DECISION_PAGES, ids=name_of)
def test_a_decision_has_its_parts_and_is_short(path: Path) -> None:
    """Each page says what the sources say, what is done and why, in at most 50 lines."""
    text = path.read_text("utf-8")
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert headings == ["What the sources say", "What we do", "Why"]
    assert 20 <= len(text.splitlines()) <= 50


@pytest.mark.parametrize("path", [p for p in PAGES if p.name not in GENERATED], ids=name_of)
def test_names_in_backticks_exist(path: Path) -> None:
    """A snake_case name in backticks is a rule, a choice, a preset, a column, a field or known."""
    text = FENCE.sub("", path.read_text("utf-8"))
    names = set(re.findall(r"`([a-z][a-z0-9]*(?:_[a-z0-9]+)+)`", text))
    assert names - known_names() == set()


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_rule_blocks_are_closed(path: Path) -> None:
    """Every block of rules has its end, so that the generator sees it."""
    text = path.read_text("utf-8")
    assert text.count("<!-- rules:") == text.count("<!-- end -->")


@pytest.mark.parametrize("path", LINKING, ids=name_of)
def test_relative_links_resolve(path: Path) -> None:
    """Each relative link leads to a file, and each anchor to a heading."""
    broken = []
    for link in LINK.findall(FENCE.sub("", path.read_text("utf-8"))):
        if re.match(r"[a-z]+:", link):
            continue
        file, _, anchor = link.partition("#")
        target = path.parent / file if file else path
        whole = target.exists() and (not anchor or anchor in anchors(target.read_text("utf-8")))
        if not whole:
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("path", LINKING, ids=name_of)
def test_no_page_names_a_machine(path: Path) -> None:
    """No page holds a path of the machine that it was written on."""
    assert MACHINE.findall(path.read_text("utf-8")) == []


def test_every_row_key_is_documented() -> None:
    """columns.md names every column, and everything a row has in JSON beside them."""
    now = datetime(2026, 11, 20, 18, tzinfo=UTC)
    snapshot = Snapshot(symbol="SPY", source="sample", as_of=now, fetched_at=now, spot=660.0)
    row = Row(
        snapshot=snapshot,
        rules=STANDARD,
        decision=decide.decide(snapshot, STANDARD, today=now.date()),
        age=timedelta(0),
        stale=False,
        yesterday=None,
        z_change=None,
        state="stored",
    )
    text = (DOCS / "columns.md").read_text("utf-8")
    assert [key for key in row_dict(row) if f"\n| `{key}` | " not in text] == []


def test_every_exit_code_is_documented() -> None:
    """sources.md lists the codes of all errors, 0, 1 and 3, and no others."""
    kinds = [c for _, c in inspect.getmembers(errors, inspect.isclass)]
    codes = {c.exit_code for c in kinds if issubclass(c, errors.VrpError)} | {0, 1, 3}
    text = (DOCS / "sources.md").read_text("utf-8").split("## Exit codes")[1]
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)} == codes


def test_every_environment_variable_is_documented() -> None:
    """sources.md lists the variables that settings read, and no others."""
    text = (DOCS / "sources.md").read_text("utf-8").split("## Environment variables")[1]
    listed = set(re.findall(r"^\| `([A-Z_]+)` \|", text.split("## Exit")[0], re.MULTILINE))
    assert listed == {v for n, v in vars(settings).items() if n.endswith("_VARIABLE")}
    assert f"| {settings.WORKERS} |" in text


def test_severity_page_has_the_order_of_the_code() -> None:
    """The page on exits lists them worst first, as the code ranks them."""
    text = (DECISIONS / "0022-severity-of-exits.md").read_text("utf-8")
    line = " ".join(text.split("worst first:")[1].split("The first eight")[0].split())
    told = [re.sub(r"\(.*?\)", "", part).strip(" .") for part in line.split(", ")]
    assert told == [
        "expired", "assignment", "inversion", "flip breach", "loss stop", "profit target",
        "time stop", "defense", "short strike", "near the flip",
    ]  # fmt: skip
    ranks = [
        exits.Severity.EXPIRED, exits.Severity.ASSIGNMENT, exits.Severity.INVERSION,
        exits.Severity.BREACH, exits.Severity.LOSS, exits.Severity.PROFIT, exits.Severity.TIME,
        exits.Severity.DEFENSE, exits.Severity.TESTED, exits.Severity.WARNING,
    ]  # fmt: skip
    assert ranks == sorted(ranks, reverse=True)
    assert [rank.closes for rank in ranks] == [True] * 8 + [False] * 2


def test_defined_risk_page_lists_what_the_code_allows() -> None:
    """Cell B of the page on defined risk names the structures that the code allows there."""
    text = (DECISIONS / "0006-defined-risk-in-cell-b.md").read_text("utf-8")
    row = next(line for line in text.splitlines() if line.startswith("| B |"))
    assert set(re.findall(r"`([a-z_]+)`", row)) == set(structures.eligible("B", STANDARD))
    assert structures.eligible("B", PRESETS["article"]) == ("iron_condor", "jade_lizard")


def test_window_page_and_history_agree() -> None:
    """The defaults of the core's own z-score are those of the rules that the docs state."""
    told = inspect.signature(history.complete).parameters
    assert told["z_window"].default == SPECS["z_window"].default
    assert told["z_days_min"].default == SPECS["z_days_min"].default


def test_example_of_equality_on_paper_holds() -> None:
    """3.22 over 2.8, the example of the page on ratios, is 1.15 and fails."""
    assert not compare.above(3.22 / 2.8, STANDARD.tactical_min)


def test_rules_file_in_the_docs_is_allowed(tmp_path: Path) -> None:
    """The example of a rules file on the page of rules can be loaded."""
    from vrp_xl.rules_file import load_rules  # noqa: PLC0415 - only this test needs it

    text = (DOCS / "rules.md").read_text("utf-8")
    example = text.split("```toml\n")[1].split("```")[0]
    file = tmp_path / "rules.toml"
    file.write_text(example, "utf-8")
    loaded = load_rules(file)
    expected = dataclasses.replace(PRESETS["zscore"], z_min=1.25, inversion_exit="both")
    assert (loaded.preset, loaded.rules) == ("zscore", expected)


def test_readme_has_the_two_commands() -> None:
    """README opens with the two commands that the checks run word for word."""
    text = (ROOT / "README.md").read_text("utf-8")
    if not text.strip():
        pytest.skip("README.md is still empty")
    for name, word in (("scan", "vrp-xl scan"), ("test", "pytest")):
        found = re.findall(rf"^<!-- command: {name} -->\n```sh\n(.+?)^```", text,
                           re.DOTALL | re.MULTILINE)  # fmt: skip
        assert len(found) == 1
        assert word in found[0]
