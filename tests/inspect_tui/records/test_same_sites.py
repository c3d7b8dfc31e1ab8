"""Two rows of one site: joined and parted by signed changes, shown as one, whatever the order in which they meet."""

from __future__ import annotations

import itertools
import shutil
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inspect_tui.records import inspections, queries
from inspect_tui.records.conflicts import list_conflicts, resolve
from inspect_tui.records.model import Officer, SiteInput, TypedPosition
from inspect_tui.records.same_site_hints import hints
from inspect_tui.records.same_sites import join, pair_id, part, roots, site_groups
from inspect_tui.records.sites import add_site, site_warnings, void_site
from inspect_tui.records.workspace import Workspace
from inspect_tui.texts import Refused
from tests.inspect_tui.records.conftest import VISIT, meet

if TYPE_CHECKING:
    from pathlib import Path

SITES = ("a", "b", "c", "d")
TWO = [Officer("检查员甲", "14110200001"), Officer("检查员乙", "14110200002")]


def again(workspace: Workspace, name: str = "示例工程（二）", **said: object) -> str:
    """Another row of the site."""
    given_ = {"kind": "construction_site", "area": "141102", "attributes": {"road_class": "main"}, **said}
    return add_site(workspace, SiteInput(name=name, **given_))  # type: ignore[arg-type]


@pytest.fixture
def twin(workspace: Workspace, other: Workspace) -> str:
    """A second row of the site, recorded on the other laptop with an inspection of its own."""
    made = again(other)
    inspections.start(other, made, "construction-dust", officers=TWO, started_at=VISIT)
    meet(workspace, other)
    return made


def test_joined_sites_are_listed_found_and_told_as_one(
    workspace: Workspace, other: Workspace, site: str, inspection: str, twin: str
) -> None:
    """The kept one is listed with both names, both inspections stand in the history, no row of either site changes."""
    before = [workspace.row("sites", one) for one in (site, twin)]
    join(workspace, site, twin, "同一工地，两台电脑各登记一次")
    meet(workspace, other)

    for one in (workspace, other):
        (line,) = queries.list_sites(one)
        assert (line.id, line.title, line.inspections) == (site, "示例工程 (= 示例工程（二）)", 2)
        assert [each.id for each in queries.list_sites(one, words="（二）")] == [site]
        assert [each.id for each in queries.list_sites(one, not_inspected_days=1)] == [site]
        detail = queries.site_detail(one, site)
        assert {each.site for each in detail.inspections} == {site, twin}
        assert detail.kept is None
        assert detail.joinings[0].reason == "同一工地，两台电脑各登记一次"
        joined = queries.site_detail(one, twin)
        assert joined.kept is not None
        assert (joined.kept.id, len(joined.inspections)) == (site, 2)
        hits = [hit for hit in queries.search(one, "（二）") if hit.kind == "site"]
        assert [(hit.id, hit.title) for hit in hits] == [(site, "示例工程 = 示例工程（二）")]
    assert [workspace.row("sites", one) for one in (site, twin)] == before


def test_parting_takes_it_back_and_keeps_who_said_what(workspace: Workspace, site: str) -> None:
    """Both are listed again; the history has both changes with their reasons; the pair is not proposed again."""
    twin = again(workspace, "示例工程")
    assert [hint.joined for hint in hints(workspace)] == [twin]
    assert [one.code for one in site_warnings(workspace, twin)] == ["same_name"]
    row = join(workspace, site, twin, "同一工地")
    assert hints(workspace) == []
    assert site_warnings(workspace, twin) == []
    assert part(workspace, twin, site, "其实是二标段") == row

    assert {line.id for line in queries.list_sites(workspace)} == {site, twin}
    assert queries.site_detail(workspace, site).same == ()
    said = [entry.set["state"]["state_reason"] for entry in workspace.replica.history(row)]
    assert said == ["同一工地", "其实是二标段"]
    assert hints(workspace) == []
    join(workspace, twin, site, "还是同一个")
    assert [line.id for line in queries.list_sites(workspace)] == [twin]


def test_a_chain_is_one_site_and_is_parted_where_it_was_joined(workspace: Workspace, site: str) -> None:
    """A→B→C shows C; parting A from C directly is refused and names what joins them."""
    second, third = again(workspace, "二"), again(workspace, "三")
    join(workspace, second, site, "x")
    join(workspace, third, second, "y")
    assert [line.id for line in queries.list_sites(workspace)] == [third]
    with pytest.raises(Refused):
        join(workspace, site, third, "又")
    with pytest.raises(Refused) as refused:
        part(workspace, site, third, "z")
    assert f"{third} {second}" in refused.value.zh
    part(workspace, third, second, "z")
    assert {line.id for line in queries.list_sites(workspace)} == {second, third}


def test_what_cannot_be_joined_is_refused_with_nothing_written(workspace: Workspace, site: str) -> None:
    """No reason, the same row, a void site, another area, an unknown id."""
    twin, void, far = again(workspace), again(workspace, "废"), again(workspace, "远", area="141125")
    void_site(workspace, void, "误登")
    before = workspace.replica.status()
    for kept, joined, reason in (
        (site, twin, " "),
        (site, site, "x"),
        (site, void, "x"),
        (void, site, "x"),
        (site, far, "x"),
        (site, "nothing", "x"),
    ):
        with pytest.raises(Refused):
            join(workspace, kept, joined, reason)
    with pytest.raises(Refused):
        part(workspace, site, twin, "x")
    assert workspace.replica.status() == before


def test_when_the_kept_one_is_voided_the_other_is_listed(workspace: Workspace, site: str) -> None:
    """A group never disappears with the row that was kept."""
    twin = again(workspace)
    join(workspace, site, twin, "x")
    void_site(workspace, site, "登记有误")
    assert [line.id for line in queries.list_sites(workspace)] == [twin]


def test_joining_beside_parting_is_an_ordinary_conflict(
    workspace: Workspace, other: Workspace, site: str, twin: str
) -> None:
    """Both stay, it is listed as a conflict, no third word settles it in passing, and a choice does."""
    row = join(workspace, site, twin, "同一个")
    meet(workspace, other)
    part(workspace, site, twin, "不是")
    part(other, site, twin, "看错了")
    join(other, twin, site, "是同一个，保留新的")
    meet(workspace, other)
    assert [view.conflict.cell for view in list_conflicts(workspace)] == ["state"]
    with pytest.raises(Refused):
        part(workspace, site, twin, "不管")
    with pytest.raises(Refused):
        join(workspace, site, twin, "不管")
    heads = {head.value["state"]: head.version for head in list_conflicts(workspace)[0].conflict.heads}
    resolve(workspace, "same_sites", row, "state", version=heads["joined"], reason="核对过")
    meet(workspace, other)
    assert list_conflicts(other) == []
    assert [line.id for line in queries.list_sites(other)] == [twin]


def test_joining_in_both_directions_at_once_is_a_conflict_of_which_is_kept(
    workspace: Workspace, other: Workspace, site: str, twin: str
) -> None:
    """The two meet in one row; whoever settles it says which one stays."""
    row = join(workspace, site, twin, "留旧的")
    assert join(other, twin, site, "留新的") == row
    meet(workspace, other)
    assert {view.conflict.cell for view in list_conflicts(workspace)} == {"pair", "state"}
    for view in list_conflicts(workspace):
        chosen = next(head for head in view.conflict.heads if head.device == workspace.device)
        resolve(workspace, "same_sites", row, view.conflict.cell, version=chosen.version, reason="核对过")
    meet(workspace, other)
    assert [line.id for line in queries.list_sites(other)] == [site]


def test_hints_name_what_speaks_for_them(workspace: Workspace) -> None:
    """Same code nearby, same name however typed, next to each other; far apart or of another kind is no hint."""
    code = "91350100M000100Y43"
    here, near, far = (("111.1502", "37.5189"), ("111.1503", "37.5190"), ("111.2502", "37.5189"))
    first = again(workspace, "滨河一期 (东)", position=TypedPosition(*here), uscc=code)
    second = again(workspace, "滨河一期（东）", position=TypedPosition(*near), uscc=code)
    again(workspace, "同公司远处", position=TypedPosition(*far), uscc=code)
    again(workspace, "旁边的排口", kind="outfall", position=TypedPosition(*here), attributes={})
    (hint,) = hints(workspace)

    assert (hint.kept, hint.joined, hint.codes) == (first, second, ("uscc", "name", "near"))
    assert hint.distance_m == 14
    assert hints(workspace, area="141125") == []


@given(
    st.lists(st.tuples(st.sampled_from(SITES), st.sampled_from(SITES)), max_size=8), st.sets(st.sampled_from(SITES))
)
def test_who_is_shown_does_not_depend_on_the_order(pairs: list[tuple[str, str]], void: set[str]) -> None:
    """Chains and cycles give every site exactly one that is shown, which is under no other, in whatever order."""
    pairs = [pair for pair in pairs if pair[0] != pair[1]]
    known = {site: site in void for site in SITES}
    found = roots(pairs, known)

    for order in itertools.islice(itertools.permutations(pairs), 24):
        assert roots(order, known) == found
    assert not set(found.values()) & set(found)
    for kept, joined in pairs:
        assert found.get(kept, kept) == found.get(joined, joined)
    for root in found.values():
        members = {root, *(site for site, shown in found.items() if shown == root)}
        assert root not in void or members <= void


_STEPS = st.lists(
    st.tuples(st.integers(0, 1), st.sampled_from(["join", "part", "meet"]), st.permutations(range(3))), max_size=12
)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A workspace with three sites."""
    folder = tmp_path_factory.mktemp("template") / "one"
    with Workspace.init(folder, name="甲", badge="1", area="141102") as made:
        ids = [again(made, name) for name in ("一", "二", "三")]
        made.replica.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return folder, ids


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_STEPS)
def test_two_laptops_that_join_and_part_show_the_same_in_the_end(
    template: tuple[Path, list[str]],
    tmp_path_factory: pytest.TempPathFactory,
    steps: list[tuple[int, str, list[int]]],
) -> None:
    """However joins, parts and meetings follow each other, equal logs show the same groups, and each site once."""
    source, ids = template
    folder = tmp_path_factory.mktemp("pair")
    for name in ("one", "two"):
        shutil.copytree(source, folder / name)
    with Workspace.open(folder / "one") as one, Workspace.open(folder / "two") as two:
        for who, what, order in steps:
            workspace, (kept, joined) = (one, two)[who], (ids[order[0]], ids[order[1]])
            if what == "meet":
                meet(one, two)
                continue
            before = site_groups(workspace)
            try:
                (join if what == "join" else part)(workspace, kept, joined, "理由")
            except Refused:
                assert site_groups(workspace) == before
        meet(one, two)

        assert site_groups(one) == site_groups(two)
        groups = site_groups(one)
        shown = [line.id for line in queries.list_sites(one)]
        assert sorted(shown) == sorted({groups.root(site) for site in ids})
        assert [line.id for line in queries.list_sites(two)] == shown
        for kept, joined in itertools.combinations(ids, 2):
            assert pair_id("141102", kept, joined) == pair_id("141102", joined, kept)
