"""Which column of a list of sites is what: by its header in Chinese or English, or as somebody says."""

from __future__ import annotations

import json
import re
import tomllib
import unicodedata
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from inspect_tui.photos.bounded import cannot_read, opened
from inspect_tui.records.rules import has_control
from inspect_tui.texts import Refused, Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from checklists.model import Attribute, SiteKind
    from inspect_tui.imports.table_files import Table

FIELDS: Final[Mapping[str, Text]] = {
    "name": Text("名称", "name"),
    "kind": Text("类型", "kind"),
    "area": Text("行政区", "area"),
    "address": Text("地址", "address"),
    "longitude": Text("经度", "longitude"),
    "latitude": Text("纬度", "latitude"),
    "position": Text("坐标（经度和纬度在一列）", "position, both in one column"),
    "datum": Text("坐标系", "datum"),
    "uscc": Text("统一社会信用代码", "credit code"),
    "responsible_party": Text("责任单位", "responsible party"),
    "contact_phone": Text("联系电话", "phone"),
    "risk_class": Text("风险等级", "risk class"),
}
"""What a column can be; beside these, `attributes.ID`."""
ATTRIBUTE: Final = "attributes."
NOT_TAKEN: Final = "-"

SYNONYMS: Final[Mapping[str, str]] = {
    "name": "名称 单位名称 企业名称 对象名称 检查对象 检查对象名称 监管对象 监管对象名称 站点名称 项目名称 工程名称 工地名称 排污口名称 排口名称"
    " 污染源名称 场所名称 设施名称 单位 企业 site|site name|name|company|company name|enterprise|enterprise name|unit name"
    "|project name|outfall name|name of site",
    "kind": "类型 对象类型 检查对象类型 监管对象类型 类别 对象类别 检查对象类别 种类 对象种类 kind|site kind|type|site type|kind of site"
    "|type of site|category",
    "area": "行政区 行政区代码 行政区划 行政区划代码 区划代码 所属行政区 所在行政区 所属区县 所在区县 区县 县区 县市区 所在县 所属县 县"
    " area|area code|county|district|division code|county code",
    "address": "地址 详细地址 单位地址 企业地址 生产经营地址 经营地址 生产地址 场所地址 所在地址 所在地 地点 address|street address|site address",
    "longitude": "经度 东经 中心经度 经度坐标 经度坐标值 longitude|lon|lng|long|long.|lon.",
    "latitude": "纬度 北纬 中心纬度 纬度坐标 纬度坐标值 latitude|lat|lat.",
    "position": "坐标 经纬度 经纬度坐标 地理坐标 位置坐标 中心坐标 经度纬度 纬度经度 纬经度 position|coordinates|coordinate|lat lon|lon lat"
    "|latitude longitude|longitude latitude|latlng|lnglat",
    "datum": "坐标系 坐标系统 坐标基准 坐标类型 大地基准 datum|coordinate system|crs",
    "uscc": "统一社会信用代码 统一信用代码 社会信用代码 信用代码 社会统一信用代码 uscc|credit code|unified social credit code|social credit code"
    "|unified social credit identifier",
    "responsible_party": "责任单位 运营单位 管理单位 主体单位 responsible party|responsible unit|operator",
    "contact_phone": "联系电话 电话 电话号码 联系方式 手机 手机号 手机号码 联系人电话 负责人电话 phone|telephone|tel|mobile|contact phone"
    "|phone number|telephone number|contact number",
    "risk_class": "风险等级 环境风险等级 风险级别 风险分级 risk|risk class|risk level",
}
"""Headers of each field: Chinese ones apart by blanks, English ones by bars."""
_BRACKETS: Final = re.compile(r"[(\[{<【〔《].*?[)\]}>】〕》]")
_DUMB: Final = re.compile(r"[\s\W_]+")
_MAX_MAP: Final = 256 << 10


def folded(text: str) -> str:
    """A header, name or value as it is compared: NFKC, lower case, letters and digits only."""
    return _DUMB.sub("", unicodedata.normalize("NFKC", text).casefold())


def _unbracketed(text: str) -> str:
    return folded(_BRACKETS.sub("", unicodedata.normalize("NFKC", text)))


def _by_header() -> dict[str, str]:
    found: dict[str, str] = {}
    for field, words in SYNONYMS.items():
        chinese, _, english = words.rpartition(" ") if "|" not in words else (words, "", "")
        parts = chinese.split("|")
        split = [*parts[0].split(" "), *parts[1:]]
        for one in (*split, *english.split("|"), field):
            if key := folded(one):
                found[key] = field
    return found


_FIELD_OF: Final = _by_header()


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """One column of a table.

    Attributes:
        index: From 0.
        letters: As people name it.
        header: As it stands in the file.
        field: One of `FIELDS`, `attributes.` with the folded label, or None where it is not taken.
        why: Why it is not taken.
        said: Somebody named the field; it was not found by the header.
    """

    index: int
    letters: str
    header: str
    field: str | None
    why: Text | None = None
    said: bool = False


class Attributes:
    """The attributes of all kinds of sites, by id or title in either language."""

    def __init__(self, kinds: Mapping[str, SiteKind]) -> None:
        self._by_kind: dict[str, dict[str, Attribute]] = {}
        for kind in kinds.values():
            named = self._by_kind.setdefault(kind.id, {})
            for attribute in kind.attributes:
                # an id is never hidden by the title of another attribute
                for label in (attribute.title.zh, attribute.title.en):
                    named.setdefault(folded(label), attribute)
            for attribute in kind.attributes:
                named[folded(attribute.id)] = attribute
        self._scopes: dict[str, set[str]] = {}
        for named in self._by_kind.values():
            for key, attribute in named.items():
                self._scopes.setdefault(key, set()).add(attribute.scope)

    def find(self, kind: str, label: str) -> Attribute | None:
        """The attribute of a kind with that folded label."""
        return self._by_kind.get(kind, {}).get(label)

    def known(self, label: str) -> bool:
        """Whether some kind has it, and it stays with the site from visit to visit."""
        return "site" in self._scopes.get(label, ())

    def of_a_visit(self, label: str) -> bool:
        """Whether it is known, and true on the day of a visit only."""
        return label in self._scopes and not self.known(label)


class Wanted(NamedTuple):
    """What somebody said about a list, on the command line or in a map file.

    Attributes:
        columns: Header → field, or `-` for not taken.
        defaults: Field → value where a cell is empty.
        options: `sheet`, `encoding`, `delimiter`, `datum`.
    """

    columns: Mapping[str, str]
    defaults: Mapping[str, str]
    options: Mapping[str, str]


def understood(attributes: Attributes, wanted: Wanted) -> Any:
    """Whether a text is a header that somebody understands."""
    named = {folded(header) for header in wanted.columns}

    def known(text: str) -> bool:
        if len(text) > 60:
            return False
        return (
            _field_of(text) is not None
            or folded(text) in named
            or any(attributes.known(key) for key in (folded(text), _unbracketed(text)))
        )

    return known


def _field_of(header: str) -> str | None:
    return _FIELD_OF.get(folded(header)) or _FIELD_OF.get(_unbracketed(header))


def target(text: str, attributes: Attributes, *, offered: Iterable[str]) -> str:
    """A field as somebody writes it: its id, one of its headers, `attributes.ID`, or `-`.

    Raises:
        Refused: There is none of that name.
    """
    word = unicodedata.normalize("NFKC", text).strip()
    if word == NOT_TAKEN:
        return NOT_TAKEN
    if word in offered:
        return word
    label = folded(word.removeprefix(ATTRIBUTE))
    if word.startswith(ATTRIBUTE) and attributes.known(label):
        return ATTRIBUTE + label
    field = None if word.startswith(ATTRIBUTE) else _field_of(word)
    if field in set(offered):
        return str(field)
    if not word.startswith(ATTRIBUTE) and attributes.known(label):
        return ATTRIBUTE + label
    listed = "、".join(offered)
    raise Refused(
        f"没有字段“{word[:40]}”；可选：{listed}、attributes.属性编号，或 - 表示不收。",
        f"There is no field “{word[:40]}”; one of {', '.join(offered)}, attributes.ID, or - for not taken.",
    )


def match_columns(table: Table, attributes: Attributes, wanted: Wanted, *, offered: Iterable[str]) -> list[Column]:
    """What each column of the table is.

    Raises:
        Refused: Two columns are the same field, a header holds control characters, or a column named is not there.
    """
    offered = tuple(offered)
    said = {folded(header): target(field, attributes, offered=offered) for header, field in wanted.columns.items()}
    columns: list[Column] = []
    for index, text in enumerate(table.header.cells):
        letters, header = table.letters(index), " ".join(text.split())
        if has_control(text):
            raise Refused(
                f"{table.file} 第 {table.header.number} 行第 {index + 1} 列的列名含有控制字符，请去掉。",
                f"{table.file} line {table.header.number}: the name of column {index + 1} holds control characters; take"
                " them out.",
            )
        if header and (field := said.get(folded(header))) is not None:
            why = Text("按要求不收", "as asked") if field == NOT_TAKEN else None
            columns.append(
                Column(
                    index=index,
                    letters=letters,
                    header=header,
                    field=None if why else field,
                    why=why,
                    said=True,
                )
            )
            continue
        field, why = _guess(header, attributes, offered)
        columns.append(Column(index=index, letters=letters, header=header, field=field, why=why))
    _refuse_twice(table, columns)
    return _together(columns)


def _guess(header: str, attributes: Attributes, offered: tuple[str, ...]) -> tuple[str | None, Text | None]:
    if not header:
        return None, Text("没有列名", "no header")
    field = _field_of(header)
    if field in offered:
        return field, None
    bare = header.removeprefix(ATTRIBUTE)
    for key in (folded(bare), _unbracketed(bare)):
        if attributes.known(key):
            return ATTRIBUTE + key, None
    if attributes.of_a_visit(folded(bare)):
        return None, Text(
            "只在检查当日成立的属性，检查时再填", "true on the day of a visit only, asked at each visit"
        )
    return None, Text("没有对应的字段", "no field of that name")


def _refuse_twice(table: Table, columns: list[Column]) -> None:
    seen: dict[str, Column] = {}
    for column in columns:
        if column.field is None:
            continue
        first = seen.setdefault(column.field, column)
        if first is not column:
            name = field_title(column.field)
            raise Refused(
                f"{table.file} 第 {table.header.number} 行：第 {first.index + 1} 列“{first.header[:20]}”和第"
                f" {column.index + 1} 列“{column.header[:20]}”都是{name.zh}；请只留一列，或用 --map 列名=- 不收其中一列。",
                f"{table.file} line {table.header.number}: columns {first.index + 1}, “{first.header[:20]}”, and"
                f" {column.index + 1}, “{column.header[:20]}”, are both the {name.en}; keep one, or leave one out with"
                " --map HEADER=-.",
            )


def _together(columns: list[Column]) -> list[Column]:
    """Longitude and latitude apart stand before both in one column, which many lists give as well."""
    fields = {column.field for column in columns}
    if not {"longitude", "latitude", "position"} <= fields or any(
        column.field == "position" and column.said for column in columns
    ):
        return columns
    why = Text("已有经度和纬度两列", "there are columns of longitude and latitude")
    return [
        msgspec.structs.replace(column, field=None, why=why) if column.field == "position" else column
        for column in columns
    ]


def missing(wanted: Wanted, columns: Iterable[Column]) -> list[str]:
    """The headers that somebody named and the table does not have."""
    there = {folded(column.header) for column in columns}
    return [header for header in wanted.columns if folded(header) not in there]


def field_title(field: str) -> Text:
    """What a field is called."""
    return FIELDS.get(field) or Text(
        f"属性 {field.removeprefix(ATTRIBUTE)}", f"attribute {field.removeprefix(ATTRIBUTE)}"
    )


# map files


def read_map(path: Path) -> Wanted:
    """What a map file says.

    Raises:
        Refused: It cannot be read, or is no map file; says what is wrong.
    """
    with opened(path) as file:
        try:
            data = file.read(_MAX_MAP + 1)
        except OSError as error:
            raise cannot_read(path, error) from error
    try:
        said = tomllib.loads(data.decode("utf-8-sig")) if len(data) <= _MAX_MAP else None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        where = re.search(r"at line (\d+)", str(error))
        zh, en = (f"第 {where[1]} 行", f"line {where[1]}") if where else ("内容", "the content")
        raise Refused(
            f"映射文件 {path.name} 的{zh}不是 UTF-8 的 TOML；请改正，或用 --save-map 重新生成。",
            f"The map file {path.name} is not TOML in UTF-8 ({en}); correct it, or make it anew with --save-map.",
        ) from error
    if said is None:
        raise Refused(f"映射文件 {path.name} 超过 256 KiB。", f"The map file {path.name} is larger than 256 KiB.")
    columns, defaults = said.pop("columns", {}), said.pop("defaults", {})
    for key, part in (("columns", columns), ("defaults", defaults), ("", said)):
        if not isinstance(part, dict) or not all(isinstance(value, str) for value in part.values()):
            place = f"[{key}]" if key else "开头"
            raise Refused(
                f'映射文件 {path.name} 的{place}须为 名称 = "文字"，每行一个。',
                f'The map file {path.name} has lines NAME = "text" only in {place if key else "its beginning"}.',
            )
    if strange := sorted(set(said) - set(_OPTIONS)):
        raise Refused(
            f"映射文件 {path.name} 有不认识的设置 {strange[0][:40]}；可用：{'、'.join(_OPTIONS)}、[columns]、[defaults]。",
            f"The map file {path.name} has an unknown setting {strange[0][:40]}; there are {', '.join(_OPTIONS)}, [columns]"
            " and [defaults].",
        )
    return Wanted(columns, defaults, said)


_OPTIONS: Final = ("sheet", "encoding", "delimiter", "datum")


def map_file(columns: Iterable[Column], wanted: Wanted) -> bytes:
    """The map file that gives the same reading for the next list of the same form."""
    lines = ["# inspect-tui site import --map-file", *_pairs(wanted.options), "", "[columns]"]
    lines += _pairs({column.header: column.field or NOT_TAKEN for column in columns if column.header})
    lines += ["", "[defaults]", *_pairs(wanted.defaults)]
    return ("\n".join(lines) + "\n").encode()


def _pairs(pairs: Mapping[str, str]) -> list[str]:
    return [f"{_toml(name)} = {_toml(value)}" for name, value in pairs.items()]


def _toml(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def both(first: Wanted, over: Wanted) -> Wanted:
    """What a map file says, with what the command line says in its place."""
    told = {folded(header) for header in over.columns}
    kept = {header: field for header, field in first.columns.items() if folded(header) not in told}
    return Wanted({**kept, **over.columns}, {**first.defaults, **over.defaults}, {**first.options, **over.options})
