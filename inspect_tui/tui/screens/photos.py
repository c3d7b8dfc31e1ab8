"""The photo picker 照片: a folder or camera card, what each file says about itself, and a picture of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.worker import get_current_worker

from inspect_tui.texts import Refused, Text, tr
from inspect_tui.tui import photo_files
from inspect_tui.tui.commands import bindings
from inspect_tui.tui.marks import WARNING
from inspect_tui.tui.reading import complain, tell
from inspect_tui.tui.screens.page import PageScreen
from inspect_tui.tui.uitext import plain
from inspect_tui.tui.widgets.list_table import Column, Line, ListTable
from inspect_tui.tui.widgets.phrase import Phrase
from inspect_tui.tui.widgets.picture import Picture, half_blocks
from inspect_tui.tui.widgets.prose import Block, Prose

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.binding import BindingType
    from textual.strip import Strip
    from textual.widget import Widget

    from checklists.model import Item
    from inspect_tui.photos.model import LatLon, Look
    from inspect_tui.records.model import Attached
    from inspect_tui.tui.desk import Desk

_EMPTY = Text(
    "这个文件夹是空的。按 / 换文件夹，按 ← 到上级。", "This folder is empty. Press / for another, ← for its parent."
)


class PhotoScreen(PageScreen):
    """Dismissed with the number of photos attached."""

    PLACE = "photos"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("photos")]

    @dataclass
    class Seen(Message):
        """Some files were looked at."""

        looks: dict[Path, Look | Refused]
        proposed: frozenset[Path]

    def __init__(self, desk: Desk, inspection: str, item: Item) -> None:
        super().__init__(desk)
        self._inspection = inspection
        self._item = item
        self._folder = photo_files.first_folder(desk.remembered("photos", "folder"))
        self._entries: list[photo_files.Entry] = []
        self._looks: dict[Path, Look | Refused] = {}
        self._proposed: set[Path] = set()
        self._marked: dict[Path, None] = {}
        self._site: LatLon | None = None
        self._busy = False

    def body(self) -> Iterator[Widget]:
        """Folder, list, and the file under the cursor."""
        yield Phrase(Text("", ""), id="photo-where")
        with Horizontal(id="photo-body"):
            yield ListTable(
                (
                    Column(Text("", ""), 2),
                    Column(Text("文件", "File"), 14, 1),
                    Column(Text("拍摄", "Taken"), 11),
                    Column(Text("距离", "Away"), 6, right=True),
                ),
                empty=_EMPTY,
                id="files",
            )
            with Vertical(id="photo-side"):
                yield Picture(id="picture")
                yield Prose(id="exif", hang=5)

    def on_mount(self) -> None:
        """List the folder."""
        self.query_one(ListTable).focus()
        self._load()

    def _load(self) -> None:
        folder = self._folder

        def work() -> tuple[list[photo_files.Entry], LatLon | None]:
            return photo_files.entries(folder), photo_files.site_position(self.workspace, self._inspection)

        self.read("folder", work, self._listed, awaited=True)

    def _listed(self, read: tuple[list[photo_files.Entry], LatLon | None]) -> None:
        self._entries, self._site = read
        self.relabel()
        files = [one.path for one in self._entries if not one.is_folder and one.path not in self._looks]
        self.run_worker(lambda: self._look(files), thread=True, exclusive=True, group="looks", exit_on_error=False)

    def _look(self, files: list[Path]) -> None:
        """Look at all files, telling the screen of a few at a time; on a worker thread."""
        from inspect_tui.records.attach import propose

        worker = get_current_worker()
        batch: dict[Path, Look | Refused] = {}
        for index, (path, seen) in enumerate(photo_files.looks(files)):
            if worker.is_cancelled:
                return
            batch[path] = seen
            if len(batch) >= 8 or index == len(files) - 1:
                known = {path: one for path, one in batch.items() if not isinstance(one, Refused)}
                near = {one.sha256 for one in propose(self.workspace, self._inspection, known.values())}
                fitting = frozenset(path for path, one in known.items() if one.sha256 in near)
                self.post_message(self.Seen(batch, fitting))
                batch = {}

    @on(Seen)
    def _take(self, event: Seen) -> None:
        self._looks |= event.looks
        self._proposed |= event.proposed
        self.relabel()

    def relabel(self) -> None:
        """Say it in the language in use."""
        marked = len(self._marked)
        self.headline(f"{self._item.id} {tr(*_what(self._item))}", tr(f"已选 {marked}", f"{marked} marked"))
        here = plain(str(self._folder))
        self.query_one("#photo-where", Phrase).say(
            Text(
                f"● 已选　◆ 建议（本次检查期间、对象附近）　{here}",
                f"● marked  ◆ proposed (this visit, near the site)  {here}",
            )
        )
        table = self.query_one(ListTable)
        table.show([self._line(one) for one in self._entries])
        self._describe(table.key)

    def _line(self, one: photo_files.Entry) -> Line:
        if one.is_folder:
            return Line(str(one.path), ("▸", one.path.name + "/", "", ""))
        sign = "●" if one.path in self._marked else "◆" if one.path in self._proposed else ""
        seen = self._looks.get(one.path)
        if seen is None or isinstance(seen, Refused):
            return Line(str(one.path), (sign, one.path.name, "…" if seen is None else WARNING, ""))
        taken = (seen.taken_at or "")[5:16].replace("T", " ")
        away = self._distance(seen)
        return Line(
            str(one.path),
            (sign, one.path.name, taken or "—", away),
            "muted" if seen.kind == "other" else "",
            {0: "good" if sign == "●" else "warn"},
        )

    def _distance(self, seen: Look) -> str:
        from inspect_tui.photos.positions import distance

        if self._site is None or seen.position is None:
            return "—"
        metres = distance(self._site, seen.position)
        return f"{metres:.0f}m" if metres < 10_000 else f"{metres / 1000:.0f}km"

    @on(ListTable.Moved)
    @on(Picture.Resized)
    def _moved(self) -> None:
        self._describe(self.query_one(ListTable).key)

    def _describe(self, key: str | None) -> None:
        picture = self.query_one(Picture)
        seen = self._looks.get(Path(key)) if key else None
        if key is None or seen is None or isinstance(seen, Refused):
            picture.show(())
            self.query_one("#exif", Prose).show(
                [Block(str(seen), tone="warn")] if isinstance(seen, Refused) else []
            )
            return
        self.query_one("#exif", Prose).show(list(self._facts(seen)))
        path, width, height = Path(key), picture.size.width, picture.size.height

        def work() -> list[Strip]:
            from inspect_tui.photos.pixels import picture as decoded

            _, shown = decoded(path)
            return half_blocks(shown.thumbnail, width, height) if shown.thumbnail else []

        self.read("picture", work, picture.show)

    def _facts(self, seen: Look) -> Iterator[Block]:
        yield Block(seen.name, tone="strong")
        for warning in seen.warnings:
            yield Block(str(warning.text), WARNING, "warn")
        yield Block((seen.taken_at or tr("未知", "unknown")).replace("T", " "), tr("拍摄", "Time"))
        if seen.position is not None:
            yield Block(f"{seen.longitude}, {seen.latitude}", tr("位置", "At"))
            yield Block(self._distance(seen), tr("距离", "Away"))
        if seen.camera:
            yield Block(seen.camera, tr("相机", "By"))
        size = f"{seen.width}×{seen.height} " if seen.width else ""
        yield Block(f"{size}{seen.format or seen.media_type} {seen.size / 1e6:.1f} MB", tr("文件", "File"))

    def _chosen(self) -> Path | None:
        key = self.query_one(ListTable).key
        path = Path(key) if key else None
        return (
            path
            if path is not None and any(one.path == path and not one.is_folder for one in self._entries)
            else None
        )

    def action_mark(self) -> None:
        """Mark or unmark, and on to the next."""
        path = self._chosen()
        if path is None:
            return
        if path in self._marked:
            del self._marked[path]
        else:
            self._marked[path] = None
        self.relabel()
        self.query_one(ListTable).action_move(1)

    def action_mark_proposed(self) -> None:
        """Mark what was taken during this visit near this site."""
        fitting = [one.path for one in self._entries if one.path in self._proposed]
        self._marked |= dict.fromkeys(fitting)
        self.relabel()
        if not fitting:
            tell(
                self.app,
                Text("没有本次检查期间、对象附近的照片。", "No photo was taken during this visit near the site."),
            )

    def action_parent(self) -> None:
        """To the parent folder."""
        self._enter(self._folder.parent)

    def action_folder(self) -> None:
        """Type a folder."""
        from inspect_tui.tui.screens.folder_form import FolderForm

        self.app.push_screen(FolderForm(self._folder), self._enter)

    def _enter(self, folder: Path | None) -> None:
        if folder is not None:
            self._folder = folder
            self._load()

    @on(ListTable.Opened)
    def _open(self, event: ListTable.Opened) -> None:
        path = Path(event.key)
        if path.is_dir():
            self._enter(path)
        else:
            self.action_attach()

    def action_attach(self) -> None:
        """Copy, hash, look at and record the marked files, on another thread."""
        chosen = self._chosen()
        paths = list(self._marked) or ([chosen] if chosen else [])
        if not paths or self._busy:
            return
        self._busy = True
        tell(self.app, Text(f"正在存入 {len(paths)} 个文件…", f"Taking in {len(paths)} files…"))

        def work() -> list[Attached]:
            from inspect_tui.records.attach import attach

            done = attach(self.workspace, self._inspection, self._item.id, paths)
            self.desk.remember("photos", "folder", str(self._folder))
            return done

        self.read("attach", work, self._attached, self._not_attached, awaited=True)

    def _not_attached(self, error: object) -> None:
        self._busy = False
        if isinstance(error, Refused):
            complain(self.app, error)

    def _attached(self, done: list[Attached]) -> None:
        """Say what became of each file; refused ones stay marked."""
        self._busy = False
        taken = [one for one in done if one.photo is not None]
        for one in done:
            if one.refusal is not None:
                complain(self.app, one.refusal)
            if one.already:
                tell(
                    self.app,
                    Text(f"{one.path.name} 已附在本项。", f"{one.path.name} is attached to this item already."),
                )
        doubtful = sum(bool(one.warnings) for one in taken)
        if doubtful:
            tell(
                self.app,
                Text(
                    f"{doubtful} 个文件有提醒，列在本项的照片下面。",
                    f"{doubtful} of the files have warnings; they stand below the photos of the item.",
                ),
                warning=True,
            )
        if taken:
            self.dismiss(len(taken))
        else:
            self.relabel()


def _what(item: Item) -> tuple[str, str]:
    """What the item wants photographed, or what it asks."""
    if item.photos:
        return "、".join(need.what.zh for need in item.photos), ", ".join(need.what.en for need in item.photos)
    return item.question.zh, item.question.en
