"""Numbers and units as people type them in the field, read exactly."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from typing import Final

from checklists.errors import NotANumberError

_NUMBER: Final = re.compile(r"([+-]?[0-9]{1,30}(?:\.[0-9]{1,30})?)(?:(?:[eE]|[×x*]10\^?)([+-]?[0-9]{1,2}))?")
_LONGEST: Final = 80


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
