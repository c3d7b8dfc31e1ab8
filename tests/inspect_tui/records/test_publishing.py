"""Publishing by the log: it reaches every laptop of the team, holds where it should, and hostile ones are left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from checklists.catalogue import load_catalogue
from checklists.published import text_digest
from inspect_tui.records import inspections, publishing
from inspect_tui.records.model import SiteInput
from inspect_tui.records.publications import KEPT, publications, published_id
from inspect_tui.records.rows import group
from inspect_tui.records.sites import add_site
from inspect_tui.records.workspace import Workspace
from inspect_tui.texts import Refused
from sync.exchange import exchange
from sync.peers import ReplicaPeer
from sync.replica import Edit
from sync.verify import verify
from tests.inspect_tui.records.colleagues import DUST, WORDS, dust, enrol, published_at
from tests.inspect_tui.records.conftest import meet

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SHIPPED = load_catalogue().checklist(DUST).version


@pytest.fixture
def inspector(workspace: Workspace, tmp_path: Path) -> Iterator[Workspace]:
    """An inspector's laptop of the same team."""
    with enrol(workspace, tmp_path / "inspector") as opened:
        yield opened


def forge(workspace: Workspace, text: str, *, area: str = "141102", checklist: str = DUST, **changes: str) -> str:
    """Write a publication past every check, as a peer with a programme of its own could."""
    said = {
        "checklist": checklist,
        "version": "2026.12.1",
        "source": text,
        "digest": text_digest(text),
        "title": "x",
    }
    said |= changes
    row = published_id(area, said["checklist"], said["version"])
    people = {"published_at": "2026-11-20T01:00:00Z", "published_by": "某某"}
    people |= {name: said.pop(name) for name in list(said) if name.startswith("published")}
    cells = {
        "content": group("published_checklists", "content", said),
        "published": group("published_checklists", "published", people),
    }
    workspace.write(area, [Edit("published_checklists", row, cells)])
    return row


def faults(workspace: Workspace) -> list[str]:
    """What `verify` finds wrong."""
    replica = workspace.replica
    found = verify(replica.connection, replica.schema, replica.blobs)
    return [one.zh for one in found if one.level == "fault"]


def held(workspace: Workspace, area: str | None = None) -> str:
    """The version in force."""
    return workspace.catalogue_for(area or workspace.config.area).checklist(DUST).version


def test_a_publication_reaches_a_laptop_by_merge(workspace: Workspace, inspector: Workspace) -> None:
    """After a merge the version is in force there, for new inspections too; log and tables are sound on both sides."""
    assert held(inspector) == SHIPPED
    published_at(workspace, dust("2026.12.1", WORDS), note="措辞")
    meet(inspector, workspace)

    assert held(inspector) == "2026.12.1"
    assert inspector.catalogue.checklist(DUST).item("CD-001").question.zh.startswith(WORDS[1])
    one = publications(inspector)[0]
    assert (one.by, one.badge, one.note, one.area) == ("检查员甲", "14110200001", "措辞", "141102")
    site = add_site(inspector, SiteInput(name="工地", kind="construction_site", area="141102"))
    row = inspector.row("inspections", inspections.start(inspector, site, DUST))
    assert row.values["checklist_version"] == "2026.12.1"
    assert faults(inspector) == []
    before = list(inspector.replica.dump())
    inspector.replica.rebuild()
    assert list(inspector.replica.dump()) == before


def test_only_an_administrator_publishes(workspace: Workspace, inspector: Workspace) -> None:
    """Another role is refused before anything is written, withdrawing too; so is an area outside the certificate."""
    published_at(workspace, dust("2026.12.1"))
    meet(inspector, workspace)
    before = inspector.replica.status().changesets

    with pytest.raises(Refused, match="管理员"):
        publishing.plan(inspector, dust("2026.12.2"))
    with pytest.raises(Refused, match="管理员"):
        publishing.withdraw(inspector, DUST, "2026.12.1", "x")
    assert inspector.replica.status().changesets == before


def test_an_administrator_publishes_within_their_areas(workspace: Workspace, tmp_path: Path) -> None:
    """The certificate's areas hold for publications."""
    with enrol(workspace, tmp_path / "county", role="admin", areas=("141102",)) as county:
        with pytest.raises(Refused, match="不含 141100"):
            publishing.plan(county, dust("2026.12.1"), "141100")
        published_at(county, dust("2026.12.1"))


def test_a_forged_publication_is_refused_and_shown(workspace: Workspace, inspector: Workspace) -> None:
    """What an inspector writes into the table counts on no laptop, stays in the log, and has its reason."""
    row = forge(inspector, dust("2026.12.1", WORDS).decode())
    meet(workspace, inspector)

    for each in (workspace, inspector):
        assert held(each) == SHIPPED
        assert publications(each) == []
        assert [entry.refused for entry in each.replica.history(row)] == ["role"]
        assert each.replica.status().refused == 1
    assert faults(workspace) == []


@pytest.mark.parametrize(
    ("text", "changes", "words"),
    [
        ("id: &a [*a]", {}, "锚点"),
        ("id: [", {}, "语法"),
        ("id: construction-dust\nversion: 2026.12.1\nsections: []\nlevel: 9", {}, "未采用"),
        ("x" * (1 << 19), {}, "sections"),
        (dust("2026.12.1", ("ecological-environment-code", "no-such-law")).decode(), {}, "no-such-law"),
        (dust("2026.12.1").decode(), {"digest": "0" * 64}, "SHA-256"),
        (dust("2026.12.2").decode(), {}, "版本与发布记录不一致"),
        (dust("2026.12.1").decode(), {"checklist": "river-outfall"}, "版本与发布记录不一致"),
        ("neu: 1", {"published_programme": "inspect-tui 99.1.0"}, "升级"),
        ("[" * 5000, {}, "语法"),
        ("- " * 5000, {}, "过深"),
    ],
)
def test_what_fails_the_check_is_told_and_left_out(
    workspace: Workspace, text: str, changes: dict[str, str], words: str
) -> None:
    """Hostile, damaged or newer text is a fault of the catalogue; the version before it goes on holding."""
    published_at(workspace, dust("2026.11.9", WORDS))
    forge(workspace, text, **changes)

    assert held(workspace) == "2026.11.9"
    assert [words in fault.zh for fault in workspace.catalogue.faults] == [True]
    with Workspace.open(workspace.folder) as again:
        assert again.catalogue.faults == workspace.catalogue.faults
        assert held(again) == "2026.11.9"


def test_columns_that_are_missing_or_strange_do_no_harm(workspace: Workspace) -> None:
    """A row without text, and one under an id that is not its own, are told and left out."""
    row = published_id("141102", DUST, "2026.12.1")
    workspace.write(
        "141102", [Edit("published_checklists", row, {"content": group("published_checklists", "content", {})})]
    )
    text = dust("2026.12.2").decode()
    content = {"checklist": DUST, "version": "2026.12.2", "source": text, "digest": text_digest(text)}
    stray = {"content": group("published_checklists", "content", content)}
    workspace.write("141102", [Edit("published_checklists", published_id("1", "2", "3"), stray)])

    assert held(workspace) == SHIPPED
    assert len(workspace.catalogue.faults) == 2


def test_areas_versions_and_the_folder_beside_them(workspace: Workspace) -> None:
    """The newest version for an area around the site holds; of equal ones the narrowest; an imported file over all."""
    published_at(workspace, dust("2026.9.1"), "141100")
    assert held(workspace, "141122") == "2026.9.1"
    published_at(workspace, dust("2026.12.10", WORDS), "141102")
    published_at(workspace, dust("2026.12.9"), "141122")
    assert [held(workspace, area) for area in ("141102", "141122", "141125", "110101")] == [
        "2026.12.10",
        "2026.12.9",
        "2026.9.1",
        SHIPPED,
    ]
    published_at(workspace, dust("2026.12.10"), "141100")
    assert workspace.catalogue_for("141102").checklist(DUST).item("CD-001").question.zh.startswith(WORDS[1])
    assert not workspace.catalogue_for("141122").checklist(DUST).item("CD-001").question.zh.startswith(WORDS[1])
    (workspace.folder / "checklists").mkdir()
    (workspace.folder / "checklists" / "own.yaml").write_bytes(dust("2026.1.1"))
    with Workspace.open(workspace.folder) as again:
        assert held(again) == "2026.1.1"
        assert again.layers("141102").local == {DUST}


def test_withdrawing_brings_back_what_was_before(workspace: Workspace, inspector: Workspace) -> None:
    """Withdrawn versions hold nowhere, keep their reason, and cannot be published again under their number."""
    published_at(workspace, dust("2026.12.1"))
    published_at(workspace, dust("2026.12.2"))
    with pytest.raises(Refused, match="理由"):
        publishing.withdraw(workspace, DUST, "2026.12.2", " ")
    publishing.withdraw(workspace, DUST, "2026.12.2", "限值有误")
    meet(inspector, workspace)

    assert held(inspector) == "2026.12.1"
    assert next(one for one in publications(inspector) if not one.stands).withdrawn_reason == "限值有误"
    with pytest.raises(Refused, match="且已撤回"):
        publishing.plan(workspace, dust("2026.12.2"))
    with pytest.raises(Refused, match="已撤回"):
        publishing.withdraw(workspace, DUST, "2026.12.2", "x")
    with pytest.raises(Refused, match=r"已发布：2026\.12\.2、2026\.12\.1"):
        publishing.withdraw(workspace, DUST, "2027.1.1", "x")


def test_refusals_before_anything_is_written(workspace: Workspace) -> None:
    """Faulty, too large, known, or older than what is in force: one sentence, and the log as it was."""
    published_at(workspace, dust("2026.12.2"))
    before = workspace.replica.status().changesets
    for data, words in (
        (b"\xff", "UTF-8"),
        (b"a: 1", "sections"),
        (dust("2026.12.1"), "升版本号"),
        (dust("2026.12.2", WORDS), "升版本号"),
        (dust("2026.12.3") + b"#" * (1 << 20), "KiB"),
    ):
        with pytest.raises(Refused, match=words):
            publishing.plan(workspace, data)
    with pytest.raises(Refused, match="升版本号"):
        publishing.plan(workspace, dust(SHIPPED, WORDS), "141125")
    with pytest.raises(Refused, match="GB/T 2260"):
        publishing.plan(workspace, dust("2026.12.3"), "1411")
    assert workspace.replica.status().changesets == before


def test_two_texts_under_one_version_hold_nowhere_until_settled(workspace: Workspace, tmp_path: Path) -> None:
    """Two administrators publishing different texts under one version is a conflict, told; the one before holds."""
    with enrol(workspace, tmp_path / "second", role="admin", badge="14110200009") as second:
        published_at(workspace, dust("2026.12.1"))
        published_at(second, dust("2026.12.1", WORDS))
        meet(workspace, second)

        for each in (workspace, second):
            assert held(each) == SHIPPED
            assert "冲突" in each.catalogue.faults[0].zh


def test_what_is_kept_for_speed_is_never_trusted(workspace: Workspace) -> None:
    """The file of checked texts may be deleted, damaged or forged: an inspection is made with the signed text."""
    published_at(workspace, dust("2026.12.1", WORDS))
    site = add_site(workspace, SiteInput(name="工地", kind="construction_site", area="141102"))
    assert held(workspace) == "2026.12.1"
    kept = workspace.folder / KEPT
    data = kept.read_bytes()
    for forged in (b"", b"{", data[:-9], data.replace(WORDS[1].encode(), "别的".encode())):
        kept.write_bytes(forged)
        with Workspace.open(workspace.folder) as again:
            assert held(again) == "2026.12.1"
            row = again.row("inspections", inspections.start(again, site, DUST))
            text = again.row("checklist_versions", row.values["frozen"]).values["frozen"]
            assert WORDS[1] in text
    kept.unlink()
    with Workspace.open(workspace.folder) as again:
        assert held(again) == "2026.12.1"
    assert kept.read_bytes() == data


def test_a_workspace_that_only_reads_shows_what_is_published(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing can be kept there, and nothing needs to be."""
    published_at(workspace, dust("2026.12.1"))
    monkeypatch.setattr("inspect_tui.records.workspace.write_atomically", None)
    monkeypatch.setattr(
        "inspect_tui.records.files.write_atomically", lambda *_, **__: (_ for _ in ()).throw(Refused("x", "x"))
    )

    assert held(workspace) == "2026.12.1"
    assert not (workspace.folder / KEPT).exists()


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_the_order_of_merging_does_not_matter(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Laptops that get publications and withdrawals of three administrators in any order come to hold the same."""
    folder = tmp_path_factory.mktemp("team")
    versions = ("2026.12.1", "2026.12.2", "2026.12.10", "2027.1.1")
    areas = ("141102", "141100", "000000")
    with Workspace.init(folder / "first", name="检查员甲", badge="14110200001", area="141102") as first:
        admins = [
            first,
            *(enrol(first, folder / f"admin{n}", role="admin", badge=f"141102000{n}9") for n in (1, 2)),
        ]
        for admin in admins:
            said = st.tuples(st.sampled_from(versions), st.sampled_from(areas), st.booleans())
            for version, area, other in data.draw(st.lists(said, max_size=3)):
                _try(admin, version, area, WORDS if other else ("", ""))
            drops = data.draw(st.booleans())
            if drops and publications(admin):
                publishing.withdraw(admin, DUST, publications(admin)[0].version, "x", publications(admin)[0].area)
        laptops = [enrol(first, folder / f"laptop{n}") for n in (1, 2)]
        for laptop in laptops:
            for admin in data.draw(st.permutations(admins)):
                exchange(laptop.replica, ReplicaPeer(admin.replica), officer="1")
        exchange(laptops[0].replica, ReplicaPeer(laptops[1].replica), officer="1")
        told = [
            [
                (each.catalogue_for(area).checklist(DUST), each.catalogue_for(area).faults)
                for area in ("141102", "141125")
            ]
            for each in laptops
        ]
        for each in (*admins[1:], *laptops):
            each.close()

    assert told[0] == told[1]


def _try(admin: Workspace, version: str, area: str, change: tuple[str, str]) -> None:
    try:
        published_at(admin, dust(version, change), area)
    except Refused:
        # older than what this administrator has published already
        assert publications(admin)
