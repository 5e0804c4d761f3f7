"""Reads rules from a file: TOML or JSON, ours or a Variance ``trading_rules.json``.

A file is read whole and checked whole before anything changes: a bad one names the key, the
value and what is allowed. ``preset = "ratio"`` starts from a preset; every other key is a rule.
Comments in JSON (``//``) are understood.
"""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any, NamedTuple

from vrp_xl.core import rules as core
from vrp_xl.errors import RulesError

if TYPE_CHECKING:
    from pathlib import Path

    from vrp_xl.core.rules import Rules


class LoadedRules(NamedTuple):
    """Rules from a file, the preset they start from, and keys that are not ours."""

    rules: Rules
    preset: str
    ignored: tuple[str, ...] = ()


def load_rules(path: Path, *, base: Rules | None = None) -> LoadedRules:
    """The rules in the file at `path`.

    Args:
        path: a ``.toml`` or ``.json`` file.
        base: what holds for rules that the file does not name; by default the preset that the
            file names, else the standard.

    Raises:
        RulesError: the file cannot be read, or a key or value in it is not allowed.
    """
    data = _read(path)
    start, name = core.STANDARD if base is None else base, "standard"
    values: dict[str, Any] = {}
    for key, value in data.items():
        if key == "preset":
            try:
                named = core.preset(value)
            except RulesError as error:
                raise RulesError(f"{path}: {error.why}", error.fix) from None
            if base is None:
                start, name = named, str(value).strip().lower()
        elif isinstance(value, dict) and key == "rules":
            values.update(value)
        else:
            values[key] = value
    foreign = any(key in core.ALIASES for key in values)
    ignored = tuple(k for k in values if foreign and k not in core.ALIASES and k not in core.SPECS)
    try:
        changed = start.with_values({k: v for k, v in values.items() if k not in ignored})
    except RulesError as error:
        raise RulesError(f"{path}: {error.why}", error.fix) from None
    return LoadedRules(changed, name, ignored)


def _read(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise RulesError(f"The rules file {path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise RulesError(f"The rules file {path} is not text in UTF-8.") from None
    if path.suffix.lower() == ".toml":
        try:
            data: Any = tomllib.loads(text)
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            raise RulesError(f"The rules file {path} is no valid TOML: {error}.") from None
    elif path.suffix.lower() == ".json":
        data = _json(path, text)
    else:
        raise RulesError(f"The rules file {path} is neither .toml nor .json.")
    if not isinstance(data, dict):
        raise RulesError(f"The rules file {path} must hold names and values.")
    return data


def _json(path: Path, text: str) -> Any:
    import json5  # noqa: PLC0415 (only a rules file in JSON needs it)

    try:
        return json5.loads(text)
    except (ValueError, RecursionError) as error:
        raise RulesError(f"The rules file {path} is no valid JSON: {error}.") from None
