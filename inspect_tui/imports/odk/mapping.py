"""A submission as `inspection load` takes it, and what each of its values is called in the form."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from inspect_tui.exports.xlsform import visit
from inspect_tui.exports.xlsform.columns import BELOW_DETECTION
from inspect_tui.imports.odk.columns import URL, VALUE, Place
from inspect_tui.imports.odk.problems import problem
from inspect_tui.records import times
from inspect_tui.records.rules import NO_BADGE
from inspect_tui.texts import Refused

if TYPE_CHECKING:
    from checklists.model import Item
    from inspect_tui.imports.odk.submissions import Repeated, Submission, Values
    from inspect_tui.records.load_json import Steps
    from inspect_tui.records.model import Problem
    from inspect_tui.texts import Text

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_BRIEFCASE: Final = re.compile(
    r"(?P<month>[A-Za-z]{3})[a-z]* (?P<day>\d{1,2}), (?P<year>\d{4})"
    r"(?:,? (?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d))?[ \u202f]?(?P<half>[AP]M)?)?",
    re.IGNORECASE,
)
_DEGREES: Final = re.compile(r"-?[0-9]{1,3}(?:\.[0-9]{1,20})?")
_SCIENTIFIC: Final = re.compile(r"[0-9](?:[.,][0-9]+)?[eE]\+?[0-9]+")
_SITE: Final = {
    "site_name": "name",
    "site_kind": "kind",
    "site_area": "area",
    "site_address": "address",
    "site_uscc": "uscc",
    "site_responsible_party": "responsible_party",
}
_FINDING: Final = {
    "finding_description": "description",
    "finding_severity": "severity",
    "finding_disposal": "disposal",
    "finding_transfer_to": "transfer_to",
    "finding_due_date": "due_date",
    "finding_due_reason": "due_reason",
}


class Mapped:
    """What a submission says.

    Attributes:
        tree: As `inspection load` takes it; photos stand in it as the cells name them.
        names: What its values are called in the form, by their path.
        photos: Where in the tree a photo stands → the cell, and what the question is called.
        problems: Why it cannot be taken.
        warnings: What is to be said of it besides.
    """

    def __init__(self, said: Submission, site: dict[str, str] | None = None) -> None:
        self._said = said
        self._fallback = site or {}
        self._form = said.form
        self._where = said.where
        self.tree: dict[str, Any] = {}
        self.names: dict[tuple[str | int, ...], str] = {}
        self.photos: list[tuple[Steps, str, str]] = []
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []
        self._answers: dict[str, tuple[int, dict[str, Any]]] = {}
        self._site()
        self._visit()
        for item in self._form.checklist.items():
            self._item(item)
        for number, row in enumerate(said.repeats.get(visit.FINDINGS, ()), 1):
            self._finding(row, f"{visit.FINDINGS}[{number}]")
        for number, row in enumerate(said.repeats.get(visit.PHOTOS, ()), 1):
            self._photo(row, f"{visit.PHOTOS}[{number}]")
        self.tree["answers"] = [answer for _, answer in self._answers.values()]

    # Cells.

    def _tell(self, question: str, zh: str, en: str, *, where: Text | None = None, code: str = "refused") -> None:
        self.problems.append(problem(where or self._where, question, zh, en, code=code))

    def _warn(self, question: str, zh: str, en: str, code: str) -> None:
        self.warnings.append(problem(self._where, question, zh, en, code=code))

    def _get(self, name: str, values: Values | None = None, *, where: Text | None = None) -> str:
        """The answer to a question, choices by their name; empty where there is none."""
        text = (self._said.values if values is None else values).get(Place(name, VALUE), "")
        question = self._form.questions.get(name)
        if not text or question is None or question.kind != "select_one":
            return text
        if (choice := self._form.choice(question, text)) is None:
            allowed = list(dict.fromkeys(self._form.choices.get(question.choices, {}).values()))
            listed = "、".join(allowed[:8]) + ("…" if len(allowed) > 8 else "")
            self._tell(
                name,
                f"没有选项“{text[:40]}”；可选 {listed}",
                f"there is no choice '{text[:40]}'; one of {listed.replace('、', ', ')}",
                where=where,
            )
            return ""
        return choice

    def _put(self, into: dict[str, Any], key: str, path: Steps, name: str, text: str) -> None:
        self.names[*path, key] = name
        if text:
            into[key] = text

    def _moment(self, key: str, *names: str) -> None:
        """The first of the times that is given."""
        for name in names:
            text = self._said.values.get(Place(name, VALUE), "")
            if not text:
                continue
            self.names[key,] = name
            try:
                found = times.parse(_iso(text))
            except Refused as refused:
                self._tell(name, refused.zh, refused.en)
                return
            if not re.search(r"(?:Z|[+-]\d\d:?\d\d|[+-]\d\d)$", _iso(text)):
                self._warn(
                    name,
                    f"时间 {text[:40]} 没有时区，按北京时间（+08:00）读",
                    f"the time {text[:40]} has no zone and was read as Beijing time (+08:00)",
                    "zone_assumed",
                )
            self.tree[key] = found.isoformat()
            return
        self.names[key,] = names[0]
        if key == "started_at":
            self._tell(names[0], "没有开始时间", "there is no start")

    # Parts of an inspection.

    def _site(self) -> None:
        site: dict[str, Any] = {}
        kinds = self._form.checklist.site_kinds
        for name, key in _SITE.items():
            self._put(site, key, ["site"], name, self._get(name))
        if not self._said.values.get(Place("site_name", VALUE)):
            site |= self._fallback
        if "kind" not in site and len(kinds) == 1 and not self._said.values.get(Place("site_kind", VALUE)):
            site["kind"] = kinds[0]
        for name in ("site_name", "site_kind", "site_area"):
            if _SITE[name] not in site and not self._said.values.get(Place(name, VALUE)):
                self._tell(name, "没有填写，不知是哪个检查对象", "is not filled in, so the site is not known")
        if (code := site.get("area", "")) and re.fullmatch(r"[1-9][0-9]{5}\.0", code):
            site["area"] = code[:6]
        for name in ("site_uscc", "site_area"):
            self._whole(name)
        self._position(site)
        self.tree["site"] = site
        self.tree["checklist"] = self._form.checklist.id
        self.names["site",] = "VISIT"
        self.names["checklist",] = "checklist_id"

    def _position(self, site: dict[str, Any]) -> None:
        values, name = self._said.values, "site_position"
        latitude = values.get(Place(name, "latitude"), "")
        longitude = values.get(Place(name, "longitude"), "")
        whole = values.get(Place(name, VALUE), "").split()
        if not latitude and not longitude and whole:
            if len(whole) < 2:
                self._tell(
                    name, "应为“纬度 经度 海拔 精度”", "a position is 'latitude longitude altitude accuracy'"
                )
                return
            latitude, longitude = whole[:2]
        self.names["site", "latitude"] = self.names["site", "longitude"] = name
        if latitude or longitude:
            if not (_within(latitude, 90) and _within(longitude, 180)):
                self._tell(
                    name,
                    f"“{latitude[:20]} {longitude[:20]}”不是纬度和经度（度）",
                    f"'{latitude[:20]} {longitude[:20]}' is no latitude and longitude in degrees",
                )
                return
            site |= {"latitude": latitude, "longitude": longitude, "position_source": "gps"}

    def attributes(self, scopes: dict[str, str]) -> None:
        """Take what was said about the site; what holds on the day only is of the visit.

        Args:
            scopes: Attribute of the kind of site → `site` or `visit`.
        """
        lasting: dict[str, str] = {}
        today: dict[str, str] = {}
        for name, question in self._form.questions.items():
            if question.choices.startswith("attribute_") and (value := self._get(name)):
                if scopes.get(name) == "site":
                    lasting[name] = value
                today[name] = value
        if lasting:
            self.tree["site"]["attributes"] = lasting
        if today:
            self.tree["attributes"] = today

    def _visit(self) -> None:
        self._moment("started_at", "started_at", "start")
        self._moment("ended_at", "ended_at", "end")
        officers: list[dict[str, str]] = []
        for number in range(1, visit.OFFICERS + 1):
            name, badge = self._get(f"officer_{number}_name"), self._get(f"officer_{number}_badge")
            self._whole(f"officer_{number}_badge")
            if name or badge:
                self.names["officers", len(officers)] = f"officer_{number}_badge"
                self.names["officers", len(officers), "name"] = f"officer_{number}_name"
                officers.append({"name": name, "badge": badge or NO_BADGE})
        self.names["officers",] = "officer_1_badge"
        self.tree["officers"] = officers
        note = [self._get("visit_note")]
        present = {key: self._get(f"present_{key}") for key in ("name", "role", "signature", "reason")}
        if present["signature"]:
            self.tree["present"] = present
            for key in present:
                self.names["present", key] = f"present_{key}"
        elif any(present.values()):
            # Nobody said whether they signed, and nothing here says it for them.
            note.append("在场人员：" + "，".join(text for text in present.values() if text))
            self._warn(
                "present_signature",
                "没有填写签字情况；在场人员记入备注",
                "is not filled in; who was present stands in the note",
                "signature_missing",
            )
        self.tree["note"] = "\n".join(text for text in note if text)
        self.names["note",] = "visit_note"

    def _whole(self, name: str) -> None:
        """Refuse a long number that a spreadsheet has rounded."""
        text = self._said.values.get(Place(name, VALUE), "")
        if _SCIENTIFIC.fullmatch(text):
            self._tell(
                name,
                f"“{text[:40]}”是表格软件改写过的数字，已失去末几位；请用服务器导出的原文件",
                f"'{text[:40]}' is a number that a spreadsheet has rounded; use the file as the server exported it",
            )

    def _answer(self, item_id: str, question: str) -> tuple[list[str | int], dict[str, Any]]:
        """The answer to an item, and its path; a new one where nothing was said about it yet."""
        if item_id not in self._answers:
            self._answers[item_id] = (len(self._answers), {"item": item_id})
        index, answer = self._answers[item_id]
        self.names.setdefault(("answers", index), question)
        return ["answers", index], answer

    def _item(self, item: Item) -> None:
        name = item.id.replace("-", "_")
        said: dict[str, Any] = {}
        verdict, reason = self._get(name), self._get(f"{name}_REASON")
        if verdict:
            said["verdict"] = verdict
        if reason:
            said["reason" if verdict in {"fail", "n_a"} else "note"] = reason
        measured: list[tuple[str, dict[str, str]]] = []
        for each in item.measurements:
            question = f"{name}_{each.id}"
            value, below = self._get(question), self._get(question + BELOW_DETECTION)
            if value and below:
                self._tell(
                    question + BELOW_DETECTION,
                    "测量值和检出限只能填一个",
                    "either the value or the detection limit is filled in, not both",
                )
            elif value or below:
                key = "value" if value else "below_detection_limit"
                question = question if value else question + BELOW_DETECTION
                measured.append((question, {"quantity": each.id, "unit": each.unit, key: value or below}))
        shots = []
        for number in range(1, len(item.photos) + 1):
            question = f"{name}_PHOTO_{number}"
            if cell := self._medium(self._said.values, question):
                shots.append((cell, question, ""))
        if not (said or measured or shots):
            return
        path, answer = self._answer(item.id, name)
        answer |= said
        self.names[*path, "verdict"] = name
        self.names[*path, "reason"] = self.names[*path, "note"] = f"{name}_REASON"
        for number, (question, value_of) in enumerate(measured):
            if number == 0:
                answer |= value_of
                for key in value_of:
                    self.names[*path, key] = question
            else:
                self.names[*path, "measurements", number - 1] = question
                answer.setdefault("measurements", []).append(value_of)
        for cell, question, caption in shots:
            self._shot(item.id, question, cell, caption)

    def _medium(self, values: Values, name: str) -> str:
        """The file name of a photo, or its address where only that is given."""
        return values.get(Place(name, VALUE), "") or values.get(Place(name, URL), "")

    def _shot(self, item_id: str, question: str, cell: str, caption: str) -> None:
        path, answer = self._answer(item_id, question)
        photos = answer.setdefault("photos", [])
        if cell in (photo["path"] if isinstance(photo, dict) else photo for photo in photos):
            return
        place = [*path, "photos", len(photos)]
        self.names[tuple(place)] = question
        photos.append({"path": cell, "caption": caption} if caption else cell)
        self.photos.append((place, cell, question))

    def _of(self, row: Repeated, name: str, what: str) -> str:
        """The item that a row of a repeat belongs to; empty where that is not known, and told."""
        chosen = self._get(name, row.values, where=row.where)
        if not chosen:
            if not row.values.get(Place(name, VALUE)):
                self._tell(f"{what} {name}", "没有选检查项", "no item was chosen", where=row.where)
            return ""
        return chosen.replace("_", "-", 1)

    def _finding(self, row: Repeated, what: str) -> None:
        told = {key: self._get(name, row.values, where=row.where) for name, key in _FINDING.items()}
        if not any(row.values.values()):
            return
        item_id = self._of(row, "finding_item", what)
        if not told["description"]:
            self._tell(f"{what} finding_description", "没有填写问题描述", "is not filled in", where=row.where)
            return
        if not item_id:
            return
        if told["due_date"]:
            told["due_date"] = _iso(told["due_date"])[:10]
        path, answer = self._answer(item_id, f"{what} finding_item")
        findings = answer.setdefault("findings", [])
        place = (*path, "findings", len(findings))
        self.names[place] = what
        for name, key in _FINDING.items():
            self.names[*place, key] = f"{what} {name}"
        findings.append({key: text for key, text in told.items() if text})

    def _photo(self, row: Repeated, what: str) -> None:
        cell, caption = self._medium(row.values, "photo"), self._get("photo_caption", row.values)
        if not any(row.values.values()):
            return
        item_id = self._of(row, "photo_item", what)
        if not cell:
            self._tell(f"{what} photo", "没有照片", "there is no photo", where=row.where)
        elif item_id:
            self._shot(item_id, f"{what} photo", cell, caption)


def _within(text: str, most: int) -> bool:
    return bool(_DEGREES.fullmatch(text)) and abs(Decimal(text)) <= most


def _iso(text: str) -> str:
    """A time as ISO 8601, from how Briefcase writes it: `Nov 20, 2026 9:10:00 AM`."""
    match = _BRIEFCASE.fullmatch(text.strip())
    if match is None or match["month"].casefold() not in _MONTHS:
        return text.strip()
    hour = int(match["hour"] or 0)
    if match["half"]:
        hour = hour % 12 + (12 if match["half"].upper() == "PM" else 0)
    month = _MONTHS.index(match["month"].casefold()) + 1
    day = f"{match['year']}-{month:02}-{int(match['day']):02}"
    return f"{day}T{hour:02}:{match['minute'] or '00'}:{match['second'] or '00'}"
