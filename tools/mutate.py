"""Mutation testing of the core: which changes to it no test of `tests/core` notices.

How to run: python tools/mutate.py premium matrix exits ...    (no name: every module of the core)

Works on a copy of the checkout, with mutmut (extra ``dev``) and derandomized tests, and prints per
module how many mutants were killed. A mutant that only rewrites the words of a sentence (a text
with a blank in it) is counted apart: the tests pin what a sentence must name, not its spelling.
With ``--survivors FILE`` the differences that nobody noticed are written there. With ``--sample N``
each module is judged by N of its mutants, drawn with ``--seed``: the same ones at every run. The
last line is the core as a whole: each module counts by the mutants that it has, not by its sample.
"""

from __future__ import annotations

import argparse
import difflib
import os
import random
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
pytest_add_cli_args = ["-q", "-p", "no:randomly", "-p", "no:xdist"]
pytest_add_cli_args_test_selection = ["tests/core"]
use_git_change_detection = false
"""
_LITERAL = re.compile(r"""([A-Za-z]{0,2})("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')""")
_FIELD = re.compile(r"\{[^{}]+\}")
_FOUND = re.compile(r"^\s*(vrp_xl\.core\.(\w+)\.\S+): (.+)$", re.MULTILINE)
_SHOW = """
import sys
from mutmut.__main__ import show
for name in sys.argv[2:]:
    show.callback(name)
    print(end=chr(0))
"""
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
    code = _SHOW if arguments[0] == "show" else "from mutmut.__main__ import cli; cli()"
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


def found(folder: Path) -> dict[str, tuple[str, str]]:
    """Module and verdict of each mutant in `folder`."""
    told = _FOUND.findall(mutmut(folder, "results", "--all", "true"))
    return {mutant: (module, verdict.strip()) for mutant, module, verdict in told}


def drawn(mutants: dict[str, tuple[str, str]], size: int, seed: int) -> list[str]:
    """Up to `size` mutants of each module, the same ones for the same seed."""
    by_module: dict[str, list[str]] = {}
    for mutant, (module, _) in sorted(mutants.items()):
        by_module.setdefault(module, []).append(mutant)
    return [
        mutant
        for module, names in by_module.items()
        for mutant in random.Random(f"{seed} {module}").sample(names, min(size, len(names)))  # noqa: S311
    ]


def differences(folder: Path, mutants: list[str]) -> list[str]:
    """What each mutant changes."""
    if not mutants:
        return []
    told = mutmut(folder, "show", *mutants)
    return told.split("\0")[: len(mutants)]


def change(difference: str) -> tuple[list[str], list[str]]:
    """The lines that a difference takes away and brings."""
    lines = difference.splitlines()
    gone = [x[1:] for x in lines if x.startswith("-") and not x.startswith("---")]
    come = [x[1:] for x in lines if x.startswith("+") and not x.startswith("+++")]
    return gone, come


def wordless(line: str) -> str:
    """`line` with each text emptied that has a blank in it; what an f-string computes stays."""

    def emptied(found: re.Match[str]) -> str:
        prefix, text = found.groups()
        if "f" in prefix.lower():
            return prefix + _FIELD.sub(lambda field: wordless(field[0]), text)
        return '""' if " " in text else found[0]

    return _LITERAL.sub(emptied, line)


def only_words(difference: str) -> bool:
    """Whether a mutant changes nothing but a text that is a sentence."""
    gone, come = change(difference)
    return gone != come and [*map(wordless, gone)] == [*map(wordless, come)]


def main(arguments: list[str] | None = None) -> int:
    """Runs the tool."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("modules", nargs="*", help="modules of the core; all by default")
    parser.add_argument("--survivors", type=Path, help="a file for what was not noticed")
    parser.add_argument("--sample", type=int, help="judge this many mutants of each module")
    parser.add_argument("--seed", type=int, default=1, help="which ones a sample takes")
    parser.add_argument("--jobs", type=int, default=1, help="processes at once")
    options = parser.parse_args(arguments)
    known = sorted(p.stem for p in CORE.glob("*.py") if not p.stem.startswith("_"))
    modules = options.modules or known
    if unknown := sorted(set(modules) - set(known)):
        parser.error(f"no module of the core: {', '.join(unknown)}")
    with tempfile.TemporaryDirectory(prefix="vrp-xl-mutants-") as place:
        folder = Path(place)
        copied(folder, modules)
        run = ("run", "--max-children", str(options.jobs))
        if options.sample is None:
            mutmut(folder, *run)
            seen = found(folder)
        else:
            # Makes them all and runs a few: there is no command that only makes them.
            mutmut(folder, *run, f"vrp_xl.core.{modules[0]}.*__mutmut_1")
            sample = drawn(found(folder), options.sample, options.seed)
            mutmut(folder, *run, *sample)
            seen = {mutant: known for mutant, known in found(folder).items() if mutant in sample}
        made = Counter(module for module, _ in found(folder).values())
        count: dict[str, Counter[str]] = {name: Counter() for name in modules}
        alive = [mutant for mutant, (_, verdict) in seen.items() if verdict not in _KILLED]
        for module, verdict in seen.values():
            count[module]["killed"] += verdict in _KILLED
        survivors = []
        for mutant, difference in zip(alive, differences(folder, alive), strict=True):
            module, verdict = seen[mutant]
            words = only_words(difference)
            count[module]["words" if words else "survived"] += 1
            if not words:
                told = "\n".join(difflib.ndiff(*change(difference)))
                survivors.append(f"{mutant} ({verdict})\n{told}\n")
    print(f"{'module':<16} {'mutants':>8} {'run':>6} {'killed':>7} {'words':>6} "
          f"{'survived':>9} {'rate':>7}")  # fmt: skip
    weighed = {"killed": 0.0, "survived": 0.0}
    for name, kinds in (*count.items(), ("all", sum(count.values(), Counter()))):
        judged = {kind: float(kinds[kind]) for kind in weighed}
        if name == "all":
            judged = weighed
        elif kinds.total():
            for kind in weighed:
                weighed[kind] += judged[kind] * made[name] / kinds.total()
        of, total = made.total() if name == "all" else made[name], sum(judged.values())
        rate = f"{judged['killed'] / total:7.1%}" if total else "      -"
        print(f"{name:<16} {of:8} {kinds.total():6} {kinds['killed']:7} "
              f"{kinds['words']:6} {kinds['survived']:9} {rate}")  # fmt: skip
    print("rate: killed of those that change more than the words of a sentence")
    if options.survivors is not None:
        options.survivors.write_text("\n".join(survivors), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
