"""`inspection load|list|show|schema`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from inspect_tui.cli.command import Command, argument
from inspect_tui.cli.failures import REFUSED, complain, complain_of
from inspect_tui.cli.output import fields, line, print_json, print_json_array, table
from inspect_tui.cli.plain import plain
from inspect_tui.cli.progress import Progress
from inspect_tui.texts import Refused, Text, say, tr

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from inspect_tui.cli.command import Context
    from inspect_tui.records.delivery import Delivery, Stage
    from inspect_tui.records.model import LoadResult, Present
    from inspect_tui.records.queries import InspectionLine
    from inspect_tui.records.workspace import Workspace

PAGE: Final = 500


def load(context: Context, said: argparse.Namespace) -> int:
    """Load inspections from JSON; each all or nothing."""
    from inspect_tui.records.load import load_inspections

    told: list[dict[str, Any]] = []
    with context.open() as workspace:
        complain_of(workspace.catalogue.faults)
        for name in said.files:
            file = Path(name).expanduser()
            try:
                with Progress(file.name) as progress:
                    results = load_inspections(workspace, file, progress.update)
            except Refused as refused:
                told.append(_unreadable(file, refused))
                if not context.json:
                    complain(say(refused))
                continue
            told += [{"file": str(file), "index": index, **plain(each)} for index, each in enumerate(results)]
            if not context.json:
                _tell(file, results)
    if context.json:
        print_json(told)
    return REFUSED if any(each["inspection"] is None for each in told) else 0


def _unreadable(file: Path, refused: Refused) -> dict[str, Any]:
    """A file of which nothing could be read, as one that was refused: the others are loaded all the same."""
    problem = {"code": "cannot_read", "zh": refused.zh, "en": refused.en, "item": None, "field": None}
    return {
        "file": str(file),
        "index": None,
        "line": None,
        "inspection": None,
        "created": False,
        "problems": [problem],
    }


def _tell(file: Path, results: list[LoadResult]) -> None:
    lines = Counter(each.line for each in results)
    for index, each in enumerate(results):
        if each.inspection is None:
            state = tr("未载入", "refused")
        elif each.created:
            state = tr(f"已载入 {each.inspection}", f"loaded as {each.inspection}")
        else:
            state = tr(
                f"此前已载入 {each.inspection}，未作改动", f"loaded before as {each.inspection}, nothing changed"
            )
        # Several on one line are told apart by their place in the array.
        place = f" [{index}]" if lines[each.line] > 1 else ""
        line(tr(f"{file.name} 第 {each.line} 行{place}：{state}", f"{file.name} line {each.line}{place}: {state}"))
        for problem in each.problems:
            line(("  ✗ " if each.inspection is None else "  ! ") + say(problem))


def list_(context: Context, said: argparse.Namespace) -> int:
    """Inspections, newest first."""
    with context.open() as workspace:
        lines = _pages(workspace, said)
        if context.json:
            print_json_array(plain(each) | _delivery(delivery) for each, delivery in lines)
            return 0
        from inspect_tui.records.model import STATES
        from inspect_tui.records.times import shown

        headers = (
            tr("编号", "id"),
            tr("开始", "began"),
            tr("状态", "state"),
            tr("不合格", "failed"),
            tr("问题", "findings"),
            tr("照片", "photos"),
            tr("送达", "delivery"),
            tr("对象", "site"),
            tr("检查表", "checklist"),
        )
        table(
            headers,
            (
                (
                    each.id,
                    shown(each.started_at),
                    tr("作废", "void") if each.void else str(STATES.get(each.state, each.state)),
                    each.failed,
                    each.findings,
                    each.photos,
                    _delivered(delivery),
                    each.site_name,
                    say(each.checklist_title),
                )
                for each, delivery in lines
            ),
        )
    return 0


def _delivery(one: Delivery) -> dict[str, Any]:
    """How far it has come; of `photos`, void ones left out, so many have been signed for."""
    return {"delivery": one.stage, "photos_there": one.photos_there}


def _delivered(one: Delivery) -> str:
    words: dict[Stage, Text] = {
        "saved": Text("仅存本机", "saved here"),
        "sent": Text("已送达", "sent"),
        "verified": Text("已核验", "verified"),
    }
    return f"{words[one.stage]} {one.photos_there}/{one.photos}"


def _pages(workspace: Workspace, said: argparse.Namespace) -> Iterator[tuple[InspectionLine, Delivery]]:
    from inspect_tui.records.delivery import deliveries
    from inspect_tui.records.queries import list_inspections

    before: str | None = None
    while True:
        page = list_inspections(
            workspace,
            states=[said.state] if said.state else (),
            site=said.site,
            include_void=said.void,
            limit=PAGE,
            before=before,
        )
        found = deliveries(workspace, [each.id for each in page])
        yield from ((each, found[each.id]) for each in page)
        if len(page) < PAGE:
            return
        before = page[-1].id


def show(context: Context, said: argparse.Namespace) -> int:
    """One inspection with its answers."""
    from inspect_tui.records.delivery import deliveries
    from inspect_tui.records.queries import inspection_detail, walk

    with context.open() as workspace:
        detail = inspection_detail(workspace, said.inspection)
        delivery = deliveries(workspace, [said.inspection])[said.inspection]
        items = [each for each in walk(workspace, said.inspection).items() if each.answer is not None]
    answers = []
    for each in items:
        answer = each.answer
        if answer is None:
            continue
        answers.append(
            {
                "item": each.item.id,
                "title": each.item.question.zh,
                "verdict": answer.verdict,
                "source": answer.source,
                "reason": answer.reason,
                "note": answer.note,
                "measured": plain(answer.measured),
                "sample": plain(answer.sample),
                "photo_waiver": answer.photo_waiver,
                "conflict": list(answer.conflict),
                "photos": plain(each.photos),
            }
        )
    if context.json:
        told = plain(detail.line)
        told |= _delivery(delivery)
        told |= {
            "present": plain(detail.present),
            "note": detail.note,
            "sections": plain(detail.sections),
            "submission": plain(detail.submission),
            "warnings": plain(detail.warnings),
            "answers": answers,
            "finding_list": plain(detail.findings),
            "reviews": plain(detail.reviews),
            "duties": plain(detail.duties),
            "sample_results": plain(detail.sample_results),
            "carried_over": plain(detail.carried_over),
        }
        print_json(told)
        return 0
    _show(detail, answers, delivery)
    return 0


def _show(detail: Any, answers: list[dict[str, Any]], delivery: Delivery) -> None:
    from inspect_tui.photos.warning_texts import label
    from inspect_tui.records.model import STATES, STATUSES, VERDICTS
    from inspect_tui.records.times import shown

    one = detail.line
    fields(
        (
            (tr("检查", "inspection"), one.id),
            (tr("对象", "site"), one.site_name),
            (tr("检查表", "checklist"), f"{say(one.checklist_title)} {one.checklist_version}"),
            (tr("开始", "began"), shown(one.started_at)),
            (tr("结束", "ended"), shown(one.ended_at)),
            (tr("状态", "state"), STATES.get(one.state, one.state)),
            (tr("送达（照片）", "delivery (photos)"), _delivered(delivery)),
            (tr("人员", "officers"), "、".join(f"{each.name}（{each.badge}）" for each in one.officers)),
            (tr("被检查方", "other party"), _present(detail.present)),
            (tr("备注", "note"), detail.note),
        )
    )
    for duty in detail.duties:
        line(f"! {say(duty)}")
    for change in detail.carried_over:
        versions = f"{change.old_version} → {change.new_version}"
        line(
            tr(
                f"改用版本 {versions}：{change.reason}（{change.officer} {shown(change.at)}）",
                f"version {versions}: {change.reason} ({change.officer} {shown(change.at)})",
            )
        )
    for each in answers:
        verdict = VERDICTS.get(each["verdict"] or "", tr("未判定", "no verdict"))
        line(f"{each['item']}  {verdict}  {each['reason'] or each['note']}")
        for value in each["measured"]:
            line(f"        {value['value'] or '<' + str(value['below_detection'])} {value['unit']}")
        for photo in each["photos"]:
            labels = ", ".join(str(label(warning["code"])) for warning in photo["warnings"])
            line(f"        {photo['file_name']}  {photo['sha256'][:12]}  {labels}")
    for finding in detail.findings:
        line(f"→ {finding.id}  {STATUSES.get(finding.status, finding.status)}  {finding.description}")
    for warning in (*detail.warnings, *(detail.submission.refusals if detail.submission else ())):
        line("! " + say(warning))


def _present(present: Present | None) -> str:
    """Who was there for the other party, whether they signed, and why not."""
    from inspect_tui.records.model import SIGNATURES

    if present is None:
        return tr("未记录", "not recorded")
    who = "，".join(part for part in (present.name, present.role) if part)
    signed = str(SIGNATURES.get(present.signature, present.signature))
    return "；".join(part for part in (who, signed, present.reason) if part)


def schema_(_: Context, __: argparse.Namespace) -> int:
    """The JSON Schema of what `load` takes."""
    from inspect_tui.records.load_format import schema

    print_json(schema())
    return 0


COMMANDS: Final = (
    Command(
        ("inspection", "load"),
        Text("从 JSON 载入检查，每次检查要么全部、要么不载入", "load inspections from JSON, each all or nothing"),
        load,
        (
            argument(
                "files", help=Text("JSON 或 JSON Lines 文件", "JSON or JSON Lines files"), nargs="+", metavar="FILE"
            ),
        ),
    ),
    Command(
        ("inspection", "list"),
        Text("列出检查，最近的在前", "list inspections, newest first"),
        list_,
        (
            argument("--state", help=Text("状态", "state"), choices=("draft", "submitted", "returned")),
            argument("--site", help=Text("检查对象编号", "id of the site"), metavar="ID"),
            argument("--void", help=Text("也列出作废的", "also voided ones"), action="store_true"),
        ),
    ),
    Command(
        ("inspection", "show"),
        Text("显示一次检查", "show an inspection"),
        show,
        (argument("inspection", help=Text("编号", "id"), metavar="ID"),),
    ),
    Command(
        ("inspection", "schema"),
        Text("输出载入格式的 JSON Schema", "print the JSON Schema of what load takes"),
        schema_,
    ),
)
