"""The programme on a terminal: which screen opens which, language and colours. Everything else is in the screens.

Nothing heavy is imported before the first paint: the workspace is opened by the first screen's worker, and Pillow,
cryptography and the catalogue's YAML come with whoever needs them.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, ClassVar, Final

from textual import events

from inspect_tui.texts import Text, language, set_language, tr
from inspect_tui.tui import themes
from inspect_tui.tui.carrying import Carrying
from inspect_tui.tui.commands import bindings
from inspect_tui.tui.desk import Desk
from inspect_tui.tui.reading import complain, tell
from inspect_tui.tui.screens.page import PageScreen

if TYPE_CHECKING:
    from pathlib import Path

    from textual.binding import BindingType
    from textual.screen import Screen

    from inspect_tui.texts import Language


IDLE_CHECK_S: Final = 5.0
"""How often it is looked whether anybody is still there."""
WIDE: Final = 110
"""Columns from which a screen shows a third pane."""


class InspectApp(Carrying):
    """The programme."""

    TITLE = "inspect-tui"
    CSS_PATH = "app.tcss"
    DEFAULT_MODE = "today"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-wide")]  # noqa: RUF012  Textual types it as of the instance
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("app")]

    def __init__(self, desk: Desk, *, theme: str = "") -> None:
        super().__init__()
        self.desk = desk
        self.touched = time.monotonic()
        """When a key or the mouse was used last."""
        for one, _ in themes.THEMES:
            self.register_theme(one)
        self.theme = theme if theme in themes.NAMES else themes.DEFAULT
        self.add_mode("start", self._start_screen)
        self.add_mode("today", self._today_screen)
        self.add_mode("sites", self._sites_screen)
        self.add_mode("findings", self._findings_screen)
        self.add_mode("conflicts", self._conflicts_screen)
        self.add_mode("sync", self._sync_screen)

    def _start_screen(self) -> Screen[object]:
        from inspect_tui.tui.screens.start import StartScreen

        return StartScreen(self.desk)

    def _today_screen(self) -> Screen[object]:
        from inspect_tui.tui.screens.today import TodayScreen

        return TodayScreen(self.desk)

    def _sites_screen(self) -> Screen[object]:
        from inspect_tui.tui.screens.sites import SitesScreen

        return SitesScreen(self.desk)

    def _findings_screen(self) -> Screen[object]:
        from inspect_tui.tui.screens.findings import FindingsScreen

        return FindingsScreen(self.desk)

    def on_ready(self) -> None:
        """Ask for the PIN, where there is one, before any key is handed out."""
        if self.desk.has_pin():
            self._show_lock()
        self.set_interval(IDLE_CHECK_S, self.lock_if_idle)
        self.begin_carrying()
        super().on_ready()

    async def on_event(self, event: events.Event) -> None:
        """Note that somebody is there."""
        if isinstance(event, events.InputEvent | events.Paste):
            self.touched = time.monotonic()
        await super().on_event(event)

    def lock_if_idle(self) -> None:
        """Lock when nobody has touched anything for as long as the settings say."""
        if not self.desk.is_open or not self.desk.has_pin():
            return
        from inspect_tui.records.pin import lock_minutes

        minutes = lock_minutes(self.desk.workspace.config)
        if minutes and time.monotonic() - self.touched >= minutes * 60:
            self.action_lock()

    def action_lock(self) -> None:
        """Forget the keys and show nothing until a PIN is entered; without a PIN, offer to set one."""
        if not self.desk.is_open:
            return
        if not self.desk.has_pin():
            from inspect_tui.tui.screens.pin_form import PinForm

            self.push_screen(PinForm(self.desk.workspace))
            return
        from inspect_tui.records.pin import lock

        lock(self.desk.workspace)
        self._show_lock()

    def _show_lock(self) -> None:
        from inspect_tui.tui.screens.lock import LockScreen

        if not any(isinstance(screen, LockScreen) for screen in self.screen_stack):
            self.push_screen(LockScreen(self.desk), lambda _: self.unlocked())

    def action_switch_officer(self) -> None:
        """Let another officer take over."""
        if self.desk.is_open:
            from inspect_tui.tui.screens.switch_form import SwitchForm

            self.push_screen(SwitchForm(self.desk.workspace))

    def _conflicts_screen(self) -> Screen[object]:
        from inspect_tui.tui.screens.conflicts import ConflictsScreen

        return ConflictsScreen(self.desk)

    def _sync_screen(self) -> Screen[object]:
        from inspect_tui.tui.screens.sync import SyncScreen

        return SyncScreen(self.desk)

    async def action_go(self, mode: str) -> None:
        """To the first screen of a mode, whatever stands open there."""
        if self.current_mode == "start":
            return
        await self.switch_mode(mode)
        while len(self.screen_stack) > 1:
            await self.pop_screen()

    def action_help(self) -> None:
        """What can be done here."""
        from inspect_tui.tui.screens.help import HelpScreen

        self.push_screen(HelpScreen(getattr(self.screen, "PLACE", "app")))

    def action_language(self) -> None:
        """Switch between Chinese and English."""
        self.use_language("en" if language() == "zh" else "zh")

    def use_language(self, code: Language) -> None:
        """Show everything in `code` from now on."""
        set_language(code)
        for screens in self._screen_stacks.values():
            for screen in screens:
                for node in screen.walk_children():
                    relabel = getattr(node, "relabel", None)
                    if relabel is not None:
                        relabel()
                if isinstance(screen, PageScreen):
                    screen.relabel()
        self._keep(language=code)

    def action_theme(self) -> None:
        """The next colours."""
        names = [theme.name for theme, _ in themes.THEMES]
        following = (names.index(self.theme) + 1) % len(names) if self.theme in names else 0
        self.theme = names[following]
        tell(self, themes.THEMES[following][1])
        self._keep(theme=self.theme)

    def _keep(self, **settings: str) -> None:
        from inspect_tui.texts import Refused

        if self.desk.is_open:
            try:
                self.desk.workspace.change_config(**settings)
            except Refused as refused:
                complain(self, refused)

    def action_command_palette(self) -> None:
        """Find a command by its name."""
        from textual.command import CommandPalette

        from inspect_tui.tui.providers import OurCommands

        if not isinstance(self.screen, CommandPalette):
            self.push_screen(CommandPalette([OurCommands], placeholder=tr("查找命令…", "Find a command…")))

    async def action_quit(self) -> None:
        """Leave; twice where a form holds something that is not saved."""
        warning = Text(
            "所填内容还没有保存；再按一次 Ctrl+Q 退出。", "What was typed is not saved; Ctrl+Q again leaves."
        )
        holds = getattr(self.screen, "holds", None)
        if (holds is not None and holds(warning)) or self.keeps_from_leaving():
            return
        self.run_worker(self.leave(), name="leave")

    def action_help_quit(self) -> None:
        """Ctrl+C copies; say how to leave."""
        tell(self, Text("按 Ctrl+Q 退出。", "Press Ctrl+Q to leave."))


class FirstStartApp(InspectApp):
    """The programme where there is no workspace yet."""

    DEFAULT_MODE = "start"


def run_tui(folder: Path, language: str | None = None) -> int:
    """Open the TUI on the workspace in `folder`; without one it asks for what it needs to make one.

    Args:
        folder: Of the workspace.
        language: `zh` or `en`; that of the workspace's settings unless given.

    Returns:
        The exit status.

    Raises:
        Refused: The settings of the workspace cannot be read, or there is no terminal.
    """
    from inspect_tui.records.workspace import Workspace, read_config

    desk = Desk(folder)
    theme = ""
    exists = Workspace.exists(folder)
    if exists:
        config = read_config(folder)
        set_language(config.language)
        theme = config.theme
    if language in {"zh", "en"}:
        set_language("en" if language == "en" else "zh")
    _need_terminal()
    app = (InspectApp if exists else FirstStartApp)(desk, theme=theme)
    try:
        app.run()
    finally:
        desk.close()
    return app.return_code or 0


def _need_terminal() -> None:
    """Textual reads a keyboard that is none, as of a scheduled job, over and over without end."""
    from inspect_tui.texts import Refused

    if not (sys.__stdin__ and sys.__stdin__.isatty() and sys.__stderr__ and sys.__stderr__.isatty()):
        raise Refused(
            "没有终端，界面无法打开；请在终端窗口里运行，或改用命令（inspect-tui --help 列出全部）。",
            "There is no terminal to show the screens on; run it in a terminal window, or use a command"
            " (inspect-tui --help lists them).",
        )
