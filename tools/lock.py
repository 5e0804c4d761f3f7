"""Writes requirements.lock: one set of exact versions with hashes for each system and Python.

How to run: python tools/lock.py [--upgrade]        Needs uv (extra ``dev``) and a package index.
            python tools/lock.py --check            Only compares it with pyproject.toml, offline.

The ranges of `pyproject.toml` say what works; the lock says what was tested. Install with
``pip install --require-hashes -r requirements.lock`` and then ``pip install --no-deps .``. It names
no package host: whatever index pip is set up with serves it, and the hashes must agree.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
LOCK = ROOT / "requirements.lock"
HEAD = (
    "# Exact versions with hashes of what vrp-xl and its tests need; made by tools/lock.py.\n"
    "# pip install --require-hashes -r requirements.lock && pip install --no-deps .\n"
)
_LINE = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)(?:\s*;\s*([^\\]+?))?\s*\\?$", re.MULTILINE)


def locked(text: str) -> dict[str, set[str]]:
    """Name -> versions (one per marker) in the text of a lock."""
    found: dict[str, set[str]] = {}
    for name, version, _ in _LINE.findall(text):
        found.setdefault(canonicalize_name(name), set()).add(version)
    return found


def wanted() -> list[Requirement]:
    """What `pyproject.toml` asks for: what runs, and what tests."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    texts = project["dependencies"] + project["optional-dependencies"]["test"]
    return [Requirement(text) for text in texts]


def problems(text: str) -> list[str]:
    """What is wrong with the text of a lock; empty where it fits."""
    wrong = []
    found = locked(text)
    for need in wanted():
        versions = found.get(canonicalize_name(need.name))
        if versions is None:
            wrong.append(f"{need.name} is not locked")
        elif bad := [v for v in versions if not need.specifier.contains(v, prereleases=True)]:
            wrong.append(f"{need.name} is locked at {bad[0]}, which is not {need.specifier}")
    lines = [line for line in text.splitlines() if "==" in line]
    wrong += [f"no hash: {line}" for line in lines if not line.rstrip().endswith("\\")]
    if re.search(r"https?://|index-url|find-links|file:", text):
        wrong.append("it names a package host")
    return wrong


def main(arguments: list[str] | None = None) -> int:
    """Runs the tool."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing")
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions")
    options = parser.parse_args(arguments)
    if not options.check:
        command = [
            "uv", "pip", "compile", "pyproject.toml", "--extra", "test", "--universal",
            "--generate-hashes", "--no-header", "--no-annotate", "--no-emit-index-url",
            "--no-emit-find-links", "--python-version", "3.11", "--output-file", str(LOCK),
        ]  # fmt: skip
        extra = ["--upgrade"] if options.upgrade else []
        # No set-up of the machine gets into it but where packages come from.
        environment = {k: v for k, v in os.environ.items() if k != "UV_CONSTRAINT"}
        subprocess.run([*command, *extra, "--quiet"], cwd=ROOT, check=True, env=environment)
        LOCK.write_text(HEAD + LOCK.read_text("utf-8"), "utf-8")
    wrong = problems(LOCK.read_text("utf-8"))
    for words in wrong:
        print(words, file=sys.stderr)
    if wrong:
        print("Run: python tools/lock.py", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
