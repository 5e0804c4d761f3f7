"""The examples in the docstrings of the core compute what they show."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import vrp_xl.core

MODULES = [
    "vrp_xl.core",
    *(f"vrp_xl.core.{m.name}" for m in pkgutil.iter_modules(vrp_xl.core.__path__)),
]
WITH_EXAMPLES = {
    "vrp_xl.core.black_scholes", "vrp_xl.core.calendar", "vrp_xl.core.compare",
    "vrp_xl.core.exits", "vrp_xl.core.implied", "vrp_xl.core.matrix", "vrp_xl.core.premium",
    "vrp_xl.core.realized", "vrp_xl.core.sizing", "vrp_xl.core.snapshot",
    "vrp_xl.core.standing", "vrp_xl.core.strikes", "vrp_xl.core.structures",
}  # fmt: skip


@pytest.mark.parametrize("name", MODULES)
def test_examples_compute(name):
    """Every example of the module gives what the docstring says, and none has been lost."""
    results = doctest.testmod(importlib.import_module(name))
    assert results.failed == 0
    assert results.attempted > 0 or name not in WITH_EXAMPLES
