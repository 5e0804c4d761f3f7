"""Every threshold, once: name, unit, default, what is allowed, and where it comes from.

A rule is a field of `Rules`; sheets, docs, files and functions are made from the fields. A
preset is a full set of rules. Nothing contested is written anywhere else.

Pure: may import nothing of the package but `vrp_xl.errors`.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from vrp_xl.errors import RulesError

if TYPE_CHECKING:
    from collections.abc import Mapping

Kind = Literal["number", "integer", "choice", "flag"]

ARTICLE = "five-step morning workflow"
ZPAGE = "VRP z-score page"
RATIO = "ratio method"
OURS = "this project"
TRADE = "common practice"


@dataclass(frozen=True, slots=True)
class RuleSpec:
    """What a rule is, apart from its value."""

    name: str
    group: str
    unit: str
    kind: Kind
    default: Any
    low: float
    high: float
    choices: tuple[str, ...]
    blank: bool
    doc: str
    source: str

    @property
    def allowed(self) -> str:
        """What the rule takes, in words."""
        if self.kind == "choice":
            words = "one of " + ", ".join(self.choices)
        elif self.kind == "flag":
            words = "on or off"
        else:
            what = "a whole number" if self.kind == "integer" else "a number"
            words = f"{what} from {self.low:g} to {self.high:g}"
        return words + (", or blank" if self.blank else "")

    def parse(self, value: Any) -> Any:
        """`value` as this rule's type.

        Raises:
            RulesError: naming the rule, the value and what is allowed.
        """
        if _is_blank(value):
            if self.blank:
                return None
            raise self._refuse(value)
        if self.kind == "choice":
            word = str(value).strip().lower()
            if word not in self.choices:
                raise self._refuse(value)
            return word
        if self.kind == "flag":
            return self._flag(value)
        return self._number(value)

    def _flag(self, value: Any) -> bool:
        if isinstance(value, bool):
            return value
        if isinstance(value, (int, float)) and value in (0, 1):
            return bool(value)
        word = str(value).strip().lower()
        if word in ("on", "true", "yes", "1"):
            return True
        if word in ("off", "false", "no", "0"):
            return False
        raise self._refuse(value)

    def _number(self, value: Any) -> float | int:
        if isinstance(value, bool):
            raise self._refuse(value)
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            raise self._refuse(value) from None
        if not math.isfinite(number) or not self.low <= number <= self.high:
            raise self._refuse(value)
        if self.kind == "integer":
            if number != int(number):
                raise self._refuse(value)
            return int(number)
        return number

    def _refuse(self, value: Any) -> RulesError:
        shown = "blank" if _is_blank(value) else repr(value)[:60]
        return RulesError(f"Rule {self.name} is {shown}; it takes {self.allowed}.")


def _is_blank(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


_GROUP = ["Screen"]


def _group(title: str) -> None:
    _GROUP[0] = title


def _rule(
    kind: Kind,
    default: Any,
    *,
    unit: str,
    doc: str,
    source: str,
    low: float = 0.0,
    high: float = 0.0,
    choices: tuple[str, ...] = (),
    blank: bool = False,
) -> Any:
    meta = {
        "group": _GROUP[0],
        "unit": unit,
        "kind": kind,
        "low": low,
        "high": high,
        "choices": choices,
        "blank": blank,
        "doc": doc,
        "source": source,
    }
    return field(default=default, metadata=meta)


def _num(default: float | None, low: float, high: float, unit: str, doc: str, source: str) -> Any:
    """A number; a default of None makes it a rule that may be blank."""
    return _rule(
        "number", default, low=low, high=high, unit=unit, doc=doc, source=source,
        blank=default is None,
    )  # fmt: skip


def _opt(default: float, low: float, high: float, unit: str, doc: str, source: str) -> Any:
    """A number that has a default and may be blank, which switches it off."""
    return _rule(
        "number", default, low=low, high=high, unit=unit, doc=doc, source=source, blank=True
    )


def _int(
    default: int, low: int, high: int, unit: str, doc: str, source: str, *, blank: bool = False
) -> Any:
    return _rule(
        "integer", default, low=low, high=high, unit=unit, doc=doc, source=source, blank=blank
    )


def _choice(default: str, choices: tuple[str, ...], doc: str, source: str) -> Any:
    return _rule("choice", default, choices=choices, unit="", doc=doc, source=source)


def _flag(default: bool, doc: str, source: str) -> Any:
    return _rule("flag", default, unit="", doc=doc, source=source)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """A full set of rules. The defaults are the preset "standard"."""

    _group("Screen")
    method: Literal["article", "ratio", "both"] = _choice(
        "article",
        ("article", "ratio", "both"),
        "Which screen makes a candidate: z and spread, the two ratios, or both.",
        OURS,
    )
    z_min: float = _num(1.0, -5, 10, "sd", "z-score from which premium counts as high.", ARTICLE)
    spread_min: float = _num(
        2.0, -50, 100, "points", "ATM IV minus RV20 must be above this.", ARTICLE
    )
    percentile_min: float | None = _num(
        None, 0, 100, "%", "Percentile that confirms the z-score; blank asks for none.", ZPAGE
    )
    z_band: float = _num(
        1.5, 0.1, 10, "sd", "Above +band premium is rich, below -band compressed.", ZPAGE
    )
    z_extreme: float = _num(
        3.0, 0, 20, "sd", "Above this the regime may be about to flip: a warning.", ZPAGE
    )
    z_extreme_size: float = _num(1.0, 0, 5, "x", "Largest size above the extreme z-score.", OURS)
    z_window: int = _int(
        252, 20, 2520, "days", "Days before today that our own z-score looks at.", ZPAGE
    )
    z_days_min: int = _int(60, 2, 2520, "days", "Fewer days than this give no z-score.", OURS)
    z_days_thin: int = _int(126, 2, 2520, "days", "Fewer days than this are marked thin.", OURS)

    _group("Ratio")
    structural_min: float = _num(
        1.10, 0, 10, "ratio", "IV / HV90 must be above this (structural).", RATIO
    )
    tactical_min: float = _num(
        1.15, 0, 10, "ratio", "IV / HV30 must be above this (tactical).", RATIO
    )
    tactical_caution: float = _num(
        1.10, 0, 10, "ratio", "From here up to the tactical threshold: caution.", RATIO
    )
    structural_rich: float = _num(
        1.30, 0, 10, "ratio", "IV / HV90 from which premium is called rich.", RATIO
    )
    hv_floor: float = _num(
        5.0, 0.01, 100, "points", "Realized volatility counts as at least this in ratios.", RATIO
    )
    tactical_defense: float | None = _opt(
        1.00, 0, 10, "ratio", "IV / HV30 below this: defend. Blank switches it off.", RATIO
    )
    compression_severe: float = _num(
        0.60, 0, 10, "ratio", "HV30 / HV90 below this: severe compression.", RATIO
    )
    compression_mild: float = _num(
        0.75, 0, 10, "ratio", "HV30 / HV90 below this: mild compression.", RATIO
    )
    expansion_mild: float = _num(
        1.15, 0, 10, "ratio", "HV30 / HV90 above this: mild expansion.", RATIO
    )
    expansion_severe: float = _num(
        1.30, 0, 10, "ratio", "HV30 / HV90 above this: severe expansion.", RATIO
    )

    _group("Gamma and size")
    unknown_gamma: Literal["net_gex", "none", "negative"] = _choice(
        "net_gex",
        ("net_gex", "none", "negative"),
        "Where the regime is not known: the sign of net GEX, no cell, or negative.",
        OURS,
    )
    size_a: float = _num(1.75, 0, 5, "x", "Size in cell A, of the standard size.", ARTICLE)
    size_b: float = _num(0.50, 0, 5, "x", "Size in cell B.", ARTICLE)
    size_c: float = _num(0.50, 0, 5, "x", "Size in cell C.", ARTICLE)
    size_d: float = _num(0.00, 0, 5, "x", "Size in cell D.", ARTICLE)
    size_without_cell: float = _num(
        0.00, 0, 5, "x", "Size where no cell is known (the ratio method needs none).", OURS
    )
    size_by: Literal["cell", "spread"] = _choice(
        "cell",
        ("cell", "spread"),
        "Between the z bands: size by the cell, or scale it with the absolute spread.",
        ZPAGE,
    )
    spread_full: float = _num(
        5.0, 0.1, 100, "points", "Spread at which size by spread is the cell's own.", OURS
    )
    earnings_days: int | None = _int(
        10, 0, 120, "days",
        "Size is 0 with earnings within so many calendar days, or where the source warns of an "
        "event. Blank switches both off.",
        RATIO, blank=True,
    )  # fmt: skip
    min_atm_oi: float = _num(
        500, 0, 1e7, "contracts", "Open interest at the money, where it is known.", RATIO
    )
    max_spread_pct: float = _num(
        5.0, 0.1, 200, "%", "Bid-ask spread at the money, where it is known.", RATIO
    )

    _group("Structure")
    structures: Literal["sellers", "article"] = _choice(
        "sellers",
        ("sellers", "article"),
        "What may be picked: what sells premium (defined risk in B), or the article's lists.",
        OURS,
    )
    lean_min: float = _num(
        1.0, 0, 50, "points", "Put VRP and call VRP differ by more than this: a lean.", OURS
    )
    lean_gap: float = _num(
        10.0, 0, 100, "score", "The lean decides between structures this close in score.", OURS
    )

    _group("Strikes")
    strike_method: Literal["walls", "delta", "move"] = _choice(
        "walls",
        ("walls", "delta", "move"),
        "Where short strikes go: at the walls, at a delta, or at the expected move.",
        ARTICLE,
    )
    strike_guard: bool = _flag(
        True, "Walls that fail a check fall back to delta; off: they only warn.", OURS
    )
    target_dte: int = _int(45, 1, 365, "days", "Days to expiry that are aimed at.", TRADE)
    dte_min: int = _int(30, 1, 365, "days", "Fewest days to expiry.", TRADE)
    dte_max: int = _int(60, 1, 730, "days", "Most days to expiry.", TRADE)
    short_delta: float = _num(
        0.25, 0.01, 0.5, "delta", "Delta of a short strike (20 to 30 is usual).", RATIO
    )
    far_delta: float = _num(
        0.16, 0.01, 0.5, "delta", "Delta of the short strike on the side without the lean.", OURS
    )
    max_short_delta: float = _num(
        0.30, 0.01, 1, "delta", "A wall with a larger delta is not sold.", OURS
    )
    min_wall_move: float = _num(
        0.5, 0, 5, "moves", "A wall nearer than this many expected moves is not sold.", OURS
    )
    short_moves: float = _num(
        1.0, 0.1, 5, "moves", "Short strikes of the expected-move method.", OURS
    )
    wing_moves: float = _num(
        0.5, 0.05, 5, "moves", "Width of a wing beyond its short strike.", OURS
    )
    tight_moves: float = _num(
        0.5, 0.05, 5, "moves", "Short strikes of a narrow condor around maximum gamma.", OURS
    )
    fly_moves: float = _num(
        0.25, 0, 5, "moves", "Maximum gamma this near to spot makes an iron fly.", OURS
    )

    _group("Exits")
    inversion_exit: Literal["article", "inverted", "both"] = _choice(
        "article",
        ("article", "inverted", "both"),
        "VRP inversion: z below its exit, implied below realized, or either.",
        ARTICLE,
    )
    z_exit: float = _num(-0.5, -10, 5, "sd", "z-score below which a trade is closed.", ARTICLE)
    loss_stop: float | None = _num(
        None, 0.1, 20, "x credit", "Close at a loss of so many credits; blank: no stop.", TRADE
    )
    profit_target: float = _num(50.0, 1, 100, "% credit", "Close at this profit.", ARTICLE)
    time_stop_dte: int = _int(21, 0, 365, "days", "Close at so many days to expiry.", ARTICLE)
    flip_warn_pct: float = _num(
        0.5, 0, 20, "% spot", "Distance to the gamma flip that warns.", ARTICLE
    )

    _group("Sizing")
    risk_percent: float = _num(
        2.0, 0.01, 100, "% equity", "Largest loss of one standard trade.", TRADE
    )
    kelly_p_win: float | None = _num(
        None, 0, 100, "%", "Share of such trades that reached the profit target; blank: no Kelly.",
        OURS,
    )  # fmt: skip
    kelly_fraction: float = _num(0.5, 0.01, 1, "x", "Share of the Kelly stake to take.", OURS)
    kelly_cap: float = _num(25.0, 0.1, 100, "% equity", "Largest stake that Kelly may ask.", OURS)
    equity: float | None = _num(
        None, 0.01, 1e12, "USD", "Value of the account; blank: not known, so no contracts.", OURS
    )
    stress_sd: float = _num(
        2.5, 0.1, 10, "sd", "An undefined loss is that of a move of so many deviations.", OURS
    )
    cap_a: float | None = _opt(
        20.0, 0, 1000, "% equity", "Most at risk in names of cell A; blank: no cap.", OURS
    )
    cap_b: float | None = _opt(5.0, 0, 1000, "% equity", "Most at risk in cell B.", OURS)
    cap_c: float | None = _opt(5.0, 0, 1000, "% equity", "Most at risk in cell C.", OURS)
    cap_d: float | None = _opt(0.0, 0, 1000, "% equity", "Most at risk in cell D.", OURS)
    cap_total: float | None = _opt(
        25.0, 0, 1000, "% equity", "Most at risk in all positions together.", OURS
    )
    correlation_max: float | None = _opt(
        0.7,
        0,
        1,
        "correlation",
        "Names whose closes correlate above this are one bet; blank: off.",
        OURS,
    )
    correlation_days: int = _int(
        60, 10, 504, "days", "Daily returns that the correlation looks at.", OURS
    )
    tested_moves: float = _num(
        0.25, 0, 5, "moves", "A short strike this near to spot counts as tested.", OURS
    )

    def __post_init__(self) -> None:
        for name, spec in SPECS.items():
            object.__setattr__(self, name, spec.parse(getattr(self, name)))
        for low, high in _ORDERED:
            if getattr(self, low) > getattr(self, high):
                raise RulesError(
                    f"Rule {low} is {getattr(self, low):g} and {high} is "
                    f"{getattr(self, high):g}; {low} must not be above {high}."
                )

    def with_values(self, values: Mapping[str, Any]) -> Rules:
        """A copy with the rules in `values` changed.

        Raises:
            RulesError: an unknown name or a value that is not allowed; nothing is changed.
        """
        changes = {find(name).name: value for name, value in values.items()}
        parsed = {name: SPECS[name].parse(value) for name, value in changes.items()}
        return dataclasses.replace(self, **parsed)

    def to_dict(self) -> dict[str, Any]:
        """Name -> value of every rule."""
        return {name: getattr(self, name) for name in SPECS}

    def changed(self) -> dict[str, Any]:
        """Name -> value of the rules that differ from the preset "standard"."""
        return {n: v for n, v in self.to_dict().items() if v != SPECS[n].default}


SPECS: dict[str, RuleSpec] = {}
_ORDERED: tuple[tuple[str, str], ...] = ()

SPECS.update(
    {
        f.name: RuleSpec(name=f.name, default=f.default, **f.metadata)
        for f in dataclasses.fields(Rules)
    }
)
_ORDERED = (
    ("dte_min", "dte_max"),
    ("z_days_min", "z_window"),
    ("far_delta", "short_delta"),
    ("short_delta", "max_short_delta"),
    ("compression_severe", "compression_mild"),
    ("compression_mild", "expansion_mild"),
    ("expansion_mild", "expansion_severe"),
    ("z_exit", "z_min"),
)

ALIASES = {
    "vrp_structural_threshold": "structural_min",
    "vrp_tactical_threshold": "tactical_min",
    "vrp_structural_rich_threshold": "structural_rich",
    "hv_floor_percent": "hv_floor",
}
"""Names that a Variance ``trading_rules.json`` uses, and ours."""


def find(name: str) -> RuleSpec:
    """The rule of that name, or of that alias.

    Raises:
        RulesError: no such rule; the nearest name is offered.
    """
    key = str(name).strip().lower()
    key = ALIASES.get(key, key)
    if key in SPECS:
        return SPECS[key]
    near = difflib.get_close_matches(key, [*SPECS, *ALIASES], n=1)
    hint = f"Did you mean {near[0]}?" if near else "`vrp-xl rules show` lists them all."
    raise RulesError(f"There is no rule named {str(name)[:60]!r}.", hint)


STANDARD = Rules()

_ARTICLE = Rules(
    unknown_gamma="negative",
    structures="article",
    strike_guard=False,
    lean_gap=0.0,
    tactical_defense=None,
    z_extreme_size=5.0,
    earnings_days=None,
    min_atm_oi=0.0,
    max_spread_pct=200.0,
)

PRESETS: dict[str, Rules] = {
    "standard": STANDARD,
    "article": _ARTICLE,
    "zscore": Rules(z_min=1.5, percentile_min=80.0, size_by="spread"),
    "ratio": Rules(method="ratio", size_without_cell=0.5),
    "spike": Rules(method="ratio", size_without_cell=0.5, structural_min=1.15, tactical_min=1.30),
    "wide": Rules(method="ratio", size_without_cell=0.5, structural_min=1.10, tactical_min=1.10),
}
"""Full sets of rules by name."""

PRESET_DOC = {
    "standard": "the article's thresholds with this project's guards",
    "article": "the five-step workflow to the letter",
    "zscore": "z at 1.5, confirmed by the percentile; between the bands size follows the spread",
    "ratio": "IV/HV90 above 1.10 and IV/HV30 above 1.15",
    "spike": "the ratio method for volatility spikes only: 1.15 and 1.30",
    "wide": "the ratio method with a wider net: 1.10 and 1.10",
}


def preset(name: str) -> Rules:
    """The preset of that name.

    Raises:
        RulesError: no such preset.
    """
    key = str(name).strip().lower()
    if key not in PRESETS:
        raise RulesError(f"There is no preset {name!r}.", "Presets: " + ", ".join(PRESETS) + ".")
    return PRESETS[key]
