"""First start 首次启动: who works here and where, or the demo data to try things out."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.containers import Vertical
from textual.widgets import Input

from inspect_tui.texts import Text
from inspect_tui.tui.commands import bindings
from inspect_tui.tui.reading import tell
from inspect_tui.tui.screens.page import PageScreen
from inspect_tui.tui.screens.pick import Picking
from inspect_tui.tui.widgets.fields import ChoiceField, Cycle, TextField
from inspect_tui.tui.widgets.phrase import Phrase

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from textual.binding import BindingType
    from textual.widget import Widget

    from checklists.model import Area
    from inspect_tui.records.workspace import Workspace
    from inspect_tui.tui.uitext import Sentence

_LEAD = Text(
    "本机还没有工作区。请填写执法人员信息，或按 F5 装入演示数据先试用。",
    "There is no workspace on this laptop yet. Say who works here, or press F5 to try it with demo data.",
)
_WHERE = Text("工作区位置：{folder}", "The workspace will be in {folder}")
_AFTER = Text(
    "一切离线可用。每次按键记录都立即存盘；随时可按 F9 切换中英文，F1 查看帮助。",
    "Everything works offline. Each recording key is on disk at once; F9 switches the language, F1 helps.",
)
_WORKING = Text("正在建立工作区…", "Making the workspace…")
_DEMO = Text("正在装入演示数据，约需半分钟…", "Loading demo data, about half a minute…")


class StartScreen(Picking, PageScreen):
    """Asks name, badge number and area."""

    PLACE = "start"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("start")]

    def body(self) -> Iterator[Widget]:
        """The form."""
        with Vertical(id="start-form"):
            yield Phrase(_LEAD, classes="lead")
            yield TextField("name", Text("姓名", "Name"))
            yield TextField("badge", Text("执法证号", "Badge number"))
            yield ChoiceField("area", Text("行政区", "Area"), [("", Text("正在读取…", "Reading…"))])
            yield Phrase(_WHERE.format(folder=self.desk.folder), classes="hint")
            yield Phrase(_AFTER, classes="hint")
            yield Phrase(Text("", ""), id="wrong")

    def on_mount(self) -> None:
        """Read the areas once the form is drawn."""
        self.query_one("#field-name Input").focus()
        self.call_after_refresh(self.read, "areas", self._areas, self._offer)

    @staticmethod
    def _areas() -> Mapping[str, Area]:
        from checklists.catalogue import load_catalogue

        return load_catalogue().areas

    def _offer(self, areas: Mapping[str, Area]) -> None:
        options = [
            (code, Text(f"{area.name.zh}（{code}）", f"{area.name.en} ({code})")) for code, area in areas.items()
        ]
        self.query_one("#field-area", ChoiceField).offer(options)

    @on(Input.Submitted)
    @on(Cycle.Accepted)
    def _go_on(self) -> None:
        if isinstance(self.focused, Cycle):
            self.action_save()
        else:
            self.focus_next()

    def key_down(self) -> None:
        """To the next field."""
        self.focus_next()

    def key_up(self) -> None:
        """To the field before."""
        self.focus_previous()

    def action_save(self) -> None:
        """Make the workspace."""
        name, badge = (self.query_one(f"#field-{one}", TextField).value for one in ("name", "badge"))
        area = self.query_one("#field-area", ChoiceField).value
        self.query_one("#wrong", Phrase).say(_WORKING)
        self.read("make", lambda: self._make(name, badge, area), self._made, self._refused, awaited=True)

    def _make(self, name: str, badge: str, area: str) -> Workspace:
        from inspect_tui.records.workspace import Workspace

        return Workspace.init(self.desk.folder, name=name, badge=badge, area=area)

    async def _made(self, workspace: Workspace) -> None:
        from inspect_tui.texts import language

        self.desk.take(workspace)
        self.record(lambda: workspace.change_config(language=language(), theme=self.app.theme))
        await self.app.switch_mode("today")

    def _refused(self, error: Sentence) -> None:
        self.query_one("#wrong", Phrase).say(Text(error.zh, error.en))
        self.app.bell()

    def action_demo(self) -> None:
        """Make the demo's workspaces and open the supervisor's, which holds what both laptops recorded."""
        self.query_one("#wrong", Phrase).say(_DEMO)
        self.read("make", self._demo, self._demo_made, self._refused, awaited=True)

    async def _demo_made(self, workspace: Workspace) -> None:
        await self._made(workspace)
        folder = workspace.folder
        tell(
            self.app,
            Text(
                f"演示数据在 {folder}。要开始正式使用：按 Ctrl+Q 退出，再启动一次。",
                f"The demo data is in {folder}. To begin in earnest press Ctrl+Q and start again.",
            ),
            warning=True,
        )

    def _demo(self) -> Workspace:
        from inspect_tui.cli.demo import play
        from inspect_tui.records.workspace import Workspace

        folder = self.desk.folder.parent / "demo"
        supervisor = folder / "supervisor"
        if not Workspace.exists(supervisor):
            play(folder, quiet=True)
        return Workspace.open(supervisor)
