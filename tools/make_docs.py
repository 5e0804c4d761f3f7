"""Writes the parts of `docs` that follow from the code.

How to run, from the top of a checkout, in an environment with the package:

    python tools/make_docs.py           # writes what differs
    python tools/make_docs.py --check   # writes nothing; exit code 1 where something differs

Whole files: ``docs/rules.md``, ``docs/columns.md``, ``docs/functions.md`` and
``docs/decisions/README.md``. Blocks inside hand-written pages: what stands between
``<!-- rules: NAME NAME -->`` and ``<!-- end -->`` is the table of these rules with the presets that
change them.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vrp_xl import formula
from vrp_xl.core.rules import ALIASES, PRESET_DOC, PRESETS, SPECS, RuleSpec, find
from vrp_xl.definition import GROUP_TITLE, Arg, Function
from vrp_xl.frozen import frozen_sample
from vrp_xl.functions import FUNCTIONS
from vrp_xl.workflow.columns import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"(<!-- rules: ([a-z0-9_ ]+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)

ROW_EXTRAS = {
    "cell_name": "Name of the cell, such as Premium Paradise.",
    "edge": "The whole edge of one contract: USD, percent, expiry and what it was priced from.",
    "edge_why": "Why there is no edge.",
    "cell_why": "Why there is no cell of the matrix; in JSON the cell itself is null then.",
    "tenor": "Where the premium is largest: {richest, suggested, premium, why}; suggested is the "
    "richest of those that the rules allow, for the rule `target_dte`, which places the strikes; "
    "days and points, null where there is none.",
    "contracts": "Whole contracts under the caps: {contracts, risk_usd, why}; needs the rule "
    "`equity`.",
    "structure_risk": "Risk of the structure: defined, undefined, undefined on one side.",
    "missing": "Field -> why its figure is missing, and what would fill it.",
    "basis": 'Field -> what its figure was made from, where that is not "as delivered".',
    "term_vrp": "Premium by tenor: list of {dte, iv, rv, vrp}; days and points.",
    "levels": "What the chain says: levels of the traded window, crossings of re-priced gamma, "
    "figures by expiry, GEX by strike, and how many contracts were left out for which reason.",
    "gamma_flip_status": "Why the gamma flip is there or is missing.",
    "sample": "true where the figures are invented.",
}
"""What a row has in JSON beside the columns."""

RULES_HEAD = """\
# Rules

Every threshold is a rule with a name, a unit and a default. This page is generated from
`vrp_xl/core/rules.py` by `tools/make_docs.py`; do not edit it. Why a contested default is what it
is: see the [decisions](decisions/README.md).

Blank means that the rule is off or asks for nothing; a dash means that a preset keeps the default.
The sources: the *five-step morning workflow* is the article with the 4-cell matrix, the *VRP
z-score page* is the vendor's page of that name, the *ratio method* is the two-stage funnel on
IV/HV90 and IV/HV30.

## Changing a rule

- For good: a file `rules.toml` (or `rules.json`) in the folder that `vrp-xl doctor` names. Its keys
  are the names below; `preset` starts from a preset. `vrp-xl rules check FILE` tells what a file
  changes, `vrp-xl rules show` what is in force.
- For one run: `vrp-xl scan --preset zscore`, `--rules FILE`, `--z-min 1.25`, `--spread-min 3`.

A name or a value that is not allowed is refused with what is allowed; nothing is half applied.

```toml
preset = "zscore"
z_min = 1.25
inversion_exit = "both"
```
"""

FUNCTIONS_HEAD = """\
# Functions

Every `VRP_*` function, generated from `vrp_xl/functions.py` by `tools/make_docs.py`; do not edit
it. Each example is computed on the sample market as it stands at the close of 2026-11-20.

Symbol first, optional arguments last, in brackets. A blank argument means the rule's value. The
last argument `rules` is a range of two columns, rule and value, such as the Settings sheet: with it
a changed threshold recalculates what uses it; without it your saved rules hold. A row `source` in
that range chooses the source, a row `preset` the rules to start from.

A range in place of a single value spills in its own shape. Errors are real spreadsheet errors:
`#N/A` no data, `#VALUE!` an argument that makes no sense, `#NUM!` no number exists. `=VRP_WHY()`
tells the last one in words, `=VRP_WHY("SPY")` why a symbol is no candidate or has no figures.

Volatilities are in points: 18.45 means 18.45 %. A cell that shows 28 % holds 0.28 and is refused.
Dates are spreadsheet dates, times are New York times. Formulas read the local store and never the
network: a symbol that is not stored gives `#N/A` and goes on the wanted list, and
`vrp-xl refresh --wanted` fetches it. The same formula on a shell: `vrp-xl call VRP_RATIO 28 18`.
"""

COLUMNS_HEAD = """\
# Columns of a scan

What `vrp-xl scan` puts out as JSON and CSV. This page is generated from
`vrp_xl/workflow/columns.py` by `tools/make_docs.py`; do not edit it. How to read the figures:
[reading the scan](reading-the-scan.md).

A blank in CSV and a null in JSON mean that the figure is not known; they never mean zero. The
`missing` object of a JSON row says why. Points are percent points of volatility (18.45 means
18.45 %), sd are standard deviations.
"""

DECISIONS_HEAD = """\
# Decisions

One page per point on which the sources disagree, or on which a choice had to be made. Each says
what the sources say, what is done here, why, and which rules change it. This index is generated by
`tools/make_docs.py`; do not edit it.

"Index data" on these pages means closes of VIX and of the S&P 500 index, 1990 to 2022 (8,309 days):
the spread is VIX minus the close-to-close volatility of 20 days, its z-score is over the 252 days
before, and the volatility that followed is that of the next 21 days. One index is evidence, not a
law for every name.
"""


def shown(value: Any) -> str:
    """A rule's value in the docs.

    >>> shown(None), shown(True), shown(1.1), shown("walls")
    ('blank', 'on', '1.1', 'walls')
    """
    if value is None:
        return "blank"
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, (int, float)) else str(value)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(
        "| " + " | ".join(cell.replace("|", "\\|") or " " for cell in row) + " |\n" for row in lines
    )


def _groups() -> Iterator[tuple[str, list[RuleSpec]]]:
    for name in dict.fromkeys(spec.group for spec in SPECS.values()):
        yield name, [spec for spec in SPECS.values() if spec.group == name]


def _in_presets(spec: RuleSpec) -> dict[str, str]:
    """Preset -> value, for the presets that change the rule."""
    values = {name: getattr(rules, spec.name) for name, rules in PRESETS.items()}
    return {name: shown(value) for name, value in values.items() if value != spec.default}


def rules_page() -> str:
    """``docs/rules.md``."""
    parts = [RULES_HEAD]
    for group, specs in _groups():
        rows = [
            [f"`{s.name}`", shown(s.default), s.unit, s.allowed, s.doc, s.source] for s in specs
        ]
        head = ["rule", "default", "unit", "takes", "meaning", "source"]
        parts.append(f"## {group}\n\n{table(head, rows)}")
    names = [name for name in PRESETS if name != "standard"]
    listed = table(["preset", "what it is"], [[f"`{n}`", PRESET_DOC[n]] for n in PRESETS])
    changed = table(
        ["rule", "`standard`", *(f"`{name}`" for name in names)],
        [
            [f"`{s.name}`", shown(s.default), *(_in_presets(s).get(n, "-") for n in names)]
            for s in SPECS.values()
            if _in_presets(s)
        ],
    )
    parts.append(
        "## Presets\n\nA preset is a full set of rules. Rules that no preset changes are left "
        f"out of the second table.\n\n{listed}\n{changed}"
    )
    known = table(
        ["name in such a file", "rule"], [[f"`{a}`", f"`{b}`"] for a, b in ALIASES.items()]
    )
    parts.append(
        "## Other names\n\nA `trading_rules.json` of the ratio method can be used as it is; these "
        f"of its names are understood.\n\n{known}"
    )
    return "\n".join(parts)


def columns_page() -> str:
    """``docs/columns.md``."""
    rows = [[f"`{c.name}`", c.heading, c.unit, c.doc] for c in COLUMNS]
    extras = [[f"`{name}`", doc] for name, doc in ROW_EXTRAS.items()]
    return "\n".join(
        [
            COLUMNS_HEAD,
            table(["column", "heading", "unit", "meaning"], rows),
            (
                "## Only in JSON\n\n`strikes` is an object there (structure, expiry, days, "
                "expected move, legs, notes); `exit_plan`, `warnings` and `why` are lists.\n"
            ),
            table(["key", "meaning"], extras),
        ]
    )


def title_of(text: str) -> str:
    """The first heading of a page."""
    return text.splitlines()[0].removeprefix("# ").strip() if text else ""


def decisions_page(folder: Path) -> str:
    """``docs/decisions/README.md``, from the titles of the numbered pages."""
    pages = sorted(folder.glob("[0-9]*.md"))
    lines = [
        f"{page.name[:4]}. [{title_of(page.read_text('utf-8'))}]({page.name})" for page in pages
    ]
    return DECISIONS_HEAD + "\n" + "".join(f"- {line}\n" for line in lines)


def rules_block(names: Sequence[str]) -> str:
    """The table of some rules, as it stands inside a page."""
    rows = []
    for name in names:
        spec = find(name)
        others = ", ".join(f"`{n}` {value}" for n, value in _in_presets(spec).items())
        rows.append([f"`{spec.name}`", shown(spec.default), spec.unit, others or "-"])
    return table(["rule", "default", "unit", "other presets"], rows)


def filled(text: str, link: str) -> str:
    """`text` with its blocks written anew; `link` leads to how a rule is changed."""
    how = f"\nHow to change one: [rules]({link}#changing-a-rule).\n"
    return BLOCK.sub(lambda m: f"{m[1]}{rules_block(m[2].split())}{how}{m[4]}", text)


def functions_page() -> str:
    """The reference of every function, with its examples computed."""
    parts = [FUNCTIONS_HEAD]
    for group, title in GROUP_TITLE.items():
        members = [f for f in FUNCTIONS.values() if f.group == group]
        listed = " ".join(f"[`{f.name}`](#{f.name.lower()})" for f in members)
        parts += [f"## {title}\n", f"{listed}\n"]
        with frozen_sample():
            parts += [_function(f) for f in members]
    return "\n".join(parts)


def _function(function: Function) -> str:
    lines = [f"### {function.name}\n", f"```\n={function.syntax}\n```\n", function.summary]
    if function.details:
        lines.append("\n" + function.details)
    lines.append(f"\nReturns: {function.returns}.\n")
    if function.args:
        lines += ["| argument | unit | meaning |", "|---|---|---|"]
        lines += [_argument(a) for a in function.args]
        lines.append("")
    errors = "; ".join(f"`{error}` {when}" for error, when in function.errors.items())
    if errors:
        lines.append(f"Errors: {errors}.\n")
    lines += ["| example | gives |", "|---|---|"]
    for example in function.examples:
        note = f" ({example.note})" if example.note else ""
        lines.append(f"| `{_cell(example.formula)}`{note} | {_value(example.formula)} |")
    return "\n".join(lines) + "\n"


def _argument(argument: Arg) -> str:
    doc = argument.doc
    if argument.optional:
        doc += f" Blank: {argument.default}." if argument.default else " May be blank."
    name = f"`[{argument.name}]`" if argument.optional else f"`{argument.name}`"
    return f"| {name} | {argument.unit} | {_cell(doc)} |"


SHOWN_ROWS = 3
"""Rows of a table that an example shows."""


def _value(text: str) -> str:
    value = formula.evaluate(text)
    if not isinstance(value, list):
        return f"`{_cell(_one(value))}`"
    rows = ["; ".join(_one(cell) for cell in row[:8]) for row in value[:SHOWN_ROWS]]
    if len(value) > SHOWN_ROWS:
        rows.append(f"... {len(value)} rows")
    return "<br>".join(f"`{_cell(row)}`" for row in rows)


def _one(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def wanted(docs: Path) -> dict[Path, str]:
    """Path -> text of every page that is generated, wholly or in part."""
    pages = {
        docs / "rules.md": rules_page(),
        docs / "columns.md": columns_page(),
        docs / "functions.md": functions_page(),
        docs / "decisions" / "README.md": decisions_page(docs / "decisions"),
    }
    for path in sorted(docs.rglob("*.md")):
        text = path.read_text("utf-8")
        if path not in pages and BLOCK.search(text):
            up = "../" * len(path.relative_to(docs).parts[1:])
            pages[path] = filled(text, f"{up}rules.md")
    return pages


def main(argv: Sequence[str] | None = None) -> int:
    """Writes, or with ``--check`` compares; returns the exit code."""
    parser = argparse.ArgumentParser(description="Writes the generated parts of docs.")
    parser.add_argument("--check", action="store_true", help="write nothing, tell what differs")
    check = parser.parse_args(argv).check
    different = [
        (path, text)
        for path, text in wanted(ROOT / "docs").items()
        if not path.is_file() or path.read_text("utf-8") != text
    ]
    for path, text in different:
        if not check:
            path.write_text(text, "utf-8", newline="\n")
        sys.stdout.write(f"{'differs' if check else 'written'}: {path.relative_to(ROOT)}\n")
    if check and different:
        sys.stdout.write("Run: python tools/make_docs.py\n")
    return 1 if check and different else 0


if __name__ == "__main__":
    sys.exit(main())
