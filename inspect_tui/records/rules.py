"""What an inspection must respect, as pure functions: facts in, problems out. No database, no clock.

The sources of each rule are in DESIGN part 10; where a law stands behind one, its sentence names it.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from inspect_tui.records import uscc
from inspect_tui.records.model import Problem
from inspect_tui.texts import Refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from inspect_tui.records.model import Officer, Present, SiteInput, State

MAX_LINE: Final = 500
"""Longest name, address or badge, in characters."""
MAX_TEXT: Final = 20_000
"""Longest note or description, in characters; a changeset holds at most 1 MiB."""
MIN_OFFICERS: Final = 2
"""行政处罚法 art. 42: at least two officers."""

_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")
_AREA: Final = re.compile(r"[1-9][0-9]{5}")


def clean_line(text: str) -> str:
    """`text` as one line: NFC, runs of white space and control characters as one blank.

    Raises:
        Refused: Longer than 500 characters, or not valid Unicode.
    """
    line = " ".join(_CONTROL.sub(" ", _valid(text)).split())
    if len(line) > MAX_LINE:
        raise Refused(
            f"“{line[:20]}…”超过 {MAX_LINE} 个字符，请缩短。",
            f"“{line[:20]}…” is longer than {MAX_LINE} characters; shorten it.",
        )
    return line


def clean_text(text: str) -> str:
    """`text` with its lines: NFC, line feeds only, without control characters, outer white space cut.

    Raises:
        Refused: Longer than 20,000 characters, or not valid Unicode.
    """
    cleaned = _CONTROL.sub("", _valid(text).replace("\r\n", "\n").replace("\r", "\n")).strip()
    if len(cleaned) > MAX_TEXT:
        raise Refused(
            f"“{cleaned[:20]}…”超过 {MAX_TEXT} 个字符，请缩短，或作为附件文件保存。",
            f"“{cleaned[:20]}…” is longer than {MAX_TEXT} characters; shorten it, or attach it as a file.",
        )
    return cleaned


def _valid(text: str) -> str:
    if _SURROGATE.search(text):
        raise Refused("文字不是有效的 Unicode。", "The text is not valid Unicode.")
    return unicodedata.normalize("NFC", text)


def has_control(text: str) -> bool:
    """Whether `clean_text` would take control characters away."""
    return _CONTROL.search(text) is not None


def area_known(code: str) -> bool:
    """Whether `code` has the form of a GB/T 2260 code: six digits, the first not 0."""
    return _AREA.fullmatch(code) is not None


def site_problems(site: SiteInput) -> list[Problem]:
    """Why a site cannot be recorded as it stands."""
    problems: list[Problem] = []
    if not site.name:
        problems.append(Problem("name_missing", "检查对象缺少名称。", "The site has no name.", field="name"))
    if not area_known(site.area):
        problems.append(
            Problem(
                "area",
                f"行政区代码“{site.area[:12]}”不是 GB/T 2260 六位代码。",
                f"The area code “{site.area[:12]}” is not a six-digit GB/T 2260 code.",
                field="area",
            )
        )
    if site.uscc and not uscc.valid(site.uscc):
        problems.append(
            Problem(
                "uscc",
                f"统一社会信用代码“{site.uscc[:24]}”不合规（GB 32100 校验不通过）；不清楚时请留空。",
                f"The unified social credit code “{site.uscc[:24]}” fails the check of GB 32100; leave it empty if unsure.",
                field="uscc",
            )
        )
    return problems


@dataclass(frozen=True, slots=True)
class AnswerFacts:
    """What submitting needs to know of one answer.

    Attributes:
        reason: Reason or note, whichever is there.
        photos: Photos attached to the item and not voided.
        waiver: Why there is no photo.
        photo_required: Whether the item wants one when it fails.
        outside: The value breaks a limit that counts.
        unconfirmed: The verdict is only suspected, and no officer has confirmed it.
    """

    item: str
    verdict: str | None
    reason: str = ""
    photos: int = 0
    waiver: str = ""
    photo_required: bool = True
    outside: bool = False
    unconfirmed: bool = False


@dataclass(frozen=True, slots=True)
class InspectionFacts:
    """What submitting needs to know of an inspection.

    Attributes:
        state: `draft`, `submitted` or `returned`.
        officers: Those who inspected.
        started_at: UTC, ISO 8601.
        ended_at: UTC, ISO 8601; None when not yet given.
        present: The other party, None when nothing is recorded.
        answers: All answers.
        unchecked: Ids of asked items without verdict.
        photo_warnings: Warnings of attached photos, each with its item.
        conflicts: Cells in conflict in the inspection and its answers.
        voided: Whether the inspection is void.
    """

    state: State
    officers: Sequence[Officer]
    started_at: str
    ended_at: str | None
    present: Present | None
    answers: Sequence[AnswerFacts]
    unchecked: Sequence[str] = ()
    photo_warnings: Sequence[Problem] = ()
    conflicts: int = 0
    voided: bool = False


def submission_refusals(facts: InspectionFacts) -> list[Problem]:
    """Why the inspection cannot be submitted; empty when it can."""
    problems: list[Problem] = []
    if facts.voided:
        problems.append(Problem("void", "检查已作废。", "The inspection is void."))
    if facts.state == "submitted":
        problems.append(Problem("submitted", "检查已提交。", "The inspection is submitted already."))
    problems += officer_problems(facts.officers)
    if facts.ended_at is None:
        problems.append(Problem("end_missing", "缺少检查结束时间。", "The end of the inspection is missing."))
    elif facts.ended_at < facts.started_at:
        problems.append(
            Problem(
                "end_before_start",
                "检查结束时间早于开始时间。",
                "The inspection ends before it starts.",
                field="ended_at",
            )
        )
    for answer in facts.answers:
        problems += _answer_refusals(answer)
    return problems


def officer_problems(officers: Iterable[Officer]) -> list[Problem]:
    """At least two officers with different badge numbers, each with a name (行政处罚法 art. 42, 55)."""
    officers = list(officers)
    problems: list[Problem] = []
    if len({officer.badge for officer in officers if officer.badge}) < MIN_OFFICERS:
        problems.append(
            Problem(
                "two_officers",
                "执法人员不足两人，或执法证号相同。",
                "There are fewer than two officers with different badge numbers.",
                field="officers",
            )
        )
    if any(not officer.name or not officer.badge for officer in officers):
        problems.append(
            Problem(
                "officer_incomplete",
                "执法人员缺少姓名或执法证号。",
                "An officer lacks a name or a badge number.",
                field="officers",
            )
        )
    return problems


def _answer_refusals(answer: AnswerFacts) -> list[Problem]:
    problems: list[Problem] = []
    if answer.verdict in {"fail", "n_a"} and not answer.reason:
        zh = "不合格" if answer.verdict == "fail" else "不适用"
        problems.append(
            Problem(
                "reason_missing",
                f"{answer.item} 判为{zh}，缺少理由。",
                f"{answer.item} is {'fail' if answer.verdict == 'fail' else 'n/a'} without a reason.",
                answer.item,
            )
        )
    if answer.verdict == "fail" and answer.photo_required and not answer.photos and not answer.waiver:
        problems.append(
            Problem(
                "photo_missing",
                f"{answer.item} 判为不合格，缺少照片；无法拍照时请写明理由。",
                f"{answer.item} is fail without a photo; if none can be taken, say why.",
                answer.item,
            )
        )
    return problems


def submission_warnings(facts: InspectionFacts) -> list[Problem]:
    """What goes into the record with the inspection without stopping it."""
    problems: list[Problem] = []
    if facts.unchecked:
        listed = "、".join(facts.unchecked)
        problems.append(
            Problem(
                "unchecked",
                f"未检查 {len(facts.unchecked)} 项：{listed}。",
                f"{len(facts.unchecked)} items were not checked: {', '.join(facts.unchecked)}.",
            )
        )
    if facts.present is None or not (facts.present.name or facts.present.reason):
        problems.append(
            Problem(
                "present_missing",
                "未记录被检查方在场人员或不在场原因。",
                "Neither the other party's representative nor their absence is recorded.",
                field="present",
            )
        )
    elif facts.present.signature != "signed" and not facts.present.reason:
        problems.append(
            Problem(
                "present_reason",
                "拒签或不在场未注明情况。",
                "Refusal to sign or absence is recorded without its circumstances.",
                field="present",
            )
        )
    for answer in facts.answers:
        if answer.verdict == "pass" and answer.outside:
            problems.append(
                Problem(
                    "outside_limit",
                    f"{answer.item} 判为合格，但测量值超出限值。",
                    f"{answer.item} is pass although its value is outside the limit.",
                    answer.item,
                )
            )
        if answer.unconfirmed and answer.verdict == "fail":
            problems.append(
                Problem(
                    "suspected",
                    f"{answer.item} 为疑似不符合，尚待确认。",
                    f"{answer.item} is a suspected non-conformity, still to be confirmed.",
                    answer.item,
                )
            )
    if facts.conflicts:
        problems.append(
            Problem(
                "conflict",
                f"本次检查有 {facts.conflicts} 处冲突未解决。",
                f"{facts.conflicts} conflicts in this inspection are not resolved.",
            )
        )
    return [*problems, *facts.photo_warnings]
