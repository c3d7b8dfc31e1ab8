"""Looking at photos 看照片 that are on record: one after the other, with what is known of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on

from inspect_tui.texts import Text, tr
from inspect_tui.tui.commands import bindings
from inspect_tui.tui.item_text import photo_text
from inspect_tui.tui.marks import WARNING
from inspect_tui.tui.screens.page import PageScreen
from inspect_tui.tui.widgets.picture import Picture, half_blocks
from inspect_tui.tui.widgets.prose import Block, Prose

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from textual.binding import BindingType
    from textual.strip import Strip
    from textual.widget import Widget

    from inspect_tui.records.queries import PhotoLine
    from inspect_tui.tui.desk import Desk


class PhotoViewScreen(PageScreen):
    """A picture above, its facts below."""

    PLACE = "photo_view"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("photo_view")]

    def __init__(self, desk: Desk, subject: str, photos: Sequence[PhotoLine]) -> None:
        super().__init__(desk)
        self._subject = subject
        self._photos = tuple(photos)
        self._at = 0

    def body(self) -> Iterator[Widget]:
        """Picture and facts."""
        yield Picture(id="photo-large")
        yield Prose(id="photo-facts", hang=6)

    def on_mount(self) -> None:
        """Show the first."""
        self.relabel()

    def relabel(self) -> None:
        """Say it in the language in use."""
        photo = self._photos[self._at]
        self.headline(self._subject, f"{self._at + 1}/{len(self._photos)}")
        blocks = [Block(photo_text(photo), tr("照片", "Photo"))]
        if photo.caption:
            blocks.append(Block(photo.caption, tr("说明", "Caption")))
        if not photo.here:
            blocks.append(
                Block(
                    tr("原件不在本机；同步后可见。", "The original is not here; it comes with a sync."),
                    WARNING,
                    "warn",
                )
            )
        blocks += [Block(str(Text(one.zh, one.en)), WARNING, "warn") for one in photo.warnings]
        self.query_one("#photo-facts", Prose).show(blocks)

    @on(Picture.Resized)
    def _draw(self) -> None:
        picture, photo = self.query_one(Picture), self._photos[self._at]
        width, height = picture.size
        if not width or not photo.here:
            picture.show(())
            return

        def work() -> list[Strip]:
            from inspect_tui.photos.pixels import picture as decoded

            _, shown = decoded(self.workspace.blobs.path_of(photo.sha256))
            return half_blocks(shown.thumbnail, width, height) if shown.thumbnail else []

        self.read("picture", work, picture.show)

    def action_step(self, by: int) -> None:
        """The photo before or after."""
        self._at = (self._at + by) % len(self._photos)
        self.relabel()
        self._draw()
