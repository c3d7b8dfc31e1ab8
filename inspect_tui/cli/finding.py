"""`finding list|show|follow-up`, `search`, and what `finding list` and `export csv` filter by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from inspect_tui.cli.command import Command, argument
from inspect_tui.cli.output import fields, line, print_json, print_json_array, table
from inspect_tui.cli.plain import plain
from inspect_tui.texts import Refused, Text, say, tr

if TYPE_CHECKING:
    import argparse
    import datetime as dt
    from collections.abc import Iterator

    from inspect_tui.cli.command import Argument, Context
    from inspect_tui.records.queries import FindingLine
    from inspect_tui.records.workspace import Workspace

PAGE: Final = 2000
STATUSES: Final = ("open", "replied", "corrected", "closed", "transferred", "case", "void")

FILTERS: Final = (
    argument(
        "--words", help=Text("描述、条目、对象中的字词", "words of description, item or site"), metavar="WORDS"
    ),
    argument(
        "--status",
        help=Text("状态，可重复", "status, may be repeated"),
        choices=STATUSES,
        action="append",
        default=[],
    ),
    argument("--severity", help=Text("严重程度", "severity"), choices=("critical", "major", "minor")),
    argument(
        "--area",
        help=Text("行政区代码，以 00 结尾则含下级", "area code; ending in 00 covers those below"),
        metavar="CODE",
    ),
    argument("--site", help=Text("检查对象编号", "id of the site"), metavar="ID"),
    argument("--inspection", help=Text("检查编号", "id of the inspection"), metavar="ID"),
    argument("--overdue", help=Text("只要超期的", "only overdue ones"), action="store_true"),
    argument("--conflict", help=Text("只要有冲突的", "only those in conflict"), action="store_true"),
    argument(
        "--day",
        help=Text("按哪一天计算超期天数（默认今天）", "day on which overdue days are counted (default today)"),
        metavar="DATE",
    ),
)
"""Options of every command that gives findings."""


def day_of(said: argparse.Namespace) -> dt.date | None:
    """The day that `--day` names.

    Raises:
        Refused: It is no day.
    """
    from inspect_tui.records.times import parse_day

    return parse_day(said.day) if said.day is not None else None


def filtered(workspace: Workspace, said: argparse.Namespace) -> list[str] | None:
    """Ids of the findings that the options select; None where none is given, for all of them.

    Raises:
        Refused: A site, inspection or area that is named is not there.
    """
    from inspect_tui.records.queries import known_area

    if said.site is not None:
        workspace.row("sites", said.site)
    if said.inspection is not None:
        workspace.row("inspections", said.inspection)
    if said.area is not None:
        known_area(workspace, said.area)
    chosen = [line.id for line in _lines(workspace, said)] if _is_filtered(said) else None
    return None if chosen is None else sorted(chosen)


def _is_filtered(said: argparse.Namespace) -> bool:
    names = ("words", "status", "severity", "area", "site", "inspection", "overdue", "conflict")
    return any(getattr(said, name) for name in names)


def _lines(workspace: Workspace, said: argparse.Namespace) -> Iterator[FindingLine]:
    from inspect_tui.records.queries import FindingFilter, list_findings

    where = FindingFilter(
        words=said.words or "",
        statuses=tuple(said.status),
        severity=said.severity,
        area=said.area,
        site=said.site,
        inspection=said.inspection,
        overdue=said.overdue,
        conflict=said.conflict,
    )
    after: tuple[object, str] | None = None
    while True:
        page = list_findings(workspace, where, sort="oldest", after=after, limit=PAGE)
        yield from page.lines
        if page.next is None:
            return
        after = page.next


def list_(context: Context, said: argparse.Namespace) -> int:
    """Findings by id; with `--json` the columns of the CSV."""
    from inspect_tui.exports.findings_csv import finding_records
    from inspect_tui.records.model import SEVERITIES
    from inspect_tui.records.model import STATUSES as NAMES

    day = day_of(said)
    with context.open() as workspace:
        records = finding_records(workspace, day=day, ids=filtered(workspace, said))
        if context.json:
            print_json_array(records)
            return 0
        headers = (
            tr("编号", "id"),
            tr("状态", "status"),
            tr("程度", "severity"),
            tr("期限", "due"),
            tr("超期", "overdue"),
            tr("条目", "item"),
            tr("对象", "site"),
            tr("描述", "description"),
        )
        table(
            headers,
            (
                (
                    each["finding_id"],
                    NAMES.get(each["status"], each["status"]),
                    SEVERITIES.get(each["severity"], each["severity"]),
                    each["due_date"],
                    each["overdue_days"],
                    each["item_id"],
                    each["site_name"],
                    each["description"],
                )
                for each in records
            ),
        )
    return 0


def show(context: Context, said: argparse.Namespace) -> int:
    """One finding with its life and photos."""
    from inspect_tui.exports.findings_csv import finding_records
    from inspect_tui.records.queries import finding_detail

    with context.open() as workspace:
        detail = finding_detail(workspace, said.finding)
        record = next(finding_records(workspace, ids=[said.finding]))
    if context.json:
        told: dict[str, Any] = {**record, "follow_ups": plain(detail.follow_ups), "photos": plain(detail.photos)}
        told["duties"] = plain(detail.duties)
        print_json(told)
        return 0
    from inspect_tui.exports.columns import COLUMNS
    from inspect_tui.records.model import FOLLOW_UP_KINDS
    from inspect_tui.records.times import shown

    fields((say(column.title), record[column.code]) for column in COLUMNS)
    for event in detail.follow_ups:
        kind = FOLLOW_UP_KINDS.get(event.kind, event.kind)
        line(f"{shown(event.at)}  {kind}  {event.officer}（{event.badge}）  {event.result or ''}  {event.text}")
    for duty in detail.duties:
        line(f"! {say(duty)}")
    for photo in detail.photos:
        line(f"{photo.file_name}  {photo.sha256}  {', '.join(warning.code for warning in photo.warnings)}")
    return 0


def follow_up(context: Context, said: argparse.Namespace) -> int:
    """Record one event in the life of a finding."""
    from inspect_tui.records import findings
    from inspect_tui.records.model import Officer
    from inspect_tui.records.times import parse

    if (said.by_name is None) != (said.by_badge is None):
        raise Refused("--by-name 和 --by-badge 须同时给出。", "--by-name and --by-badge come together.")
    with context.open() as workspace:
        event = findings.follow_up(
            workspace,
            said.finding,
            said.kind,
            text=said.text,
            result=said.result,
            new_due_date=said.due,
            by=Officer(said.by_name, said.by_badge) if said.by_name is not None else None,
            at=parse(said.at) if said.at is not None else None,
        )
        status = str(workspace.row("findings", said.finding).values["status"])
    if context.json:
        print_json({"id": event, "finding": said.finding, "kind": said.kind, "status": status})
    else:
        from inspect_tui.records.model import STATUSES as NAMES

        name = NAMES.get(status, status)
        line(tr(f"已登记，问题状态：{name}。", f"Recorded; the finding is now {name}."))
    return 0


def search_(context: Context, said: argparse.Namespace) -> int:
    """Everything that contains every one of the words."""
    from inspect_tui.records.queries import search

    with context.open() as workspace:
        hits = search(workspace, " ".join(said.words), limit=said.limit)
    if context.json:
        print_json([plain(hit) for hit in hits])
    else:
        for hit in hits:
            line(f"{hit.kind}  {hit.id}  {hit.title}  {hit.text}")
        if not hits:
            line(tr("没有找到。", "Nothing found."))
    return 0


_FOLLOW_UP: Final[tuple[Argument, ...]] = (
    argument("finding", help=Text("问题编号", "id of the finding"), metavar="ID"),
    argument(
        "kind",
        help=Text(
            "notice 责令改正、reply 整改回复、recheck 复查、extension 延期、closing 销号、void 作废",
            "notice, reply, recheck, extension, closing or void",
        ),
        choices=("notice", "reply", "recheck", "extension", "closing", "void"),
        metavar="KIND",
    ),
    argument("--text", help=Text("说明或理由", "what is said, or why"), default=""),
    argument("--result", help=Text("复查结论", "result of a recheck"), choices=("passed", "failed")),
    argument("--due", help=Text("新的期限", "new due date"), metavar="DATE"),
    argument("--by-name", help=Text("办理人姓名", "name of who acted"), metavar="NAME"),
    argument("--by-badge", help=Text("办理人执法证号", "badge number of who acted"), metavar="BADGE"),
    argument("--at", help=Text("发生时间（默认现在）", "when it happened (default now)"), metavar="TIME"),
)

COMMANDS: Final = (
    Command(("finding", "list"), Text("列出问题，按编号排序", "list findings by id"), list_, FILTERS),
    Command(
        ("finding", "show"),
        Text("显示一个问题及其整改过程", "show a finding with its life"),
        show,
        (argument("finding", help=Text("编号", "id"), metavar="ID"),),
    ),
    Command(("finding", "follow-up"), Text("登记整改跟踪", "record a follow-up"), follow_up, _FOLLOW_UP),
    Command(
        ("search",),
        Text("在全部记录中搜索", "search everything that people wrote"),
        search_,
        (
            argument("words", help=Text("字词", "words"), nargs="+", metavar="WORD"),
            argument(
                "--limit",
                help=Text("每类最多列出多少", "at most so many of a kind"),
                type=int,
                default=50,
                metavar="N",
            ),
        ),
    ),
)
