"""An export taken in: every submission one inspection through the door of `inspection load`, or refused by name."""

from __future__ import annotations

import contextlib
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from inspect_tui.imports.odk.export import MAX_MEDIA, Export
from inspect_tui.imports.odk.mapping import Mapped
from inspect_tui.imports.odk.problems import problem
from inspect_tui.imports.odk.standing import standing, version
from inspect_tui.imports.odk.submissions import filled_forms, ids_of, strange_columns, submissions
from inspect_tui.imports.odk.tables import tables_of
from inspect_tui.records.load import Source, load_one
from inspect_tui.records.load_json import Found
from inspect_tui.records.model import Problem
from inspect_tui.texts import Refused, Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from inspect_tui.imports.odk.export import Member
    from inspect_tui.imports.odk.submissions import Filled, Submission
    from inspect_tui.imports.odk.tables import Table
    from inspect_tui.records.workspace import Workspace

DEVICE: Final = "inspection import-odk"
MAX_NAMED: Final = 20
"""Names in one sentence; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Options:
    """How an export is taken in.

    Attributes:
        media: Zip or folder of the media, where they came apart.
        checklist: Id of the checklist, where the export does not tell.
        site: Row id of the site of rows that name none.
        drafts: Nothing is submitted.
        without_media: A missing photo is said and left out instead of refusing its submission, which stays a draft.
        preview: Nothing is written.
    """

    media: Path | None = None
    checklist: str | None = None
    site: str | None = None
    drafts: bool = False
    without_media: bool = False
    preview: bool = False


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of one submission.

    Attributes:
        file: The table.
        row: Its row, the header being row 1.
        instance: Id of the submission.
        inspection: Row id; None where it was refused.
        created: Whether it is new; with `preview` whether it would be.
        state: `submitted` or `draft`; empty where it was refused or is here already.
        said: What it says in short: site, kind, area, checklist, version, start, officers, counts.
        problems: Refusals where `inspection` is None, else warnings.
    """

    file: str
    row: int
    instance: str
    inspection: str | None
    created: bool
    state: str
    said: dict[str, Any]
    problems: tuple[Problem, ...]


@dataclass(slots=True)
class Report:
    """What became of an export beside its submissions.

    Attributes:
        refused: Tables that could not be read, or not to their end.
        notes: What was left aside.
    """

    refused: list[Problem] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)


class _TakeBackError(Exception):
    """Ends a preview."""


def import_export(
    workspace: Workspace,
    path: Path,
    options: Options,
    report: Report,
    progress: Callable[[int], None] | None = None,
) -> Iterator[Imported]:
    """Take in the submissions of an export, one after the other.

    Args:
        workspace: Where to.
        path: Zip, folder, CSV or XLSX.
        options: How.
        report: Gets what is to be said beside the submissions.
        progress: Called with the number of submissions done.

    Raises:
        Refused: The export cannot be read at all, or holds no submissions of a checklist.
    """
    with Export(path, options.media) as export:
        tables: list[Table] = []
        for member in export.tables:
            try:
                tables += tables_of(export, member)
            except Refused as refused:
                report.refused.append(_about(member.base, refused))
        unknown: list[Refused] = []
        forms, others = filled_forms(tables, workspace.catalogue, options.checklist, unknown)
        report.refused += [_about(path.name, each) for each in unknown]
        if not forms and not report.refused:
            raise Refused(
                f"{path.name} 中没有提交：找不到带 KEY、_uuid 或 meta-instanceID 列的 CSV 或 XLSX；"
                "请给出 ODK Central 或 Kobo 导出的文件。",
                f"{path.name} holds no submissions: there is no CSV or XLSX with a column KEY, _uuid or meta-instanceID; name"
                " what ODK Central or Kobo exported.",
            )
        for table in others:
            _note(
                report,
                table.title,
                "不是提交的表格，未读",
                "is no table of submissions and was not read",
                "not_read",
            )
        importing = _Importing(workspace, export, options)
        count = 0
        # A table with its repeats says more than the same one without.
        for filled in sorted(forms, key=lambda each: not each.children):
            for one in importing.form(filled, report):
                count += 1
                if progress is not None:
                    progress(count)
                yield one
        if importing.whole and (unused := export.unused()):
            _note(
                report,
                path.name,
                f"有 {len(unused)} 个媒体文件没有一行提到：{_listed(unused)}；更多照片在 XLSX 或 zip 导出的重复组里",
                f"{len(unused)} media are named by no row: {_listed(unused, ', ')}; further photos stand in the repeats of an"
                " XLSX or zip export",
                "media_unused",
            )


def _about(name: str, refused: Refused) -> Problem:
    return Problem("cannot_read", refused.zh, refused.en, None, name)


def _note(report: Report, name: str, zh: str, en: str, code: str) -> None:
    report.notes.append(Problem(code, f"{name}：{zh}。", f"{name}: {en}.", None, name))


def _listed(names: list[str], comma: str = "、") -> str:
    rest = len(names) - MAX_NAMED
    return comma.join(name[:80] for name in names[:MAX_NAMED]) + (" …" if rest > 0 else "")


class _Importing:
    """One export on its way in."""

    def __init__(self, workspace: Workspace, export: Export, options: Options) -> None:
        self._workspace = workspace
        self._export = export
        self._options = options
        self.whole = True
        """Whether every table was read to its end."""
        self._known: dict[str, str] = {}
        rows = workspace.select("SELECT id, loaded_file FROM inspections WHERE loaded_file IS NOT NULL")
        for row in rows:
            self._known.update(dict.fromkeys(str(row["loaded_file"]).split(), str(row["id"])))
        self._seen: dict[str, tuple[str, str]] = {}
        """Names taken in from this export → table and inspection."""
        self._site = {} if options.site is None else _site(workspace, options.site)

    def form(self, filled: Filled, report: Report) -> Iterator[Imported]:
        if strange := strange_columns(filled):
            _note(
                report,
                filled.table.title,
                f"检查表没有这些列，未读：{_listed(strange)}",
                f"the checklist has no place for these columns, which were not read: {_listed(strange, ', ')}",
                "columns_unknown",
            )
        if not filled.children and not filled.table.sheet:
            _note(
                report,
                filled.table.title,
                "导出中没有重复组（问题、更多照片）的表格，这些内容没有导入；Kobo 请导出 XLSX，ODK Central 请下载 zip",
                "the export has no tables of the repeats (findings, further photos), so none of these were taken; export XLSX"
                " from Kobo, or the zip from ODK Central",
                "repeats_missing",
            )
        left: list[Text] = []
        try:
            others = ids_of(self._export, filled)
            for said in submissions(self._export, filled, left):
                yield self._one(said, others)
        except Refused as refused:
            self.whole = False
            report.refused.append(_about(filled.table.title, refused))
        if left:
            _note(
                report,
                filled.table.title,
                f"重复组有 {len(left)} 行不属于导出中的任何提交，未读：{_listed([each.zh for each in left])}",
                f"{len(left)} rows of repeats belong to no submission of the export and were not read:"
                f" {_listed([each.en for each in left], ', ')}",
                "rows_without_submission",
            )

    def _one(self, said: Submission, others: set[str]) -> Imported:
        if said.problems:
            self.whole = False
            return _refused(said, {}, said.problems)
        other = next((self._seen[name] for name in said.names if name in self._seen), None)
        if other is not None and other[0] != said.file:
            return _twice(said, *other)
        problems, warnings, draft = standing(said)
        if problems:
            return _refused(said, {}, problems)
        mapped = Mapped(said, self._site)
        problems += version(self._workspace, said, mapped, warnings)
        kind = self._workspace.catalogue.kinds.get(str(mapped.tree["site"].get("kind", "")))
        mapped.attributes({each.id: each.scope for each in kind.attributes} if kind is not None else {})
        problems += mapped.problems
        warnings += mapped.warnings
        short = _short(said, mapped)
        members, missing = self._media(said, mapped, others, problems, warnings)
        if problems:
            return _refused(said, short, problems)
        mapped.tree["submit"] = not (draft or missing or self._options.drafts)
        result, state = self._load(said, mapped, members)
        if result.inspection is None:
            return _refused(said, short, [self._again(said, one) for one in result.problems])
        if self._options.preview and not self._seen.keys().isdisjoint(said.names):
            text = Text("同一提交在表中出现两次", "the submission stands twice in the table")
            warnings.append(problem(said.where, "", text.zh, text.en, code="twice"))
        self._seen.update(dict.fromkeys(said.names, (said.file, result.inspection)))
        if not self._options.preview:
            self._known.update(dict.fromkeys(said.names, result.inspection))
        told = (*warnings, *result.problems) if result.created else ()
        return Imported(
            said.file, said.row, said.instance, result.inspection, result.created, state, short, tuple(told)
        )

    def _media(
        self,
        said: Submission,
        mapped: Mapped,
        others: set[str],
        problems: list[Problem],
        warnings: list[Problem],
    ) -> tuple[list[tuple[list[str | int], Member]], bool]:
        """The files of its photos, and whether one is missing; those that are not opened are told."""
        own = {name.partition(":")[2] for name in said.names if name.startswith("uuid:")}
        found: list[tuple[list[str | int], Member]] = []
        gone: list[list[str | int]] = []
        size = 0
        for place, cell, question in mapped.photos:
            try:
                member = self._export.find(cell, own, others - own)
            except Refused as refused:
                told = problem(said.where, question, refused.zh, refused.en, code="media_missing")
                if self._options.without_media:
                    warnings.append(told)
                    gone.append(place)
                else:
                    problems.append(told)
                continue
            size += member.size
            found.append((place, member))
        if size > MAX_MEDIA:
            text = Text(f"媒体超过 {MAX_MEDIA >> 30} GiB", f"its media are larger than {MAX_MEDIA >> 30} GiB")
            problems.append(problem(said.where, "", text.zh, text.en))
        for place in gone:
            _at(mapped.tree, place[:-1])[place[-1]] = None
        if gone:
            found = _without(mapped, found)
        return found, bool(gone)

    def _load(
        self, said: Submission, mapped: Mapped, members: list[tuple[list[str | int], Member]]
    ) -> tuple[Any, str]:
        row = next((self._known[name] for name in said.names if name in self._known), None)
        source = Source(said.names, row, DEVICE, self._options.preview)
        found = Found(said.row, "", mapped.tree, where=said.where, names=mapped.names)
        with contextlib.ExitStack() as stack:
            try:
                folder = self._placed(stack, mapped, members)
            except Refused as refused:
                told = problem(said.where, "", refused.zh, refused.en, code="media_missing")
                return _Nothing(None, (told,)), ""
            if not self._options.preview:
                result = load_one(self._workspace, found, folder, source)
                return result, self._state(result)
            with contextlib.suppress(_TakeBackError), self._workspace.writing():
                result = load_one(self._workspace, found, folder, source)
                state = self._state(result)
                raise _TakeBackError
            return result, state

    def _state(self, result: Any) -> str:
        if result.inspection is None or not result.created:
            return ""
        row = self._workspace.replica.row("inspections", result.inspection)
        return "" if row is None else str(row.values["state"])

    def _placed(
        self, stack: contextlib.ExitStack, mapped: Mapped, members: list[tuple[list[str | int], Member]]
    ) -> Path:
        """The folder of the media, into which those of a zip are unpacked; the tree then names them there."""
        if self._options.preview or all(member.info is None for _, member in members):
            folder = Path()
        else:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="inspect-tui-")))
        for number, (place, member) in enumerate(members):
            if self._options.preview:
                continue
            path = str(member.path.absolute())
            if member.info is not None:
                inside = folder / str(number)
                inside.mkdir()
                path = f"{number}/{self._export.unpack(member, inside)}"
            photos = _at(mapped.tree, place[:-1])
            photo = photos[place[-1]]
            photos[place[-1]] = {**photo, "path": path} if isinstance(photo, dict) else path
        return folder

    def _again(self, said: Submission, one: Problem) -> Problem:
        """Content that changed at the server is named with the inspection that it was taken in as."""
        if one.code != "differs":
            return one
        row = next((self._known[name] for name in said.names if name in self._known), "")
        return problem(
            said.where,
            "",
            f"这一提交已导入为 {row}，现在内容不同（在服务器上改过，或媒体不同）；未作改动，请在程序中更正",
            f"the submission was taken in as {row} and says something else now (edited at the server, or with other media);"
            " nothing was changed, amend it in the programme",
            code="differs",
        )


def _site(workspace: Workspace, site: str) -> dict[str, str]:
    row = workspace.row("sites", site)
    return {"name": str(row.values["name"]), "kind": str(row.values["kind"]), "area": str(row.area)}


@dataclass(frozen=True, slots=True)
class _Nothing:
    inspection: None
    problems: tuple[Problem, ...]


def _at(tree: Any, place: list[str | int]) -> Any:
    for step in place:
        tree = tree[step]
    return tree


def _without(mapped: Mapped, found: list[tuple[list[str | int], Member]]) -> list[tuple[list[str | int], Member]]:
    """Leave out the photos that are None; those behind them move up."""
    kept: list[tuple[list[str | int], Member]] = []
    for place, member in found:
        photos = _at(mapped.tree, place[:-1])
        number = int(place[-1])
        kept.append(([*place[:-1], number - photos[:number].count(None)], member))
    for answer in mapped.tree["answers"]:
        if "photos" in answer:
            answer["photos"] = [each for each in answer["photos"] if each is not None]
    return kept


def _twice(said: Submission, file: str, inspection: str) -> Imported:
    """A submission that another table of the export was taken in for."""
    told = problem(
        said.where,
        "",
        f"同一提交已从 {file} 导入，这一行没有比较",
        f"the submission was taken from {file}; this row was not compared with it",
        code="twice",
    )
    return Imported(said.file, said.row, said.instance, inspection, False, "", {}, (told,))


def _refused(said: Submission, short: dict[str, Any], problems: list[Problem]) -> Imported:
    return Imported(said.file, said.row, said.instance, None, False, "", short, tuple(problems))


def _short(said: Submission, mapped: Mapped) -> dict[str, Any]:
    tree = mapped.tree
    return {
        "site": tree["site"].get("name", ""),
        "kind": tree["site"].get("kind", ""),
        "area": tree["site"].get("area", ""),
        "checklist": said.form.checklist.id,
        "version": said.form.checklist.version,
        "started_at": tree.get("started_at"),
        "officers": [dict(each) for each in tree["officers"]],
        "answers": sum("verdict" in each or "value" in each for each in tree["answers"]),
        "photos": len(mapped.photos),
        "findings": sum(len(each.get("findings", ())) for each in tree["answers"]),
    }
