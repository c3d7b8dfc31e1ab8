"""Everything that can be in conflict or refused has a name in both languages, and its values read as words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from inspect_tui.records.answers import answer, answer_id
from inspect_tui.records.cell_values import may_be_typed
from inspect_tui.records.cell_words import CELLS, COLUMNS, TABLES, column_name, short_value, value_lines
from inspect_tui.records.conflicts import conflict_lines, conflict_view, list_conflicts, resolve
from inspect_tui.records.inspections import set_officers
from inspect_tui.records.model import AnswerInput, Officer, SiteInput, TypedPosition
from inspect_tui.records.refusals import value_of
from inspect_tui.records.sites import edit_site
from inspect_tui.records.tables import SCHEMA
from inspect_tui.records.typed_cells import typed, typed_fields
from inspect_tui.texts import Refused
from tests.inspect_tui.records.conftest import meet

if TYPE_CHECKING:
    from inspect_tui.records.workspace import Workspace


@pytest.mark.parametrize("table", SCHEMA.by_name.values(), ids=lambda table: table.name)
def test_every_table_cell_and_column_has_a_name(table: Any) -> None:
    """Whoever adds one names it, in both languages."""
    assert table.name in TABLES
    assert [cell.name for cell in table.cells if cell.name not in CELLS] == []
    columns = [name for cell in table.cells if cell.columns for name in cell.column_names()]
    assert [name for name in columns if name not in COLUMNS and name not in CELLS] == []
    assert all(all(column_name(name)) for name in columns)


@pytest.mark.parametrize(
    ("table", "cell", "value", "words"),
    [
        ("answers", "verdict", {"verdict": "n_a", "reason": "市政工程", "verdict_source": "officer"}, "不适用"),
        ("findings", "severity", "critical", "严重"),
        ("inspections", "started_at", "2026-11-20T01:10:00Z", "2026-11-20 09:10"),
        ("inspections", "officers", [{"name": "甲", "badge": "1"}, {"name": "乙", "badge": "2"}], "甲 1；乙 2"),
        ("findings", "void", None, "（空）"),
        ("findings", "disposal", {"disposal": "transfer", "transfer_to": "住建局"}, "移送至 住建局"),
        ("sites", "attributes", {"road_class": "main"}, "main"),
        ("sites", "attributes", {"x": {"a": ["b"]}}, "b"),
        ("answers", "nonsense", {"a": 1}, "1"),
        ("nonsense", "cell", ["x", {"y": 1}], "x"),
        ("findings", "description", "x" * 500, "x…"),
        ("answers", "measurement", "not a group", "not a group"),
    ],
)
def test_values_are_told_in_words(table: str, cell: str, value: Any, words: str) -> None:
    """No braces for what the house writes; nothing fails on what another programme wrote."""
    said = short_value(table, cell, value)
    assert words in said.zh
    assert said.en
    assert "{" not in said.zh or "nonsense" in (table, cell)
    assert len(said.zh) < 100


def both(workspace: Workspace, other: Workspace, inspection: str) -> None:
    """Change as much as two laptops can."""
    site = workspace.row("inspections", inspection).values["site"]
    for one, word, value, at in ((workspace, "甲", "12", "111.1502"), (other, "乙", "15", "111.1602")):
        answer(
            one, inspection, "CD-101", AnswerInput(verdict="fail", reason=word, note=word, value=value, unit="m")
        )
        set_officers(one, inspection, [Officer(word, "1"), Officer("丙", "2")])
        position, attributes = TypedPosition(at, "37.5189"), {"road_class": "main", "x": word}
        edit_site(one, site, SiteInput(word, "construction_site", "141102", word, position, attributes=attributes))
    meet(workspace, other)


def test_what_stands_in_the_fields_is_what_is_recorded(
    workspace: Workspace, other: Workspace, inspection: str
) -> None:
    """Saved as they are, the fields give the value shown first, whatever the cell; every conflict is settled so."""
    both(workspace, other, inspection)
    lines = conflict_lines(workspace)
    assert {(line.table, line.row, line.cell, line.values) for line in lines} == {
        (one.conflict.table, one.conflict.row, one.conflict.cell, 2) for one in list_conflicts(workspace)
    }
    assert len(lines) == 8
    for line in lines:
        view = conflict_view(workspace, line.table, line.row, line.cell)
        fields = typed_fields(workspace, view.row, view.conflict)
        value = typed(workspace, view.row, line.cell, {one.name: one.value for one in fields})
        assert value == view.conflict.heads[0].value
        resolve(workspace, line.table, line.row, line.cell, value=value, reason="照第一个", basis=view.row)
    assert list_conflicts(workspace) == []


def test_limit_and_judgement_follow_from_a_typed_number(
    workspace: Workspace, other: Workspace, inspection: str
) -> None:
    """A third number is judged as an answer is; nobody types what follows from it."""
    both(workspace, other, inspection)
    row = workspace.row("answers", answer_id("141102", inspection, "CD-101"))
    value = typed(
        workspace, row, "measurement", {"value": "0", "unit": "m", "below_detection": "", "quick_test": "0"}
    )
    resolve(workspace, "answers", row.id, "measurement", value=value, reason="复测")
    now = workspace.row("answers", row.id)

    assert (now.values["value"], now.values["judgement"]) == ("0", "pass")
    assert any(
        line.value.zh == "合格" for line in value_lines("answers", "measurement", value_of(now, "measurement"))
    )


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("officers", {"officers": "没有证号"}),
        ("attributes", {"attributes": "没有等号"}),
        ("attributes", {"attributes": "a=1\na=2"}),
        ("note", {"note": "⟦一┃二⟧"}),
        ("started_at", {"started_at": "昨天"}),
    ],
)
def test_what_cannot_be_read_is_refused(
    workspace: Workspace, inspection: str, cell: str, said: dict[str, str]
) -> None:
    """One sentence that says how to write it."""
    with pytest.raises(Refused):
        typed(workspace, workspace.row("inspections", inspection), cell, said)


def test_events_take_no_other_value(workspace: Workspace, other: Workspace, inspection: str) -> None:
    """Of a cell that only events write one of the recorded values is chosen."""
    from inspect_tui.records.findings import add_finding, follow_up, void_finding
    from inspect_tui.records.model import FindingInput

    made = add_finding(workspace, inspection, "CD-101", FindingInput("缺口"))
    meet(workspace, other)
    follow_up(workspace, made, "reply", text="已改")
    void_finding(other, made, "误记")
    meet(workspace, other)
    view = next(one for one in list_conflicts(workspace) if one.conflict.cell == "status")
    assert not may_be_typed("findings", "status")
    with pytest.raises(Refused):
        typed_fields(workspace, view.row, view.conflict)
