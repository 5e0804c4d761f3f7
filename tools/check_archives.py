"""Demands that a wheel and a source archive hold what they should, and nothing else.

How to run: python tools/check_archives.py dist/*.whl dist/*.tar.gz
"""

from __future__ import annotations

import re
import sys
import tarfile
import zipfile
from pathlib import Path

IN_WHEEL = re.compile(r"vrp_xl/|vrp_xl-[^/]+\.dist-info/")
IN_SDIST = re.compile(
    r"[^/]+/(vrp_xl|tests|tools|docs|workbook)/"
    r"|[^/]+/(README\.md|CHANGELOG\.md|LICENSE|pyproject\.toml|requirements(-dev)?\.lock|PKG-INFO"
    r"|\.gitignore)$"
)
NEVER = re.compile(
    r"\.pyc$|__pycache__|\.sqlite3|\.env$|\.broken-|settings\.json$|\.pem$|\.key$|/\.git/|\.log$"
    r"|vrp-scan-|\.egg-info|/mutants/|(^|/)\.\.(/|$)|^/"
)
WHEEL_NEEDS = (
    "vrp_xl/py.typed", "vrp_xl/cli.py", "vrp_xl/files/vrp_scan.xlsm", "vrp_xl/files/vrp_xl.xlam",
    "vrp_xl/files/vrp_xl.oxt", "vrp_xl/files/LICENSE.xlwings.txt",
)  # fmt: skip
SDIST_NEEDS = (
    "pyproject.toml", "README.md", "LICENSE", "requirements.lock",
    "requirements-dev.lock", "vrp_xl/py.typed",
    "tests/conftest.py", "tools/make_docs.py", "docs/licences.md",
)  # fmt: skip
LARGEST = 5_000_000


def names_of(path: Path) -> dict[str, int]:
    """Name -> bytes of each file in an archive."""
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as packed:
            return {i.filename: i.file_size for i in packed.infolist() if not i.is_dir()}
    with tarfile.open(path) as packed:
        return {m.name: m.size for m in packed.getmembers() if not m.isdir()}


def problems(path: Path) -> list[str]:
    """What is wrong with an archive; empty where it is as it should be."""
    names = names_of(path)
    wheel = path.suffix == ".whl"
    allowed, needs = (IN_WHEEL, WHEEL_NEEDS) if wheel else (IN_SDIST, SDIST_NEEDS)
    wrong = [f"{n} should not be in it" for n in names if not allowed.match(n) or NEVER.search(n)]
    wrong += [f"{n} has {size:,} bytes" for n, size in names.items() if size > LARGEST]
    bare = set(names) if wheel else {n.partition("/")[2] for n in names}
    wrong += [f"{n} is missing" for n in needs if n not in bare]
    if wheel and not any(n.endswith(".dist-info/licenses/LICENSE") for n in names):
        wrong.append("the licence is missing")
    return [f"{path.name}: {words}" for words in wrong]


def main(arguments: list[str]) -> int:
    """Runs the tool."""
    wrong = [words for name in arguments for words in problems(Path(name))]
    for words in wrong:
        print(words, file=sys.stderr)
    if not wrong:
        for name in arguments:
            print(f"{Path(name).name}: {len(names_of(Path(name)))} files, as they should be")
    return 1 if wrong or not arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
