"""Mutation testing of the core: which changes to it no test of `tests/core` notices.

How to run: python tools/mutate.py premium matrix exits ...    (no name: every module of the core)

Works on a copy of the checkout, with mutmut (extra ``dev``) and derandomized tests, and prints per
module how many mutants were killed. A mutant that only rewrites the words of a sentence (a text
with a blank in it) is counted apart: the tests pin what a sentence must name, not its spelling.
With ``--survivors FILE`` the differences that nobody noticed are written there.
"""

from __future__ import annotations

import argparse
import difflib
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
CORE = ROOT / "vrp_xl" / "core"

CONFIG = """
[tool.mutmut]
source_paths = ["vrp_xl"]
only_mutate = [{modules}]
also_copy = ["docs", "tools", "workbook"]
pytest_add_cli_args = ["-q", "-p", "no:randomly", "-p", "no:xdist", "--hypothesis-profile=ci"]
pytest_add_cli_args_test_selection = ["tests/core"]
use_git_change_detection = false
"""
_SENTENCE = re.compile(r"""(['"])(?=[^'"]* )[^'"]*\1""")
_FOUND = re.compile(r"^\s*(vrp_xl\.core\.(\w+)\.\S+): (.+)$", re.MULTILINE)
_KILLED = frozenset({"killed", "timeout", "suspicious", "segfault", "caught by type check"})


def copied(target: Path, modules: list[str]) -> None:
    """A copy of what git tracks, set up for mutmut."""
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        check=True,
        capture_output=True,
        text=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        source = ROOT / name
        if source.is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            (target / name).write_bytes(source.read_bytes())
    names = ", ".join(f'"vrp_xl/core/{name}.py"' for name in modules)
    with (target / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write(CONFIG.format(modules=names))


def mutmut(folder: Path, *arguments: str) -> str:
    """The output of a command of mutmut in `folder`."""
    environment = {**os.environ, "PYTHONPATH": "", "NO_COLOR": "1"}
    code = "from mutmut.__main__ import cli; cli()"
    ran = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=folder,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )
    if ran.returncode and arguments[0] == "run":
        sys.exit(ran.stdout[-4000:] + ran.stderr[-4000:])
    return ran.stdout


def change(difference: str) -> tuple[list[str], list[str]]:
    """The lines that a difference takes away and brings."""
    lines = difference.splitlines()
    gone = [x[1:] for x in lines if x.startswith("-") and not x.startswith("---")]
    come = [x[1:] for x in lines if x.startswith("+") and not x.startswith("+++")]
    return gone, come


def only_words(difference: str) -> bool:
    """Whether a mutant changes nothing but a text that is a sentence."""
    gone, come = change(difference)
    if gone == come or len(gone) != len(come):
        return False
    for old, new in zip(gone, come, strict=True):
        bare = [_SENTENCE.sub('""', re.sub(r"XX|\bf(?=['\"])", "", x)) for x in (old, new)]
        if bare[0].lower() != bare[1].lower():
            return False
    return True


def main(arguments: list[str] | None = None) -> int:
    """Runs the tool."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("modules", nargs="*", help="modules of the core; all by default")
    parser.add_argument("--survivors", type=Path, help="a file for what was not noticed")
    parser.add_argument("--jobs", type=int, default=1, help="processes at once")
    options = parser.parse_args(arguments)
    known = sorted(p.stem for p in CORE.glob("*.py") if not p.stem.startswith("_"))
    modules = options.modules or known
    if unknown := sorted(set(modules) - set(known)):
        parser.error(f"no module of the core: {', '.join(unknown)}")
    with tempfile.TemporaryDirectory(prefix="vrp-xl-mutants-") as place:
        folder = Path(place)
        copied(folder, modules)
        mutmut(folder, "run", "--max-children", str(options.jobs))
        found = _FOUND.findall(mutmut(folder, "results", "--all", "true"))
        count: dict[str, Counter[str]] = {name: Counter() for name in modules}
        survivors = []
        for mutant, module, verdict in found:
            kind = "killed" if verdict.strip() in _KILLED else "survived"
            if kind == "survived":
                difference = mutmut(folder, "show", mutant)
                kind = "words" if only_words(difference) else kind
                gone, come = change(difference)
                told = "\n".join(difflib.ndiff(gone, come)) if kind == "survived" else ""
                survivors += [f"{mutant} ({verdict.strip()})\n{told}\n"] if told else []
            count[module][kind] += 1
    print(f"{'module':<14} {'mutants':>8} {'killed':>8} {'words':>8} {'survived':>8} {'rate':>7}")
    for name, seen in count.items():
        judged = seen["killed"] + seen["survived"]
        rate = f"{seen['killed'] / judged:7.1%}" if judged else "      -"
        print(f"{name:<14} {seen.total():8} {seen['killed']:8} {seen['words']:8} "
              f"{seen['survived']:8} {rate}")  # fmt: skip
    print("rate: killed of those that change more than the words of a sentence")
    if options.survivors is not None:
        options.survivors.write_text("\n".join(survivors), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
