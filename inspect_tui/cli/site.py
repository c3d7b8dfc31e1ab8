"""`site add|list|show`; `site import` is in `site_import`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from inspect_tui.cli import site_change, site_import
from inspect_tui.cli.command import Command, argument
from inspect_tui.cli.failures import WrongUsage
from inspect_tui.cli.output import fields, line, print_json, table
from inspect_tui.cli.plain import plain
from inspect_tui.cli.same_site import same_json, same_lines
from inspect_tui.texts import Text, say, tr

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from inspect_tui.cli.command import Context
    from inspect_tui.records.queries import SiteLine
    from sync.replica import Row

PAGE: Final = 500


def attributes_of(pairs: Sequence[str]) -> Mapping[str, str]:
    """`KEY=VALUE` as given on the command line.

    Raises:
        WrongUsage: One has no `=`, or a name stands twice.
    """
    said: dict[str, str] = {}
    for pair in pairs:
        key, joined, value = pair.partition("=")
        if not joined or not key:
            raise WrongUsage(
                f"“{pair}”不是 名称=值；如 road_class=main。",
                f"“{pair}” is not KEY=VALUE, such as road_class=main.",
            )
        if key in said:
            raise WrongUsage(
                f"属性 {key} 给了两次：{said[key]}、{value}；请只给一次。",
                f"The attribute {key} is given twice, {said[key]} and {value}; give it once.",
            )
        said[key] = value
    return said


def add(context: Context, said: argparse.Namespace) -> int:
    """Record a new site."""
    from inspect_tui.records.model import SiteInput, TypedPosition
    from inspect_tui.records.sites import add_site, site_warnings

    if (said.longitude is None) != (said.latitude is None):
        raise WrongUsage("经度和纬度须同时给出。", "Longitude and latitude come together.")
    if said.datum is not None and said.longitude is None:
        raise WrongUsage("给了坐标系，却没有经度和纬度。", "A datum is given without longitude and latitude.")
    with context.open() as workspace:
        position = None
        if said.longitude is not None:
            position = TypedPosition(said.longitude, said.latitude, said.datum or "WGS-84", "manual")
        site = SiteInput(
            name=said.name,
            kind=said.kind,
            area=said.area or workspace.config.area,
            address=said.address,
            position=position,
            uscc=said.uscc,
            responsible_party=said.party,
            attributes=attributes_of(said.attribute),
            contact_phone=said.phone,
            risk_class=site_change.risk_of(said.risk),
        )
        row = add_site(workspace, site)
        warnings = site_warnings(workspace, row)
    if context.json:
        print_json({"id": row, "warnings": plain(warnings)})
    else:
        line(tr(f"已登记 {said.name}，编号 {row}。", f"Recorded {said.name} as {row}."))
        for warning in warnings:
            line("! " + say(warning))
    return 0


def list_(context: Context, said: argparse.Namespace) -> int:
    """Sites, by name."""
    from inspect_tui.records.model import RISK_CLASSES
    from inspect_tui.records.queries import known_area, known_kind, list_sites
    from inspect_tui.records.times import shown

    with context.open() as workspace:
        if said.area is not None:
            known_area(workspace, said.area)
        if said.kind is not None:
            known_kind(workspace, said.kind)
        lines: list[SiteLine] = []
        while True:
            page = list_sites(
                workspace,
                words=" ".join(said.words),
                area=said.area,
                kind=said.kind,
                risk=said.risk,
                not_inspected_days=said.not_inspected_days,
                sort=said.sort,
                include_void=said.void,
                limit=PAGE,
                offset=len(lines),
            )
            lines += page
            if len(page) < PAGE:
                break
    if context.json:
        print_json([plain(each) for each in lines])
        return 0
    headers = (
        tr("编号", "id"),
        tr("行政区", "area"),
        tr("类型", "kind"),
        tr("风险", "risk"),
        tr("最近检查", "last visit"),
        tr("检查", "visits"),
        tr("待整改", "open"),
        tr("名称", "name"),
    )
    table(
        headers,
        (
            (
                each.id,
                say(each.area_name),
                say(each.kind_title),
                RISK_CLASSES.get(each.risk_class, "-"),
                shown(each.last_inspected)[:10] or "-",
                each.inspections,
                each.open_findings,
                each.title,
            )
            for each in lines
        ),
    )
    return 0


def show(context: Context, said: argparse.Namespace) -> int:
    """One site with its history."""
    from inspect_tui.records.model import RISK_CLASSES
    from inspect_tui.records.queries import site_detail
    from inspect_tui.records.times import shown

    with context.open() as workspace:
        detail = site_detail(workspace, said.site)
    if context.json:
        told = plain(detail.line)
        told |= {
            "responsible_party": detail.responsible_party,
            **position_of(detail.row),
            "attributes": dict(detail.attributes),
            "contact_phone": detail.contact_phone,
            "inspection_list": [plain(each) for each in detail.inspections],
            "finding_list": [plain(each) for each in detail.findings],
            "task_list": [plain(each) for each in detail.tasks],
            **same_json(detail),
        }
        print_json(told)
        return 0
    site = detail.line
    fields(
        (
            (tr("名称", "name"), site.name),
            (tr("编号", "id"), site.id),
            (tr("类型", "kind"), say(site.kind_title)),
            (tr("行政区", "area"), say(site.area_name)),
            (tr("地址", "address"), site.address),
            (tr("位置", "position"), _position(detail.row)),
            (tr("统一社会信用代码", "credit code"), site.uscc),
            (tr("责任单位", "responsible party"), detail.responsible_party),
            (tr("风险等级", "risk class"), RISK_CLASSES.get(site.risk_class, "")),
            (tr("最近检查", "last inspected"), shown(site.last_inspected)),
            (tr("联系电话", "phone"), detail.contact_phone or ""),
            *detail.attributes.items(),
        )
    )
    for each in same_lines(detail):
        line(each)
    for task in detail.tasks:
        line(tr(f"任务 {task.due_date}", f"task {task.due_date}") + f"  {task.id}  {say(task.checklist_title)}")
    for visit in detail.inspections:
        line(f"{shown(visit.started_at)}  {visit.id}  {say(visit.checklist_title)}  {visit.state}")
    for finding in detail.findings:
        line(f"{shown(finding.found_at)}  {finding.id}  {finding.status}  {finding.description}")
    return 0


_TYPED: Final = ("datum", "position_source", "typed_longitude", "typed_latitude", "typed_datum")


def position_of(row: Row) -> dict[str, str | None]:
    """What stands beside a site's coordinates: their datum, where they come from, and what was typed."""
    return {name: row.values[name] for name in _TYPED}


def _position(row: Row) -> str:
    values = row.values
    if values["longitude"] is None:
        return ""
    typed = f"{values['typed_longitude']}, {values['typed_latitude']} {values['typed_datum']}"
    return tr(
        f"{values['longitude']}, {values['latitude']}（{values['datum']}；来源 {values['position_source']}；原填 {typed}）",
        f"{values['longitude']}, {values['latitude']} ({values['datum']}; from {values['position_source']}; typed {typed})",
    )


_AREA: Final = argument("--area", help=Text("行政区代码", "area code"), metavar="CODE")

COMMANDS: Final = (
    Command(
        ("site", "add"),
        Text("登记检查对象", "record a site"),
        add,
        (
            argument("--name", help=Text("名称", "name"), required=True),
            argument(
                "--kind", help=Text("类型，如 construction_site", "kind, such as construction_site"), required=True
            ),
            _AREA,
            argument("--address", help=Text("地址", "address"), default=""),
            argument("--longitude", help=Text("经度，十进制度", "longitude in degrees"), metavar="DEGREES"),
            argument("--latitude", help=Text("纬度，十进制度", "latitude in degrees"), metavar="DEGREES"),
            argument(
                "--datum",
                help=Text(
                    "坐标系，默认 WGS-84（高德、腾讯为 GCJ-02，百度为 BD-09）",
                    "datum, WGS-84 by default (GCJ-02 for Amap and Tencent, BD-09 for Baidu)",
                ),
                choices=("WGS-84", "CGCS2000", "GCJ-02", "BD-09"),
            ),
            argument("--uscc", help=Text("统一社会信用代码", "unified social credit code"), default=""),
            argument("--party", help=Text("责任单位", "responsible party"), default=""),
            argument(
                "--attribute",
                help=Text("属性，可重复", "attribute, may be repeated"),
                action="append",
                default=[],
                metavar="KEY=VALUE",
            ),
            argument("--phone", help=Text("联系电话（不进入日志）", "telephone (kept out of the log)"), default=""),
            argument(
                "--risk",
                help=Text("风险等级，本单位自定；none 为未分级", "risk class, the bureau's own; none: not graded"),
                choices=site_change.RISKS,
            ),
        ),
    ),
    Command(
        ("site", "list"),
        Text("列出检查对象", "list sites"),
        list_,
        (
            argument(
                "words",
                help=Text("名称、地址、代码中的字词", "words of name, address or code"),
                nargs="*",
                metavar="WORD",
            ),
            _AREA,
            argument("--kind", help=Text("类型", "kind")),
            argument(
                "--risk",
                help=Text("风险等级；none 为未分级", "risk class; none: not graded"),
                choices=site_change.RISKS,
            ),
            argument(
                "--not-inspected-days",
                help=Text("只要近若干天内没有检查过的", "only those not inspected within so many days"),
                type=int,
                metavar="DAYS",
            ),
            argument(
                "--sort",
                help=Text(
                    "排序：名称；最久未检查的在前；风险高的在前",
                    "order: by name; the longest not inspected first; the highest risk first",
                ),
                choices=("name", "last", "risk"),
                default="name",
            ),
            argument("--void", help=Text("也列出作废的", "also voided ones"), action="store_true"),
        ),
    ),
    *site_change.COMMANDS,
    *site_import.COMMANDS,
    Command(
        ("site", "show"),
        Text("显示一个检查对象及其历史", "show a site with its history"),
        show,
        (argument("site", help=Text("编号", "id"), metavar="ID"),),
    ),
)
