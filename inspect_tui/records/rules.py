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

NO_BADGE: Final = "未填"
"""Stands where `init` was given no badge number; it counts as none."""
MIN_SIDE: Final = 32
"""Shortest side in pixels of a picture that can show anything."""

_BLANK: Final = frozenset("\u115f\u1160\u2800\u3164\uffa0\ufffc\U0001d159")
"""Letters and symbols by category that show nothing, such as the Hangul filler."""
_ASCII: Final = "0-9A-Za-z"
_HAN: Final = r"\u4e01-\u4e27\u4e29-\u9fff"
"""Chinese characters but 一 and 丨, which read as a dash and a 1."""
_BADGE: Final = re.compile(
    rf"[{_ASCII}](?:[{_ASCII}-]{{0,30}}[{_ASCII}])?"
    rf"|(?=.*[0-9])[{_ASCII}{_HAN}](?:[{_ASCII}{_HAN}-]{{0,30}}[{_ASCII}{_HAN}])?"
)
"""A number that a province or an agency gave begins with Chinese characters; without a digit it is a word such as 暂无."""
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")
_AREA: Final = re.compile(r"[1-9][0-9]{5}")


def clean_line(text: str) -> str:
    """`text` as one line: NFC, runs of white space and control characters as one blank; empty where nothing shows.

    Raises:
        Refused: Longer than 500 characters, or not valid Unicode.
    """
    line = " ".join(_CONTROL.sub(" ", _valid(text)).split())
    if len(line) > MAX_LINE:
        raise Refused(
            f"“{line[:20]}…”超过 {MAX_LINE} 个字符，请缩短。",
            f"“{line[:20]}…” is longer than {MAX_LINE} characters; shorten it.",
        )
    return line if visible(line) else ""


def clean_text(text: str) -> str:
    """`text` with its lines: NFC, line feeds only, no control characters, outer white space cut; empty if nothing shows.

    Raises:
        Refused: Longer than 20,000 characters, or not valid Unicode.
    """
    cleaned = _CONTROL.sub("", _valid(text).replace("\r\n", "\n").replace("\r", "\n")).strip()
    if len(cleaned) > MAX_TEXT:
        raise Refused(
            f"“{cleaned[:20]}…”超过 {MAX_TEXT} 个字符，请缩短，或作为附件文件保存。",
            f"“{cleaned[:20]}…” is longer than {MAX_TEXT} characters; shorten it, or attach it as a file.",
        )
    return cleaned if visible(cleaned) else ""


def visible(text: str) -> bool:
    """Whether something of `text` can be seen: a letter, number, symbol or punctuation mark."""
    return any(unicodedata.category(one)[0] in "LNPS" and one not in _BLANK for one in text)


def clean_badge(text: str) -> str:
    """`text` as a badge number: NFKC, any dash as `-`, without blanks and invisible characters; empty stays empty.

    Raises:
        Refused: It is not 1 to 32 ASCII letters, digits and, beside a digit, Chinese characters, with hyphens only inside.
    """
    said = unicodedata.normalize("NFKC", _valid(text))
    badge = "".join("-" if _dash(one) else one for one in said if not hidden(one) and not one.isspace())
    if badge in {"", NO_BADGE} or _BADGE.fullmatch(badge):
        return badge
    raise Refused(
        f"执法证号“{clean_line(text[:40])}”不合规；请只用 1 至 32 个字母、数字、汉字（有汉字时须有数字），中间可加连字符，如 14110200001。",
        f"The badge number “{clean_line(text[:40])}” is not one; use 1 to 32 letters, digits and, beside a digit,"
        " Chinese characters, with hyphens only inside, such as 14110200001.",
    )


def _dash(character: str) -> bool:
    return character == "\u2212" or unicodedata.category(character) == "Pd"


def hidden(character: str) -> bool:
    """Whether a character steers or fills and shows nothing: control, format, zero width, filler."""
    return unicodedata.category(character) in {"Cc", "Cf"} or character in _BLANK


def badge_key(badge: str | None) -> str:
    """What two badge numbers are compared by: letters and digits alone, whatever their width; empty where none is given."""
    said = unicodedata.normalize("NFKC", badge or "")
    return "" if said == NO_BADGE else "".join(one for one in said if one.isalnum() and one not in _BLANK).upper()


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
    if not visible(site.name):
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
        photos: Photos attached to the item and not voided, as far as they show something.
        other_files: Names of the other files attached to it.
        waiver: Why there is no photo.
        photo_required: Whether the item wants one when it fails.
        outside: The value breaks a limit that counts.
        unconfirmed: The verdict is only suspected, and no officer has confirmed it.
    """

    item: str
    verdict: str | None
    reason: str = ""
    photos: int = 0
    other_files: Sequence[str] = ()
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
        strays: (item, description) of findings that are still open though their item does not fail.
        gone: What was answered of items that the checklist no longer has.
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
    strays: Sequence[tuple[str, str]] = ()
    gone: Sequence[Problem] = ()


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
    """At least two officers with different badge numbers, each with a name (行政处罚法 art. 42, 55).

    Badge numbers are compared by `badge_key`: one person written in two ways stays one person.
    """
    officers = list(officers)
    problems: list[Problem] = []
    if len({badge_key(officer.badge) for officer in officers} - {""}) < MIN_OFFICERS:
        problems.append(
            Problem(
                "two_officers",
                "执法人员不足两人，或执法证号相同。",
                "There are fewer than two officers with different badge numbers.",
                field="officers",
            )
        )
    if any(not visible(officer.name) or not badge_key(officer.badge) for officer in officers):
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
    if answer.verdict in {"fail", "n_a"} and not visible(answer.reason):
        zh = "不合格" if answer.verdict == "fail" else "不适用"
        problems.append(
            Problem(
                "reason_missing",
                f"{answer.item} 判为{zh}，缺少理由。",
                f"{answer.item} is {'fail' if answer.verdict == 'fail' else 'n/a'} without a reason.",
                answer.item,
            )
        )
    if answer.verdict == "fail" and answer.photo_required and not answer.photos and not visible(answer.waiver):
        problems.append(_photo_missing(answer))
    return problems


def _photo_missing(answer: AnswerFacts) -> Problem:
    zh, en = "缺少照片", "a photo"
    if answer.other_files:
        zh = f"所附文件不是能看清的照片（{'、'.join(answer.other_files)}），缺少照片"
        en = f"a photo that can be looked at ({', '.join(answer.other_files)} cannot, and stays attached)"
    return Problem(
        "photo_missing",
        f"{answer.item} 判为不合格，{zh}；无法拍照时请写明理由。",
        f"{answer.item} is fail without {en}; if none can be taken, say why.",
        answer.item,
    )


def shows_something(media_type: str | None, width: int | None, height: int | None, codes: Iterable[str]) -> bool:
    """Whether an attached file counts as a photo of a failed item: an image that can be decoded, at least in part.

    Args:
        media_type: By content.
        width: In pixels, None where the file does not say.
        height: As `width`.
        codes: Of the warnings kept with it.
    """
    told = set(codes)
    if not (media_type or "").startswith("image/") or told & {"unreadable", "empty"}:
        return False
    if width is None or height is None:
        return "truncated" not in told
    return min(width, height) >= MIN_SIDE


def shortened(text: str, most: int = 30) -> str:
    """As much of a text as a sentence about it needs."""
    return text if len(text) <= most else f"{text[:most]}…"


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
    problems += [
        Problem(
            "stray_finding",
            f"{item} 未判不合格，但问题“{shortened(description)}”仍在整改中；如不成立请把问题作废。",
            f"{item} does not fail, but the finding “{shortened(description)}” is still open; void it if it does not stand.",
            item,
        )
        for item, description in facts.strays
    ]
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
    return [*problems, *facts.gone, *facts.photo_warnings]
