"""The findings CSV: columns, joins, hostile texts, constant memory, whole files or none."""

from __future__ import annotations

import csv
import datetime as dt
import io
import os
import shutil
import subprocess
import tracemalloc
import zipfile
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from inspect_tui.exports.columns import CODES, COLUMNS, Headers
from inspect_tui.exports.findings_csv import export_findings, finding_records, write_findings
from inspect_tui.texts import Refused

if TYPE_CHECKING:
    from pathlib import Path

    from inspect_tui.records.workspace import Workspace
    from tests.inspect_tui.exports.conftest import Put

DAY = dt.date(2026, 11, 25)
HOSTILE = (
    '=HYPERLINK("http://x")',
    "[HW49]标识旁 [/] 裸露",
    '第一行\r\n第二行,"引号"',
    "a\x01b\x1b[31m",
    "\u202egpj.exe",
    "长" * 10_000,
    "007",
    "911403001234567890",
)


def _written(workspace: Workspace) -> bytes:
    target = io.BytesIO()
    write_findings(workspace, target, headers="code", day=DAY)
    return target.getvalue()


def test_columns_are_those_of_the_contract() -> None:
    """Scripts rely on these codes in this order."""
    assert ",".join(CODES) == (
        "finding_id,inspection_id,area_code,area_name,site_id,site_name,site_kind,uscc,checklist_id,"
        "checklist_version,item_id,item_title,legal_basis,plan_section,severity,description,competent_authority,"
        "disposal,transfer_to,measured_value,unit,limit_value,exceedance,status,found_at,due_date,closed_at,"
        "overdue_days,longitude,latitude,position_source,inspectors,badges,device,photo_count,photo_sha256,warnings,"
        "conflict"
    )


@pytest.mark.parametrize("headers", ["zh", "en", "code"])
def test_headers_come_in_three_kinds(workspace: Workspace, headers: Headers) -> None:
    """Byte order mark, one header line, CRLF, every title once."""
    target = io.BytesIO()
    write_findings(workspace, target, headers=headers)
    assert target.getvalue().startswith(b"\xef\xbb\xbf")
    titles = target.getvalue().decode("utf-8-sig").removesuffix("\r\n").split(",")
    assert titles == [column.header(headers) for column in COLUMNS]
    assert len(set(titles)) == len(COLUMNS)


def test_a_finding_with_everything_is_joined(workspace: Workspace, put: Put) -> None:
    """Golden line: names, times in Shanghai, days overdue, photos of its item only, conflict."""
    put("sites", id="s1", name="示例工程", kind="construction_site", uscc="91350100M000100Y43")
    put("findings", conflict='["due_date","severity"]')
    photo = {"inspection": "i1", "item": "CD-101"}
    put("photos", id="p1", sha256="bb", warning_codes="far;reused", **photo)
    put("photos", id="p2", sha256="aa", warning_codes="far", **photo)
    put("photos", id="p3", sha256="cc", warning_codes="edited", void_at="2026", **photo)
    put("photos", id="p4", sha256="dd", finding="another", **photo)
    put("photos", id="p5", sha256="ee", finding="x", follow_up="f", **photo)
    put("photos", id="p6", sha256="ff", inspection="i1", item="CD-102")
    line = _written(workspace).decode("utf-8-sig").split("\r\n")[1]
    assert line == (
        "01a1ec61-e100-8410-b2a1-000000000001,i1,141102,离石区,s1,示例工程,construction_site,91350100M000100Y43,"
        "construction-dust,2026.11.1,CD-101,围挡,某法,第五章第四节,major,缺口,住建,order,,12,m,0,0.3,open,"
        "2026-11-20T09:10:00+08:00,2026-11-21,,4,111.150200,37.518900,exif,甲;乙,14110200001;14110200002,甲@laptop,"
        "2,aa;bb,far;reused,due_date;severity"
    )


def test_a_finding_with_nothing_is_a_row_all_the_same(workspace: Workspace, put: Put) -> None:
    """Empty cells, zero photos, unknown area by its code, nonsense dates left as they are."""
    empty = dict.fromkeys(("inspection", "site", "item", "value", "status", "description", "longitude", "latitude"))
    put("findings", **empty, area="999999", found_at="gestern", due_date="x", below_detection="0.01")
    row = next(finding_records(workspace, day=DAY))
    assert row["area_name"] == "999999"
    assert (row["found_at"], row["due_date"], row["overdue_days"]) == ("gestern", "x", "0")
    assert (row["measured_value"], row["photo_count"], row["photo_sha256"]) == ("<0.01", "0", "")


@pytest.mark.parametrize(
    ("status", "due", "days"),
    [
        ("open", "2026-11-24", "1"),
        ("replied", "2026-10-26", "30"),
        ("open", "2026-11-25", "0"),
        ("closed", "2026-11-01", "0"),
        ("open", None, "0"),
    ],
)
def test_days_overdue(workspace: Workspace, put: Put, status: str, due: str | None, days: str) -> None:
    """Only what waits for correction is overdue, from the day after its due date."""
    put("findings", status=status, due_date=due)
    assert next(finding_records(workspace, day=DAY))["overdue_days"] == days


def test_hostile_texts_come_out_harmless_and_the_others_untouched(workspace: Workspace, put: Put) -> None:
    """Among many plain rows each hostile one is guarded; JSON has the text as recorded; order is that of ids."""
    for number in range(300):
        text = HOSTILE[number // 40] if number % 40 == 7 else "普通描述"
        put("findings", id=f"01a1ec61-e100-8410-b2a1-{number:012}", description=text, transfer_to=text)
    rows = list(csv.DictReader(io.StringIO(_written(workspace).decode("utf-8-sig"), newline="")))
    assert [row["finding_id"] for row in rows] == sorted(row["finding_id"] for row in rows)
    found = [row["description"] for row in rows if row["description"] != "普通描述"]
    assert found == [
        '\'=HYPERLINK("http://x")',
        "[HW49]标识旁 [/] 裸露",
        '第一行\r\n第二行,"引号"',
        "a␁b␛[31m",
        "<U+202E>gpj.exe",
        "长" * 10_000,
        "'007",
        "'911403001234567890",
    ]
    raw = [row["description"] for row in finding_records(workspace, day=DAY) if row["description"] != "普通描述"]
    assert tuple(raw) == HOSTILE


def test_free_text_stays_text_in_every_row(workspace: Workspace, put: Put) -> None:
    """What a spreadsheet would turn into something else is guarded where people wrote it, numbers and dates are not."""
    said = ("1e10", "2026-11-20", "1/2", "TRUE", "3.10", "12 m", "'=1", "Smith", "甲")
    for number, text in enumerate(said):
        put("findings", id=f"01a1ec61-e100-8410-b2a1-{number:012}", description=text, transfer_to=text)
    rows = list(csv.DictReader(io.StringIO(_written(workspace).decode("utf-8-sig"), newline="")))
    wanted = ["'1e10", "'2026-11-20", "'1/2", "'TRUE", "'3.10", "12 m", "''=1", "Smith", "甲"]
    assert [row["description"] for row in rows] == [row["transfer_to"] for row in rows] == wanted
    assert {(row["due_date"], row["measured_value"], row["longitude"]) for row in rows} == {
        ("2026-11-21", "12", "111.150200")
    }


def test_only_the_wanted_findings_come(workspace: Workspace, put: Put) -> None:
    """Ids select; unknown ones select nothing."""
    for number in range(3):
        put("findings", id=f"01a1ec61-e100-8410-b2a1-{number:012}")
    wanted = "01a1ec61-e100-8410-b2a1-000000000001"
    assert [row["finding_id"] for row in finding_records(workspace, ids=[wanted, "nothing"])] == [wanted]


def test_memory_does_not_grow_with_rows(workspace: Workspace, put: Put) -> None:
    """Three times as many rows need no more memory."""

    class Nowhere(io.BytesIO):
        def write(self, data: Any) -> int:
            return len(data)

    peaks = []
    made = 0
    for rows in (6_000, 18_000):
        workspace.replica.connection.execute("BEGIN")
        for number in range(made, rows):
            put("findings", id=f"01a1ec61-e100-8410-b2a1-{number:012}")
        workspace.replica.connection.execute("COMMIT")
        made = rows
        tracemalloc.start()
        assert write_findings(workspace, Nowhere()) == rows
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] * 1.2


def test_a_failed_export_leaves_the_old_file(workspace: Workspace, put: Put, tmp_path: Path) -> None:
    """What cannot be written whole is not written, and nothing lies around."""
    put("findings")
    path = tmp_path / "out" / "x.csv"
    with pytest.raises(Refused):
        export_findings(workspace, path)
    path.parent.mkdir()
    path.write_text("old")

    def fail(_: int) -> None:
        raise OSError(28, os.strerror(28))

    with pytest.raises(Refused):
        export_findings(workspace, path, progress=fail)
    assert path.read_text() == "old"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_libreoffice_shows_chinese_and_takes_hostile_cells_for_text(
    workspace: Workspace, put: Put, tmp_path: Path
) -> None:
    """Converted to xlsx, hostile and long-digit cells are strings, numbers are numbers, Chinese is Chinese."""
    for number, text in enumerate(HOSTILE[:4] + HOSTILE[6:]):
        put("findings", id=f"01a1ec61-e100-8410-b2a1-{number:012}", description=text)
    export_findings(workspace, tmp_path / "f.csv", day=DAY)
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    words = ["soffice", profile, "--headless", "--infilter=CSV:44,34,76,1", "--convert-to", "xlsx", "--outdir"]
    subprocess.run([*words, tmp_path, tmp_path / "f.csv"], check=True, capture_output=True, timeout=120)
    table = _sheet(tmp_path / "f.xlsx")
    titles = [text for _, text in table[0]]
    assert titles == [column.title.zh for column in COLUMNS]
    description = CODES.index("description")
    kinds = {kind for kind, _ in (row[description] for row in table[1:])}
    assert kinds == {"s"}
    texts = [row[description][1] for row in table[1:]]
    assert texts[0].startswith("'=HYPERLINK")
    assert texts[-1] == "'911403001234567890"
    assert all(row[CODES.index("overdue_days")][0] == "n" for row in table[1:])


def _sheet(path: Path) -> list[list[tuple[str, str]]]:
    """The cells of the first sheet as (kind, text); kind `s` is a string, `n` a number."""
    name = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    with zipfile.ZipFile(path) as archive:
        shared = ET.fromstring(archive.read("xl/sharedStrings.xml"))  # noqa: S314  our own file
        sheet = ET.fromstring(archive.read("xl/worksheets/sheet1.xml"))  # noqa: S314  our own file
    assert sheet.find(f".//{name}f") is None, "a cell became a formula"
    texts = ["".join(each.itertext()) for each in shared.iter(f"{name}si")]
    rows: list[list[tuple[str, str]]] = []
    for row in sheet.iter(f"{name}row"):
        cells = {}
        for cell in row.iter(f"{name}c"):
            letters = "".join(filter(str.isalpha, cell.get("r", "")))
            place = 0
            for letter in letters:
                place = place * 26 + ord(letter) - 64
            value = cell.findtext(f"{name}v") or ""
            kind = cell.get("t", "n")
            cells[place - 1] = (kind, texts[int(value)] if kind == "s" and value else value)
        rows.append([cells.get(place, ("", "")) for place in range(len(COLUMNS))])
    return rows
