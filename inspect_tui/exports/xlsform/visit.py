"""What a form asks beside the checklist, so that a phone can bring home a whole inspection.

The names here are those that `imports.odk` reads back. Groups and repeats are in capitals, so that no attribute of a
kind of site and no section can have one of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from inspect_tui.exports.xlsform.columns import both
from inspect_tui.records.model import DISPOSALS, SEVERITIES, SIGNATURES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from checklists.model import Checklist, SiteKind
    from inspect_tui.exports.xlsform.columns import Cells

OFFICERS: Final = 3
"""Places for officers; two are needed to submit."""
FINDINGS: Final = "FINDINGS"
PHOTOS: Final = "PHOTOS"
ITEMS: Final = "item"
"""The list of choices with all items, to which a finding or a further photo belongs."""


def _row(kind: str, name: str, zh: str, en: str, **more: str) -> Cells:
    return {"type": kind, "name": name, "label_zh": zh, "label_en": en, **more}


def opening(checklist: str, version: str, site_kinds: Sequence[str]) -> Iterator[Cells]:
    """The rows above the items: which checklist, the site, the start, the officers."""
    yield {"type": "start", "name": "start"}
    yield {"type": "end", "name": "end"}
    # Kobo's exports name neither, and an id of the server stands where the version was.
    yield {"type": "calculate", "name": "checklist_id", "calculation": f"'{checklist}'"}
    yield {"type": "calculate", "name": "checklist_version", "calculation": f"'{version}'"}
    yield _row("begin_group", "VISIT", "检查", "The visit")
    yield _row("text", "site_name", "检查对象名称", "Name of the site", required="yes")
    only = {"default": site_kinds[0]} if len(site_kinds) == 1 else {}
    yield _row("select_one site_kind", "site_kind", "对象类型", "Kind of site", required="yes", **only)
    yield _row(
        *("text", "site_area", "行政区代码（六位）", "Area code (six digits)"),
        required="yes",
        constraint="regex(., '^[1-9][0-9]{5}$')",
        constraint_message_zh="请填 GB/T 2260 六位代码，如 141102",
        constraint_message_en="Six digits of GB/T 2260, such as 141102",
    )
    yield _row("text", "site_address", "地址", "Address")
    yield _row("geopoint", "site_position", "位置", "Position")
    yield _row("text", "site_uscc", "统一社会信用代码", "Unified social credit code")
    yield _row("text", "site_responsible_party", "责任单位", "Responsible party")
    yield _row("dateTime", "started_at", "检查开始", "Start of the visit", required="yes", default="now()")
    for number in range(1, OFFICERS + 1):
        needed = {"required": "yes"} if number <= 2 else {}
        yield _row("text", f"officer_{number}_name", f"执法人员{number}姓名", f"Officer {number}: name", **needed)
        if number > 1:
            earlier = [f"${{officer_{each}_badge}}" for each in range(1, number)]
            needed |= {
                "constraint": " and ".join(f". != {each}" for each in earlier),
                "constraint_message_zh": "证号不能与他人相同",
                "constraint_message_en": "Another officer has that badge number",
            }
        yield _row(
            "text",
            f"officer_{number}_badge",
            f"执法人员{number}执法证号",
            f"Officer {number}: badge number",
            **needed,
        )
    yield {"type": "end_group"}


def closing() -> Iterator[Cells]:
    """The rows below the items: findings, further photos, the other party, the end."""
    # Nothing is required in a repeat: a phone offers the first one unasked, and it may stay empty.
    yield _row("begin_repeat", FINDINGS, "问题", "Findings")
    yield _row(f"select_one {ITEMS}", "finding_item", "问题所属检查项", "Item of the finding")
    yield _row("text", "finding_description", "问题描述", "Description of the finding")
    yield _row("select_one severity", "finding_severity", "严重程度", "Severity")
    yield _row("select_one disposal", "finding_disposal", "处理方式", "Disposal")
    yield _row(
        *("text", "finding_transfer_to", "移送单位", "Transferred to"),
        relevant="${finding_disposal} = 'transfer'",
        required="yes",
    )
    yield _row("date", "finding_due_date", "整改期限", "Due date")
    yield _row("text", "finding_due_reason", "期限理由", "Why this due date")
    yield {"type": "end_repeat"}
    yield _row("begin_repeat", PHOTOS, "更多照片", "Further photos")
    yield _row(f"select_one {ITEMS}", "photo_item", "照片所属检查项", "Item of the photo")
    yield _row("image", "photo", "照片", "Photo")
    yield _row("text", "photo_caption", "照片说明", "Caption of the photo")
    yield {"type": "end_repeat"}
    yield _row("begin_group", "CLOSING", "结束", "Closing")
    yield _row("text", "present_name", "被检查方在场人员姓名", "Other party: name")
    yield _row("text", "present_role", "在场人员职务", "Other party: role")
    yield _row("select_one signature", "present_signature", "在场人员签字情况", "Other party: signature")
    yield _row(
        *("text", "present_reason", "拒签或不在场的情况", "Why not signed, or why absent"),
        relevant="${present_signature} = 'refused' or ${present_signature} = 'absent'",
        required="yes",
    )
    yield _row("text", "visit_note", "检查备注", "Note on the visit")
    yield _row(
        *("dateTime", "ended_at", "检查结束", "End of the visit"),
        required="yes",
        constraint=". >= ${started_at}",
        constraint_message_zh="结束不能早于开始",
        constraint_message_en="The end cannot be before the start",
    )
    yield {"type": "end_group"}


def choices(site_kinds: Sequence[str], kinds: Mapping[str, SiteKind]) -> Iterator[Cells]:
    """The choices of these rows, those of the items aside."""
    for kind in site_kinds:
        if kind in kinds:
            yield {"list_name": "site_kind", "name": kind, **both("label", kinds[kind].title)}
    for name, words in (("severity", SEVERITIES), ("disposal", DISPOSALS), ("signature", SIGNATURES)):
        for word, title in words.items():
            yield {"list_name": name, "name": word, "label_zh": title.zh, "label_en": title.en}


def item_choices(checklist: Checklist) -> Iterator[Cells]:
    """The items to choose from."""
    for item in checklist.items():
        label = {"label_zh": f"{item.id} {item.question.zh}", "label_en": f"{item.id} {item.question.en}"}
        yield {"list_name": ITEMS, "name": item.id.replace("-", "_"), **label}
