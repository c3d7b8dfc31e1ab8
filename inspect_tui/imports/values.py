"""Cells of a list of sites as values: kinds and areas by name or code, datums, coordinates, and what is no text."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from checklists.numbers import parse_number
from inspect_tui.imports.columns import folded
from inspect_tui.texts import Refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from checklists.model import Area, Attribute, SiteKind
    from inspect_tui.imports.table_files import Mark

_NOTHING: Final = frozenset({"/", "\\", "-", "--", "---", "—", "——", "–", "／", "－"})
_NONE: Final = frozenset({"无", "暂无", "没有", "不详", "未知", "none", "n/a", "na", "null", "unknown"})
_EXPONENT: Final = re.compile(r"[0-9]+(?:\.[0-9]+)?[eE]\+[0-9]+")
_CODES: Final = frozenset({"uscc", "contact_phone", "area"})
_COUNTY: Final = ("区", "县", "市")
_TOWN: Final = re.compile(r"([1-9][0-9]{5})(?:000|000000)")
_MOBILE: Final = re.compile(r"1[0-9]{10}")

DATUMS: Final[Mapping[str, tuple[str, ...]]] = {
    "WGS-84": ("wgs84", "wgs1984", "gps", "epsg4326", "4326"),
    "CGCS2000": ("cgcs2000", "2000", "国家2000", "国家大地2000", "2000国家大地坐标系", "国家2000坐标系", "大地2000", "天地图", "epsg4490", "4490"),
    "GCJ-02": ("gcj02", "gcj2", "火星坐标", "火星坐标系", "国测局", "国测局坐标", "高德", "高德地图", "高德坐标", "腾讯", "腾讯地图", "腾讯坐标", "amap", "tencent"),
    "BD-09": ("bd09", "bd9", "bd09ll", "百度", "百度地图", "百度坐标", "百度坐标系", "baidu"),
}  # fmt: skip
_DATUM_OF: Final = {word: datum for datum, words in DATUMS.items() for word in words}

_SIGNS: Final = (
    (re.compile(r"北纬|north", re.IGNORECASE), "N"), (re.compile(r"南纬|south", re.IGNORECASE), "S"),
    (re.compile(r"东经|east", re.IGNORECASE), "E"), (re.compile(r"西经|west", re.IGNORECASE), "W"),
    (re.compile(r"纬度|latitude|lat\.?", re.IGNORECASE), "Y"),
    (re.compile(r"经度|longitude|long\.?|lon\.?|lng\.?", re.IGNORECASE), "X"),
    (re.compile(r"北"), "N"), (re.compile(r"南"), "S"), (re.compile(r"东"), "E"), (re.compile(r"西"), "W"),
    (re.compile(r"度|º|˚|deg\.?", re.IGNORECASE), "°"), (re.compile(r"分|[′’‘`´]"), "'"), (re.compile(r"秒|″|”|“|''"), '"'),
    (re.compile(r"[:=]"), " "), (re.compile(r"−|–|—"), "-"),
)  # fmt: skip
_ANGLE: Final = re.compile(
    r"""(?P<before>[NSEWXY])?\s*(?P<sign>[+-])?(?P<d>\d{1,3})\s*(?:°|\s|-)\s*(?P<m>\d{1,2}(?:\.\d{1,12})?)\s*(?:'|\s|-|$)
    \s*(?:(?P<s>\d{1,2}(?:\.\d{1,12})?)\s*"?)?\s*(?P<after>[NSEWXY])?""",
    re.VERBOSE | re.ASCII,
)
_PLAIN: Final = re.compile(
    r"(?P<before>[NSEWXY])?\s*(?P<number>[^NSEWXY°]+?)\s*°?\s*(?P<after>[NSEWXY])?", re.ASCII
)
_BEFORE_NFKC: Final = str.maketrans({"″": '"', "′": "'", "´": "'", "º": "°", "˚": "°", "〃": '"'})
_EIGHT: Final = Decimal("1e-8")


def refused_cell(field: str, text: str, mark: Mark | None) -> Refused | None:
    """Why a cell cannot be taken as it stands: what a spreadsheet made of it is told, never guessed back."""
    if mark == "formula":
        return Refused("是公式，不读取；请选择性粘贴为数值。", "is a formula and is not read; paste its value.")
    if mark == "error":
        return Refused(f"是错误值 {text}；请改正或清空。", f"is the error value {text}; correct or clear it.")
    if mark == "date":
        return Refused(
            "被表格软件变成了日期；请把格式设为文本后重写。",
            "was turned into a date by the spreadsheet; format it as text and write it anew.",
        )
    if field in {"longitude", "latitude"}:
        return None
    numeric = mark in {"integer", "float"}
    lost = _EXPONENT.fullmatch(text) is not None or (numeric and len(text) > 15)
    if (
        lost
        or (numeric and field == "uscc")
        or (mark == "float" and field in _CODES)
        or (numeric and field == "contact_phone" and not _MOBILE.fullmatch(text))
    ):
        return Refused(
            f"被表格软件变成了数字 {text[:24]}，可能丢了位数或开头的 0；请把该列格式设为文本后重写。",
            f"was turned into the number {text[:24]} by the spreadsheet and may have lost digits or a leading 0; format the"
            " column as text and write it anew.",
        )
    return None


def blank(field: str, text: str) -> bool:
    """Whether a cell says that there is nothing: empty, a dash, or a word such as 无 where that is no value."""
    if not text or text in _NOTHING:
        return True
    return (
        field in {"uscc", "contact_phone", "longitude", "latitude", "position", "datum"}
        and text.casefold() in _NONE
    )


def datum_of(text: str) -> str:
    """A datum as `TypedPosition` names it.

    Raises:
        Refused: An unknown one.
    """
    key = folded(text)
    found = _DATUM_OF.get(key) or _DATUM_OF.get(key.removesuffix("坐标系").removesuffix("坐标"))
    if found is None:
        raise Refused(
            f"坐标系“{text[:20]}”未知；可写 wgs84、cgcs2000、gcj02（高德、腾讯）、bd09（百度）。",
            f"The datum “{text[:20]}” is unknown; write wgs84, cgcs2000, gcj02 (Amap, Tencent) or bd09 (Baidu).",
        )
    return found


class Names:
    """Kinds and areas by id, code or name in either language."""

    def __init__(self, kinds: Mapping[str, SiteKind], areas: Mapping[str, Area]) -> None:
        self._kinds: dict[str, set[str]] = {}
        for kind in kinds.values():
            for word in (kind.id, kind.title.zh, kind.title.en):
                self._kinds.setdefault(folded(word), set()).add(kind.id)
        self._titles = {kind.id: kind.title for kind in kinds.values()}
        self._areas: dict[str, set[str]] = {}
        self._full: dict[str, str] = {}
        for area in areas.values():
            zh, en = area.name.zh, area.name.en
            self._full[zh] = area.code
            short = zh[:-1] if zh.endswith(_COUNTY) and len(zh) > 2 else zh
            for word in (zh, short, en, re.sub(r" (District|County|City)$", "", en)):
                self._areas.setdefault(folded(word), set()).add(area.code)

    def kind(self, text: str) -> str:
        """The id of a kind of site.

        Raises:
            Refused: None, or several, of that name.
        """
        found = self._kinds.get(folded(text), set())
        if len(found) == 1:
            return next(iter(found))
        near = [name for name, title in self._titles.items() if (found and name in found) or _near(text, title)]
        listed = near[:6] or list(self._titles)
        raise Refused(
            f"没有对象类型“{text[:40]}”；{'是否' if near else '现有'}："
            + "、".join(f"{name}（{self._titles[name].zh}）" for name in listed)
            + ("？" if near else "。"),
            f"There is no kind of site “{text[:40]}”; "
            + ("perhaps " if near else "known are ")
            + ", ".join(f"{name} ({self._titles[name].en})" for name in listed)
            + ("?" if near else "."),
        )

    def area(self, text: str) -> str:
        """The code of an area; six digits stay as they are, and twelve that end in zeros are its statistical form.

        Raises:
            Refused: None, or several, of that name.
        """
        plain = "".join(unicodedata.normalize("NFKC", text).split())
        if re.fullmatch(r"[0-9]{6}", plain):
            return plain
        if match := _TOWN.fullmatch(plain):
            return match[1]
        found = self._areas.get(folded(plain), set())
        if not found:
            found = {
                code
                for name, code in self._full.items()
                if plain.endswith(name) and plain[: -len(name)][-1:] in "省市州盟区"
            }
        if len(found) == 1:
            return next(iter(found))
        listed = "、".join(self._full)[:200]
        raise Refused(
            f"行政区“{text[:40]}”{'不止一个' if found else '不在目录中'}；请写六位代码，或写：{listed}。",
            f"The area “{text[:40]}” is {'not the only one of that name' if found else 'not in the catalogue'}; write its"
            f" six-digit code, or one of {listed.replace('、', ', ')}.",
        )


def _near(text: str, title: Any) -> bool:
    """Whether a title shares two characters in a row with what was written, or a whole English word."""
    plain, zh = folded(text), folded(title.zh)
    words = set(re.findall(r"[a-z]{4,}", text.casefold()))
    pairs = {plain[at : at + 2] for at in range(len(plain) - 1) if not plain[at : at + 2].isascii()}
    return any(pair in zh for pair in pairs) or bool(words & set(re.findall(r"[a-z]{4,}", title.en.casefold())))


_TRUE: Final = {"是", "有", "对", "yes", "y", "true", "1", "√", "✓"}
_FALSE: Final = {"否", "无", "没有", "不是", "no", "n", "false", "0", "×"}


def attribute_value(attribute: Attribute, text: str) -> str:
    """A value of an attribute by id or title in either language; what is none of them is left for the rules to refuse."""
    if not attribute.values:
        return text
    key = folded(text)
    for value in attribute.values:
        if key and key in {folded(value.id), folded(value.title.zh), folded(value.title.en)}:
            return value.id
    if {value.id for value in attribute.values} == {"yes", "no"}:
        word = text.strip().casefold()
        return "yes" if word in _TRUE else "no" if word in _FALSE else text
    return text


class Angle(NamedTuple):
    """One coordinate: decimal degrees as text, and which of the two it says it is."""

    degrees: str
    axis: str | None


def angle(text: str) -> Angle:
    """A coordinate in decimal degrees, or in degrees, minutes and seconds, which become decimal degrees to 1e-8.

    Raises:
        Refused: Not one coordinate.
    """
    # NFKC would make letters and blanks of these signs
    plain = text.translate(_BEFORE_NFKC) if len(text) <= 80 else ""
    plain = unicodedata.normalize("NFKC", plain).strip()
    for pattern, sign in _SIGNS:
        plain = pattern.sub(sign, plain)
    plain = plain.strip().upper() if plain[:1].isalpha() or plain[-1:].isalpha() else plain.strip()
    for letter in "NSEWXY":
        plain = re.sub(rf"{letter}(?:\s*{letter})+", letter, plain)
    found = _sexagesimal(plain) or _decimal(plain)
    if found is None:
        raise Refused(
            f"“{text[:40]}”不是坐标；请写成 111.139722 或 111°08′23″。",
            f"“{text[:40]}” is no coordinate; write 111.139722 or 111°08′23″.",
        )
    return found


def _sexagesimal(plain: str) -> Angle | None:
    match = _ANGLE.fullmatch(plain)
    if match is None or (match["s"] and "." in match["m"]):
        return None
    minutes, seconds = Decimal(match["m"]), Decimal(match["s"] or 0)
    if minutes >= 60 or seconds >= 60:
        return None
    degrees = (Decimal(match["d"]) + minutes / 60 + seconds / 3600).quantize(_EIGHT).normalize()
    return _signed(format(degrees, "f"), match["sign"] == "-", match["before"], match["after"])


def _decimal(plain: str) -> Angle | None:
    from checklists.errors import NotANumberError

    match = _PLAIN.fullmatch(plain)
    if match is None:
        return None
    try:
        number = parse_number(match["number"])
    except NotANumberError:
        return None
    return _signed(format(abs(number), "f"), number < 0, match["before"], match["after"])


def _signed(degrees: str, negative: bool, before: str | None, after: str | None) -> Angle | None:
    if before and after:
        return None
    letter = before or after
    if negative and letter in {"S", "W"}:
        return None
    axis = None if letter is None else "latitude" if letter in "NSY" else "longitude"
    return Angle(f"-{degrees}" if negative or letter in {"S", "W"} else degrees, axis)


def two_angles(text: str, header: str) -> tuple[str, str]:
    """Longitude and latitude of a cell that holds both, in the order that letters, range or the header say.

    Raises:
        Refused: Not two coordinates, or their order cannot be known.
    """
    parts = [part for part in re.split(r"[,;，；、|/]", text) if part.strip()]
    if len(parts) == 1:
        parts = text.split()
    if len(parts) != 2:
        parts = re.split(r'(?<=[″"秒NSEWnsew北南东西])\s*(?=[NSEWnsew北南东西\d])', text.strip(), maxsplit=1)
    if len(parts) != 2:
        raise Refused(
            f"“{text[:40]}”不是经度和纬度；请写成 111.145,37.524。",
            f"“{text[:40]}” is not a longitude and a latitude; write 111.145,37.524.",
        )
    first, second = angle(parts[0]), angle(parts[1])
    if first.axis == second.axis and first.axis is not None:
        raise Refused(
            f"“{text[:40]}”两个都是同一方向的坐标。", f"Both parts of “{text[:40]}” are the same coordinate."
        )
    if first.axis == "longitude" or second.axis == "latitude":
        return first.degrees, second.degrees
    if first.axis == "latitude" or second.axis == "longitude":
        return second.degrees, first.degrees
    if abs(Decimal(first.degrees)) > 90:
        return first.degrees, second.degrees
    if abs(Decimal(second.degrees)) > 90:
        return second.degrees, first.degrees
    key = folded(header)
    if key.startswith(("经", "lon", "lng")):
        return first.degrees, second.degrees
    if key.startswith(("纬", "lat")):
        return second.degrees, first.degrees
    raise Refused(
        f"“{text[:40]}”看不出哪个是经度；请分成经度、纬度两列。",
        f"Which part of “{text[:40]}” is the longitude cannot be told; use two columns.",
    )


def words(texts: Iterable[str], most: int = 5) -> str:
    """The first of some names."""
    kept = list(texts)
    return "、".join(kept[:most]) + ("…" if len(kept) > most else "")
