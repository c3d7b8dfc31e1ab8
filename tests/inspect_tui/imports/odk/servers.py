"""Exports as ODK Central and KoboToolbox write them, made from the form that pyxform makes of an exported checklist.

The layouts follow what the two servers document: Central's `FORM.csv` with `FORM-REPEAT.csv` and `media/`, Kobo's CSV
with `;` and its XLSX with a sheet for each repeat.
"""

from __future__ import annotations

import csv
import io
import re
import xml.etree.ElementTree as ET
import zipfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import openpyxl
from pyxform.xls2xform import convert

from checklists.catalogue import load_catalogue
from inspect_tui.exports import xlsform

if TYPE_CHECKING:
    from pathlib import Path

_NS = "{http://www.w3.org/2002/xforms}"
_LANGUAGES = {"zh": "中文 (zh)", "en": "English (en)"}


class Asked(NamedTuple):
    """A question of the converted form."""

    path: tuple[str, ...]
    kind: str
    repeat: str

    @property
    def name(self) -> str:
        """Its own name."""
        return self.path[-1]


@dataclass
class XForm:
    """What a server knows of a form."""

    id: str
    version: str
    title: str
    asked: list[Asked]
    repeats: list[str]
    labels: dict[tuple[str, str], str]
    choices: dict[tuple[str, str, str], str]

    def of(self, repeat: str) -> list[Asked]:
        """The questions of a repeat; of the form itself where it is empty."""
        return [each for each in self.asked if each.repeat == repeat]


def xform(checklist: str = "construction-dust") -> XForm:
    """The form of a checklist, exported and converted."""
    catalogue = load_catalogue()
    one = catalogue.checklist(checklist)
    data = xlsform.write_workbook(one, catalogue.kinds)
    root = ET.fromstring(convert(xlsform=io.BytesIO(data), file_type=".xlsx", validate=False).xform)  # noqa: S314
    model = next(root.iter(f"{_NS}model"))
    instance = model.find(f"{_NS}instance")
    assert instance is not None
    top = instance[0]
    kinds = {
        each.attrib["nodeset"]: each.attrib.get("type", "string")
        for each in model
        if each.tag.endswith("bind") and "nodeset" in each.attrib
    }
    repeats = [each.attrib["nodeset"].rsplit("/", 1)[1] for each in root.iter(f"{_NS}repeat")]
    asked: list[Asked] = []

    def walk(node: ET.Element, path: tuple[str, ...], repeat: str) -> None:
        for child in node:
            name = child.tag.rpartition("}")[2]
            if any(key.endswith("template") for key in child.attrib):
                continue
            here = (*path, name)
            if len(child):
                walk(child, () if name in repeats else here, name if name in repeats else repeat)
            else:
                kind = kinds.get("/data/" + "/".join(here if not repeat else (repeat, *here)), "string")
                asked.append(Asked(here, kind, repeat))

    walk(top, (), "")
    labels: dict[tuple[str, str], str] = {}
    texts: dict[tuple[str, str], str] = {}
    for translation in root.iter(f"{_NS}translation"):
        language = next(key for key, name in _LANGUAGES.items() if name == translation.attrib["lang"])
        for text in translation:
            value = next((v.text or "" for v in text if "form" not in v.attrib), "")
            where = text.attrib["id"]
            texts[language, where] = value
            if where.endswith(":label"):
                labels[language, where.removesuffix(":label").rsplit("/", 1)[1]] = value
    lists = {
        each.attrib["id"]: {
            str(item.findtext(f"{_NS}name")): str(item.findtext(f"{_NS}itextId"))
            for item in each.iter(f"{_NS}item")
        }
        for each in model.iter(f"{_NS}instance")
        if "id" in each.attrib
    }
    choices: dict[tuple[str, str, str], str] = {}
    for select in root.iter(f"{_NS}select1"):
        itemset = select.find(f"{_NS}itemset")
        assert itemset is not None
        used = re.search(r"instance\('([^']+)'\)", itemset.attrib["nodeset"])
        assert used is not None
        for value, where in lists[used[1]].items():
            for language in _LANGUAGES:
                choices[language, select.attrib["ref"].rsplit("/", 1)[1], value] = texts[language, where]
    return XForm(top.attrib["id"], top.attrib["version"], one.title.zh, asked, repeats, labels, choices)


@dataclass
class Sent:
    """A submission as a phone sent it."""

    uuid: str
    values: dict[str, str]
    repeats: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    meta: dict[str, str] = field(default_factory=dict)
    number: int = 1


def visit(number: int = 1, **changes: str | None) -> dict[str, str]:
    """The answers of a complete visit; None takes one away."""
    said: dict[str, str | None] = {
        "start": "2026-11-20T09:05:00.000+08:00",
        "end": "2026-11-20T10:30:00.000+08:00",
        "checklist_id": "construction-dust",
        "checklist_version": "2026.11.2",
        "site_name": f"示例工程{number}",
        "site_kind": "construction_site",
        "site_area": "141102",
        "site_address": "示例路 1 号；北侧",
        "site_position": "37.518900 111.150200 812.5 4.9",
        "started_at": "2026-11-20T09:10:00.000+08:00",
        "officer_1_name": "检查员甲",
        "officer_1_badge": "14110200001",
        "officer_2_name": "检查员乙",
        "officer_2_badge": "14110200002",
        "road_class": "main",
        "CD_101": "fail",
        "CD_101_REASON": "围挡缺口\n约 12 m",
        "CD_101_PHOTO_1": f"1763600{number}.jpg",
        "CD_101_gap": "12.50",
        "CD_102": "pass",
        "present_name": "某某",
        "present_role": "项目经理",
        "present_signature": "signed",
        "ended_at": "2026-11-20T10:25:00.000+08:00",
    }
    return {key: value for key, value in (said | changes).items() if value is not None}


def sent(number: int = 1, **changes: str | None) -> Sent:
    """A submission with a finding and a further photo."""
    return Sent(
        f"{number:08x}-0000-4000-8000-000000000000",
        visit(number, **changes),
        {
            "FINDINGS": [
                {"finding_item": "CD_101", "finding_description": "围挡缺口", "finding_due_date": "2026-11-25"}
            ],
            "PHOTOS": [{"photo_item": "CD_101", "photo": f"more{number}.jpg", "photo_caption": "北侧"}],
        },
        number=number,
    )


def media_of(one: Sent) -> list[str]:
    """The names of its photos."""
    return [
        text
        for values in (one.values, *(row for rows in one.repeats.values() for row in rows))
        for name, text in values.items()
        if re.search(r"PHOTO_\d$|^photo$", name)
    ]


# ODK Central.


def _central_header(form: XForm, repeat: str, *, groups: bool) -> list[str]:
    header = []
    for each in form.of(repeat):
        name = "-".join(each.path) if groups else each.name
        header += [f"{name}-{part}" for part in _PARTS] if each.kind == "geopoint" else [name]
    return header


_PARTS = ("Latitude", "Longitude", "Altitude", "Accuracy")


def _central_cells(form: XForm, repeat: str, values: dict[str, str]) -> list[str]:
    cells: list[str] = []
    for each in form.of(repeat):
        text = values.get(each.name, "")
        cells += [*text.split(), *[""] * 4][:4] if each.kind == "geopoint" else [text]
    return cells


def central(form: XForm, listed: list[Sent], *, groups: bool = True) -> dict[str, str]:
    """The CSV files of an export, by name."""
    end = [
        "KEY",
        "SubmitterID",
        "SubmitterName",
        "AttachmentsPresent",
        "AttachmentsExpected",
        "Status",
        "ReviewState",
    ]
    end += ["DeviceID", "Edits", "FormVersion"]
    header = ["SubmissionDate", *_central_header(form, "", groups=groups), *end]
    rows = []
    for one in listed:
        meta = {
            "KEY": f"uuid:{one.uuid}",
            "SubmitterID": "7",
            "SubmitterName": "手机1",
            "FormVersion": form.version,
        }
        meta |= {"AttachmentsPresent": "2", "AttachmentsExpected": "2", "Edits": "0", **one.meta}
        cells = _central_cells(form, "", one.values)
        position = next(index for index, each in enumerate(header[1:]) if each.endswith("instanceID"))
        cells[position] = f"uuid:{one.uuid}"
        rows.append(["2026-11-20T02:40:00.000Z", *cells, *(meta.get(name, "") for name in end)])
    files = {f"{form.id}.csv": _csv([header, *rows])}
    for repeat in form.repeats:
        lines = [[*_central_header(form, repeat, groups=groups), "PARENT_KEY", "KEY"]]
        for one in listed:
            for number, values in enumerate(one.repeats.get(repeat, ()), 1):
                key = f"uuid:{one.uuid}"
                lines.append([*_central_cells(form, repeat, values), key, f"{key}/{repeat}[{number}]"])
        files[f"{form.id}-{repeat}.csv"] = _csv(lines)
    return files


def central_zip(path: Path, files: dict[str, str], media: dict[str, bytes]) -> Path:
    """As Central packs them."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
        for name, data in media.items():
            archive.writestr(f"media/{name}", data)
    return path


def _csv(rows: list[list[str]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()


# KoboToolbox.


@dataclass(frozen=True)
class Kobo:
    """The settings of an export: language of headers and values (None: XML), groups in headers, what is beside."""

    language: str | None = None
    groups: bool = True
    separator: str = "/"
    urls: bool = False


_SERVER = (
    "_id",
    "_uuid",
    "_submission_time",
    "_validation_status",
    "_notes",
    "_status",
    "_submitted_by",
    "__version__",
)


def kobo_headers(form: XForm, repeat: str, how: Kobo) -> list[str]:
    """The headers of the questions of a table."""

    def label(name: str) -> str:
        return name if how.language is None else form.labels.get((how.language, name), name)

    found = []
    for each in form.of(repeat):
        if each.path[0] == "meta":
            continue
        path = ([repeat] if repeat else []) + list(each.path)
        groups = how.separator.join([label(part) for part in path[:-1]] + [""]) if how.groups and path[:-1] else ""
        name = label(each.name)
        # formpack leaves the groups out of the first column of a position
        found.append(name if each.kind == "geopoint" and how.language else groups + name)
        if each.kind == "geopoint":
            found += [f"{groups}_{name}_{part}" for part in ("latitude", "longitude", "altitude", "precision")]
        if each.kind == "binary" and how.urls:
            found.append(f"{groups}{name}_URL")
    return found


def _kobo_tables(form: XForm, listed: list[Sent], how: Kobo) -> dict[str, list[list[str]]]:
    def cells(repeat: str, one: Sent, values: dict[str, str]) -> list[str]:
        found = []
        for each in form.of(repeat):
            if each.path[0] == "meta":
                continue
            text = values.get(each.name, "")
            if how.language is not None:
                text = form.choices.get((how.language, each.name, text), text)
            found.append(text)
            if each.kind == "geopoint":
                found += [*text.split(), *[""] * 4][:4]
            if each.kind == "binary" and how.urls:
                address = "https://kobo.example/media/original?media_file=user%2Fattachments%2F"
                found.append(f"{address}{one.uuid}%2F{text}" if text else "")
        return found

    tables = {form.title: [[*kobo_headers(form, "", how), *_SERVER, "_index"]]}
    for repeat in form.repeats:
        end = ["_index", "_parent_table_name", "_parent_index", *(f"_submission_{name}" for name in _SERVER)]
        tables[repeat] = [[*kobo_headers(form, repeat, how), *end]]
    for index, one in enumerate(listed, 1):
        meta = {"_id": str(100 + one.number), "_uuid": one.uuid, "_submission_time": "2026-11-20T02:40:00"}
        meta |= {"_status": "submitted_via_web", "__version__": "vAbCdEf", **one.meta}
        server = [meta.get(name, "") for name in _SERVER]
        tables[form.title].append([*cells("", one, one.values), *server, str(index)])
        for repeat in form.repeats:
            for values in one.repeats.get(repeat, ()):
                row = [*cells(repeat, one, values), str(len(tables[repeat])), form.title, str(index), *server]
                tables[repeat].append(row)
    return tables


def kobo_csv(path: Path, form: XForm, listed: list[Sent], how: Kobo, *, bom: bool = False) -> Path:
    """The CSV of an export: every cell in quotes, `;` between them, no repeats."""
    rows = _kobo_tables(form, listed, how)[form.title]
    text = "".join(";".join('"' + cell.replace('"', '""') + '"' for cell in row) + "\n" for row in rows)
    path.write_bytes((b"\xef\xbb\xbf" if bom else b"") + text.encode())
    return path


def kobo_xlsx(path: Path, form: XForm, listed: list[Sent], how: Kobo) -> Path:
    """The workbook of an export, a sheet for each repeat; ids and indexes are numbers."""
    book: Any = openpyxl.Workbook()
    del book[book.sheetnames[0]]
    for name, rows in _kobo_tables(form, listed, how).items():
        sheet = book.create_sheet(name[:31])
        for row in rows:
            numeric = {"_id", "_index", "_parent_index"}
            sheet.append(
                [
                    int(cell) if header in numeric and cell.isdigit() else cell or None
                    for header, cell in zip(rows[0], row, strict=True)
                ]
            )
    book.save(path)
    return path


def kobo_media(path: Path, listed: list[Sent], media: dict[str, bytes]) -> Path:
    """The zip of media that is downloaded apart."""
    with zipfile.ZipFile(path, "w") as archive:
        for one in listed:
            for name in media_of(one):
                archive.writestr(f"somebody/attachments/{'f' * 32}/{one.uuid}/{name}", media[name])
    return path
