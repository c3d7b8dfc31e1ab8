"""`site change`: what is known about a site, corrected or filled in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from inspect_tui.cli.command import Command, argument
from inspect_tui.cli.failures import WrongUsage
from inspect_tui.cli.output import line, print_json
from inspect_tui.texts import Text, tr

if TYPE_CHECKING:
    import argparse

    from inspect_tui.cli.command import Context
    from inspect_tui.records.model import SiteInput
    from sync.replica import Row

RISKS: Final = ("high", "medium", "low", "none")
"""Risk classes as options name them; `none` is a site that is not graded."""


def risk_of(said: str | None) -> str:
    """The risk class as it is recorded."""
    return "" if said in {None, "none"} else str(said)


def change(context: Context, said: argparse.Namespace) -> int:
    """Change what the options name, and nothing else."""
    from inspect_tui.records.sites import edit_site

    given = (said.name, said.address, said.uscc, said.party, said.risk, said.phone, said.longitude, said.latitude)
    if all(one is None for one in given) and not said.attribute:
        raise WrongUsage(
            "没有给出要修改的内容；如 --risk high。", "Nothing to change is given, such as --risk high."
        )
    if (said.longitude is None) != (said.latitude is None):
        raise WrongUsage("经度和纬度须同时给出。", "Longitude and latitude come together.")
    if said.datum is not None and said.longitude is None:
        raise WrongUsage("给了坐标系，却没有经度和纬度。", "A datum is given without longitude and latitude.")
    with context.open() as workspace:
        row = workspace.row("sites", said.site)
        changed = edit_site(workspace, said.site, _changed(row, said), basis=row)
    if context.json:
        print_json({"id": said.site, "changed": changed})
    elif changed:
        line(tr(f"已修改 {said.site}：{', '.join(changed)}。", f"Changed {', '.join(changed)} of {said.site}."))
    else:
        line(tr("与已登记的相同，未作改动。", "It says so already; nothing was changed."))
    return 0


def _changed(row: Row, said: argparse.Namespace) -> SiteInput:
    from inspect_tui.cli.site import attributes_of
    from inspect_tui.records.model import SiteInput, TypedPosition
    from inspect_tui.records.rows import decoded

    values = row.values
    position = None
    if said.longitude is not None:
        position = TypedPosition(said.longitude, said.latitude, said.datum or "WGS-84", "manual")

    def now(column: str, option: str | None) -> str:
        return str(values[column] or "") if option is None else option

    return SiteInput(
        name=now("name", said.name),
        kind=values["kind"] or "",
        area=row.area,
        address=now("address", said.address),
        position=position,
        uscc=now("uscc", said.uscc),
        responsible_party=now("responsible_party", said.party),
        attributes={**decoded(values["attributes"], {}), **attributes_of(said.attribute)},
        contact_phone=said.phone or "",
        risk_class=now("risk_class", None if said.risk is None else risk_of(said.risk)),
    )


COMMANDS: Final = (
    Command(
        ("site", "change"),
        Text("修改检查对象的资料", "change what is known about a site"),
        change,
        (
            argument("site", help=Text("编号", "id"), metavar="ID"),
            argument("--name", help=Text("名称", "name")),
            argument("--address", help=Text("地址", "address")),
            argument("--longitude", help=Text("经度，十进制度", "longitude in degrees"), metavar="DEGREES"),
            argument("--latitude", help=Text("纬度，十进制度", "latitude in degrees"), metavar="DEGREES"),
            argument(
                "--datum",
                help=Text("坐标系，默认 WGS-84", "datum, WGS-84 by default"),
                choices=("WGS-84", "CGCS2000", "GCJ-02", "BD-09"),
            ),
            argument("--uscc", help=Text("统一社会信用代码", "unified social credit code")),
            argument("--party", help=Text("责任单位", "responsible party")),
            argument(
                "--risk",
                help=Text("风险等级，本单位自定；none 为未分级", "risk class, the bureau's own; none: not graded"),
                choices=RISKS,
            ),
            argument(
                "--attribute",
                help=Text("属性，可重复；值为空则去掉", "attribute, may be repeated; without a value it goes"),
                action="append",
                default=[],
                metavar="KEY=VALUE",
            ),
            argument("--phone", help=Text("联系电话（不进入日志）", "telephone (kept out of the log)")),
        ),
    ),
)
