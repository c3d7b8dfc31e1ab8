"""What does not count stays in the log, is shown at both ends with the reason, and can be offered again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from inspect_tui.records import inspections, queries
from inspect_tui.records.answers import answer, answer_id
from inspect_tui.records.conflicts import list_conflicts
from inspect_tui.records.findings import add_finding, edit_finding
from inspect_tui.records.model import AnswerInput, FindingInput, RefusedByRules, SiteInput
from inspect_tui.records.refusals import OtherValuesError, Refusal, count_refused, list_refused, offer_again
from inspect_tui.records.sites import add_site, edit_site
from inspect_tui.records.tables import SCHEMA
from inspect_tui.texts import Refused
from sync.identity import Identity
from sync.verify import verify
from tests.inspect_tui.records.conftest import meet

if TYPE_CHECKING:
    from inspect_tui.records.workspace import Workspace
    from sync.keys import Role


def limited(
    workspace: Workspace,
    root: Workspace,
    *,
    role: Role = "inspector",
    areas: tuple[str, ...] = ("141102",),
    badges: tuple[str, ...] = (),
) -> None:
    """Give the laptop another certificate of the same team, as an administrator does."""
    identity, team = workspace.identity, root.identity.root
    assert team is not None
    workspace.replica.identity = Identity.issue(
        team, "外勤机", role=role, areas=areas, officers=badges, key=identity.key
    )


def refused(workspace: Workspace) -> list[Refusal]:
    """Those refused, the first to come first."""
    return list_refused(workspace)[::-1]


def site_in(workspace: Workspace, area: str, name: str = "外县工地") -> str:
    """A site of an area."""
    return add_site(
        workspace, SiteInput(name=name, kind="construction_site", area=area, attributes={"road_class": "main"})
    )


def sound(*workspaces: Workspace) -> None:
    """Nothing is wrong with the logs, and folding them anew gives the same tables."""
    for one in workspaces:
        replica = one.replica
        assert [
            fault for fault in verify(replica.connection, SCHEMA, replica.blobs) if fault.level == "fault"
        ] == []
        before = list(replica.dump())
        replica.rebuild()
        assert list(replica.dump()) == before


def test_what_was_refused_is_listed_at_both_ends(workspace: Workspace, other: Workspace) -> None:
    """Who, when, what and why; the table does not have it."""
    limited(other, workspace, areas=("141102",))
    made = site_in(other, "141125")
    meet(workspace, other)

    for one in (workspace, other):
        (found,) = list_refused(one)
        (change,) = found.changes
        assert (found.area, found.device_name, found.offered) == ("141125", "外勤机", None)
        assert (change.table, change.row, change.title, change.code) == ("sites", made, "外县工地", "area")
        assert change.set["name"] == "外县工地"
        assert "行政区" in change.reason.zh
        assert one.replica.row("sites", made) is None
        assert count_refused(one) == 1


def test_a_supervisor_offers_it_again_and_it_counts(workspace: Workspace, other: Workspace) -> None:
    """The same values in a new changeset with a reason; the refused one stays where it is and says so."""
    limited(other, workspace)
    made = site_in(other, "141125")
    meet(workspace, other)
    (found,) = refused(workspace)
    done = offer_again(workspace, found.version, "借调期间登记，情况属实")
    meet(workspace, other)

    for one in (workspace, other):
        assert one.row("sites", made).values["name"] == "外县工地"
        (still,) = list_refused(one)
        assert still.offered is not None
        assert (still.version, still.offered.version, still.offered.reason) == (
            found.version,
            done,
            "借调期间登记，情况属实",
        )
        assert count_refused(one) == 0
    entries = workspace.replica.history(made)
    assert [entry.refused for entry in entries] == ["area", None]
    assert entries[1].seen["name"] == [found.version]
    sound(workspace, other)
    with pytest.raises(Refused) as twice:
        offer_again(workspace, found.version, "又一次")
    assert "检查员甲" in twice.value.zh


def test_its_own_device_offers_it_again_after_the_role_changed(workspace: Workspace, other: Workspace) -> None:
    """Before, its certificate permits it no more than at first, and nothing is written; afterwards it counts."""
    limited(other, workspace)
    made = site_in(other, "141125")
    (found,) = refused(other)
    before = other.replica.status()
    with pytest.raises(Refused) as still:
        offer_again(other, found.version, "再试")
    assert "行政区" in still.value.zh
    assert other.replica.status() == before
    limited(other, workspace, areas=("141100",))
    offer_again(other, found.version, "已授权全市")
    meet(workspace, other)

    assert workspace.row("sites", made).values["name"] == "外县工地"
    assert queries.list_sites(workspace, area="141125")[0].id == made
    sound(workspace, other)


def test_another_inspector_cannot_offer_it_again(workspace: Workspace, other: Workspace) -> None:
    """Only the author's device, a supervisor or an administrator."""
    limited(other, workspace)
    site_in(other, "141125")
    meet(workspace, other)
    (found,) = refused(workspace)
    workspace.replica.identity = Identity.issue(workspace.identity.root, "别的机", role="inspector")  # type: ignore[arg-type]
    with pytest.raises(Refused):
        offer_again(workspace, found.version, "代交")


@pytest.mark.parametrize("reason", ["", " ", "\u200b"])
def test_offering_again_needs_a_reason_and_a_refused_changeset(
    workspace: Workspace, other: Workspace, site: str, reason: str
) -> None:
    """Nothing is written without them."""
    limited(other, workspace)
    site_in(other, "141125")
    meet(workspace, other)
    (found,) = refused(workspace)
    before = workspace.replica.status()
    with pytest.raises(Refused):
        offer_again(workspace, found.version, reason)
    for version in ("nonsense", workspace.row("sites", site).created):
        with pytest.raises(Refused):
            offer_again(workspace, version, "x")
    assert workspace.replica.status() == before


def test_a_later_change_is_offered_after_the_record_itself(workspace: Workspace, other: Workspace) -> None:
    """Of a chain of refused changes the first is named; in their order all count, and no conflict is left."""
    limited(other, workspace)
    made = site_in(other, "141125")
    limited(other, workspace, areas=("141125",))
    limited(other, workspace)
    basis = SiteInput("外县工地", "construction_site", "141125", "柳林县", attributes={"road_class": "main"})
    first = refused(other)[0].version
    seen = {"address": [first]}
    from sync.replica import Edit, Row

    row = Row("sites", made, "141125", {}, "", seen, [])
    other.write("141125", [Edit("sites", made, {"address": basis.address}, basis=row)])
    meet(workspace, other)
    one, two = refused(workspace)
    with pytest.raises(Refused) as first_of_all:
        offer_again(workspace, two.version, "属实")
    assert one.version in first_of_all.value.zh
    for each in (one, two):
        offer_again(workspace, each.version, "属实")
    meet(workspace, other)

    values = other.row("sites", made).values
    assert (values["name"], values["address"]) == ("外县工地", "柳林县")
    assert list_conflicts(other) == []
    sound(workspace, other)


def test_values_that_came_since_are_shown_before_they_are_written_over(
    workspace: Workspace, other: Workspace, inspection: str
) -> None:
    """Refused with both values; confirmed, it writes over exactly what was shown."""
    made = add_finding(workspace, inspection, "CD-101", FindingInput("缺口"))
    meet(workspace, other)
    limited(other, workspace, badges=("别人",))
    edit_finding(other, made, FindingInput("北侧缺口 12 m"))
    edit_finding(workspace, made, FindingInput("南侧缺口"))
    meet(workspace, other)
    assert workspace.row("findings", made).values["description"] == "南侧缺口"
    (found,) = refused(workspace)
    before = workspace.replica.status()
    with pytest.raises(OtherValuesError) as asked:
        offer_again(workspace, found.version, "现场核实")
    assert all(word in asked.value.zh for word in ("南侧缺口", "北侧缺口 12 m", "问题描述"))
    assert workspace.replica.status() == before
    edit_finding(workspace, made, FindingInput("东侧缺口"))
    with pytest.raises(OtherValuesError) as again:
        offer_again(workspace, found.version, "现场核实", replace=True, shown=asked.value.clashes)
    assert "东侧缺口" in again.value.zh
    offer_again(workspace, found.version, "现场核实", replace=True, shown=again.value.clashes)
    meet(workspace, other)

    assert other.row("findings", made).values["description"] == "北侧缺口 12 m"
    assert list_conflicts(workspace) == []
    sound(workspace, other)


def test_a_cell_in_conflict_is_not_settled_in_passing(workspace: Workspace, other: Workspace, site: str) -> None:
    """Whoever offers again settles the conflict first."""
    said = SiteInput("示例工程", "construction_site", "141102", "甲路", attributes={"road_class": "main"})
    limited(other, workspace, badges=("别人",))
    edit_site(other, site, said)
    limited(other, workspace, role="admin", areas=("000000",))
    edit_site(
        workspace,
        site,
        SiteInput("示例工程", "construction_site", "141102", "乙路", attributes={"road_class": "main"}),
    )
    edit_site(
        other, site, SiteInput("示例工程", "construction_site", "141102", "丙路", attributes={"road_class": "main"})
    )
    meet(workspace, other)
    assert [view.conflict.cell for view in list_conflicts(workspace)] == ["address"]
    (found,) = refused(workspace)
    with pytest.raises(Refused) as disputed:
        offer_again(workspace, found.version, "属实", replace=True)
    assert "conflict resolve" in disputed.value.zh


def test_submitted_evidence_is_not_written_over(workspace: Workspace, other: Workspace, inspection: str) -> None:
    """An answer that was refused does not enter an inspection that was submitted since; nor is one submitted past the rules."""
    limited(other, workspace, badges=("别人",))
    answer(other, inspection, "CD-002", AnswerInput(verdict="n_a", reason="市政工程"))
    answer(workspace, inspection, "CD-001", AnswerInput(verdict="pass"))
    inspections.submit(workspace, inspection)
    meet(workspace, other)
    (found,) = refused(workspace)
    with pytest.raises(Refused) as frozen:
        offer_again(workspace, found.version, "补录")
    assert "已提交" in frozen.value.zh
    inspections.amend(workspace, inspection, "补录一项")
    offer_again(workspace, found.version, "补录")
    assert workspace.row("answers", answer_id("141102", inspection, "CD-002")).values["verdict"] == "n_a"


def test_a_submission_that_was_refused_obeys_the_rules_of_now(
    workspace: Workspace, other: Workspace, inspection: str
) -> None:
    """With a failed item that lacks a reason by now, the refused submission is refused by the rules."""
    answer(workspace, inspection, "CD-001", AnswerInput(verdict="pass"))
    meet(workspace, other)
    limited(other, workspace, badges=("别人",))
    inspections.submit(other, inspection)
    answer(workspace, inspection, "CD-002", AnswerInput(verdict="fail"))
    meet(workspace, other)
    (found,) = refused(workspace)
    with pytest.raises(RefusedByRules):
        offer_again(workspace, found.version, "补交", replace=True)
    answer(workspace, inspection, "CD-002", AnswerInput(verdict="pass"))
    offer_again(workspace, found.version, "补交", replace=True)
    assert workspace.row("inspections", inspection).values["state"] == "submitted"
    sound(workspace)


def test_a_refused_adoption_is_not_offered_again(workspace: Workspace, other: Workspace) -> None:
    """What the log itself obeys is done anew by an administrator, never revived."""
    limited(other, workspace)
    other.replica.adopt("141102", "0" * 32, {}, name="别的单位", officer="1")
    meet(workspace, other)
    (found,) = refused(workspace)
    with pytest.raises(Refused):
        offer_again(workspace, found.version, "x")
