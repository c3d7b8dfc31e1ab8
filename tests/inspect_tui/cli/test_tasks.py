"""`task …`, `draw …`, `site change` through their public door."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.inspect_tui.cli.conftest import Run

DUE = (dt.datetime.now(dt.UTC).date() + dt.timedelta(days=30)).isoformat()
PEOPLE = tuple(
    word for number, name in enumerate("甲乙丙丁", 1) for word in ("--officer", f"1411020000{number}={name}")
)


def add(cli: Run, name: str, *options: str) -> str:
    """The id of a new site."""
    words = ("site", "add", "--name", name, "--kind", "construction_site", *options, "--json")
    return str(cli(*words).json()["id"])


def sites(cli: Run) -> list[str]:
    """Four of two areas, two of them graded."""
    return [
        add(cli, "一号", "--risk", "high"),
        add(cli, "二号", "--area", "141125", "--risk", "low"),
        add(cli, "三号"),
        add(cli, "四号", "--risk", "none"),
    ]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_task_is_made_listed_shown_and_cancelled(cli: Run, language: str) -> None:
    """A person reads what a script reads."""
    site = add(cli, "一号")
    speak = ("--lang", language)
    made = cli(
        "task", "new", site, "construction-dust", *PEOPLE[:4], "--due", DUE, "--note", "看围挡", "--json"
    ).json()
    assert made["warnings"] == []
    listed = cli("task", "list", "--json").json()
    assert [(one["id"], one["state"], one["due_date"]) for one in listed] == [(made["id"], "assigned", DUE)]
    assert [one["badge"] for one in listed[0]["officers"]] == ["14110200001", "14110200002"]
    for words in (("task", "list"), ("task", "show", made["id"]), ("site", "show", site)):
        ran = cli(*speak, *words)
        assert (ran.status, ran.err) == (0, "")
        assert made["id"] in ran.out
    assert cli("task", "list", "--mine", "--json").json() == listed
    assert cli("task", "list", "--badge", "14110200009", "--json").json() == []
    assert cli("task", "cancel", made["id"], "--reason", "停工").status == 0
    assert cli("task", "list", "--json").json() == []
    assert [one["cancelled"] for one in cli("task", "list", "--all", "--json").json()] == ["停工"]
    assert cli("task", "cancel", made["id"], "--reason", "又").status == 1
    assert cli("verify").status == 0


def test_an_inspection_that_is_loaded_does_the_task(cli: Run, loaded: str) -> None:
    """Its file names no task; site, checklist and time say it, and one before the task does not."""
    assert loaded
    site = cli("site", "list", "--json").json()[0]
    assert site["last_inspected"].startswith("2026-11-20T")
    made = cli("task", "new", site["id"], "construction-dust", *PEOPLE[:2], "--due", DUE, "--json").json()
    assert [one["code"] for one in made["warnings"]] == ["two_officers"]
    task = cli("task", "show", made["id"], "--json").json()
    assert task["state"] == ("done" if task["made_at"] <= site["last_inspected"] else "assigned")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_draw_is_previewed_recorded_shown_repeated_and_voided(cli: Run, language: str) -> None:
    """The preview of a seed is what is recorded with it; without one nobody is told who comes out."""
    sites(cli)
    speak = ("--lang", language)
    wanted = ("draw", "new", "--area", "141100", "--share", "50", *PEOPLE, "--due", DUE)
    blind = cli(*wanted, "--preview", "--json").json()
    assert (blind["seed"], blind["drawn"], blind["shares"][0]["drawn"]) == (None, [], 2)
    seen = cli(*wanted, "--seed", "号码 1", "--preview", "--json").json()
    assert cli("draw", "list", "--json").json() == []
    assert cli(*speak, *wanted, "--preview").status == 0
    assert cli(*speak, *wanted, "--seed", "号码 1", "--preview").status == 0
    made = cli(*wanted, "--seed", "号码 1", "--title", "四季度", "--json").json()
    assert made["result"] == [[one["site"], *one["officers"]] for one in seen["drawn"]]
    assert made["population_ids"] == seen["population"]
    assert len(made["tasks"]) == 2
    for words in (("draw", "list"), ("draw", "show", made["id"]), ("draw", "repeat", made["id"])):
        ran = cli(*speak, *words)
        assert (ran.status, ran.err) == (0, "")
        assert "四季度" in ran.out or "✓" in ran.out
    add(cli, "五号")
    repeated = cli("draw", "repeat", made["id"], "--json").json()
    assert (repeated["same"], repeated["since"]) == (True, 1)
    assert cli("draw", "void", made["id"], "--reason", "条件有误", "--json").json()["cancelled_tasks"] == 2
    assert cli(*speak, "draw", "repeat", made["id"]).status == 0
    assert cli(*speak, "draw", "show", made["id"]).status == 0
    assert cli("draw", "list", "--json").json()[0]["voided"] == "条件有误"
    assert cli("verify").status == 0


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--share", "5", "--count", "5"),
        ("--share", "5", "--share", "6"),
        ("--count", "1", "--not", "14110200001"),
    ],
)
def test_a_draw_that_is_badly_asked_for_is_wrong_usage(cli: Run, words: tuple[str, ...], language: str) -> None:
    """Exit 2 and one sentence."""
    ran = cli("--lang", language, "draw", "new", *words, *PEOPLE, "--due", DUE)
    assert (ran.status, ran.out, ran.err.count("\n")) == (2, "", 1)


@pytest.mark.parametrize(
    "words",
    [
        ("draw", "show", "nothing"),
        ("draw", "repeat", "nothing"),
        ("draw", "void", "nothing", "--reason", "x"),
        ("draw", "new", "--share", "0", *PEOPLE, "--due", DUE),
        ("draw", "new", "--share", "5", *PEOPLE[:2], "--due", DUE),
        ("draw", "new", "--share", "5", "--officer", "99", "--due", DUE),
        ("task", "show", "nothing"),
        ("task", "cancel", "nothing", "--reason", "x"),
        ("task", "new", "nothing", "construction-dust", *PEOPLE, "--due", DUE),
        ("task", "list", "--site", "nothing"),
        ("task", "list", "--draw", "nothing"),
        ("task", "list", "--area", "990000"),
        ("site", "change", "nothing", "--name", "x"),
        ("site", "list", "--not-inspected-days", "999999999"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(cli: Run, words: tuple[str, ...]) -> None:
    """Exit 1, nothing on standard output, no traceback."""
    for language in ("zh", "en"):
        ran = cli("--lang", language, *words)
        assert (ran.status, ran.out, ran.err.count("\n")) == (1, "", 1)


def test_a_site_is_changed_in_what_is_named_alone(cli: Run) -> None:
    """The rest stays, attributes one by one; the same again changes nothing."""
    site = add(cli, "一号", "--attribute", "road_class=main", "--party", "某公司")
    words = ("site", "change", site, "--risk", "high", "--attribute", "linear=yes", "--longitude", "111.15")
    assert cli(*words, "--json").status == 2
    whole = (*words, "--latitude", "37.5", "--json")
    assert cli(*whole).json()["changed"] == ["attributes", "position", "risk_class"]
    assert cli(*whole).json()["changed"] == []
    shown = cli("site", "show", site, "--json").json()
    assert (shown["name"], shown["responsible_party"], shown["risk_class"]) == ("一号", "某公司", "high")
    assert shown["attributes"] == {"road_class": "main", "linear": "yes"}
    assert cli("site", "change", site, "--risk", "none", "--attribute", "linear=", "--json").json()["changed"] == [
        "attributes",
        "risk_class",
    ]
    assert cli("site", "change", site).status == 2


def test_sites_are_listed_by_risk_and_by_their_last_inspection(cli: Run) -> None:
    """For whoever plans where to go."""
    high, low, third, fourth = sites(cli)
    assert [one["id"] for one in cli("site", "list", "--sort", "risk", "--json").json()][:2] == [high, low]
    assert {one["id"] for one in cli("site", "list", "--risk", "none", "--json").json()} == {third, fourth}
    assert len(cli("site", "list", "--not-inspected-days", "30", "--json").json()) == 4
    assert "高" in cli("site", "list", "--sort", "last").out
