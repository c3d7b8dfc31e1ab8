"""Forms of the Sync screen: an invitation code, what to take in, whether to, and a bundle to make."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from textual import on
from textual.widgets import Input

from inspect_tui.texts import Refused, Text, tr
from inspect_tui.tui.reading import tell
from inspect_tui.tui.screens.form import FormScreen
from inspect_tui.tui.sync_text import ROLES, fingerprint
from inspect_tui.tui.uitext import plain
from inspect_tui.tui.widgets.fields import ChoiceField, TextField
from inspect_tui.tui.widgets.phrase import Phrase
from inspect_tui.tui.widgets.prose import Block, Prose

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from textual.widget import Widget

    from inspect_tui.records.merging import Look
    from inspect_tui.records.team import Joined
    from inspect_tui.records.workspace import Workspace
    from inspect_tui.tui.uitext import Sentence
    from sync.keys import Certificate

_YES_NO: Final = [("no", Text("否", "no")), ("yes", Text("是", "yes"))]
_JOINING: Final = Text("正在加入并接收团队的记录…", "Joining, and taking in the team's records…")


class JoinForm(FormScreen[bool]):
    """A code, typed or pasted; dismissed with True when the device is in the team."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(Text("用邀请码加入团队", "Join a team by an invitation code"))
        self._workspace = workspace
        self._joining = False

    def fields(self) -> Iterator[Widget]:
        """The code, and whose it is."""
        yield Phrase(
            Text(
                "粘贴管理员给的邀请码（ITUI1-…）。请当面或电话核对下面的团队指纹，再按 F10。",
                "Paste the administrator's code (ITUI1-…). Compare the team's fingerprint below with them, then press F10.",
            ),
            classes="hint",
        )
        yield TextField("code", Text("邀请码", "Code"))
        yield Prose(id="join-about", hang=10)

    def on_mount(self) -> None:
        """Type at once."""
        self.query_one(Input).focus()

    @on(Input.Changed)
    def _show_whose(self, event: Input.Changed) -> None:
        from sync.errors import SyncError
        from sync.teams import InviteCode

        blocks: list[Block] = []
        try:
            code = InviteCode.read(event.value)
        except SyncError:
            pass
        else:
            blocks = [
                Block(plain(code.url), tr("中心库", "Store"), "strong"),
                Block(fingerprint(code.team), tr("团队", "Team"), "strong"),
            ]
        self.query_one("#join-about", Prose).show(blocks)

    def action_save(self) -> None:
        """Join, on another thread."""
        if self._joining:
            return
        self._joining = True
        code, workspace = self.value("code"), self._workspace
        self.query_one("#wrong", Phrase).say(_JOINING)

        def work() -> Joined:
            from inspect_tui.records import team

            return team.join(workspace, code)

        self.read("join", work, self._joined, self._not_joined, awaited=True)

    def _joined(self, joined: Joined) -> None:
        role = ROLES.get(joined.certificate.role, Text(joined.certificate.role, joined.certificate.role))
        areas = joined.certificate.areas
        tell(
            self.app,
            Text(
                f"已加入团队，角色{role.zh}，行政区 {'、'.join(areas)}；{joined.changesets} 个变更计入。按 s 同步。",
                f"Joined as {role.en} for {', '.join(areas)}; {joined.changesets} changesets count here. s syncs.",
            ),
        )
        self.dismiss(True)

    def _not_joined(self, error: Sentence) -> None:
        self._joining = False
        self.complain(error)

    def action_cancel(self) -> None:
        """Close, unless it is joining."""
        if not self._joining:
            super().action_cancel()


class SourceForm(FormScreen[list[Path]]):
    """Dismissed with what is to be looked at."""

    def __init__(self, first: str) -> None:
        super().__init__(Text("合并工作区、数据库文件或数据包", "Merge a workspace, a database file or bundles"))
        self._first = first

    def fields(self) -> Iterator[Widget]:
        """One line."""
        yield Phrase(
            Text(
                "对方的工作区文件夹、.db 文件、数据包 .itb，或存有数据包的文件夹。先预览，确认后才写入。",
                "Somebody's workspace folder, .db file or bundle .itb, or a folder of bundles. You see what would come first;"
                " nothing is written before you agree.",
            ),
            classes="hint",
        )
        yield TextField("path", Text("路径", "Path"), self._first)

    def on_mount(self) -> None:
        """Type at once."""
        self.query_one(Input).focus()

    def save(self) -> list[Path]:
        """Nothing is recorded; something must be there."""
        from inspect_tui.records.merging import sources_in

        typed = self.value("path").strip().strip('"')
        if not typed:
            raise Refused("请写路径。", "Write a path.")
        return sources_in(Path(typed).expanduser())


class PreviewForm(FormScreen[set[str]]):
    """What would come; dismissed with the ids of the root keys that are trusted, when it is to be taken in."""

    def __init__(self, looks: Sequence[tuple[Path, Look]]) -> None:
        super().__init__(Text("预览：尚未写入任何内容", "Preview: nothing is written yet"))
        self._looks = looks
        self._strangers = {one.team: one for _, look in looks for one in look.strangers}

    def fields(self) -> Iterator[Widget]:
        """What would come, then whom one would trust."""
        yield Prose(id="preview", hang=12)
        for index, stranger in enumerate(self._strangers.values()):
            name = plain(stranger.name)
            yield Phrase(
                Text(
                    f"! 对方属于另一根密钥：{name}。请当面或电话核对指纹：{stranger.fingerprint}",
                    f"! They stand under another root key: {name}. Compare the fingerprint in person or by telephone:"
                    f" {stranger.fingerprint}",
                ),
                classes="hint",
            )
            yield ChoiceField(f"trust-{index}", Text("指纹一致，采信", "It is the same"), _YES_NO, "no")
        yield Phrase(
            Text("按 F10 收入；按 Esc 不收入。", "F10 takes it in, Esc leaves it."),
            classes="hint",
        )

    def on_mount(self) -> None:
        """Say what would come."""
        self.query_one("#preview", Prose).show(
            [block for path, look in self._looks for block in _would(path, look)]
        )
        for first in self.query("Cycle"):
            first.focus()
            break

    def holds(self, warning: Text) -> bool:  # noqa: ARG002  the form's signature
        """Nothing was typed that could be lost."""
        return False

    def save(self) -> set[str]:
        """Nothing is recorded yet."""
        for index in range(len(self._strangers)):
            if self.value(f"trust-{index}") != "yes":
                raise Refused(
                    "尚未采信对方的根密钥；核对指纹后用 → 选“是”，再按 F10。",
                    "Their root key is not trusted; compare the fingerprint, choose yes with →, then press F10.",
                )
        return set(self._strangers)


def _would(path: Path, look: Look) -> Iterator[Block]:
    outcome = look.done.received
    yield Block(plain(path.name or str(path)), tr("来源", "Source"), "strong")
    yield Block(
        tr(
            f"新变更集 {outcome.appended}，已有 {outcome.known}，等待前序 {outcome.held}，被拒 {len(outcome.refused)}",
            f"{outcome.appended} new changesets, {outcome.known} known, {outcome.held} waiting, {len(outcome.refused)} refused",
        ),
        tr("会带来", "Would bring"),
    )
    touched: dict[str, int] = {}
    for table, _ in outcome.touched:
        touched[table] = touched.get(table, 0) + 1
    if touched:
        from inspect_tui.records.cell_words import table_name

        said = tr("、", ", ").join(f"{table_name(table)} {count}" for table, count in sorted(touched.items()))
        yield Block(said, tr("涉及", "Rows"))
    if look.done.conflicts:
        count = len(look.done.conflicts)
        yield Block(tr(f"{count} 处", str(count)), tr("! 新冲突", "! Conflicts"), "warn", "warn")


@dataclass(frozen=True, slots=True)
class BundleWish:
    """A bundle to be made.

    Attributes:
        folder: On the stick.
        device: Only what this device lacks; None for everything.
        photos: Whether photos go, too.
        plain: Not sealed.
        to: A further address, or empty.
    """

    folder: Path
    device: Certificate | None
    photos: bool
    plain: bool
    to: str


class BundleForm(FormScreen[BundleWish]):
    """Where to, for whom, sealed or not."""

    def __init__(self, first: str, devices: Sequence[Certificate]) -> None:
        super().__init__(Text("制作数据包", "Make a bundle"))
        self._first = first
        self._devices = {one.device: one for one in devices}

    def fields(self) -> Iterator[Widget]:
        """Four lines and what they mean."""
        options = [("", Text("全部内容", "everything"))]
        for one in self._devices.values():
            said = f"{plain(one.name)} {one.device[:8]}"
            options.append((one.device, Text(f"只带 {said} 没有的", f"what {said} lacks")))
        yield TextField("folder", Text("U 盘文件夹", "Folder on stick"), self._first)
        yield ChoiceField("for", Text("内容", "Content"), options)
        yield ChoiceField(
            "photos", Text("照片", "Photos"), [("yes", Text("带上", "along")), ("no", Text("不带", "not"))]
        )
        yield ChoiceField(
            "seal",
            Text("加密", "Sealed"),
            [
                ("yes", Text("是，只有团队和所选设备能打开", "yes, for the team and the device chosen")),
                ("no", Text("否，任何人都能读取", "no, anybody can read it")),
            ],
        )
        yield TextField(
            "to",
            Text("另加收件地址", "Further address"),
            hint=Text("可空；对方运行 bundle address 得到", "may be empty; theirs is shown by bundle address"),
        )

    def on_mount(self) -> None:
        """Type at once."""
        self.query_one(Input).focus()

    def save(self) -> BundleWish:
        """Nothing is recorded; the folder must be there."""
        typed = self.value("folder").strip().strip('"')
        folder = Path(typed).expanduser()
        if not typed or not folder.is_dir():
            raise Refused(f"没有文件夹 {typed or '（空）'}。", f"There is no folder {typed or '(empty)'}.")
        return BundleWish(
            folder,
            self._devices.get(self.value("for")),
            self.value("photos") == "yes",
            self.value("seal") == "no",
            self.value("to").strip(),
        )


def sticks() -> Iterator[Path]:
    """Folders where sticks are mounted."""
    for mounts in (Path("/media"), Path("/run/media"), Path("/Volumes")):
        for pattern in ("*/*", "*"):
            yield from (one for one in sorted(mounts.glob(pattern)) if one.is_dir())
    for letter in "DEFGH":
        if Path(f"{letter}:/").is_dir():
            yield Path(f"{letter}:/")
