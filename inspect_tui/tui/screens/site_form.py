"""A site as one writes it down: new, or changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on
from textual.containers import Vertical

from inspect_tui.records.model import RISK_CLASSES, Datum, SiteInput, TypedPosition
from inspect_tui.texts import Text
from inspect_tui.tui.screens.form import FormScreen
from inspect_tui.tui.screens.options import area_options, attribute_options, kind_options, word_options
from inspect_tui.tui.uitext import halfwidth
from inspect_tui.tui.widgets.fields import ChoiceField, Cycle, TextField
from inspect_tui.tui.widgets.phrase import Phrase

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.widget import Widget

    from inspect_tui.records.queries import SiteDetail
    from inspect_tui.records.workspace import Workspace

_DATUMS: dict[str, Text] = {
    "WGS-84": Text("WGS-84（GPS）", "WGS-84 (GPS)"),
    "CGCS2000": Text("CGCS2000（天地图）", "CGCS2000 (Tianditu)"),
    "GCJ-02": Text("GCJ-02（高德、腾讯）", "GCJ-02 (Amap, Tencent)"),
    "BD-09": Text("BD-09（百度）", "BD-09 (Baidu)"),
}


class SiteForm(FormScreen[str]):
    """Dismissed with the row id of the site."""

    def __init__(self, workspace: Workspace, detail: SiteDetail | None = None, *, name: str = "") -> None:
        super().__init__(Text("修改对象", "Change a site") if detail else Text("新建对象", "New site"))
        self._workspace = workspace
        self._detail = detail
        self._typed = name

    def fields(self) -> Iterator[Widget]:
        """What identifies a site first; what selects limits last."""
        values = self._detail.row.values if self._detail else {}
        said = {name: str(value) for name, value in values.items() if value is not None}
        catalogue = self._workspace.catalogue
        area = self._detail.line.area if self._detail else self._workspace.config.area
        yield TextField("name", Text("名称", "Name"), said.get("name", self._typed))
        yield ChoiceField("kind", Text("类型", "Kind"), kind_options(catalogue), said.get("kind", ""))
        if self._detail is None:
            yield ChoiceField("area", Text("行政区", "Area"), area_options(catalogue), area)
        yield TextField("address", Text("地址", "Address"), said.get("address", ""))
        yield TextField(
            "uscc",
            Text("统一信用代码", "Credit code"),
            said.get("uscc", ""),
            hint=Text("18 位，可不填", "18 characters, optional"),
        )
        yield TextField("responsible_party", Text("责任单位", "Responsible"), said.get("responsible_party", ""))
        yield ChoiceField(
            "risk_class",
            Text("风险等级", "Risk class"),
            [("", Text("未分级", "not graded")), *word_options(RISK_CLASSES)],
            said.get("risk_class", ""),
        )
        yield TextField(
            "contact_phone",
            Text("联系电话", "Telephone"),
            hint=Text("个人信息，不进入日志", "personal data, never in the log"),
        )
        yield TextField(
            "longitude",
            Text("经度", "Longitude"),
            said.get("typed_longitude", ""),
            hint=Text("111.134567", "111.134567"),
        )
        yield TextField(
            "latitude",
            Text("纬度", "Latitude"),
            said.get("typed_latitude", ""),
            hint=Text("37.518901", "37.518901"),
        )
        yield ChoiceField(
            "datum", Text("坐标系", "Datum"), list(_DATUMS.items()), said.get("typed_datum", "WGS-84")
        )
        yield Phrase(
            Text(
                "以下决定适用的限值和检查项，不清楚可不选：",
                "These select limits and items; leave what is not known:",
            ),
            classes="hint",
        )
        yield Vertical(*self._attributes(said.get("kind") or next(iter(catalogue.kinds))), id="attributes")

    def _attributes(self, kind_id: str) -> list[Widget]:
        kind = self._workspace.catalogue.kinds.get(kind_id)
        known = self._detail.attributes if self._detail else {}
        return [
            ChoiceField(
                f"attributes-{attribute.id}",
                Text(attribute.title.zh, attribute.title.en),
                attribute_options(attribute),
                known.get(attribute.id, ""),
            )
            if attribute.values
            else TextField(
                f"attributes-{attribute.id}",
                Text(attribute.title.zh, attribute.title.en),
                known.get(attribute.id, ""),
            )
            for attribute in (kind.attributes if kind else ())
            if attribute.scope == "site"
        ]

    def on_mount(self) -> None:
        """Begin with the name."""
        self.query_one("#field-name Input").focus()

    @on(Cycle.Turned, "#field-kind Cycle")
    async def _other_kind(self) -> None:
        """Each kind has attributes of its own."""
        box = self.query_one("#attributes")
        async with self.batch():
            await box.remove_children()
            await box.mount(*self._attributes(self.value("kind")))

    def save(self) -> str:
        """Record the site."""
        from inspect_tui.records import sites

        said = self._said()
        if self._detail is None:
            return sites.add_site(self._workspace, said)
        sites.edit_site(self._workspace, self._detail.line.id, said, basis=self._detail.row)
        return self._detail.line.id

    def _said(self) -> SiteInput:
        longitude, latitude = (halfwidth(self.value(name)).strip() for name in ("longitude", "latitude"))
        datum: Datum = self.value("datum")  # type: ignore[assignment]
        typed = TypedPosition(longitude, latitude, datum) if longitude or latitude else None
        return SiteInput(
            name=self.value("name"),
            kind=self.value("kind"),
            area=self._detail.line.area if self._detail else self.value("area"),
            address=self.value("address"),
            position=typed,
            uscc=self.value("uscc"),
            responsible_party=self.value("responsible_party"),
            attributes={
                one.field.removeprefix("attributes-"): one.value
                for one in self._all_fields()
                if one.field.startswith("attributes-") and one.value
            },
            contact_phone=self.value("contact_phone"),
            risk_class=self.value("risk_class"),
        )
