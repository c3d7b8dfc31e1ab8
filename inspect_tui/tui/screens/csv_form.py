"""Where to write the CSV."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from inspect_tui.records import times
from inspect_tui.texts import Refused, Text
from inspect_tui.tui.screens.form import FormScreen
from inspect_tui.tui.widgets.fields import TextField

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.widget import Widget


class CsvForm(FormScreen[Path]):
    """Dismissed with the path."""

    def __init__(self) -> None:
        super().__init__(Text("导出显示的问题为 CSV", "Write the findings shown as CSV"))

    def fields(self) -> Iterator[Widget]:
        """One line, filled in."""
        name = f"findings-{times.today():%Y%m%d}.csv"
        yield TextField("path", Text("文件", "File"), str(Path.home() / name))

    def on_mount(self) -> None:
        """Type at once."""
        self.query_one("Input").focus()

    def save(self) -> Path:
        """Nothing is recorded; the folder must be there."""
        path = Path(self.value("path").strip()).expanduser()
        if not path.name or not path.parent.is_dir():
            raise Refused(f"没有文件夹 {path.parent}。", f"There is no folder {path.parent}.")
        return path
