"""Published checklists 已发布的检查表: what the log says of them, and which of them hold in an area.

What came from a peer is hostile until it has passed the check of an import; what does not pass is told and left out.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from inspect_tui.records.rows import decoded
from inspect_tui.records.rules import clean_line, shortened
from inspect_tui.texts import Refused, Text
from sync.ids import derived_id

if TYPE_CHECKING:
    import sqlite3

    from checklists import text
    from checklists.model import Checklist
    from checklists.published import Checked
    from inspect_tui.records.workspace import Workspace

KEPT: Final = "checklists.compiled.json"
"""Name of the file in the workspace that keeps checked texts; may be deleted at any time."""
_COLUMNS: Final = (
    "id, area, conflict, checklist, version, digest, title, title_en, published_at, published_by, published_badge,"
    " published_note, published_programme, withdrawn_at, withdrawn_by, withdrawn_reason, void_at"
)


@dataclass(frozen=True, slots=True)
class Publication:
    """One published version. Times are UTC.

    Attributes:
        id: Row id.
        area: For which area and those beneath it.
        at: When; empty where the row does not say.
        programme: The programme that it was published with.
        withdrawn_at: Empty unless it was withdrawn.
        void: Whether the row is void.
        disputed: Whether two administrators published different texts under this version.
    """

    id: str
    area: str
    checklist: str
    version: str
    digest: str
    title: Text
    at: str
    by: str
    badge: str
    note: str
    programme: str
    withdrawn_at: str
    withdrawn_by: str
    withdrawn_reason: str
    void: bool
    disputed: bool

    @property
    def stands(self) -> bool:
        """Whether it was neither withdrawn nor voided."""
        return not self.withdrawn_at and not self.void


@dataclass(frozen=True, slots=True)
class Published:
    """What holds in an area of all that was published.

    Attributes:
        checklists: By id.
        by: Id of a checklist → its publication.
        faults: What would hold and cannot be used, and why.
    """

    checklists: dict[str, Checklist]
    by: dict[str, Publication]
    faults: tuple[text.Text, ...]


def publications(workspace: Workspace, checklist: str | None = None) -> list[Publication]:
    """Everything that was ever published, by checklist and area, newest version first; refused changes do not count."""
    from checklists.catalogue import version_key

    condition, values = ("", ()) if checklist is None else (" WHERE checklist = ?", (checklist,))
    rows = workspace.select(f"SELECT {_COLUMNS} FROM published_checklists{condition} ORDER BY id", *values)
    found = sorted(map(_publication, rows), key=lambda one: version_key(one.version), reverse=True)
    return sorted(found, key=lambda one: (one.checklist, one.area))


def _publication(row: sqlite3.Row) -> Publication:
    said = {name: clean_line(row[name] or "") for name in row.keys() if name != "conflict"}  # noqa: SIM118  a row is no map
    return Publication(
        id=row["id"],
        area=row["area"],
        checklist=said["checklist"],
        version=said["version"],
        digest=said["digest"],
        title=Text(said["title"], said["title_en"] or said["title"]),
        at=said["published_at"],
        by=said["published_by"],
        badge=said["published_badge"],
        note=said["published_note"],
        programme=said["published_programme"],
        withdrawn_at=said["withdrawn_at"],
        withdrawn_by=said["withdrawn_by"],
        withdrawn_reason=said["withdrawn_reason"],
        void=bool(said["void_at"]),
        disputed="content" in decoded(row["conflict"], []),
    )


def published(workspace: Workspace, area: str) -> Published:
    """What holds in an area: of each checklist the newest version that stands and passes the check.

    Of one version published for several areas around it, the narrowest area's text holds.
    """
    from checklists import text

    checked = _Checking(workspace)
    checklists: dict[str, Checklist] = {}
    by: dict[str, Publication] = {}
    faults: list[text.Text] = []
    for one in _candidates(workspace, area):
        if one.checklist in by:
            continue
        said = checked.check(one)
        if isinstance(said, Text):
            faults.append(text.Text(said.zh, said.en))
        else:
            checklists[one.checklist], by[one.checklist] = said, one
    checked.keep()
    return Published(checklists, by, tuple(faults))


def _candidates(workspace: Workspace, area: str) -> list[Publication]:
    """What stands and covers the area, best first."""
    from checklists.catalogue import version_key
    from sync.keys import covers_area

    found = [one for one in publications(workspace) if one.stands and covers_area(one.area, area)]
    # of equal versions the one for the narrowest area
    found.sort(key=lambda one: (len(one.area.rstrip("0")), one.id), reverse=True)
    return sorted(found, key=lambda one: version_key(one.version), reverse=True)


def usable(workspace: Workspace, area: str, checklist: str) -> list[Publication]:
    """Every version of a checklist that stands in an area and passes the check, newest first."""
    checked = _Checking(workspace)
    named = [one for one in _candidates(workspace, area) if one.checklist == checklist]
    found = [one for one in named if not isinstance(checked.check(one), Text)]
    checked.keep()
    return found


class _Checking:
    """Checks publications, with what was kept of checks before."""

    def __init__(self, workspace: Workspace) -> None:
        from checklists.published import read_kept, rules_mark
        from sync.replica import PROGRAMME

        self.workspace = workspace
        self.rules = rules_mark(PROGRAMME)
        self.before = read_kept(workspace.folder / KEPT, self.rules)
        self.met: dict[str, Checked] = {}

    def check(self, one: Publication) -> Checklist | Text:
        """The checklist, or why it is left out."""
        from checklists.published import check_text

        text = _sound_text(self.workspace, one)
        if isinstance(text, Text):
            return _left_out(one, text)
        checked = self.before.get(one.digest) or check_text(text)
        self.met[one.digest] = checked
        if checked.checklist is None:
            return _left_out(one, _newer(one) or _fault(checked))
        if (checked.checklist.id, checked.checklist.version) != (one.checklist, one.version):
            return _left_out(one, _OTHER)
        return checked.checklist

    def keep(self) -> None:
        """Have the new checks on disk for the next start, and the old ones that other areas may need."""
        from checklists.published import kept_bytes
        from inspect_tui.records.files import write_atomically

        if self.met.keys() <= self.before.keys():
            return
        known = {row["digest"] for row in self.workspace.select("SELECT digest FROM published_checklists")}
        texts = {digest: one for digest, one in {**self.before, **self.met}.items() if digest in known}
        with contextlib.suppress(Refused, OSError):
            write_atomically(self.workspace.folder / KEPT, kept_bytes(self.rules, texts), private=True)


_OTHER: Final = Text(
    "文本里的编号或版本与发布记录不一致，请管理员重新发布",
    "its text has another id or version than its publication; the administrator should publish it anew",
)


def _sound_text(workspace: Workspace, one: Publication) -> str | Text:
    """The text of a publication, or why it is not what it says."""
    from checklists.published import text_digest

    if one.disputed:
        return Text(
            "同一版本有两份不同的文本，请先解决冲突（inspect-tui conflict list）",
            "two different texts were published under this version; settle the conflict first (inspect-tui conflict list)",
        )
    if one.id != published_id(one.area, one.checklist, one.version):
        return _OTHER
    rows = workspace.select("SELECT source FROM published_checklists WHERE id = ?", one.id)
    text = rows[0]["source"] if rows else None
    if not isinstance(text, str) or text_digest(text) != one.digest:
        return Text(
            "文本与其 SHA-256 不符，请管理员重新发布",
            "its text does not fit its SHA-256; the administrator should publish it anew",
        )
    return text


def _left_out(one: Publication, why: Text) -> Text:
    name = f"{shortened(one.checklist, 60)} {shortened(one.version, 20)}"
    by = f"{shortened(one.by)} {one.at[:10]}"
    return Text(
        f"已发布的检查表 {name}（{one.area}，{by}）未采用：{why.zh.rstrip('。')}。",
        f"The published checklist {name} ({one.area}, {by}) is left out: {why.en.rstrip('.')}.",
    )


def _fault(checked: Checked) -> Text:
    fault = checked.fault
    return Text(fault.zh, fault.en) if fault is not None else Text("", "")


def _newer(one: Publication) -> Text | None:
    from checklists.catalogue import version_key
    from sync.replica import PROGRAMME

    theirs, ours = one.programme.rpartition(" ")[2], PROGRAMME.rpartition(" ")[2]
    if not theirs or version_key(theirs) <= version_key(ours):
        return None
    return Text(
        f"由更新版本的程序（{shortened(theirs, 20)}）发布，请先升级",
        f"it was published with a newer programme ({shortened(theirs, 20)}); upgrade first",
    )


def published_id(area: str, checklist: str, version: str) -> str:
    """The row of a publication: the same on every device."""
    return derived_id("published_checklist", area, checklist, version)


def text_of(workspace: Workspace, one: Publication) -> str:
    """The text of a publication, word for word.

    Raises:
        Refused: It is not what the publication says.
    """
    text = _sound_text(workspace, one)
    if isinstance(text, Text):
        said = _left_out(one, text)
        raise Refused(said.zh, said.en)
    return text


def proven(workspace: Workspace, one: Publication) -> Checklist:
    """The checklist of a publication, read anew from its signed text.

    What an inspection is made with rests on no file that was kept for speed.

    Raises:
        Refused: The text cannot be used.
    """
    found = workspace.proven.get(one.digest)
    if found is None:
        from checklists.errors import CatalogueError
        from checklists.published import read_text

        try:
            found = read_text(text_of(workspace, one))
        except CatalogueError as error:
            said = _left_out(one, _newer(one) or Text(error.zh, error.en))
            raise Refused(said.zh, said.en) from error
        if (found.id, found.version) != (one.checklist, one.version):
            said = _left_out(one, _OTHER)
            raise Refused(said.zh, said.en)
        workspace.proven[one.digest] = found
    return found
