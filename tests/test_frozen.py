"""The sample market at a moment that stands still, and what is put back after it."""

from __future__ import annotations

import os

from vrp_xl import settings
from vrp_xl.frozen import MOMENT, frozen_sample
from vrp_xl.reader import READER


def test_what_was_before_is_put_back() -> None:
    """The clock and the home are those of before."""
    clock, home = READER.clock, os.environ[settings.HOME_VARIABLE]
    with frozen_sample():
        assert READER.clock() == MOMENT
        assert os.environ[settings.HOME_VARIABLE] != home
    assert (READER.clock, os.environ[settings.HOME_VARIABLE]) == (clock, home)


def test_one_within_another_ends_alone() -> None:
    """The outer one stands still on; a workbook may be built within it."""
    with frozen_sample():
        home = os.environ[settings.HOME_VARIABLE]
        with frozen_sample():
            assert READER.clock() == MOMENT
        assert READER.clock() == MOMENT
        assert os.environ[settings.HOME_VARIABLE] == home
        assert settings.chosen_source() == "sample"
