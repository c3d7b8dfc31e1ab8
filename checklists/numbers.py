"""Numbers and units as people type them in the field, read exactly."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from typing import Final

from checklists.errors import NotANumberError

_NUMBER: Final = re.compile(r"([+-]?[0-9]{1,30}(?:\.[0-9]{1,30})?)(?:(?:[eE]|[×x*]10\^?)([+-]?[0-9]{1,2}))?")
_LONGEST: Final = 80
_BASES: Final = (
    "g", "m", "L", "s", "A", "V", "W", "Wh", "J", "N", "Pa", "Hz", "Bq", "Sv", "Gy", "mol", "eq", "K", "C", "S", "T", "lx", "cd",
    "lm", "rad", "bar", "eV", "F", "H", "Ω", "cal", "var", "VA",
)  # fmt: skip
_PREFIXES: Final = ("", "k", "M", "G", "T", "h", "da", "d", "c", "m", "µ", "n", "p")
_ALONE: Final = (
    "%", "‰", "ppm", "ppb", "ppt", "pH", "dB", "dB(A)", "dB(C)", "dBA", "℃", "°C", "°", "′", "″", "t", "Mt", "h", "min", "d", "a",
    "y", "ha", "hm²", "rpm", "r", "NTU", "FTU", "PCU", "CFU", "MPN", "TU", "ind", "cells", "mu", "mmHg", "Nm", "km/h", "kn", "tce",
    "kgce", "tCO2", "1",
)  # fmt: skip
_POWER: Final = re.compile(r"(?P<base>.+?)(?:\^?-?[0-9]|[⁻²³⁰¹⁴⁵⁶⁷⁸⁹]+)?")
_ATOMS: Final = frozenset(prefix + base for prefix in _PREFIXES for base in _BASES) | frozenset(_ALONE)


def parse_number(value: str | int | Decimal) -> Decimal:
    """The number, exactly.

    Full-width digits, the Chinese full stop of an input method as decimal point, and powers of ten such as `1e-7` or
    `1.0×10⁻⁷` are understood. Floats are refused: they no longer hold what was written.

    Raises:
        NotANumberError: It is not one plain finite decimal number.
    """
    if isinstance(value, Decimal) and value.is_finite() and abs(value.adjusted()) < _LONGEST:
        return value
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**30:
        return Decimal(value)
    match = _NUMBER.fullmatch(_plain(value)) if isinstance(value, str) and len(value) <= _LONGEST else None
    if match is None:
        shown = str(value)[:20] if isinstance(value, str | Decimal) else type(value).__name__
        raise NotANumberError(f"“{shown}”不是数字。", f"'{shown}' is not a number.")
    return Decimal(match[1]).scaleb(int(match[2] or 0))


def _plain(value: str) -> str:
    text = unicodedata.normalize("NFKC", value).strip().replace("\u2212", "-").replace("。", ".")
    return re.sub(r"\s*[×]\s*", "×", text)


def fold_unit(unit: str) -> str:
    """A unit in the form in which two spellings of it are equal: `㎡` is `m²`, `mg/l` is `mg/L`, `μg` is `µg`."""
    text = "".join(unicodedata.normalize("NFKC", unit).split())
    return re.sub(r"(?<=/)l$", "L", text)


def known_unit(unit: str) -> bool:
    """Whether a unit without Chinese words is one of measure: `mg/L`, `m³/d`, `dB(A)`; a bare number has none."""
    # NFKC makes ㎡ m2 and ℃ °C, and the micro sign a Greek letter
    plain = unicodedata.normalize("NFKC", unit).replace("μ", "µ").replace("\u2212", "-")
    return not unit or all(part in _ATOMS or _known_part(part) for part in (plain, *re.split("[/·*.]", plain))[1:])


def _known_part(part: str) -> bool:
    if part in _ATOMS or part.isdecimal():
        return True
    match = _POWER.fullmatch(part.strip("()"))
    # 100 mL, as counts of bacteria have it
    return match is not None and re.sub(r"^[0-9]+ ?", "", match["base"]) in _ATOMS


def unit_meant(unit: str) -> str | None:
    """The known unit that a misspelt one most likely is: `mg/l`, `ug/m3`, `MG/L`, `mgl`; None where none is near."""
    plain = fold_unit(unit).replace("μ", "µ")
    plain = re.sub(r"(?<=m)([23])(?![0-9])", lambda match: "²³"[int(match[1]) - 2], plain)
    for tried in (plain, re.sub(r"(?<![A-Za-z])u(?=[A-Za-z])", "µ", plain)):
        if tried != unit and known_unit(tried):
            return tried
    folded = re.sub("[^a-z0-9%µ²³]", "", plain.casefold())
    return next((one for one in _COMMON if re.sub("[^a-z0-9%µ²³]", "", one.casefold()) == folded), None)


_COMMON: Final = (
    "mg/L",
    "µg/L",
    "g/L",
    "mg/m³",
    "µg/m³",
    "mg/kg",
    "m³/d",
    "m³/h",
    "m³/s",
    "t/h",
    "dB(A)",
    "kg/h",
    "km/h",
    "m/s",
)
