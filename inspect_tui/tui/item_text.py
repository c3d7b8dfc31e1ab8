"""What the walk says about an item, as blocks of text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspect_tui.records.model import SEVERITIES, STATUSES, VERDICTS
from inspect_tui.texts import language, tr
from inspect_tui.tui.marks import SEVERITY_TONES, SUSPECTED, UNCHECKED, VERDICT_MARKS, VERDICT_TONES, WARNING
from inspect_tui.tui.widgets.prose import Block

if TYPE_CHECKING:
    from collections.abc import Iterator

    from checklists.model import Item
    from inspect_tui.records.queries import AnswerView, PhotoLine, WalkItem
    from inspect_tui.records.queries.walk import MeasuredView
    from inspect_tui.tui.marks import Tone


def item_blocks(view: WalkItem, place: str, *, evidence: bool) -> list[Block]:
    """Question, what is recorded, what to look for, and on what it rests.

    Args:
        view: The item.
        place: Where it stands in the walk: `12/45`.
        evidence: Whether photos and findings stand here too, for want of a pane of their own.
    """
    item = view.item
    severity = f"{SEVERITIES[item.severity]}"
    blocks = [
        Block(f"{item.id}  {place}  {severity}", tone=SEVERITY_TONES[item.severity] or "muted"),
        Block(tr(item.question.zh, item.question.en), tone="strong"),
        *answer_blocks(view),
    ]
    blocks += _limits(view)
    if evidence:
        blocks += evidence_blocks(view)
    blocks.append(Block(""))
    blocks += _criteria(item)
    blocks += _wanted(item)
    blocks += _basis(view)
    return blocks


def answer_blocks(view: WalkItem) -> Iterator[Block]:
    """What is recorded for the item."""
    answer = view.answer
    verdict = answer.verdict if answer else None
    mark, tone = VERDICT_MARKS[verdict], VERDICT_TONES[verdict]
    said = str(VERDICTS[verdict]) if verdict else str(UNCHECKED)
    if answer and answer.source == "suspected" and not answer.reason.startswith(str(SUSPECTED)):
        said = f"{SUSPECTED} {said}"
    if answer and answer.source == "limit":
        said += tr("（按限值判定）", " (by the limit)")
    reason = tr("：", ": ") + answer.reason if answer and answer.reason else ""
    yield Block(f"{mark} {said}{reason}", tr("结果", "Answer"), tone)
    if answer is None:
        return
    if verdict in {"fail", "n_a"} and not (answer.reason or answer.note):
        yield Block(tr("缺理由，按 5 填写", "reason missing, press 5"), WARNING, "warn")
    proven = any(photo.proves for photo in view.photos)
    if verdict == "fail" and view.item.photo_required_on_fail and not (proven or answer.photo_waiver):
        yield Block(tr("缺照片，按 4 附上", "photo missing, press 4"), WARNING, "warn")
    if answer.note:
        yield Block(answer.note, tr("备注", "Note"))
    if answer.photo_waiver:
        yield Block(answer.photo_waiver, tr("无照片", "No photo"))
    if answer.sample:
        sample = answer.sample
        yield Block(" ".join(filter(None, (sample.number, sample.point, sample.laboratory))), tr("样品", "Sample"))
    for cell in answer.conflict:
        yield Block(tr(f"冲突：{cell}", f"conflict: {cell}"), WARNING, "warn")


def _limits(view: WalkItem) -> Iterator[Block]:
    answer = view.answer
    measured = {one.quantity: one for one in answer.measured} if answer else {}
    for quantity in view.item.measurements:
        unit = quantity.unit_in(language())
        limits = [one for one in view.limits if one.measurement == quantity.id]
        shown = tr("；", "; ").join(f"{one.shown} {unit}".strip() for one in limits)
        limit = tr(f"限值 {shown}", f"limit {shown}") if shown else tr("无适用限值", "no limit applies")
        value, tone = _value(measured.get(quantity.id), unit)
        said = tr(f"{quantity.quantity.zh} {value}（{limit}）", f"{quantity.quantity.en} {value} ({limit})")
        yield Block(said, tr("数值", "Value"), tone)
        for one in limits:
            yield Block(tr(one.source.zh, one.source.en), " ", "muted")


def _value(measured: MeasuredView | None, unit: str) -> tuple[str, Tone]:
    if measured is None:
        return "___", ""
    if measured.below_detection is not None:
        return tr(
            f"未检出（检出限 {measured.below_detection}）", f"not detected (< {measured.below_detection})"
        ), ""
    said = f"{measured.value} {unit}".strip()
    if measured.judgement == "fail":
        more = (
            tr(f"，超标 {measured.exceedance} 倍", f", exceeds by {measured.exceedance}×")
            if measured.exceedance
            else ""
        )
        doubt = f"{SUSPECTED} " if measured.suspected else ""
        return f"✗ {said} {doubt}{tr('不符合', 'outside')}{more}", "bad"
    if measured.judgement == "pass":
        return f"✓ {said} {tr('符合', 'within')}", "good"
    return said, ""


def _criteria(item: Item) -> Iterator[Block]:
    yield Block(tr(item.pass_.zh, item.pass_.en), tr("合格", "Pass"))
    yield Block(tr(item.fail.zh, item.fail.en), tr("不合格", "Fail"))
    if item.na is not None:
        yield Block(tr(item.na.zh, item.na.en), tr("不适用", "N/a"))
    if item.note is not None:
        yield Block(tr(item.note.zh, item.note.en), tr("提示", "Hint"))
    if item.ambiguous is not None:
        yield Block(tr(item.ambiguous.zh, item.ambiguous.en), tr("歧义", "Unclear"), "warn")


def _wanted(item: Item) -> Iterator[Block]:
    wanted = []
    for need in item.photos:
        each = tr(f"{need.per.zh} ", f"{need.per.en} ") if need.per else ""
        wanted.append(f"{tr(need.what.zh, need.what.en)} {each}×{need.count}")
    if wanted:
        yield Block(tr("；", "; ").join(wanted), tr("应拍", "Needed"))


def _basis(view: WalkItem) -> Iterator[Block]:
    item = view.item
    basis = tr(view.legal_basis.zh, view.legal_basis.en)
    yield Block(basis or tr("当日无有效依据", "none in force on the day"), tr("依据", "Law"))
    for citation in item.plan:
        yield Block(f"{citation.section}“{citation.quote}”", tr("规划", "Plan"))
    days = "1 day" if item.default_days == 1 else f"{item.default_days} days"
    said = tr(f"{item.authority.zh}；默认整改 {item.default_days} 天", f"{item.authority.en}; {days} by default")
    yield Block(said, tr("主管", "Office"))


def evidence_blocks(view: WalkItem) -> list[Block]:
    """Photos with their warnings, and findings written at the item."""
    blocks: list[Block] = []
    for photo in view.photos:
        blocks.append(Block(photo_text(photo), tr("照片", "Photo")))
        blocks += [Block(tr(one.zh, one.en), WARNING, "warn") for one in photo.warnings]
    for finding in view.findings:
        blocks.append(
            Block(
                f"{STATUSES.get(finding.status, finding.status)} {finding.description}",
                tr("问题", "Finding"),
                "bad",
            )
        )
    return blocks


def photo_text(photo: PhotoLine) -> str:
    """A photo in one line."""
    taken = (photo.taken_at or tr("时间未知", "time unknown")).replace("T", " ")[:16]
    return f"{photo.file_name} {taken}"


def missing(answer: AnswerView | None, view: WalkItem) -> bool:
    """Whether something is still owed for a recorded verdict."""
    if answer is None or answer.verdict not in {"fail", "n_a"}:
        return False
    if not (answer.reason or answer.note):
        return True
    return (
        answer.verdict == "fail"
        and view.item.photo_required_on_fail
        and not any(photo.proves for photo in view.photos)
        and not answer.photo_waiver
    )
