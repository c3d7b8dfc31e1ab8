"""Separation of duties 岗位分离: who checks is not who recorded. Compared are badge numbers, never devices.

The same badge on two laptops is one person, two badges on one laptop are two. The action at hand refuses what is plainly
wrong; what another device wrote only marks its row, for it may have been right there and then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspect_tui.records.model import Problem
from inspect_tui.records.officers import same_badge
from inspect_tui.records.rows import decoded

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from inspect_tui.records.queries.findings import FollowUpLine
    from inspect_tui.records.queries.inspections import ReviewLine


def finding_duties(values: Mapping[str, object], events: Sequence[FollowUpLine]) -> tuple[Problem, ...]:
    """What marks a finding: closed by whoever recorded it.

    Args:
        values: Columns of the finding's row; `recorded_by` is compared.
        events: Its follow-ups that are not void.
    """
    recorded = values["recorded_by"]
    return tuple(
        Problem(
            "same_person_closed",
            f"销号人与记录人是同一人（{event.officer} {event.badge}）；请由另一名执法人员复核。",
            f"Closed by the person who recorded it ({event.officer} {event.badge}); let another officer check it.",
        )
        for event in events
        if event.kind == "closing" and isinstance(recorded, str) and same_badge(event.badge, recorded)
    )


def inspection_duties(values: Mapping[str, object], reviews: Sequence[ReviewLine]) -> tuple[Problem, ...]:
    """What marks an inspection: approved by one of those who inspected or submitted it.

    Args:
        values: Columns of the inspection's row; `officers` and `state_by` are compared.
        reviews: What supervisors said.
    """
    officers = decoded(values["officers"], [])
    badges = [one.get("badge") for one in (officers if isinstance(officers, list) else []) if isinstance(one, dict)]
    badges.append(values["state_by"] if values["state"] == "submitted" else None)
    return tuple(
        Problem(
            "same_person_approved",
            f"审核通过人 {review.officer} {review.badge} 参加了本次检查；请由另一人审核。",
            f"Approved by {review.officer} {review.badge}, who took part in the inspection; let somebody else review it.",
        )
        for review in reviews
        if review.kind == "approved"
        and any(isinstance(one, str) and same_badge(review.badge, one) for one in badges)
    )
