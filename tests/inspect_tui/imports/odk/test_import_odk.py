"""`inspection import-odk`: what ODK Central and Kobo export comes in whole, once, and bad rows are refused by name."""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from inspect_tui.imports.odk import tables
from tests.inspect_tui.imports.odk.servers import (
    Kobo,
    Sent,
    central,
    central_zip,
    kobo_csv,
    kobo_media,
    kobo_xlsx,
    sent,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.inspect_tui.imports.odk.conftest import Run, Shoot
    from tests.inspect_tui.imports.odk.servers import XForm

TWO = [sent(1), sent(2)]


def take(cli: Run, *words: object, status: int = 0) -> dict[str, Any]:
    """Run the command and give its JSON."""
    ran = cli("inspection", "import-odk", *words, "--json")
    assert ran.status == status, ran.out + ran.err
    return dict(ran.json())


def problems(told: dict[str, Any]) -> list[dict[str, Any]]:
    """Those of refused submissions."""
    return [each for one in told["submissions"] if one["inspection"] is None for each in one["problems"]]


def recorded(cli: Run, inspection: str) -> dict[str, Any]:
    """What stands in the records."""
    return dict(cli("inspection", "show", inspection, "--json").json())


def log_lines(cli: Run) -> list[Any]:
    """The log as it stands."""
    return list(cli("log", "--json", "--limit", 10_000).json())


def pack(path: Path, form: XForm, listed: list[Sent], shoot: Shoot, **how: bool) -> Path:
    """A zip of Central with its media."""
    return central_zip(path, central(form, listed, **how), shoot(*listed))


Layout = "Callable[[Path, XForm, Shoot], list[Path]]"


def _central(*, groups: bool, unpacked: bool = False) -> Any:
    def make(folder: Path, form: XForm, shoot: Shoot) -> list[object]:
        path = pack(folder / "construction-dust.zip", form, TWO, shoot, groups=groups)
        if not unpacked:
            return [path]
        with zipfile.ZipFile(path) as archive:
            archive.extractall(folder / "unpacked")
        return [folder / "unpacked"]

    return make


def _single(folder: Path, form: XForm, shoot: Shoot) -> list[object]:
    _central(groups=True, unpacked=True)(folder, form, shoot)
    return [folder / "unpacked" / "construction-dust.csv"]


def _kobo(how: Kobo, *, media_inside: bool = False) -> Any:
    def make(folder: Path, form: XForm, shoot: Shoot) -> list[object]:
        export = folder / "export"
        export.mkdir()
        media = kobo_media(folder / "media.zip", TWO, shoot(*TWO))
        path = kobo_xlsx(export / "kobo.xlsx", form, TWO, how)
        if not media_inside:
            return [path, "--media", media]
        with zipfile.ZipFile(media) as archive:
            archive.extractall(export)
        return [export]

    return make


LAYOUTS = {
    "central": _central(groups=True),
    "central without groups": _central(groups=False),
    "central unpacked": _central(groups=True, unpacked=True),
    "central, its table": _single,
    "kobo xml": _kobo(Kobo()),
    "kobo Chinese": _kobo(Kobo("zh")),
    "kobo English": _kobo(Kobo("en", separator=" | ")),
    "kobo English without groups": _kobo(Kobo("en", groups=False, urls=True)),
    "kobo media unpacked": _kobo(Kobo(urls=True, separator="."), media_inside=True),
}


@pytest.mark.parametrize("make", LAYOUTS.values(), ids=LAYOUTS)
def test_every_layout_gives_the_same_inspections(
    make: Any, cli: Run, form: XForm, shoot: Shoot, tmp_path: Path, home: Path
) -> None:
    """Answers, value, reason, finding, both photos byte for byte; submitted, and nothing left aside."""
    told = take(cli, *make(tmp_path, form, shoot))
    assert [(one["row"], one["created"], one["state"]) for one in told["submissions"]] == [
        (2, True, "submitted"),
        (3, True, "submitted"),
    ]
    assert told["notes"] == told["refused_tables"] == []
    media = shoot(*TWO)
    for number, one in enumerate(told["submissions"], 1):
        shown = recorded(cli, one["inspection"])
        assert shown["site_name"] == f"示例工程{number}"
        assert (shown["started_at"], shown["ended_at"]) == ("2026-11-20T01:10:00Z", "2026-11-20T02:25:00Z")
        assert [each["badge"] for each in shown["officers"]] == ["14110200001", "14110200002"]
        assert shown["present"]["signature"] == "signed"
        answers = {each["item"]: each for each in shown["answers"]}
        assert {item: each["verdict"] for item, each in answers.items()} == {"CD-101": "fail", "CD-102": "pass"}
        assert answers["CD-101"]["reason"] == "围挡缺口\n约 12 m"
        assert [each["value"] for each in answers["CD-101"]["measured"]] == ["12.50"]
        photos = answers["CD-101"]["photos"]
        names = [f"1763600{number}.jpg", f"more{number}.jpg"]
        assert {each["file_name"]: each["sha256"] for each in photos} == {
            name: hashlib.sha256(media[name]).hexdigest() for name in names
        }
        stored = {path.read_bytes() for path in (home / "photos").rglob("*") if path.is_file()}
        assert {media[name] for name in names} <= stored
        assert [each["description"] for each in shown["finding_list"]] == ["围挡缺口"]
    site = cli("site", "list", "--json").json()[0]
    assert (site["kind"], site["area"]) == ("construction_site", "141102")


@pytest.mark.parametrize(
    ("how", "bom"),
    [(Kobo(), False), (Kobo(groups=False), True), (Kobo("zh"), True), (Kobo("en", groups=False, urls=True), False)],
)
def test_kobos_csv_comes_in_and_what_it_lacks_is_said(
    how: Kobo, bom: bool, cli: Run, form: XForm, shoot: Shoot, tmp_path: Path
) -> None:
    """It has no repeats: their photos lie in the zip unnamed, and both are told."""
    folder = tmp_path / "export"
    folder.mkdir()
    path = kobo_csv(folder / "kobo.csv", form, TWO, how, bom=bom)
    told = take(cli, path, "--media", kobo_media(tmp_path / "media.zip", TWO, shoot(*TWO)))
    assert [one["state"] for one in told["submissions"]] == ["submitted"] * 2
    assert [each["code"] for each in told["notes"]] == ["repeats_missing", "media_unused"]
    assert "more1.jpg" in told["notes"][1]["en"]
    answers = recorded(cli, told["submissions"][0]["inspection"])["answers"]
    assert answers[0]["reason"] == "围挡缺口\n约 12 m"
    assert len(answers[0]["photos"]) == 1


def test_the_same_export_changes_nothing_the_second_time(
    cli: Run, form: XForm, shoot: Shoot, tmp_path: Path
) -> None:
    """Nor does the same submission in another layout; the answer names the inspection it was taken in as."""
    path = pack(tmp_path / "a.zip", form, TWO, shoot)
    first = take(cli, path)
    before = log_lines(cli)
    again = take(cli, path)
    assert [(one["inspection"], one["created"]) for one in again["submissions"]] == [
        (one["inspection"], False) for one in first["submissions"]
    ]
    folder = tmp_path / "k"
    folder.mkdir()
    workbook = kobo_xlsx(folder / "k.xlsx", form, TWO, Kobo("zh"))
    other = take(cli, workbook, "--media", kobo_media(tmp_path / "m.zip", TWO, shoot(*TWO)))
    assert [one["inspection"] for one in other["submissions"]] == [
        one["inspection"] for one in first["submissions"]
    ]
    assert log_lines(cli) == before
    assert "此前已导入" in cli("inspection", "import-odk", path).out


def test_two_laptops_agree(bare: Run, cli: Run, form: XForm, shoot: Shoot, tmp_path: Path) -> None:
    """The same export gives the same rows."""
    path = pack(tmp_path / "a.zip", form, TWO, shoot)
    other = tmp_path / "other"
    assert bare("init", "--name", "检查员丙", "--badge", "14110200003", "--area", "141102", on=other).status == 0
    mine = [one["inspection"] for one in take(cli, path)["submissions"]]
    ran = bare("inspection", "import-odk", path, "--json", on=other)
    assert [one["inspection"] for one in ran.json()["submissions"]] == mine


@pytest.mark.parametrize("changed", [{"CD_101_gap": "13"}, {"started_at": "2026-11-20T09:30:00.000+08:00"}])
def test_a_submission_edited_at_the_server_is_refused_by_name(
    changed: dict[str, str], cli: Run, form: XForm, shoot: Shoot, tmp_path: Path
) -> None:
    """Central keeps its id; nothing is overwritten, whatever was edited, and the others come in."""
    first = take(cli, pack(tmp_path / "a.zip", form, [sent(1)], shoot))
    before = recorded(cli, first["submissions"][0]["inspection"])
    edited = pack(tmp_path / "b.zip", form, [sent(1, **changed), sent(2)], shoot)
    told = take(cli, edited, status=1)
    assert [each["code"] for each in problems(told)] == ["differs"]
    assert first["submissions"][0]["inspection"] in problems(told)[0]["en"]
    assert "row 2 (uuid:00000001" in problems(told)[0]["en"]
    assert told["submissions"][1]["created"]
    assert recorded(cli, first["submissions"][0]["inspection"]) == before


def test_kobo_gives_an_edited_submission_a_new_uuid_and_it_is_known_again(
    cli: Run, form: XForm, shoot: Shoot, tmp_path: Path
) -> None:
    """By its `_id` and the time of submission, which stay."""
    one = sent(1)
    edited = replace(sent(1, CD_102="fail", CD_102_REASON="低"), uuid="aaaaaaaa-0000-4000-8000-000000000000")
    media = kobo_media(tmp_path / "m.zip", [one, edited], shoot(one))
    folder = tmp_path / "k"
    folder.mkdir()
    take(cli, kobo_xlsx(folder / "a.xlsx", form, [one], Kobo()), "--media", media)
    told = take(cli, kobo_xlsx(folder / "b.xlsx", form, [edited], Kobo()), "--media", media, status=1)
    assert [each["code"] for each in problems(told)] == ["differs"]


def test_a_preview_writes_nothing_and_says_the_same(
    cli: Run, form: XForm, shoot: Shoot, tmp_path: Path, home: Path
) -> None:
    """What would come, what is refused, and whether it would be submitted; no log line and no photo."""
    listed = [sent(1), sent(2, officer_2_name=None, officer_2_badge=None), sent(3, CD_101="maybe")]
    path = pack(tmp_path / "a.zip", form, listed, shoot)
    before, files = log_lines(cli), sorted(home.rglob("*"))
    told = take(cli, path, "--preview", status=1)
    assert log_lines(cli) == before
    assert [each for each in sorted(home.rglob("*")) if each not in files and "workspace.db" not in each.name] == []
    real = take(cli, path, status=1)
    keys = ("row", "inspection", "created", "state", "said")
    assert [[one[key] for key in keys] for one in told["submissions"]] == [
        [one[key] for key in keys] for one in real["submissions"]
    ]
    assert [one["state"] for one in told["submissions"]] == ["submitted", "draft", ""]
    ran = cli("--lang", "en", "inspection", "import-odk", path, "--preview")
    assert "nothing was written" in ran.out


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({"officer_2_name": None, "officer_2_badge": None}, {"two_officers"}),
        ({"officer_2_badge": None}, {"two_officers", "officer_incomplete"}),
        ({"CD_102": "fail", "CD_102_REASON": "低"}, {"photo_missing"}),
        ({"CD_101_REASON": None}, {"reason_missing"}),
        ({"ended_at": "2026-11-20T08:00:00.000+08:00"}, {"end_before_start"}),
    ],
)
def test_what_cannot_be_submitted_stays_a_draft_and_says_why(
    changes: dict[str, str | None], codes: set[str], cli: Run, form: XForm, shoot: Shoot, tmp_path: Path
) -> None:
    """The record is safe, and what it lacks is named."""
    told = take(cli, pack(tmp_path / "a.zip", form, [sent(1, **changes)], shoot))
    one = told["submissions"][0]
    assert (one["state"], recorded(cli, one["inspection"])["state"]) == ("draft", "draft")
    assert codes & {each["code"] for each in one["problems"]}


def test_drafts_on_request(cli: Run, form: XForm, shoot: Shoot, tmp_path: Path) -> None:
    """And taking the export in again without it is no difference in what was said."""
    path = pack(tmp_path / "a.zip", form, [sent(1)], shoot)
    assert take(cli, path, "--drafts")["submissions"][0]["state"] == "draft"
    assert take(cli, path)["here"] == 1


@pytest.mark.parametrize(
    ("changes", "question", "word"),
    [
        ({"CD_101": "perhaps"}, "CD_101", "no choice"),
        ({"CD_101_gap": "about 12"}, "CD_101_gap", "not a number"),
        ({"CD_101_gap": "12,5"}, "CD_101_gap", "not a number"),
        ({"site_name": None}, "site_name", "not filled in"),
        ({"site_area": "99"}, "site_area", "six digits"),
        ({"site_area": None}, "site_area", "not filled in"),
        ({"started_at": "yesterday"}, "started_at", "not a time"),
        ({"started_at": None, "start": None}, "started_at", "no start"),
        ({"officer_1_badge": "1.4110200001E+10"}, "officer_1_badge", "rounded"),
        ({"officer_1_name": None}, "officer_1_name", "empty"),
        ({"site_position": "95 111"}, "site_position", "latitude"),
        ({"CD_101_PHOTO_1": "gone.jpg"}, "CD_101_PHOTO_1", "no file gone.jpg"),
        ({"CD_101_PHOTO_1": "../../secret.jpg"}, "CD_101_PHOTO_1", "leads out"),
        ({"CD_101_PHOTO_1": "/etc/passwd"}, "CD_101_PHOTO_1", "leads out"),
        ({"CD_101_PHOTO_1": "C:\\secret.jpg"}, "CD_101_PHOTO_1", "leads out"),
        ({"checklist_version": "2020.1.1"}, "checklist_version", "checklist import"),
        ({"checklist_id": "river-outfall"}, "checklist_id", "river-outfall"),
    ],
)
def test_a_bad_row_is_refused_by_file_row_submission_and_question(
    changes: dict[str, str | None], question: str, word: str, cli: Run, form: XForm, shoot: Shoot, tmp_path: Path
) -> None:
    """In one sentence in either language; the good row comes in; exit status 1."""
    meta = {"FormVersion": ""} if "checklist_version" in changes else {}
    listed = [replace(sent(1, **changes), meta=meta), sent(2)]
    media = shoot(sent(1), sent(2))
    told = take(cli, central_zip(tmp_path / "a.zip", central(form, listed), media), status=1)
    found = problems(told)
    assert len(found) == 1, found
    assert word in found[0]["en"]
    assert found[0]["en"].startswith(
        f"construction-dust.csv row 2 (uuid:00000001-0000-4000-8000-000000000000), {question}"
    )
    assert found[0]["zh"].startswith("construction-dust.csv 第 2 行（uuid:00000001-0000-4000-8000-000000000000）")
    assert found[0]["zh"].endswith("。")
    assert told["submissions"][1]["created"]
    assert len(cli("inspection", "list", "--json").json()) == 1


@pytest.mark.parametrize(
    ("meta", "code"),
    [
        ({"Status": "not decrypted"}, "not_readable"),
        ({"Status": "missing encrypted form data"}, "not_readable"),
        ({"ReviewState": "rejected"}, "rejected"),
        ({"FormVersion": "2027.1.1"}, "version_missing"),
        ({"KEY": ""}, None),
    ],
)
def test_what_the_server_says_of_a_submission_counts(
    meta: dict[str, str], code: str | None, cli: Run, form: XForm, shoot: Shoot, tmp_path: Path
) -> None:
    """Encrypted, rejected and other versions are refused; `meta-instanceID` does as well as `KEY`."""
    one = replace(sent(1), meta=meta, repeats={})
    told = take(cli, pack(tmp_path / "a.zip", form, [one], shoot), status=0 if code is None else 1)
    assert [each["code"] for each in problems(told)] == ([] if code is None else [code])


def test_central_versions_with_something_behind_and_issues(
    cli: Run, form: XForm, shoot: Shoot, tmp_path: Path
) -> None:
    """Central wants a new version at every upload; what is marked as having issues stays a draft."""
    one = replace(sent(1), meta={"FormVersion": f"{form.version}-b", "ReviewState": "hasIssues"})
    told = take(cli, pack(tmp_path / "a.zip", form, [one], shoot))
    assert told["submissions"][0]["state"] == "draft"
    assert "held" in {each["code"] for each in told["submissions"][0]["problems"]}


def test_without_media(cli: Run, form: XForm, tmp_path: Path, shoot: Shoot) -> None:
    """Each missing file is named; on request the rest comes in as a draft."""
    path = central_zip(tmp_path / "a.zip", central(form, TWO), {})
    told = take(cli, path, status=1)
    assert [each["code"] for each in problems(told)] == ["media_missing"] * 4
    assert {"CD_101_PHOTO_1", "PHOTOS[1] photo"} == {each["field"] for each in problems(told)}
    told = take(cli, path, "--without-media")
    assert [one["state"] for one in told["submissions"]] == ["draft", "draft"]
    media = dict(list(shoot(*TWO).items())[1:])
    some = central_zip(tmp_path / "b.zip", central(form, [sent(1)]), media)
    assert [each["code"] for each in problems(take(cli, some, "--without-media", status=1))] == ["differs"]


def test_a_photo_in_the_folder_of_another_submission_is_not_taken(
    cli: Run, form: XForm, shoot: Shoot, tmp_path: Path
) -> None:
    """Kobo's folders are named after submissions; the same file name in each is told apart, and never mixed up."""
    listed = [sent(1, CD_101_PHOTO_1="image.jpg"), sent(2, CD_101_PHOTO_1="image.jpg")]
    for one in listed:
        one.repeats.clear()
    photos = shoot(sent(1), sent(2))
    first, second = photos["17636001.jpg"], photos["17636002.jpg"]
    folder = tmp_path / "k"
    folder.mkdir()
    path = kobo_xlsx(folder / "k.xlsx", form, listed, Kobo())
    with zipfile.ZipFile(tmp_path / "m.zip", "w") as archive:
        archive.writestr(f"u/attachments/f/{listed[1].uuid}/image.jpg", second)
    told = take(cli, path, "--media", tmp_path / "m.zip", status=1)
    assert [(one["row"], one["inspection"] is None) for one in told["submissions"]] == [(2, True), (3, False)]
    with zipfile.ZipFile(tmp_path / "m.zip", "a") as archive:
        archive.writestr(f"u/attachments/f/{listed[0].uuid}/image.jpg", first)
    told = take(cli, path, "--media", tmp_path / "m.zip")
    shown = recorded(cli, told["submissions"][0]["inspection"])
    assert shown["answers"][0]["photos"][0]["sha256"] == hashlib.sha256(first).hexdigest()


def test_rows_of_repeats_without_their_submission_and_columns_nobody_knows_are_said(
    cli: Run, form: XForm, shoot: Shoot, tmp_path: Path
) -> None:
    """Nothing is left aside in silence."""
    files = central(form, [sent(1)])
    other = central(form, [sent(1), sent(9)])["construction-dust-PHOTOS.csv"]
    files["construction-dust-PHOTOS.csv"] = other
    files["construction-dust.csv"] = "\n".join(
        f"{line},colour" if number == 0 else line
        for number, line in enumerate(files["construction-dust.csv"].split("\n"))
    ).replace("2026.11.2\n", "2026.11.2,red\n")
    files["notes.csv"] = "a,b\n1,2\n"
    told = take(cli, central_zip(tmp_path / "a.zip", files, shoot(sent(1))))
    assert {each["code"] for each in told["notes"]} == {"not_read", "columns_unknown", "rows_without_submission"}


def test_a_photo_shared_by_a_symbolic_link_is_not_followed(
    cli: Run, form: XForm, shoot: Shoot, tmp_path: Path
) -> None:
    """Neither in a folder nor in a zip."""
    media = shoot(sent(1))
    folder = tmp_path / "folder"
    (folder / "media").mkdir(parents=True)
    for name, text in central(form, [sent(1)]).items():
        (folder / name).write_text(text, "utf-8")
    secret = tmp_path / "secret.jpg"
    secret.write_bytes(media["17636001.jpg"])
    (folder / "media" / "17636001.jpg").symlink_to(secret)
    (folder / "media" / "more1.jpg").write_bytes(media["more1.jpg"])
    assert ["a link" in each["en"] for each in problems(take(cli, folder, status=1))] == [True]
    path = central_zip(tmp_path / "a.zip", central(form, [sent(1)]), {"more1.jpg": media["more1.jpg"]})
    with zipfile.ZipFile(path, "a") as archive:
        link = zipfile.ZipInfo("media/17636001.jpg")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, str(secret))
    assert ["a link" in each["en"] for each in problems(take(cli, path, status=1))] == [True]


def test_damaged_files_are_refused_in_one_sentence(cli: Run, form: XForm, shoot: Shoot, tmp_path: Path) -> None:
    """A zip cut short, a text, an old workbook, a table that is not UTF-8, one whose quotes do not pair; no traceback."""
    good = pack(tmp_path / "a.zip", form, [sent(1)], shoot).read_bytes()
    table = central(form, [sent(1), sent(2)])["construction-dust.csv"].encode()
    bad = {
        "cut.zip": good[: len(good) // 2],
        "empty.csv": b"",
        "text.csv": "随便写的".encode(),
        "old.xlsx": b"\xd0\xcf\x11\xe0" + bytes(600),
        "zeros.csv": bytes(4000),
        "none.zip": b"PK\x05\x06" + bytes(18),
    }
    for name, data in bad.items():
        folder = tmp_path / name.replace(".", "_")
        folder.mkdir()
        (folder / name).write_bytes(data)
        ran = cli("inspection", "import-odk", folder / name)
        assert ran.status == 1, name
        assert "Traceback" not in ran.err
        assert ran.err.strip(), name
    folder = tmp_path / "t"
    folder.mkdir()
    path = folder / "construction-dust.csv"
    path.write_bytes(table.replace("示例工程1".encode(), "示例工程1".encode("gbk")))
    told = take(cli, path, "--without-media", status=1)
    assert "not UTF-8" in problems(told)[0]["en"]
    assert told["submissions"][1]["created"]
    path.write_bytes(table.replace("示例工程2".encode(), b'"x'))
    told = take(cli, path, "--without-media", status=1)
    assert "quotes" in problems(told)[0]["en"]
    path.write_bytes(table[: len(table) - 30])
    assert "cells" in problems(take(cli, path, "--without-media", status=1))[0]["en"]


def test_a_table_larger_than_any_honest_one_is_not_taken(
    cli: Run, form: XForm, shoot: Shoot, tmp_path: Path
) -> None:
    """Too many rows or columns: nothing of it is recorded, one sentence says why."""
    text = central(form, [sent(1)])["construction-dust.csv"]
    header = text.split("\n", 1)[0]
    folder = tmp_path / "t"
    folder.mkdir()
    for data, word in (
        (text + "x\n" * tables.MAX_ROWS, f"more than {tables.MAX_ROWS} rows"),
        (header + ",x" * tables.MAX_COLUMNS + "\n", f"more than {tables.MAX_COLUMNS} columns"),
    ):
        (folder / "construction-dust.csv").write_text(data, "utf-8")
        ran = cli("--lang", "en", "inspection", "import-odk", folder)
        assert ran.status == 1
        assert word in ran.err
        assert cli("inspection", "list", "--json").json() == []


def test_a_form_that_did_not_ask_for_the_site(cli: Run, form: XForm, shoot: Shoot, tmp_path: Path) -> None:
    """It is named on the command line."""
    words = ("site", "add", "--name", "某工地", "--kind", "construction_site", "--area", "141102", "--json")
    site = cli(*words).json()
    one = sent(1, site_name=None, site_kind=None, site_area=None, site_address=None, site_position=None)
    path = pack(tmp_path / "a.zip", form, [one], shoot)
    told = take(cli, path, "--site", site["id"] if isinstance(site, dict) else site[0]["id"])
    assert told["submissions"][0]["said"]["site"] == "某工地"


def test_briefcase_writes_times_its_own_way(cli: Run, form: XForm, shoot: Shoot, tmp_path: Path) -> None:
    """`Nov 20, 2026 9:10:00 AM`, without a zone: read as Beijing time, and said."""
    one = sent(1, started_at="Nov 20, 2026 9:10:00 AM", ended_at="Nov 20, 2026 1:25:00 PM")
    told = take(cli, pack(tmp_path / "a.zip", form, [one], shoot))["submissions"][0]
    shown = recorded(cli, told["inspection"])
    assert (shown["started_at"], shown["ended_at"]) == ("2026-11-20T01:10:00Z", "2026-11-20T05:25:00Z")
    assert "zone_assumed" in {each["code"] for each in told["problems"]}


def test_a_folder_with_everything_that_was_downloaded(cli: Run, form: XForm, shoot: Shoot, tmp_path: Path) -> None:
    """Kobo's table and the zip of its media in one folder."""
    folder = tmp_path / "downloads"
    folder.mkdir()
    kobo_xlsx(folder / "k.xlsx", form, TWO, Kobo("zh"))
    shutil.move(kobo_media(tmp_path / "m.zip", TWO, shoot(*TWO)), folder / "media.zip")
    told = take(cli, folder)
    assert (told["new"], told["notes"]) == (2, [])


def test_csv_and_workbook_of_one_export_in_one_folder(cli: Run, form: XForm, shoot: Shoot, tmp_path: Path) -> None:
    """The one with the repeats counts, and that the other was left is said."""
    folder = tmp_path / "downloads"
    folder.mkdir()
    kobo_csv(folder / "a.csv", form, TWO, Kobo())
    kobo_xlsx(folder / "b.xlsx", form, TWO, Kobo())
    told = take(cli, folder, "--media", kobo_media(tmp_path / "m.zip", TWO, shoot(*TWO)))
    assert [(one["created"], one["said"].get("findings")) for one in told["submissions"][:2]] == [(True, 1)] * 2
    assert [[each["code"] for each in one["problems"]] for one in told["submissions"][2:]] == [["twice"]] * 2


def test_people_get_a_line_a_submission(cli: Run, form: XForm, shoot: Shoot, tmp_path: Path) -> None:
    """With what came, and a sum at the end, in either language."""
    path = pack(tmp_path / "a.zip", form, [sent(1), sent(2, CD_101="x")], shoot)
    ran = cli("--lang", "en", "inspection", "import-odk", path)
    assert ran.status == 1
    assert "taken in and submitted as" in ran.out
    assert "photos: 2, findings: 1" in ran.out
    assert "✗ construction-dust.csv row 3 (uuid:00000002" in ran.out
    assert ran.out.rstrip().endswith("Taken in: 1, taken in before: 0, refused: 1.")
    assert json.loads(cli("inspection", "list", "--json").out)
