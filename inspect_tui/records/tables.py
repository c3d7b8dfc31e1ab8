"""The tables of the house, as the log is folded into them.

Cells are what can be in conflict; columns that only make sense together form one cell. Decimals are text, times are
ISO 8601 in UTC, days are ISO dates. Every table also has `id`, `area`, `created`, `heads` and `conflict`.
"""

from __future__ import annotations

from typing import Final

from sync.schema import ADMIN, VOID, Cell, Kind, Schema, Table

REVIEWERS: Final = frozenset({"supervisor", "admin"})


def _texts(*names: str) -> tuple[tuple[str, Kind], ...]:
    return tuple((name, "text") for name in names)


MEASURED: Final = Cell(
    "measurement",
    columns=(
        *_texts("quantity", "value", "unit", "below_detection"),
        ("quick_test", "integer"),
        *_texts("comparator", "limit_value", "limit_source", "limit_basis", "judgement", "exceedance"),
        ("suspected", "integer"),
    ),
)
"""A measured value with the limit that it was held against. `value` is NULL where the quantity lay below the detection
limit `below_detection`; `judgement` is pass, fail or NULL."""

SITES: Final = Table(
    "sites",
    (
        Cell("name"),
        Cell("kind"),
        Cell("address"),
        Cell(
            "position",
            columns=_texts(
                "longitude",
                "latitude",
                "datum",
                "position_source",
                "typed_longitude",
                "typed_latitude",
                "typed_datum",
            ),
        ),
        Cell("uscc"),
        Cell("responsible_party"),
        Cell("risk_class"),
        Cell("attributes", "json"),
        Cell("contact_phone", "blob"),
        VOID,
    ),
    indexes=(("area", "kind"), ("name",)),
)

CHECKLIST_VERSIONS: Final = Table(
    "checklist_versions",
    (
        Cell("checklist"),
        Cell("version"),
        Cell("digest"),
        Cell("frozen"),
    ),
)
"""What was asked, word for word, with limits and legal register; the id is derived from area and digest."""

PUBLISHED_CHECKLISTS: Final = Table(
    "published_checklists",
    (
        Cell(
            "content",
            columns=_texts("checklist", "version", "source", "digest", "title", "title_en"),
        ),
        Cell(
            "published",
            columns=_texts(
                "published_at", "published_by", "published_badge", "published_note", "published_programme"
            ),
        ),
        Cell("withdrawn", columns=_texts("withdrawn_at", "withdrawn_by", "withdrawn_badge", "withdrawn_reason")),
        VOID,
    ),
    roles=ADMIN,
)
"""Checklists that an administrator publishes for an area and those beneath it: `source` is the YAML, word for word,
`digest` its SHA-256. The id is derived from area, checklist and version."""

CARRY_OVERS: Final = Table(
    "carry_overs",
    (
        Cell("inspection"),
        Cell("before", columns=_texts("old_version", "old_frozen")),
        Cell("after", columns=_texts("new_version", "new_frozen")),
        Cell("reason"),
        Cell("at"),
        Cell("people", columns=_texts("officer", "badge")),
        Cell("items", "json"),
    ),
    indexes=(("inspection",),),
)
"""Why a draft went on with another version of its checklist; written in the changeset that carries it over. `items` has
the items that changed with what became of their answers."""

INSPECTIONS: Final = Table(
    "inspections",
    (
        Cell("site"),
        Cell("task"),
        Cell("checklist", columns=_texts("checklist", "checklist_version", "frozen", "item_set")),
        Cell("attributes", "json"),
        Cell("started_at"),
        Cell("ended_at"),
        Cell("zone"),
        Cell("officers", "json"),
        Cell("present", columns=_texts("present_name", "present_role", "signature", "present_reason")),
        Cell("state", columns=_texts("state", "state_at", "state_by", "state_reason")),
        Cell("warnings", "json"),
        Cell("note"),
        Cell("loaded", columns=_texts("loaded_file", "loaded_digest")),
        VOID,
    ),
    indexes=(("site",), ("state",), ("task",)),
)

ANSWERS: Final = Table(
    "answers",
    (
        Cell("inspection"),
        Cell("item"),
        Cell("verdict", columns=_texts("verdict", "reason", "verdict_source")),
        MEASURED,
        Cell("further", "json"),
        Cell("note"),
        Cell("sample", columns=_texts("sample_number", "sample_point", "sample_laboratory", "sample_status")),
        Cell("photo_waiver"),
        Cell("undone"),
    ),
    indexes=(("inspection",),),
)
"""The id is derived from area, inspection and item: two laptops answering one item meet in one row.

`measurement` is the item's first quantity, `further` maps the ids of its other quantities to the same columns.
`undone` names the version that the latest undo took back.
"""

FINDINGS: Final = Table(
    "findings",
    (
        Cell("inspection"),
        Cell("site"),
        Cell("item"),
        Cell("checklist", columns=_texts("checklist", "checklist_version")),
        Cell("basis", columns=_texts("item_title", "item_title_en", "legal_basis", "plan_section")),
        Cell("severity"),
        Cell("description"),
        Cell("competent_authority"),
        Cell("disposal", columns=_texts("disposal", "transfer_to")),
        Cell(
            "measurement",
            columns=(
                *_texts(
                    "value", "unit", "below_detection", "comparator", "limit_value", "limit_source", "exceedance"
                ),
                ("suspected", "integer"),
            ),
        ),
        Cell("status", columns=_texts("status", "status_at")),
        Cell("due_date", columns=_texts("due_date", "due_reason")),
        Cell("found_at"),
        Cell("closed_at"),
        Cell("position", columns=_texts("longitude", "latitude", "datum", "position_source")),
        Cell("people", columns=_texts("inspectors", "badges", "device", "recorded_by")),
        VOID,
    ),
    indexes=(("site",), ("inspection", "item"), ("status", "due_date")),
)

PHOTOS: Final = Table(
    "photos",
    (
        Cell("inspection"),
        Cell("item"),
        Cell("finding"),
        Cell("follow_up"),
        Cell(
            "file",
            columns=(
                ("sha256", "blob"),
                ("size", "integer"),
                *_texts("media_type", "file_name"),
                ("width", "integer"),
                ("height", "integer"),
            ),
        ),
        Cell(
            "exif",
            columns=(
                ("orientation", "integer"),
                *_texts("camera", "software", "taken_at", "taken_at_offset_source", "gps_time"),
            ),
        ),
        Cell(
            "position",
            columns=_texts(
                "longitude",
                "latitude",
                "altitude",
                "direction",
                "datum",
                "position_state",
                "position_source",
                "typed_longitude",
                "typed_latitude",
                "typed_datum",
            ),
        ),
        Cell("phash"),
        Cell("warning_codes"),
        Cell("warnings", "json"),
        Cell("caption", columns=_texts("caption", "proves", "place", "photographer")),
        VOID,
    ),
    indexes=(("inspection", "item"), ("finding",), ("sha256",), ("phash",)),
)
"""Evidence attached. `warning_codes` joins the codes with `;`, `warnings` has them with their sentences."""

FOLLOW_UPS: Final = Table(
    "follow_ups",
    (
        Cell("finding"),
        Cell("kind"),
        Cell("at"),
        Cell("people", columns=_texts("officer", "badge")),
        Cell("text"),
        Cell("result"),
        Cell("new_due_date"),
        Cell("status"),
        VOID,
    ),
    indexes=(("finding",),),
)
"""One event in the life of a finding; `status` is the finding's status after it."""

SAMPLE_RESULTS: Final = Table(
    "sample_results",
    (
        Cell("inspection"),
        Cell("item"),
        Cell("sample_number"),
        MEASURED,
        Cell("report", columns=_texts("laboratory", "report_number", "reported_at")),
        Cell("finding"),
        Cell("note"),
        VOID,
    ),
    indexes=(("inspection", "item"),),
)
"""A laboratory's result, linked to the answer that it leaves untouched."""

REVIEWS: Final = Table(
    "reviews",
    (
        Cell("inspection"),
        Cell("kind"),
        Cell("text"),
        Cell("at"),
        Cell("people", columns=_texts("officer", "badge")),
        VOID,
    ),
    roles=REVIEWERS,
    indexes=(("inspection",),),
)
"""What a supervisor says about an inspection: approved 通过, returned 退回, note 批注."""

RESOLUTIONS: Final = Table(
    "resolutions",
    (
        Cell("target", columns=_texts("table_name", "row_id", "cell_name")),
        Cell("reason"),
        Cell("at"),
        Cell("people", columns=_texts("officer", "badge")),
    ),
    indexes=(("row_id",),),
)
"""Why a conflict was settled as it was; written in the changeset that settles it."""

OFFICERS: Final = Table("officers", (Cell("name"), Cell("badge"), VOID))
"""People met on inspections, offered when the next one starts; the id is derived from area and badge."""

TASKS: Final = Table(
    "tasks",
    (
        Cell("site"),
        Cell("checklist"),
        Cell("officers", "json"),
        Cell("due_date"),
        Cell("note"),
        Cell("draw"),
        Cell("made", columns=_texts("made_at", "made_by")),
        VOID,
    ),
    roles=REVIEWERS,
    indexes=(("site",), ("due_date",), ("draw",)),
)
"""A site to be inspected with a checklist by a day; voided when it is cancelled. Whether it is done is nowhere written:
it follows from the inspections, which inspectors write."""

DRAWS: Final = Table(
    "draws",
    (
        Cell("title"),
        Cell("filters", "json"),
        Cell("amounts", columns=(("amount_by", "text"), ("amounts", "json"))),
        Cell("seed", columns=_texts("seed", "seed_source")),
        Cell("algorithm"),
        Cell("population", "json"),
        Cell("population_digest", columns=(("population_sha256", "text"), ("population_count", "integer"))),
        Cell("officers", "json"),
        Cell("per_site", "integer"),
        Cell("barred", "json"),
        Cell("result", "json"),
        Cell("made", columns=_texts("made_at", "made_by")),
        VOID,
    ),
    roles=REVIEWERS,
)
"""A random draw 双随机 of sites and officers with all that is needed to repeat it; docs/draw.md says how.

`population` maps each class to the ids that were drawn from, `barred` lists [badge, site], `result` lists
[site, badge, badge, …] in the order in which they came out.
"""

SAME_SITES: Final = Table(
    "same_sites",
    (
        Cell("pair", columns=_texts("kept", "joined")),
        Cell("state", columns=_texts("state", "state_at", "state_by", "state_reason")),
    ),
    indexes=(("kept",), ("joined",)),
)
"""Two rows of `sites` that are one site 同一对象: `kept` is the one shown, `state` is joined 归并 or parted 分开. The id is
derived from area and the pair, in whatever order. Neither site changes: what follows from it is read, never written."""

OFFERS: Final = Table(
    "offers",
    (
        Cell("version"),
        Cell("reason"),
        Cell("at"),
        Cell("people", columns=_texts("officer", "badge")),
    ),
    indexes=(("version",),),
)
"""A refused changeset that was offered again 重新提交, and why; written in the changeset that offers it again."""

SCHEMA: Final = Schema(
    (
        SITES,
        CHECKLIST_VERSIONS,
        PUBLISHED_CHECKLISTS,
        CARRY_OVERS,
        INSPECTIONS,
        ANSWERS,
        FINDINGS,
        PHOTOS,
        FOLLOW_UPS,
        SAMPLE_RESULTS,
        REVIEWS,
        RESOLUTIONS,
        OFFICERS,
        TASKS,
        DRAWS,
        SAME_SITES,
        OFFERS,
    )
)
