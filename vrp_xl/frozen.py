"""The sample market at one constant moment, for docs and files that must not change by the day.

Reads no store, no settings and no environment of the user: everything happens in a folder that is
thrown away. The moment changes only on purpose.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from vrp_xl import settings
from vrp_xl.definition import LAST
from vrp_xl.reader import READER

if TYPE_CHECKING:
    from collections.abc import Iterator

MOMENT = datetime(2026, 11, 20, 21, 0, tzinfo=UTC)
"""A Friday's close in New York."""


@contextmanager
def frozen_sample() -> Iterator[None]:
    """Within it, formulas read the sample market as it stands at `MOMENT`; may be nested."""
    before, clock = os.environ.get(settings.HOME_VARIABLE), READER.clock
    with tempfile.TemporaryDirectory() as folder:
        os.environ[settings.HOME_VARIABLE] = folder
        READER.close()
        READER.clock = lambda: MOMENT
        LAST.function = LAST.words = ""
        try:
            settings.choose_source("sample")
            yield
        finally:
            READER.close()
            READER.clock = clock
            LAST.function = LAST.words = ""
            if before is None:
                del os.environ[settings.HOME_VARIABLE]
            else:
                os.environ[settings.HOME_VARIABLE] = before
