"""Sites: what looks odd about one is said, and nothing said about it is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from inspect_tui.records import inspections, queries
from inspect_tui.records.findings import add_finding
from inspect_tui.records.model import FindingInput, Officer, Origin, SiteInput, TypedPosition
from inspect_tui.records.sites import add_site, site_warnings
from inspect_tui.texts import Refused
from tests.inspect_tui.records.conftest import VISIT, meet

if TYPE_CHECKING:
    from inspect_tui.records.workspace import Workspace


def said(**changes: object) -> SiteInput:
    """A site in 离石区."""
    made: dict[str, object] = {"name": "甲厂", "kind": "outfall", "area": "141102", **changes}
    return SiteInput(**made)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("longitude", "latitude", "hint"),
    [
        ("111.15", "37.5189", None),
        ("37.5189", "31.1", "核对"),
        ("-111.15", "-37.5189", "核对"),
        ("111.78", "37.14", "核对"),
        ("37.5189", "80", "核对"),
    ],
)
def test_a_site_outside_its_area_is_warned_about(
    workspace: Workspace, longitude: str, latitude: str, hint: str | None
) -> None:
    """The bounding box of the area only warns."""
    site = add_site(workspace, said(position=TypedPosition(longitude, latitude)))
    warnings = site_warnings(workspace, site)

    assert [warning.code for warning in warnings] == ([] if hint is None else ["outside_area"])
    assert hint is None or hint in warnings[0].zh


def test_swapped_coordinates_are_called_swapped(workspace: Workspace) -> None:
    """A latitude of 111 is not only out of range: the other way round it would do."""
    with pytest.raises(Refused) as refused:
        add_site(workspace, said(position=TypedPosition("37.5189", "111.15")))
    assert "写反" in refused.value.zh
    assert "swapped" in refused.value.en
    with pytest.raises(Refused) as refused:
        add_site(workspace, said(position=TypedPosition("137.5", "911.15")))
    assert "swapped" not in refused.value.en


def test_an_unknown_area_and_a_second_site_of_one_name_are_said(workspace: Workspace) -> None:
    """Both are recorded; the warning names the area, and the other site by its id."""
    first = add_site(workspace, said(area="999999"))
    assert [warning.code for warning in site_warnings(workspace, first)] == ["area_unknown"]
    one = add_site(workspace, said())
    two = add_site(workspace, said(kind="construction_site"))
    warnings = site_warnings(workspace, two)
    assert [warning.code for warning in warnings] == ["same_name"]
    assert one in warnings[0].zh


@pytest.mark.parametrize("attributes", [{"river": "汾河", "river ": "文峪河"}, {"\u200b": "汾河"}])
def test_no_attribute_is_lost(workspace: Workspace, attributes: dict[str, str]) -> None:
    """Two names that are one, and a name that nobody sees, are refused; neither value is dropped."""
    with pytest.raises(Refused):
        add_site(workspace, said(attributes=attributes))


def test_search_looks_at_values_not_at_json(workspace: Workspace, inspection: str) -> None:
    """Punctuation and keys of a JSON cell are nothing that people wrote; names, badges and attributes are."""
    for words in ('"', "{", "[", "badge", "name"):
        assert queries.search(workspace, words) == []
    assert [hit.id for hit in queries.search(workspace, "检查员乙")] == [inspection]
    assert [hit.id for hit in queries.search(workspace, "14110200002")] == [inspection]
    assert [hit.kind for hit in queries.search(workspace, "main")] == ["site"]


def test_what_a_file_says_is_the_same_on_every_laptop(workspace: Workspace, other: Workspace, site: str) -> None:
    """With the file's own officer, device and time in place of the laptop's, loading it twice gives no conflict."""
    other.config = other.change_config(name="检查员丙", badge="14110200003", device="丙的电脑")
    row = "01999999-0000-7000-8000-000000000001"
    people = [Officer("检查员甲", "14110200001"), Officer("检查员乙", "14110200002")]
    origin = Origin(people[0], "file", VISIT)
    for one in (workspace, other):
        inspections.start(
            one,
            site,
            "construction-dust",
            officers=people,
            started_at=VISIT,
            row=row,
            loaded={"loaded_digest": "0" * 64},
            origin=origin,
        )
        inspections.set_times(one, row, ended_at=VISIT)
        finding = "01999999-0000-7000-8000-000000000002"
        add_finding(one, row, "CD-101", FindingInput("缺口"), row=finding, origin=origin)
        inspections.submit(one, row, origin=origin)
    meet(workspace, other)

    assert workspace.replica.conflicts() == []
    assert workspace.row("findings", finding).values["recorded_by"] == "14110200001"
