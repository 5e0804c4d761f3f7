"""Mutation-based fuzzing: changes seeds at random and keeps what leads somewhere new.

Each case depends on the seed and its number alone where the corpus is the same, so that a finding
comes back; the input itself is written to a file too.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from vrp_xl.errors import VrpError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

SLOW = 5.0
"""Seconds that one case may take."""
LONGEST = 200_000
TOKENS = (
    b"", b"0", b"-1", b"1e999", b"-1e308", b"5e-324", b"NaN", b"Infinity", b"null", b"true", b'""',
    b"[]", b"{}", b"9" * 400, b"1_000", b"1.234,5", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\r",
    b"\n", b"\r\n", b'"', b",", b";", b"\t", b"'", b"\xe2\x80\xae", b"\xed\xa0\x80", b"\\ud800",
    b"9999-12-31", b"0001-01-01", b"1900-02-29", b"-", b"=1+1", b"[" * 300, b"%s%n", b"../..",
)  # fmt: skip


class Target(NamedTuple):
    """What is fuzzed: seeds, and a function that says in a word where a case has led."""

    seeds: Sequence[bytes]
    try_one: Callable[[bytes], str]


def mutated(chance: random.Random, corpus: Sequence[bytes]) -> bytes:
    """One of the corpus with one to six changes."""
    data = bytearray(chance.choice(corpus))
    for _ in range(chance.choice((1, 1, 2, 3, 6))):
        at = chance.randrange(len(data) + 1)
        span = min(chance.choice((1, 2, 8, 64, 512)), len(data) - at)
        kind = chance.randrange(8)
        if kind == 0 and at < len(data):
            data[at] ^= 1 << chance.randrange(8)
        elif kind == 1:
            del data[at : at + span]
        elif kind == 2:
            data[at:at] = data[at : at + span] * chance.choice((1, 2, 30))
        elif kind == 3:
            data[at : at + chance.choice((0, 1, span))] = chance.choice(TOKENS)
        elif kind == 4:
            other = chance.choice(corpus)
            start = chance.randrange(len(other) + 1)
            data[at : at + span] = other[start : start + chance.choice((8, 64, 2000))]
        elif kind == 5:  # lines change places
            lines = bytes(data).split(b"\n")
            a, b = chance.randrange(len(lines)), chance.randrange(len(lines))
            lines[a], lines[b] = lines[b], lines[a]
            data = bytearray(b"\n".join(lines))
        elif kind == 6:  # a number or a word between separators is another
            ends = [i for i, byte in enumerate(data) if byte in b',:;"\n[]{}=']
            if len(ends) > 1:
                place = chance.randrange(len(ends) - 1)
                data[ends[place] + 1 : ends[place + 1]] = chance.choice(TOKENS)
        else:
            del data[at:]
        del data[LONGEST:]
    return bytes(data)


def fuzz(
    targets: Mapping[str, Target],
    *,
    seconds: float,
    seed: int,
    findings: Path | None = None,
    most: int | None = None,
) -> tuple[dict[str, Counter[str]], list[str]]:
    """Fuzzes each target for its share of the time.

    Args:
        targets: by name.
        seconds: for all of them together.
        seed: of the changes.
        findings: a folder for inputs that fail; none are written by default.
        most: at most so many cases per target.

    Returns:
        How many cases led where, by target; and the findings, a traceback each.
    """
    outcomes: dict[str, Counter[str]] = {}
    found: list[str] = []
    kinds: set[str] = set()
    for name, target in targets.items():
        chance = random.Random(f"{seed} {name}")
        corpus = list(target.seeds)
        seen = outcomes[name] = Counter()
        end = time.monotonic() + seconds / len(targets)
        number = 0
        while time.monotonic() < end and (most is None or number < most):
            data = target.seeds[number] if number < len(target.seeds) else mutated(chance, corpus)
            number += 1
            began = time.monotonic()
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("error")
                    where = target.try_one(data)
            except VrpError as error:
                where = f"refused: {type(error).__name__}"
            except Exception as error:  # noqa: BLE001 - this is what is looked for
                last = traceback.extract_tb(error.__traceback__)[-1]
                where = f"FOUND {type(error).__name__} {Path(last.filename).name}:{last.lineno}"
            if time.monotonic() - began > SLOW:
                where = "FOUND slow"
            if where.startswith("FOUND") and f"{name} {where}" not in kinds:
                kinds.add(f"{name} {where}")
                found.append(f"{name}, seed {seed}, case {number}: {where}\n{data[:300]!r}")
                if findings is not None:
                    findings.mkdir(parents=True, exist_ok=True)
                    (findings / f"{name}-{len(found)}.bin").write_bytes(data)
            if not seen[where] and len(corpus) < 500 and len(data) < LONGEST:
                corpus.append(data)
            seen[where] += 1
    return outcomes, found


def command(targets: Mapping[str, Target], doc: str) -> int:
    """The command line of a fuzzer; 1 where something was found."""
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60.0, help="for all targets together")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--findings", type=Path, help="a folder for inputs that fail")
    parser.add_argument("--only", choices=sorted(targets), help="one target alone")
    options = parser.parse_args()
    chosen = {options.only: targets[options.only]} if options.only else dict(targets)
    outcomes, found = fuzz(
        chosen, seconds=options.seconds, seed=options.seed, findings=options.findings
    )
    for name, seen in outcomes.items():
        print(f"{name}: {seen.total():,} cases, {len(seen)} ways to end, seed {options.seed}")
        for where, count in seen.most_common(8):
            print(f"    {count:8,} {where}")
    for words in found:
        print(f"\n{words}")
    print(f"{len(found)} findings")
    sys.stdout.flush()
    return 1 if found else 0
