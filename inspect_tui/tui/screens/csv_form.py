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
        self._overwrite: Path | None = None
        """A file that is there already, once that was said."""

    def fields(self) -> Iterator[Widget]:
        """One line, filled in with a name that is free."""
        day = f"{times.today():%Y%m%d}"
        names = (Path.home() / f"findings-{day}{part}.csv" for part in ("", *(f"-{n}" for n in range(2, 100))))
        yield TextField("path", Text("文件", "File"), str(next((one for one in names if not one.exists()), "")))

    def on_mount(self) -> None:
        """Type at once."""
        self.query_one("Input").focus()

    def save(self) -> Path:
        """Nothing is recorded; the folder must be there, and a file that is there is replaced only when asked twice."""
        path = Path(self.value("path").strip()).expanduser()
        if not path.name or not path.parent.is_dir():
            raise Refused(f"没有文件夹 {path.parent}。", f"There is no folder {path.parent}.")
        if path.is_dir():
            raise Refused(f"{path} 是文件夹；请写上文件名。", f"{path} is a folder; add the name of a file.")
        if path.exists() and path != self._overwrite:
            self._overwrite = path
            raise Refused(
                f"{path} 已存在；再按一次 F10 覆盖，或换个文件名。",
                f"{path} is there already; press F10 again to replace it, or choose another name.",
            )
        return path
