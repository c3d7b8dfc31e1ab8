"""The draw 双随机: anyone can repeat it, nobody is favoured, and it is recorded with its tasks or not at all."""

from __future__ import annotations

import datetime as dt
import hashlib
import math
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspect_tui.records import inspections, times
from inspect_tui.records.draw import DrawInput, new_draw, plan_draw, void_draw
from inspect_tui.records.drawing import ALGORITHM, Urn, draw, how_many, population_digest, rank, tidy_amount
from inspect_tui.records.model import Officer, Present, SiteInput
from inspect_tui.records.queries import draw_detail, list_draws, list_tasks
from inspect_tui.records.repeat_draw import repeat_draw
from inspect_tui.records.same_sites import join
from inspect_tui.records.sites import add_site, void_site
from inspect_tui.texts import Refused
from sync.replica import Edit
from tests.inspect_tui.records.conftest import meet

if TYPE_CHECKING:
    from collections.abc import Callable

    from inspect_tui.records.workspace import Workspace

PEOPLE = tuple(Officer(name, f"1411020000{number}") for number, name in enumerate("甲乙丙丁戊"))
SITES = [f"site-{number}" for number in range(40)]

texts = st.text(st.characters(codec="utf-8", exclude_characters="\n"), min_size=1, max_size=12)
urns = st.builds(
    Urn,
    seed=texts,
    by=st.just("share"),
    amounts=st.fixed_dictionaries({"all": st.sampled_from(["5", "25", "33.3", "100"])}),
    population=st.fixed_dictionaries({"all": st.lists(texts, unique=True, max_size=25)}),
    officers=st.lists(texts, unique=True, min_size=3, max_size=8),
    per_site=st.integers(2, 3),
)


@given(urns, st.randoms())
def test_neither_the_order_of_sites_nor_of_officers_matters(urn: Urn, chance: Any) -> None:
    """Two databases with the same content in another order draw the same."""
    sites, officers = list(urn.population["all"]), list(urn.officers)
    chance.shuffle(sites)
    chance.shuffle(officers)
    assert draw(replace(urn, population={"all": sites}, officers=officers)) == draw(urn)


@given(urns)
def test_nobody_is_sent_twice_to_a_site_or_gets_much_more_than_another(urn: Urn) -> None:
    """Different badges on each site, nobody with more than one site more, and as many sites as the share says."""
    drawn = draw(urn)
    assert all(len(set(one.officers)) == urn.per_site for one in drawn)
    loads = Counter(dict.fromkeys(urn.officers, 0))
    loads.update(badge for one in drawn for badge in one.officers)
    assert max(loads.values()) - min(loads.values()) <= 1
    assert len({one.site for one in drawn}) == len(drawn)
    assert len(drawn) == how_many("share", urn.amounts["all"], len(urn.population["all"]))


@given(urns, st.data())
def test_who_is_barred_from_a_site_is_not_sent_there(urn: Urn, data: st.DataObject) -> None:
    """Somebody else goes; where too few are left it is refused."""
    sites = urn.population["all"]
    pairs = st.tuples(st.sampled_from(urn.officers), st.sampled_from(sites)) if sites else st.nothing()
    barred = frozenset(data.draw(st.frozensets(pairs, max_size=6)) if sites else ())
    try:
        drawn = draw(replace(urn, barred=barred))
    except Refused:
        assert any(sum(site == one for _, one in barred) > len(urn.officers) - urn.per_site for site in sites)
        return
    assert not {(badge, one.site) for one in drawn for badge in one.officers} & barred


@given(urns)
def test_it_is_what_the_page_says(urn: Urn) -> None:
    """The description in docs/draw.md, written down a second time, gives the same."""

    def rank(*parts: str) -> str:
        return hashlib.sha256("\n".join(["inspect-tui draw 1", urn.seed, *parts]).encode("utf-8")).hexdigest()

    sites = sorted(urn.population["all"], key=lambda site: (rank("site", site), site))
    hundredths = round(float(urn.amounts["all"]) * 100)
    taken = sites[: math.ceil(len(sites) * hundredths / 10_000)]
    loads = dict.fromkeys(urn.officers, 0)
    expected = []
    for site in taken:
        order = sorted(loads, key=lambda badge: (loads[badge], rank("officer", site, badge), badge))
        chosen = order[: urn.per_site]
        for badge in chosen:
            loads[badge] += 1
        expected.append([site, *chosen])
    assert [[one.site, *one.officers] for one in draw(urn)] == expected


def test_a_known_draw_comes_out_as_ever() -> None:
    """Another result for the same inputs would need another name of the algorithm."""
    urn = Urn(
        "2026-317-482", "count", {"high": "2", "none": "1"}, {"high": SITES[:9], "none": SITES[9:12]}, "ABCD", 2
    )
    assert [(one.site, "".join(one.officers)) for one in draw(urn)] == [
        ("site-2", "BA"),
        ("site-0", "DC"),
        ("site-9", "DA"),
    ]


def test_the_example_of_the_page_is_true() -> None:
    """Every number in docs/draw.md is what the programme counts with."""
    text = (Path(__file__).parents[3] / "docs" / "draw.md").read_text("utf-8")
    urn = Urn("2026-317-482", "share", {"all": "50"}, {"all": ["a", "b", "c"]}, ["1", "2", "3"], 2)
    assert population_digest(urn.population) in text
    assert ALGORITHM in text
    assert all(rank(urn.seed, "site", site) in text for site in "abc")
    assert all(rank(urn.seed, "officer", site, badge) in text for site in "bc" for badge in "123")
    assert [[one.site, *one.officers] for one in draw(urn)] == [["c", "3", "1"], ["b", "2", "3"]]
    assert '[["c", "3", "1"], ["b", "2", "3"]]' in text


def _chi_square(counts: Counter[str], expected: float) -> float:
    return sum((counts[name] - expected) ** 2 / expected for name in counts)


def test_every_site_and_every_officer_is_drawn_equally_often() -> None:
    """Over 2,000 seeds the counts differ no more than chance would have it (99.9 % of the chi-square distribution)."""
    sites, first = Counter(dict.fromkeys(SITES, 0)), Counter(dict.fromkeys("ABCDEFGHIJ", 0))
    pairs: Counter[str] = Counter()
    for seed in range(2000):
        urn = Urn(f"seed {seed}", "count", {"all": "8"}, {"all": SITES}, "ABCDEFGHIJ", 2)
        drawn = draw(urn)
        sites.update(one.site for one in drawn)
        first.update(drawn[0].officers)
        pairs["".join(sorted(drawn[0].officers))] += 1
    assert _chi_square(sites, 2000 * 8 / 40) < 72.1 * (
        1 - 8 / 40
    )  # 39 degrees of freedom, drawn without replacement
    assert _chi_square(first, 2000 * 2 / 10) < 27.9
    assert len(pairs) == 45
    assert _chi_square(pairs, 2000 / 45) < 78.7


@pytest.mark.parametrize("text", ["0", "100.01", "-1", "1e2", "25.125", "", "half", "٢٥", "１"])
def test_what_is_no_share_is_refused(text: str) -> None:
    """And 25 % of nine sites are three."""
    with pytest.raises(Refused):
        tidy_amount("share", text)
    assert (tidy_amount("share", " 25.50% "), how_many("share", "25", 9), how_many("share", "0.01", 1)) == (
        "25.5",
        3,
        1,
    )
    with pytest.raises(Refused):
        tidy_amount("count", "2.5")


def furnish(workspace: Workspace, count: int = 12) -> list[str]:
    """Sites of two areas and kinds and several classes."""
    return [
        add_site(
            workspace,
            SiteInput(
                f"对象{number:02}",
                "construction_site" if number % 3 else "outfall",
                "141102" if number % 2 else "141125",
                risk_class=("high", "low", "")[number % 3],
            ),
        )
        for number in range(count)
    ]


def wanted(**changes: Any) -> DrawInput:
    """Half of all sites of the city, by two of five."""
    said: dict[str, Any] = {
        "area": "141100",
        "by": "share",
        "amounts": {"all": "50"},
        "officers": PEOPLE,
        "due_date": (times.today() + dt.timedelta(days=20)).isoformat(),
    }
    return DrawInput(**(said | changes))


def test_a_draw_is_recorded_with_its_tasks_and_repeats(workspace: Workspace) -> None:
    """Tasks stand in the areas of their sites, the draw in its own; sites that come or go later change nothing."""
    sites = furnish(workspace)
    made = new_draw(workspace, wanted(seed="2026317", title="四季度", note="查台账"))
    detail = draw_detail(workspace, made)
    assert (detail.line.area, detail.line.population, detail.line.drawn, detail.line.seed_source) == (
        "141100",
        12,
        6,
        "given",
    )
    assert len(detail.tasks) == 6
    for task in detail.tasks:
        site = workspace.row("sites", task.site)
        assert (task.area, task.draw, task.note, task.state) == (site.area, made, "查台账", "assigned")
        assert task.checklist == (
            "construction-dust" if site.values["kind"] == "construction_site" else "river-outfall"
        )
        assert len({one.badge for one in task.officers}) == 2
    repeated = repeat_draw(workspace, made)
    assert (repeated.same, repeated.problems, repeated.since, repeated.gone) == (True, (), 0, 0)
    furnish(workspace, 5)
    void_site(workspace, sites[0], "拆除")
    later = repeat_draw(workspace, made)
    assert (later.same, later.problems, later.drawn, later.since, later.gone) == (True, (), repeated.drawn, 5, 1)
    assert draw_detail(workspace, made).line.population_sha256 == population_digest({"all": sites})


def test_the_same_seed_draws_the_same_and_another_another(workspace: Workspace) -> None:
    """Without one a random seed is made and recorded."""
    furnish(workspace, 24)
    results = [
        [(one.site, one.officers) for one in repeat_draw(workspace, new_draw(workspace, wanted(seed=seed))).drawn]
        for seed in ("a", "a", "b", "", "")
    ]
    assert results[0] == results[1]
    assert len({str(one) for one in results[1:]}) == 4
    seeds = [one.seed for one in list_draws(workspace) if one.seed_source == "random"]
    assert len({*seeds}) == 2
    assert all(len(seed) == 32 for seed in seeds)


def test_each_risk_class_has_its_share(workspace: Workspace) -> None:
    """Classes without an amount stay out, and how many that are is said."""
    furnish(workspace)
    plan = plan_draw(workspace, wanted(amounts={"low": "25", "high": "100"}, seed="x"))
    assert [(one.name, one.total, one.drawn) for one in plan.shares] == [("high", 4, 4), ("low", 4, 1)]
    assert plan.unclassed == 4
    counted = plan_draw(workspace, wanted(by="count", amounts={"none": "99"}, seed="x"))
    assert [(one.name, one.total, one.drawn) for one in counted.shares] == [("none", 4, 4)]


def test_area_kind_and_recent_inspections_narrow_it(workspace: Workspace) -> None:
    """A draft does not count as an inspection."""
    sites = furnish(workspace)
    plan = plan_draw(workspace, wanted(area="141125", kinds=["construction_site"]))
    assert {site.area for site in plan.sites.values()} == {"141125"}
    assert {site.kind for site in plan.sites.values()} == {"construction_site"}
    assert plan.drawn == ()
    inspections.start(workspace, sites[1], "construction-dust", officers=PEOPLE[:2])
    visit = inspections.start(workspace, sites[5], "construction-dust", officers=PEOPLE[:2])
    inspections.set_present(workspace, visit, Present("某某", "经理"))
    inspections.submit(workspace, visit)
    plan = plan_draw(workspace, wanted(not_inspected_days=30))
    assert (plan.inspected, sites[5] in plan.sites, sites[1] in plan.sites) == (1, False, True)
    made = new_draw(workspace, wanted(not_inspected_days=30))
    assert repeat_draw(workspace, made).same


def test_rows_that_are_one_site_have_one_chance(workspace: Workspace) -> None:
    """Joined as the same, the kept one is drawn from, and an inspection of any of them counts for it."""
    sites = furnish(workspace, 4)
    join(workspace, sites[1], sites[3], "同一工程")
    assert set(plan_draw(workspace, wanted()).sites) == set(sites[:3])
    visit = inspections.start(workspace, sites[3], "construction-dust", officers=PEOPLE[:2])
    inspections.set_present(workspace, visit, Present("某某", "经理"))
    inspections.submit(workspace, visit)
    plan = plan_draw(workspace, wanted(not_inspected_days=1))
    assert (set(plan.sites), plan.inspected) == ({sites[0], sites[2]}, 1)


def test_who_must_not_meet_is_kept_apart(workspace: Workspace) -> None:
    """回避: it is recorded, and repeating minds it."""
    sites = furnish(workspace, 4)
    barred = [(one.badge, site) for site in sites for one in PEOPLE[:3]]
    made = new_draw(workspace, wanted(amounts={"all": "100"}, barred=barred))
    assert all(
        {one.badge for one in task.officers} == {PEOPLE[3].badge, PEOPLE[4].badge} for task in list_tasks(workspace)
    )
    assert len(draw_detail(workspace, made).barred) == 12
    assert repeat_draw(workspace, made).same
    with pytest.raises(Refused, match="回避后只剩"):
        new_draw(workspace, wanted(amounts={"all": "100"}, barred=[*barred, (PEOPLE[3].badge, sites[0])]))
    assert len(list_draws(workspace)) == 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"area": "990000"}, "行政区"),
        ({"kinds": ["nothing"]}, "对象类型"),
        ({"amounts": {}}, "抽取数量"),
        ({"amounts": {"all": "5", "high": "5"}}, "抽取数量"),
        ({"amounts": {"extreme": "5"}}, "extreme"),
        ({"amounts": {"all": "0"}}, "抽取比例"),
        ({"by": "count", "amounts": {"all": "5%%"}}, "抽取个数"),
        ({"officers": PEOPLE[:1]}, "只有 1 名"),
        ({"officers": (*PEOPLE, PEOPLE[0])}, "两次"),
        ({"per_site": 1}, "至少 2 名"),
        ({"barred": [("777", "x")]}, "777"),
        ({"barred": [(PEOPLE[0].badge, "x")]}, "没有编号为 x"),
        ({"checklist": "nothing"}, "nothing"),
        ({"due_date": "2020-01-01"}, "已过"),
        ({"kinds": ["gas_station"]}, "gas_station"),
        ({"not_inspected_days": 10**12}, "过大"),
    ],
)
def test_what_cannot_be_drawn_is_refused_whole(workspace: Workspace, changes: dict[str, Any], said: str) -> None:
    """One sentence; no draw, no task."""
    furnish(workspace, 3)
    before = workspace.replica.status().changesets
    with pytest.raises(Refused, match=said):
        new_draw(workspace, wanted(**changes))
    assert workspace.replica.status().changesets == before


def test_an_empty_area_gives_nothing_to_draw(workspace: Workspace) -> None:
    """And where everything was inspected lately neither."""
    with pytest.raises(Refused, match="没有可抽取的对象"):
        new_draw(workspace, wanted())


def test_what_fails_in_the_middle_leaves_nothing(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """The draw and the tasks of all areas are one transaction."""
    furnish(workspace)
    write, calls = workspace.write, []

    def fails(area: str, edits: list[Edit]) -> str:
        calls.append(area)
        if len(calls) == 3:
            raise Refused("磁盘已满", "the disk is full")
        return write(area, edits)

    monkeypatch.setattr(workspace, "write", fails)
    with pytest.raises(Refused):
        new_draw(workspace, wanted())
    assert calls == ["141100", "141102", "141125"] or len(calls) == 3
    assert list_draws(workspace) == []
    assert list_tasks(workspace) == []


def _tamper(cell: str, change: Callable[[Any], Any]) -> Callable[[Workspace, str], None]:
    def tamper(workspace: Workspace, made: str) -> None:
        row = workspace.row("draws", made)
        if cell == "seed":
            value: Any = {"seed": change(row.values["seed"]), "seed_source": row.values["seed_source"]}
        else:
            value = change(row.values[cell])
        workspace.write(row.area, [Edit("draws", made, {cell: value})])

    return tamper


@pytest.mark.parametrize(
    ("tamper", "code"),
    [
        (_tamper("seed", lambda seed: seed + "x"), "sites"),
        (_tamper("result", lambda result: result[1:]), "sites"),
        (_tamper("result", lambda result: [[site, b, a] for site, a, b in result]), "officers"),
        (_tamper("population", lambda population: {"all": population["all"][1:]}), "population"),
    ],
)
def test_a_draw_that_was_doctored_does_not_repeat(
    workspace: Workspace, tamper: Callable[[Workspace, str], None], code: str
) -> None:
    """Whatever is changed afterwards, repeating says what differs."""
    furnish(workspace)
    made = new_draw(workspace, wanted(seed="2026"))
    tamper(workspace, made)
    repeated = repeat_draw(workspace, made)
    assert not repeated.same
    assert code in {one.code for one in repeated.problems}


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("algorithm", "inspect-tui draw 99"),
        ("algorithm", None),
        ("population", ["x"]),
        ("amounts", {"amount_by": "luck", "amounts": {"all": "5"}}),
        ("amounts", {"amount_by": "share", "amounts": {"all": "1e9"}}),
        ("amounts", {"amount_by": "share", "amounts": {"some": "5"}}),
        ("result", None),
        ("per_site", None),
        ("barred", ["x"]),
        ("officers", [{"name": "x"}]),
        ("seed", {"seed": "a\nb", "seed_source": "given"}),
    ],
)
def test_what_another_device_wrote_badly_is_said(workspace: Workspace, cell: str, value: Any) -> None:
    """One sentence for whatever shape stands in the log; listing and showing go on."""
    furnish(workspace, 4)
    made = new_draw(workspace, wanted())
    workspace.write("141100", [Edit("draws", made, {cell: value})])
    with pytest.raises(Refused):
        repeat_draw(workspace, made)
    assert [one.id for one in list_draws(workspace)] == [made]
    assert draw_detail(workspace, made).line.id == made


def test_a_changed_or_missing_task_is_named(workspace: Workspace) -> None:
    """The draw itself repeats; that a task says something else is told beside it."""
    furnish(workspace)
    made = new_draw(workspace, wanted())
    task = list_tasks(workspace, draw=made)[0]
    workspace.write(task.area, [Edit("tasks", task.id, {"officers": [{"name": "己", "badge": "9"}]})])
    repeated = repeat_draw(workspace, made)
    assert (repeated.same, [one.code for one in repeated.problems]) == (True, ["task"])


def test_a_voided_draw_takes_its_waiting_tasks_along(workspace: Workspace) -> None:
    """What has begun goes on; the draw stays in the list, with the reason."""
    furnish(workspace, 4)
    made = new_draw(workspace, wanted(amounts={"all": "100"}))
    task = list_tasks(workspace, draw=made)[0]
    inspections.start(workspace, task.site, task.checklist, officers=list(task.officers))
    with pytest.raises(Refused):
        void_draw(workspace, made, "")
    assert void_draw(workspace, made, "条件有误") == 3
    assert Counter(one.state for one in list_tasks(workspace)) == {"cancelled": 3, "started": 1}
    assert [one.voided for one in list_draws(workspace)] == ["条件有误"]
    with pytest.raises(Refused, match="已作废"):
        void_draw(workspace, made, "又一次")
    assert repeat_draw(workspace, made).same


def test_another_device_repeats_it_from_the_log_alone(workspace: Workspace, other: Workspace) -> None:
    """Merged, it says the same there; and both dumps are equal."""
    furnish(workspace)
    made = new_draw(workspace, wanted(seed="公开号码 123"))
    meet(workspace, other)
    assert repeat_draw(other, made) == repeat_draw(workspace, made)


def test_a_thousand_sites_fit(workspace: Workspace) -> None:
    """Tasks of one area are spread over several changesets; each holds, and the log verifies."""
    rows = [
        Edit("sites", f"01a00000-0000-7000-8000-{number:012}", {"name": f"{number}", "kind": "outfall"})
        for number in range(1100)
    ]
    for at in range(0, 1100, 550):
        workspace.write("141102", rows[at : at + 550])
    made = new_draw(workspace, wanted(amounts={"all": "100"}))
    assert len(list_tasks(workspace, draw=made)) == 1100
    assert repeat_draw(workspace, made).same
    loads = Counter(one.badge for task in list_tasks(workspace) for one in task.officers)
    assert [abs(one - two) <= 1 for one, two in pairwise(loads.values())] == [True] * 4
