"""What screens and commands show: typed values read from the tables. No SQL stands above this package."""

from __future__ import annotations

from inspect_tui.records.queries.common import known_area, known_kind
from inspect_tui.records.queries.draws import DrawDetail, DrawLine, draw_detail, list_draws
from inspect_tui.records.queries.findings import (
    FindingDetail,
    FindingFilter,
    FindingLine,
    FindingPage,
    FollowUpLine,
    count_findings,
    finding_detail,
    list_findings,
)
from inspect_tui.records.queries.inspections import (
    InspectionDetail,
    InspectionLine,
    ReviewLine,
    SampleResultLine,
    SectionProgress,
    inspection_detail,
    list_inspections,
)
from inspect_tui.records.queries.photos import PhotoLine, list_photos
from inspect_tui.records.queries.search import Hit, search
from inspect_tui.records.queries.sites import SiteDetail, SiteLine, list_sites, site_detail
from inspect_tui.records.queries.tasks import TaskLine, list_tasks, task_detail
from inspect_tui.records.queries.today import Today, known_officers, today
from inspect_tui.records.queries.walk import AnswerView, LimitView, Walk, WalkItem, WalkSection, walk, walk_item

__all__ = [
    "AnswerView",
    "DrawDetail",
    "DrawLine",
    "FindingDetail",
    "FindingFilter",
    "FindingLine",
    "FindingPage",
    "FollowUpLine",
    "Hit",
    "InspectionDetail",
    "InspectionLine",
    "LimitView",
    "PhotoLine",
    "ReviewLine",
    "SampleResultLine",
    "SectionProgress",
    "SiteDetail",
    "SiteLine",
    "TaskLine",
    "Today",
    "Walk",
    "WalkItem",
    "WalkSection",
    "count_findings",
    "draw_detail",
    "finding_detail",
    "inspection_detail",
    "known_area",
    "known_kind",
    "known_officers",
    "list_draws",
    "list_findings",
    "list_inspections",
    "list_photos",
    "list_sites",
    "list_tasks",
    "search",
    "site_detail",
    "task_detail",
    "today",
    "walk",
    "walk_item",
]
