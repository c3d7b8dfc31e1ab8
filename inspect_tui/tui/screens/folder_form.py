"""Which folder to take photos from, with the cards that are plugged in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from inspect_tui.texts import Refused, Text
from inspect_tui.tui.screens.form import FormScreen
from inspect_tui.tui.widgets.fields import TextField

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.widget import Widget


class FolderForm(FormScreen[Path]):
    """Dismissed with the folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__(Text("照片文件夹", "Folder of photos"))
        self._folder = folder

    def fields(self) -> Iterator[Widget]:
        """One line."""
        yield TextField("folder", Text("文件夹", "Folder"), str(self._folder))

    def on_mount(self) -> None:
        """Type at once."""
        self.query_one("Input").focus()

    def save(self) -> Path:
        """Nothing is recorded; the folder must be there."""
        folder = Path(self.value("folder").strip()).expanduser()
        if not folder.is_dir():
            raise Refused(f"没有文件夹 {folder}。", f"There is no folder {folder}.")
        return folder
