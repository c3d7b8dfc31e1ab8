"""Two laptops that said different things, for the Conflicts screen; the second one's clock is a minute ahead."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from inspect_tui.records import answers, inspections
from inspect_tui.records.findings import edit_finding
from inspect_tui.records.model import AnswerInput, FindingInput, SiteInput
from inspect_tui.records.sites import add_site
from inspect_tui.records.workspace import Workspace
from sync import replica
from sync.exchange import exchange
from sync.identity import Identity
from sync.peers import ReplicaPeer
from tests.inspect_tui.tui.scenario import NOW

if TYPE_CHECKING:
    from pathlib import Path

    from tests.inspect_tui.tui.scenario import Furnished

BASE = "北侧围挡缺口约 12 m。裸土未覆盖。出入口未设洗车台。"
OURS = "北侧围挡缺口约 12 m，已拍照。裸土未覆盖。出入口未设洗车台。"
THEIRS = "北侧围挡缺口约 12 m。裸土未覆盖。出入口未设洗车台，道路带泥 30 m。"


def dispute(made: Furnished, beside: Path) -> str:
    """Change the workspace so that it is in conflict with another in three cells, and holds a refused change.

    Returns:
        The finding whose description is in conflict.
    """
    with Workspace.open(made.folder) as here:
        finding = str(here.select("SELECT id FROM findings ORDER BY id LIMIT 1")[0]["id"])
        inspections.amend(here, made.submitted, "补充描述")
        edit_finding(here, finding, FindingInput(BASE, severity="major"))
        here.replica.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copytree(made.folder, beside)
    with Workspace.open(made.folder) as here, Workspace.open(beside) as there:
        root, key = here.identity.root, there.identity.key
        assert root is not None
        there.replica.identity = Identity.issue(root, "二号机", role="admin", key=key)
        _say(here, made, finding, OURS, "pass", "")
        before = replica.now_ms  # type: ignore[attr-defined]
        replica.now_ms = lambda: int(NOW.timestamp() * 1000) + 60_000  # type: ignore[attr-defined]
        try:
            _say(there, made, finding, THEIRS, "n_a", "本阶段无土方作业")
            there.replica.identity = Identity.issue(root, "二号机", role="inspector", areas=("141102",), key=key)
            site = SiteInput("外县堆场", "solid_waste_yard", "141125", "穆村镇")
            add_site(there, site, row="01a00000-0000-7000-8000-000000000009")
        finally:
            replica.now_ms = before  # type: ignore[attr-defined]
        exchange(here.replica, ReplicaPeer(there.replica), officer="1")
    return finding


def _say(workspace: Workspace, made: Furnished, finding: str, text: str, verdict: str, reason: str) -> None:
    edit_finding(workspace, finding, FindingInput(text, severity="major"))
    said = AnswerInput(verdict=verdict, reason=reason or None)  # type: ignore[arg-type]
    answers.answer(workspace, made.draft, "CD-101", said)
    inspections.set_note(workspace, made.draft, "上午到场" if verdict == "pass" else "上午到场，下雨")
