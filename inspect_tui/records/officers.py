"""The officers who share a laptop: who is switched in signs as themselves, and switching needs that officer's PIN.

They are listed in `config.toml`; those with a PIN have a slot in `pin.json`, too. Without a PIN anybody may switch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from inspect_tui.records import pin_file
from inspect_tui.records.model import Officer
from inspect_tui.records.pin_file import Person, check_pin, new_slot
from inspect_tui.records.rules import NO_BADGE, badge_key, clean_badge, clean_line, hidden
from inspect_tui.texts import Refused, Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inspect_tui.records.pin_access import Access
    from inspect_tui.records.pin_file import PinFile
    from inspect_tui.records.workspace import Config, Workspace

KEY: Final = "officers"
"""In `config.toml`."""


@dataclass(frozen=True, slots=True)
class Sharer:
    """One officer of this laptop.

    Attributes:
        pin: Whether this officer has a PIN here.
        active: Whether this officer is switched in.
    """

    name: str
    badge: str
    pin: bool
    active: bool


def same_badge(one: str | None, other: str | None) -> bool:
    """Whether two badge numbers are one person's, however they are written; no number is nobody's."""
    return bool(badge_key(one)) and badge_key(one) == badge_key(other)


def _same(one: str, other: str) -> bool:
    return one == other or same_badge(one, other)


def listed(workspace: Workspace) -> list[Sharer]:
    """The officers of this laptop, the one who is switched in first."""
    found = pin_file.read(workspace.folder) if workspace.access.is_set() else None
    active = workspace.officer
    people: list[Officer] = [active]
    for one in [*_configured(workspace.config), *(Officer(slot.name, slot.badge) for slot in _slots(found))]:
        if not any(_same(one.badge, known.badge) for known in people):
            people.append(one)
    return [
        Sharer(one.name, one.badge, found is not None and found.slot(one.badge) is not None, one is active)
        for one in people
    ]


def _slots(found: PinFile | None) -> Sequence[pin_file.Slot]:
    return () if found is None else found.slots


def _configured(config: Config) -> list[Officer]:
    """Those in `config.toml`; what somebody typed there in another shape is left out."""
    said = config.rest.get(KEY, [])
    found: list[Officer] = []
    for one in said if isinstance(said, list) else []:
        name, badge = (one.get("name"), one.get("badge")) if isinstance(one, dict) else (None, None)
        if isinstance(name, str) and isinstance(badge, str) and name and badge:
            found.append(Officer(name, badge))
    return found


def _keep(workspace: Workspace, people: Sequence[Officer], **changes: Any) -> None:
    """Write the list into `config.toml`, with who is switched in where that changes, in one go."""
    kept: list[Officer] = []
    for one in people:
        if not any(_same(one.badge, known.badge) for known in kept):
            kept.append(one)
    said = [{"name": one.name, "badge": one.badge} for one in kept]
    workspace.change_config(rest={**workspace.config.rest, KEY: said}, **changes)


def tidy(name: str, badge: str) -> Officer:
    """An officer with name and badge number cleaned.

    Raises:
        Refused: One is missing, or is none.
    """
    for text, zh, en in ((name, "姓名", "name"), (badge, "执法证号", "badge number")):
        if any(hidden(one) for one in text):
            raise Refused(
                f"{zh}含有控制字符或不可见字符，请重新输入。",
                f"The {en} holds characters that cannot be seen; type it anew.",
            )
    person = Officer(clean_line(name), clean_badge(badge))
    if not person.name or not person.badge or person.badge == NO_BADGE:
        raise Refused("姓名和执法证号不能为空。", "Name and badge number must not be empty.")
    return person


def find(workspace: Workspace, badge: str) -> Sharer:
    """The officer of this laptop with that badge number.

    Raises:
        Refused: There is none.
    """
    for one in listed(workspace):
        if _same(one.badge, badge):
            return one
    raise Refused(
        f"本机没有执法证号为 {clean_line(badge[:40])} 的人员；用 inspect-tui officer list 查看，officer add 添加。",
        f"There is no officer with badge {clean_line(badge[:40])} on this laptop; see inspect-tui officer list, or add one"
        " with officer add.",
    )


def add(workspace: Workspace, name: str, badge: str, pin: str | None = None) -> Officer:
    """Let one more officer work on this laptop; where a PIN is set, with a PIN of their own.

    Args:
        workspace: Unlocked, where a PIN is set.
        name: The officer's name.
        badge: The officer's badge number; of one who is here already, name and PIN are set anew.
        pin: The officer's own PIN; needed where a PIN is set, else not wanted.

    Raises:
        Refused: Name or badge number cannot be taken, a PIN is lacking or not wanted, or the disk failed.
        LockedError: A PIN is set, and nobody has entered theirs.
    """
    person = tidy(name, badge)
    if workspace.access.is_set():
        workspace.access.ready()
        _wrap(workspace, person, pin)
    elif pin is not None:
        raise Refused(
            "本机还没有设 PIN；请先用 inspect-tui pin set 设置，再为其他人员设 PIN。",
            "No PIN is set here yet; set one with inspect-tui pin set, then give the others theirs.",
        )
    if same_badge(person.badge, workspace.config.badge):
        _keep(workspace, [person, *_configured(workspace.config)], name=person.name)
    else:
        _keep(workspace, [*_configured(workspace.config), person])
    return person


def _wrap(workspace: Workspace, person: Officer, pin: str | None) -> None:
    if pin is None:
        raise Refused(
            "本机设有 PIN，新人员须由本人设一个 PIN。", "A PIN is set here, so the officer needs one of their own."
        )
    pin = check_pin(pin)
    sealer = workspace.access.sealer(ask=True)
    found = workspace.access.pin_file()
    if len(found.slots) >= pin_file.MAX_OFFICERS and found.slot(person.badge) is None:
        raise Refused(
            f"一台笔记本最多 {pin_file.MAX_OFFICERS} 名人员有 PIN。",
            f"At most {pin_file.MAX_OFFICERS} officers have a PIN on one laptop.",
        )
    if sealer is not None:
        slot = new_slot(Person(person.name, person.badge), pin, sealer)
        pin_file.write(workspace.folder, found.with_slot(slot))


def switch(workspace: Workspace, badge: str, pin: str | None = None) -> tuple[Officer, int]:
    """Let another officer work; what is recorded from now on bears their badge number.

    Args:
        workspace: Locked or not.
        badge: Whose turn it is.
        pin: That officer's PIN, where a PIN is set.

    Returns:
        The officer, and how many wrong entries there were for them since the last right one.

    Raises:
        WrongPin: It is not that officer's.
        Refused: No such officer here, or one without a PIN where a PIN is set.
    """
    target = find(workspace, badge)
    past = 0
    if workspace.access.is_set():
        if not target.pin:
            raise Refused(
                f"{target.name} {target.badge} 在本机没有 PIN；请由已切换进来的人员用 inspect-tui officer add 为其设置。",
                f"{target.name} {target.badge} has no PIN on this laptop; whoever is switched in sets it with inspect-tui"
                " officer add.",
            )
        if pin is None:
            raise Refused("切换人员须输入其 PIN。", "Switching needs that officer's PIN.")
        past = workspace.access.unlock(pin, target.badge)
    person = Officer(target.name, target.badge)
    before = workspace.officer
    _keep(workspace, [*_configured(workspace.config), before, person], name=person.name, badge=person.badge)
    return person, past


def remove(workspace: Workspace, badge: str) -> Officer:
    """Take an officer off this laptop; what they recorded stays.

    Raises:
        Refused: No such officer here, or the one who is switched in.
        LockedError: A PIN is set, and nobody has entered theirs.
    """
    gone = find(workspace, badge)
    if gone.active:
        raise Refused(
            f"{gone.name} {gone.badge} 正在使用本机，不能移除；请先切换到其他人员。",
            f"{gone.name} {gone.badge} is switched in and cannot be removed; switch to somebody else first.",
        )
    if workspace.access.is_set():
        workspace.access.ready()
        pin_file.write(workspace.folder, workspace.access.pin_file().without(gone.badge))
    _keep(workspace, [one for one in _configured(workspace.config) if not _same(one.badge, gone.badge)])
    return Officer(gone.name, gone.badge)


def refuse_other(workspace: Workspace, by: Officer) -> None:
    """Where a PIN is set, let nobody act under the badge number of somebody who has not switched in.

    Raises:
        Refused: It is somebody else's.
    """
    if not same_badge(by.badge, workspace.config.badge) and workspace.access.is_set():
        raise Refused(
            f"本机设有 PIN，不能代 {by.name} {by.badge} 办理；请由其本人先用 PIN 切换（inspect-tui officer switch，或界面中 Ctrl+O）。",
            f"A PIN is set here, so nobody acts for {by.name} {by.badge}; they switch in with their PIN first (inspect-tui"
            " officer switch, or Ctrl+O on the screens).",
        )


def pin_advice(access: Access) -> Text | None:
    """The advice to set a PIN; None where there is one."""
    if access.is_set():
        return None
    return Text(
        "没有设 PIN，拿到这台笔记本的人可以冒名签署、读到个人数据；用 inspect-tui pin set 或界面中 Ctrl+L 设置。",
        "No PIN is set, so whoever gets this laptop can sign as you and read personal data; set one with inspect-tui pin"
        " set, or Ctrl+L on the screens.",
    )
