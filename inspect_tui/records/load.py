"""`inspection load`: whole inspections from JSON, each all or nothing; a file loaded twice changes nothing the second time.

Ids come from the content: area, kind and name of the site; checklist, start and badges of the inspection. So the same
file loaded on two laptops meets in the same rows.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import msgspec

from checklists.errors import ChecklistError
from inspect_tui.photos.not_evidence import EVIDENCE
from inspect_tui.records import attach, inspections, times
from inspect_tui.records.answers import answer
from inspect_tui.records.findings import add_finding
from inspect_tui.records.load_format import LoadedInspection, LoadedPhoto, explain, field_name, schema
from inspect_tui.records.load_inputs import (
    answer_input,
    digest_of,
    finding_input,
    path_of,
    plain,
    site_input,
    texts_of,
)
from inspect_tui.records.load_json import Found, Steps, line_of, objects, problem_at
from inspect_tui.records.model import (
    AnswerInput,
    LoadResult,
    Officer,
    Origin,
    Present,
    Problem,
    RefusedByRules,
)
from inspect_tui.records.rows import timed_id
from inspect_tui.records.rules import clean_badge, clean_line, has_control
from inspect_tui.records.sites import add_site, same_site, site_cells, site_id_of, tidy_site
from inspect_tui.texts import Refused
from sync.errors import SyncError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from inspect_tui.photos.ingest import Ingested
    from inspect_tui.records.load_format import LoadedAnswer, LoadedFinding
    from inspect_tui.records.workspace import Workspace

_REFUSALS: Final = (Refused, SyncError, ChecklistError)
"""Everything that ends one inspection with a sentence, and leaves the others to be loaded."""
LOADED: Final = "inspection load"
"""What a loaded finding names as its device: the same wherever the file is loaded."""


@dataclass(frozen=True, slots=True)
class Source:
    """An inspection that another system numbered, instead of one whose content says which it is.

    It is submitted where the rules let it, else it stays a draft and what it lacks is said.

    Attributes:
        names: What that system calls it, the lasting one first; kept with it.
        row: Row id under which one of the names is here already.
        device: What a finding names as its device.
        dry: No photo is taken in: whoever calls takes everything back.
    """

    names: tuple[str, ...]
    row: str | None = None
    device: str = LOADED
    dry: bool = False


Taken = dict[str, "tuple[Path, Ingested | Refused]"]


def load_inspections(
    workspace: Workspace, file: Path, progress: Callable[[int], None] | None = None
) -> list[LoadResult]:
    """Load every inspection of a file.

    Args:
        workspace: Where to.
        file: One JSON object, an array of them, or one a line; photo paths are relative to it.
        progress: Called with the number of inspections done.

    Returns:
        One result for each object, in order.

    Raises:
        Refused: The file cannot be read at all, or holds no inspection.
    """
    results: list[LoadResult] = []
    for found in objects(file):
        results.append(load_one(workspace, found, file.parent))
        if progress is not None:
            progress(len(results))
    if not results:
        raise Refused(
            f"{file.name} 中没有检查记录；格式见 inspection schema。",
            f"There is no inspection in {file.name}; see inspection schema for the format.",
        )
    return results


def load_one(workspace: Workspace, found: Found, folder: Path, source: Source | None = None) -> LoadResult:
    """Load one object: all of it, or nothing with every reason that was met."""
    if found.problem is not None:
        return LoadResult(found.line, None, created=False, problems=(found.problem,))
    try:
        said = msgspec.convert(found.tree, LoadedInspection, strict=True)
    except (msgspec.ValidationError, RecursionError) as error:
        path, zh, en = explain(msgspec.ValidationError(str(error)))
        return LoadResult(found.line, None, created=False, problems=(_problem(found, path, zh, en),))
    try:
        return _Loading(workspace, found, said, folder, source).run()
    except RefusedByRules as refused:
        problems = tuple(_placed(found, said, problem) for problem in refused.problems)
    except _REFUSALS as refused:
        problems = (_problem(found, [], refused.zh, refused.en, code="refused"),)
    return LoadResult(found.line, None, created=False, problems=problems)


def _placed(found: Found, said: LoadedInspection, problem: Problem) -> Problem:
    """The problem with line and field, from the item that it names where nothing better is known."""
    if problem.code == _PLACED:
        return replace(problem, code="refused")
    path: Steps = []
    if problem.item is not None:
        index = next((at for at, one in enumerate(said.answers) if one.item == problem.item), None)
        path = [] if index is None else ["answers", index]
    elif problem.field is not None:
        path = [problem.field]
    return _problem(found, path, problem.zh, problem.en, code=problem.code, item=problem.item)


def _problem(
    found: Found, path: Steps, zh: str, en: str, *, code: str = "format", item: str | None = None
) -> Problem:
    """A problem that names line, field and reason, and in an array which of its inspections."""
    line = line_of(found, path)
    name = found.named(path) or field_name(path)
    return problem_at(line, name, zh, en, code=code, item=item, index=found.index, where=found.where)


_PLACED: Final = "placed"


class _Loading:
    """One inspection on its way in."""

    def __init__(
        self, workspace: Workspace, found: Found, said: LoadedInspection, folder: Path, source: Source | None
    ) -> None:
        self.workspace = workspace
        self.found = found
        self.said = said
        self.folder = folder
        self.source = source
        self.warnings: list[Problem] = []
        self.id = ""

    def _identify(self) -> str:
        """The row id that the content gives; a time that no visit can have is refused here."""
        said = self.said
        if said.ended_at is not None:
            with self._at("ended_at"):
                times.stored(said.ended_at)
        with self._at("started_at"):
            if self.source is not None:
                times.stored(said.started_at)
                return self.source.row or timed_id(said.started_at, "inspection", "source", self.source.names[0])
            return timed_id(
                said.started_at,
                "inspection",
                said.site.area,
                said.site.kind,
                said.site.name,
                said.checklist,
                times.stored(said.started_at),
                *sorted(officer.badge for officer in said.officers),
            )

    def run(self) -> LoadResult:
        """Load it."""
        self.id = self._identify()
        # Whether it could be submitted is no difference in what was said.
        digest = digest_of(self.said if self.source is None else msgspec.structs.replace(self.said, submit=True))
        if (again := self._loaded_before(digest)) is not None:
            return again
        self._look_for_trouble()
        taken = self._take_in()
        with self.workspace.writing():
            if (again := self._loaded_before(digest)) is not None:
                return again
            self._record(digest, taken)
        return LoadResult(self.found.line, self.id, created=True, problems=tuple(self.warnings))

    def _loaded_before(self, digest: str) -> LoadResult | None:
        row = self.workspace.replica.row("inspections", self.id)
        if row is None:
            return None
        if row.values["loaded_digest"] == digest:
            return LoadResult(self.found.line, self.id, created=False)
        problem = _problem(
            self.found,
            [],
            "这次检查已载入过，但内容不同；未作改动，请在程序中更正",
            "this inspection was loaded before with other content; nothing was changed, amend it in the programme",
            code="differs",
        )
        return LoadResult(self.found.line, None, created=False, problems=(problem,))

    @contextlib.contextmanager
    def _at(self, *path: str | int) -> Iterator[None]:
        """Name line and field of whatever is refused inside."""
        try:
            yield
        except RefusedByRules as refused:
            raise RefusedByRules(
                [self._named(path, one.zh, one.en, one.item) for one in refused.problems]
            ) from None
        except _REFUSALS as refused:
            raise RefusedByRules([self._named(path, refused.zh, refused.en, None)]) from None

    def _named(self, path: Sequence[str | int], zh: str, en: str, item: str | None) -> Problem:
        return _problem(self.found, list(path), zh, en, code=_PLACED, item=item)

    def _look_for_trouble(self) -> None:
        """Refuse an item said twice; warn of control characters, which are taken out."""
        seen: set[str] = set()
        for index, one in enumerate(self.said.answers):
            if one.item in seen:
                with self._at("answers", index, "item"):
                    raise Refused(f"{one.item} 出现两次", f"{one.item} stands twice")
            seen.add(one.item)
        for path, text in texts_of(self.found.tree, []):
            if has_control(text):
                warning = _problem(
                    self.found,
                    path,
                    "含有控制字符，已去掉",
                    "control characters were taken out",
                    code="control_characters",
                )
                self.warnings.append(warning)

    def _take_in(self) -> Taken:
        """Copy all photos into the store before the database is held."""
        if self.source is not None and self.source.dry:
            return {}
        wanted: dict[Path, str] = {}
        for index, one in enumerate(self.said.answers):
            for number, photo in enumerate(one.photos):
                name = path_of(photo)
                with self._at("answers", index, "photos", number):
                    wanted[self._file(name)] = name
        taken: Taken = {}
        for path, outcome in attach.take_in(self.workspace, wanted):
            taken[wanted[path]] = (path, outcome)
        return taken

    def _file(self, name: str) -> Path:
        """The file that a photo path names; `attach.take_in` refuses those of a workspace.

        Raises:
            Refused: It is no path.
        """
        if has_control(name):
            raise Refused("照片路径含有控制字符", "the photo path holds control characters")
        return self.folder / name

    def _origin(self) -> Origin:
        """Who recorded it, as the file says; who loads it stands in the header of the changesets.

        A time that the file does not give is that of loading where it is submitted, else the start.
        """
        said = self.said
        first = said.officers[0] if said.officers else None
        officer = Officer(clean_line(first.name), clean_badge(first.badge)) if first else Officer("", "")
        device = LOADED if self.source is None else self.source.device
        return Origin(officer, device, said.ended_at or (times.now() if said.submit else said.started_at))

    def _record(self, digest: str, taken: Taken) -> None:
        said, workspace = self.said, self.workspace
        with self._at("officers"):
            origin = self._origin()
        with self._at("site"):
            site = self._site()
        with self._at("checklist"):
            inspections.start(
                workspace,
                site,
                said.checklist,
                officers=[Officer(one.name, one.badge) for one in said.officers],
                item_set=said.item_set,
                attributes={key: value for key, value in said.attributes.items() if value},
                started_at=said.started_at,
                row=self.id,
                loaded={"loaded_digest": digest}
                | ({} if self.source is None else {"loaded_file": " ".join(self.source.names)}),
                origin=origin,
            )
        with self._at("ended_at"):
            inspections.set_times(workspace, self.id, ended_at=said.ended_at)
        if said.present is not None:
            with self._at("present"):
                present = said.present
                person = Present(present.name, present.role, present.signature, present.reason)
                inspections.set_present(workspace, self.id, person)
        if said.note:
            with self._at("note"):
                inspections.set_note(workspace, self.id, said.note)
        for index, one in enumerate(said.answers):
            self._answer(index, one, taken, origin)
        if said.submit:
            try:
                submission = inspections.submit(workspace, self.id, origin=origin)
            except RefusedByRules as refused:
                if self.source is None:
                    raise
                self.warnings += [_placed(self.found, said, one) for one in refused.problems]
                return
            # What answers and photos have to say was said at them.
            whole = {"unchecked", "present_missing", "present_reason", "conflict"}
            self.warnings += [_placed(self.found, said, one) for one in submission.warnings if one.code in whole]

    def _site(self) -> str:
        """The site recorded before under the same area, kind and name, else a new one."""
        site = tidy_site(self.workspace, site_input(self.said.site))
        there = same_site(self.workspace, site)
        if there is None:
            return add_site(self.workspace, site, row=site_id_of(self.workspace, site))
        row = self.workspace.row("sites", there)
        differing = [
            name
            for name, value in site_cells(site).items()
            if name != "position" and value and value != row.values[name]
        ]
        if differing:
            names = ", ".join(differing)
            warning = _problem(
                self.found,
                ["site"],
                f"对象已有记录，下列内容不同，未改动：{names}",
                f"the site is recorded already; these differ and were left as they are: {names}",
                code="site_differs",
            )
            self.warnings.append(warning)
        return there

    def _answer(self, index: int, one: LoadedAnswer, taken: Taken, origin: Origin) -> None:
        workspace = self.workspace
        with self._at("answers", index):
            for further in one.measurements:
                extra = AnswerInput(
                    value=plain(further.value),
                    unit=further.unit,
                    quantity=further.quantity,
                    below_detection=plain(further.below_detection_limit),
                    quick_test=further.quick_test,
                )
                answer(workspace, self.id, one.item, extra)
            plain_answer = answer_input(one)
            if one.photos and self.source is not None and self.source.dry:
                # Stands for the photos until everything is taken back.
                plain_answer = replace(plain_answer, photo_waiver="dry")
            answered = answer(workspace, self.id, one.item, plain_answer)
        self.warnings += [_placed(self.found, self.said, warning) for warning in answered.warnings]
        for number, photo in enumerate(one.photos):
            self._photo(index, number, one.item, photo, taken, origin)
        listed: list[tuple[Steps, LoadedFinding]] = []
        if one.finding is not None:
            listed.append((["answers", index, "finding"], one.finding))
        listed += [(["answers", index, "findings", number], each) for number, each in enumerate(one.findings)]
        for number, (path, finding) in enumerate(listed):
            row = timed_id(self.said.started_at, "finding", self.id, one.item, *([str(number)] if number else []))
            with self._at(*path):
                add_finding(workspace, self.id, one.item, finding_input(finding), row=row, origin=origin)

    def _photo(
        self, index: int, number: int, item: str, photo: str | LoadedPhoto, taken: Taken, origin: Origin
    ) -> None:
        if path_of(photo) not in taken:
            return  # A dry run.
        path, outcome = taken[path_of(photo)]
        with self._at("answers", index, "photos", number):
            if isinstance(outcome, Refused):
                raise outcome
            if not outcome.look.media_type.startswith(EVIDENCE):
                kind = outcome.look.media_type
                raise Refused(
                    f"{path.name} 不是照片、视频、音频或 PDF（{kind}）",
                    f"{path.name} is no photo, video, audio or PDF ({kind})",
                )
            attached = attach.record(
                self.workspace,
                self.id,
                item,
                [(path, outcome)],
                caption=photo.caption if isinstance(photo, LoadedPhoto) else "",
                photographer=origin.officer.name,
                row_of=lambda sha256: timed_id(self.said.started_at, "photo", self.id, item, sha256),
            )
        line = line_of(self.found, ["answers", index, "photos", number])
        self.warnings += [
            problem_at(
                *(line, path.name, one.zh, one.en),
                code=one.code,
                item=item,
                index=self.found.index,
                where=self.found.where,
            )
            for one in attached[0].warnings
        ]


__all__ = ["load_inspections", "load_one", "schema"]
