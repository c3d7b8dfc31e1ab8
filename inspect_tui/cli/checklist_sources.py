"""Where checklists come from: shipped with the programme, published by an administrator, or imported on this device."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from inspect_tui.cli.failures import complain_of
from inspect_tui.cli.output import print_json, table
from inspect_tui.texts import tr

if TYPE_CHECKING:
    from checklists.model import Catalogue
    from inspect_tui.cli.command import Context
    from inspect_tui.records.publications import Publication


class Source(NamedTuple):
    """Where the version in force of a checklist comes from: `shipped`, `published` or `local`."""

    kind: str
    publication: Publication | None

    def json(self) -> dict[str, Any]:
        """For machines; of a local one the publication is what it stands in front of."""
        one = self.publication
        return {
            "source": self.kind,
            "published_version": one and one.version,
            "published_for": one and one.area,
            "published_at": one and one.at,
            "published_by": one and one.by,
            "published_note": one and one.note,
        }

    def show(self) -> str:
        """For people."""
        from inspect_tui.records.times import shown

        if self.kind == "shipped":
            return tr("内置", "shipped")
        one = self.publication
        said = "" if one is None else f"{one.by} {shown(one.at)} {one.area}"
        if self.kind == "published":
            return tr(f"发布：{said}", f"published by {said}")
        if one is None:
            return tr("本机导入", "local")
        return tr(
            f"本机导入（在 {one.version} 版之上，{said}）", f"local, in front of {one.version} published by {said}"
        )


def sources(context: Context, area: str | None = None) -> tuple[Catalogue, dict[str, Source]]:
    """The catalogue of the workspace where there is one, else the built-in one, and where its checklists come from."""
    from checklists.catalogue import load_catalogue
    from inspect_tui.records.workspace import Workspace

    if not Workspace.exists(context.folder):
        catalogue = load_catalogue()
        return catalogue, dict.fromkeys(catalogue.checklists, Source("shipped", None))
    with context.open() as workspace:
        layers = workspace.layers(area or workspace.config.area)
    complain_of(layers.catalogue.faults)
    by = layers.published.by if layers.published is not None else {}
    found = {}
    for name in layers.catalogue.checklists:
        kind = "local" if name in layers.local else "published" if name in by else "shipped"
        found[name] = Source(kind, by.get(name))
    return layers.catalogue, found


def list_published(context: Context) -> int:
    """Every version that was ever published, and whether it holds."""
    from inspect_tui.records.publications import publications
    from inspect_tui.records.times import shown

    with context.open() as workspace:
        found = publications(workspace)
        held = {one.area: workspace.layers(one.area) for one in found}
    complain_of(dict.fromkeys(fault for layers in held.values() for fault in layers.catalogue.faults))
    rows = []
    for one in found:
        published = held[one.area].published
        holds = published is not None and (now := published.by.get(one.checklist)) is not None and now.id == one.id
        rows.append(
            {
                "id": one.checklist,
                "version": one.version,
                "area": one.area,
                "title": one.title.zh,
                "title_en": one.title.en,
                "state": "withdrawn" if not one.stands else "in_force" if holds else "not_in_force",
                "published_at": one.at,
                "published_by": one.by,
                "badge": one.badge,
                "note": one.note,
                "digest": one.digest,
                "withdrawn_at": one.withdrawn_at or None,
                "withdrawn_by": one.withdrawn_by or None,
                "withdrawn_reason": one.withdrawn_reason or None,
            }
        )
    if context.json:
        print_json(rows)
        return 0
    states = {
        "in_force": tr("现行", "in force"),
        "not_in_force": tr("未生效", "not in force"),
        "withdrawn": tr("已撤回", "withdrawn"),
    }
    headers = (
        tr("编号", "id"),
        tr("版本", "version"),
        tr("行政区", "area"),
        tr("状态", "state"),
        tr("发布", "published"),
        tr("发布人", "by"),
        tr("说明", "note"),
    )
    table(
        headers,
        (
            (
                row["id"],
                row["version"],
                row["area"],
                states[str(row["state"])],
                shown(str(row["published_at"] or "")),
                row["published_by"],
                row["withdrawn_reason"] or row["note"],
            )
            for row in rows
        ),
    )
    return 0
