"""`pin set|change|remove|status|reset`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from inspect_tui.cli.command import Command, argument
from inspect_tui.cli.output import fields, line, print_json
from inspect_tui.texts import Refused, Text, tr

if TYPE_CHECKING:
    import argparse

    from inspect_tui.cli.command import Context


def set_(context: Context, said: argparse.Namespace) -> int:
    """Set the PIN of the officer who is switched in."""
    from inspect_tui.cli.pin_asking import new_pin
    from inspect_tui.records import officers, pin

    with context.open() as workspace:
        minutes = _minutes(said)
        if not workspace.access.is_set():
            pin.set_pin(workspace, new_pin(said, first=True))
        elif minutes is None:
            pin.set_pin(workspace, "")
        if minutes is not None:
            pin.set_lock_minutes(workspace, minutes)
        others = [one for one in officers.listed(workspace) if not one.pin]
        told = pin.status(workspace.folder, workspace.access)
    if context.json:
        print_json(told)
        return 0
    line(
        tr(
            f"{told['officer']} {told['badge']} 的 PIN 已启用：密钥和个人数据已加密。忘记 PIN 无法找回，请妥善保管，并用 inspect-tui backup 备份。",
            f"The PIN of {told['officer']} {told['badge']} is in use: keys and personal data are encrypted. A forgotten PIN"
            " cannot be recovered; keep it safe, and make a copy with inspect-tui backup.",
        )
    )
    for one in others:
        line(
            tr(
                f"! {one.name} {one.badge} 还没有 PIN，设好前不能切换：inspect-tui officer add --name {one.name} --badge {one.badge}",
                f"! {one.name} {one.badge} has no PIN yet and cannot switch in before: inspect-tui officer add --name"
                f" {one.name} --badge {one.badge}",
            )
        )
    return 0


def _minutes(said: argparse.Namespace) -> int | None:
    if said.lock_after is None:
        return None
    if not re.fullmatch(r"[0-9]{1,5}", said.lock_after, re.ASCII):
        raise Refused(
            f"--lock-after 须是分钟数，不能是 {said.lock_after[:40]}。",
            f"--lock-after is a number of minutes, not {said.lock_after[:40]}.",
        )
    return int(said.lock_after)


def change(context: Context, said: argparse.Namespace) -> int:
    """Give the officer who is switched in another PIN."""
    from inspect_tui.cli.pin_asking import current_pin, new_pin, tell_failures
    from inspect_tui.records import pin

    with context.open() as workspace:
        if not workspace.access.is_set():
            raise pin.no_pin()
        old = current_pin(said)
        # a wrong one is said before somebody thinks of a new one
        tell_failures(workspace.access.unlock(old))
        pin.change_pin(workspace, old, new_pin(said, first=False))
        officer = workspace.officer
    if context.json:
        print_json({"changed": True, "name": officer.name, "badge": officer.badge})
    else:
        line(
            tr(f"{officer.name} {officer.badge} 的 PIN 已更改。", f"{officer.name} {officer.badge} has a new PIN.")
        )
    return 0


def remove(context: Context, said: argparse.Namespace) -> int:
    """Let keys and private values lie open again."""
    from inspect_tui.cli.pin_asking import current_pin
    from inspect_tui.records import pin

    with context.open() as workspace:
        if not workspace.access.is_set():
            raise pin.no_pin()
        pin.remove_pin(workspace, current_pin(said))
    if context.json:
        print_json({"removed": True})
    else:
        line(
            tr(
                "PIN 已取消：密钥和个人数据不再加密，本机所有人员都不再需要 PIN。",
                "The PIN is removed: keys and personal data are no longer encrypted, and nobody on this laptop needs a PIN.",
            )
        )
    return 0


def status(context: Context, _: argparse.Namespace) -> int:
    """What is true of the PIN; asks for none."""
    from inspect_tui.records import pin
    from inspect_tui.records.pin_access import Access
    from inspect_tui.records.workspace import incomplete

    if (wrong := incomplete(context.folder)) is not None:
        raise wrong
    told = pin.status(context.folder, Access(context.folder))
    if context.json:
        print_json(told)
        return 0
    if not told["set"]:
        line(
            tr(
                "没有设 PIN：拿到这台笔记本的人可以冒名签署，也能读到个人数据。用 inspect-tui pin set 设置。",
                "No PIN is set: whoever gets this laptop can sign as you and read personal data. Set one with inspect-tui pin set.",
            )
        )
        return 0
    line(tr("已设 PIN：密钥和个人数据加密保存。", "A PIN is set: keys and personal data lie encrypted."))
    people = [f"{one['name']} {one['badge']}" for one in told["officers"]]
    fields(
        (
            (tr("当前人员", "switched in"), f"{told['officer']} {told['badge']}"),
            (tr("有 PIN 的人员", "officers with a PIN"), tr("、", ", ").join(people)),
            (tr("上次解锁以来输错", "wrong entries since the last right one"), told["failures"] or None),
            (
                tr("无操作几分钟后锁屏", "minutes until the screens lock"),
                told["lock_minutes"] or tr("不锁", "never"),
            ),
            (tr("密钥派生", "key derivation"), told["kdf"]),
        )
    )
    if not told["own"]:
        line(
            tr(
                f"! {told['officer']} {told['badge']} 没有 PIN，不能签署。",
                f"! {told['officer']} {told['badge']} has no PIN and cannot sign.",
            )
        )
    if not told["finished"]:
        line(
            tr(
                "! 上次设 PIN 没有做完；下次输入 PIN 时自动补完。",
                "! Setting the PIN was cut off; it is completed when the PIN is entered next.",
            )
        )
    return 0


def reset(context: Context, said: argparse.Namespace) -> int:
    """A forgotten PIN: say what is lost, and go on as a new device when told to."""
    from inspect_tui.records.pin import no_pin
    from inspect_tui.records.pin_access import Access
    from inspect_tui.records.workspace import incomplete

    if (wrong := incomplete(context.folder)) is not None:
        raise wrong
    if not Access(context.folder).is_set():
        raise no_pin()
    if not said.new_device:
        raise Refused(
            "忘记的 PIN 无法找回。记录没有加密，都能读；丢失的是设备密钥、本机保存的根密钥和个人数据的密钥。若有设 PIN 之前的备份，"
            "恢复它即可；否则加 --new-device：旧密钥文件改名保留，工作区作为新设备继续。",
            "A forgotten PIN cannot be recovered. The records are not encrypted and can all be read; lost are the device key,"
            " a root key kept here, and the key of personal data. A backup from before the PIN can be restored; without"
            " one add --new-device: the old key files are kept under other names, and the workspace goes on as a new device.",
        )
    from inspect_tui.records.pin_reset import reset_as_new_device

    with context.open() as workspace:
        done = reset_as_new_device(workspace)
    if context.json:
        print_json(
            {
                "device": done.device,
                "team": done.team,
                "root_lost": done.had_root,
                "private_lost": done.private_lost,
                "archived": list(done.archived),
            }
        )
        return 0
    line(
        tr(
            f"工作区已作为新设备 {done.device} 继续，全部记录仍在，没有设 PIN。",
            f"The workspace goes on as the new device {done.device}; all records are there, no PIN is set.",
        )
    )
    line(tr(f"旧文件改名保留：{'、'.join(done.archived)}", f"Old files, kept: {', '.join(done.archived)}"))
    if done.private_lost:
        line(
            tr(
                f"! {done.private_lost} 条个人数据在本机已打不开，算作未收到；与有它们的设备合并即可取回。",
                f"! {done.private_lost} private values can no longer be opened here and count as not received; a merge with a"
                " device that has them brings them back.",
            )
        )
    line(
        tr(
            "! 团队的根密钥原在本机，已随 PIN 丢失：同事合并时会看到新的指纹，须核对后采信（merge --trust）。"
            if done.had_root
            else "! 设备证书已失效：请向管理员申请加入团队（inspect-tui team join），并请其吊销旧设备。",
            "! The team's root key was kept here and is lost with the PIN: colleagues see a new fingerprint when they merge and"
            " adopt it after comparing (merge --trust)."
            if done.had_root
            else "! The device's certificate is void: ask the administrator to let it join the team (inspect-tui team join) and"
            " to revoke the old device.",
        )
    )
    return 0


NEW_PIN_FILE: Final = argument(
    "--new-pin-file",
    help=Text(
        "新 PIN 所在的文件（环境变量 INSPECT_TUI_NEW_PIN）",
        "file with the new PIN (environment INSPECT_TUI_NEW_PIN)",
    ),
    metavar="FILE",
)

COMMANDS: Final = (
    Command(
        ("pin", "set"),
        Text("设 PIN，加密密钥和个人数据", "set a PIN, which encrypts keys and personal data"),
        set_,
        (
            NEW_PIN_FILE,
            argument(
                "--lock-after",
                help=Text(
                    "界面无操作几分钟后锁定，0 为不锁（默认 10）",
                    "minutes without a key until the screens lock, 0 is never (default 10)",
                ),
                metavar="MINUTES",
            ),
        ),
    ),
    Command(
        ("pin", "change"),
        Text("更改当前人员的 PIN", "change the PIN of who is switched in"),
        change,
        (NEW_PIN_FILE,),
    ),
    Command(("pin", "remove"), Text("取消 PIN，不再加密", "remove the PIN; nothing is encrypted any more"), remove),
    Command(
        ("pin", "status"),
        Text("说明 PIN 的状态，不询问 PIN", "say what is true of the PIN without asking for it"),
        status,
    ),
    Command(
        ("pin", "reset"),
        Text("忘记 PIN 时怎么办", "what can be done when the PIN is forgotten"),
        reset,
        (
            argument(
                "--new-device",
                help=Text(
                    "旧密钥文件改名保留，工作区作为新设备继续",
                    "keep the old key files under other names and go on as a new device",
                ),
                action="store_true",
            ),
        ),
    ),
)
