"""`bundle create|inspect|import|receipts|address`: files for a USB stick."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from inspect_tui.cli.bundle_told import (
    any_lost,
    looked_as_json,
    made_as_json,
    receipt_as_json,
    tell_looked,
    tell_made,
    tell_receipts,
)
from inspect_tui.cli.command import Command, argument
from inspect_tui.cli.failures import REFUSED, WrongUsage
from inspect_tui.cli.merge import outcome_of, receipt_of, take_one, tell, trust_of
from inspect_tui.cli.output import line, print_json
from inspect_tui.cli.progress import Progress
from inspect_tui.texts import Refused, Text, tr

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from inspect_tui.cli.command import Context
    from inspect_tui.records.workspace import Workspace
    from sync.bundles.returns import Found
    from sync.bundles.selection import Wish

MIB: Final = 1 << 20
MOST_MIB: Final = 4095
"""FAT32 takes no file of 4 GiB."""
_MAX_ADDRESS: Final = 1 << 16


def create(context: Context, said: argparse.Namespace) -> int:
    """Make a bundle, read it back, and only then say that the stick may go."""
    from inspect_tui.records.bundles import collect_receipts, make
    from inspect_tui.records.merging import note_exchange

    folder = Path(said.folder).expanduser()
    with context.open() as workspace:
        receipts = collect_receipts(workspace, folder) if folder.is_dir() else []
        wish = _wish(workspace, said)
        with _Showing(folder.name) as showing:
            made, sealed = make(
                workspace,
                folder,
                wish,
                to=_addresses(said.to or []),
                plain=said.plain,
                part_bytes=_part_bytes(said.split),
                progress=showing.step,
            )
        note_exchange(workspace, "bundle", made.path, changesets=made.header.changesets, photos=made.header.photos)
    if context.json:
        print_json(made_as_json(made, sealed) | {"receipts": [receipt_as_json(each) for each in receipts]})
        return REFUSED if any_lost(receipts) else 0
    tell_receipts(receipts)
    tell_made(made, sealed)
    return REFUSED if any_lost(receipts) else 0


class _Showing:
    """A bar with bytes and rate for writing, and another for reading back."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._what = ""
        self._bar: Progress | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._end()

    def _end(self) -> None:
        if self._bar is not None:
            self._bar.__exit__(None, None, None)
            self._bar = None

    def step(self, what: str, done: int, total: int | None) -> None:
        """So many bytes are written, or read back."""
        if what != self._what:
            self._end()
            self._what = what
            label = tr("写入", "writing") if what == "write" else tr("读回核对", "reading back")
            self._bar = Progress(f"{label} {self._label}", in_bytes=True).__enter__()
        if self._bar is not None:
            self._bar.update(done, total)


def _wish(workspace: Workspace, said: argparse.Namespace) -> Wish:
    from inspect_tui.records.bundles import find_device
    from sync.bundles.selection import Wish

    named = vars(said)["for"]
    if sum((named is not None, said.since is not None, said.all)) > 1:
        raise WrongUsage("--for、--since、--all 只能用一个。", "Only one of --for, --since and --all can be given.")
    area = None if said.area is None else _area(said.area)
    photos = not said.no_photos
    if named is not None:
        return Wish("for", find_device(workspace, named), None, area, photos)
    if said.since is not None:
        return Wish("since", None, _since(said.since), area, photos)
    return Wish("all", None, None, area, photos)


def _area(code: str) -> str:
    if len(code) == 6 and code.isascii() and code.isdigit():
        return code
    raise Refused(
        f"行政区代码须是 6 位数字，不能是 {code[:20]}；如 141102。",
        f"An area code has 6 digits, such as 141102, and cannot be {code[:20]}.",
    )


def _since(text: str) -> int:
    from inspect_tui.records.times import SHANGHAI

    try:
        day = dt.date.fromisoformat(text)
    except ValueError as error:
        raise Refused(
            f"日期须写作 2026-11-20，不能是 {text[:30]}。", f"A date is written 2026-11-20, not {text[:30]}."
        ) from error
    return int(dt.datetime(day.year, day.month, day.day, tzinfo=SHANGHAI).timestamp() * 1000)


def _part_bytes(split: int | None) -> int | None:
    if split is None:
        return None
    if split > MOST_MIB:
        raise WrongUsage(
            f"--split 最大 {MOST_MIB}（MiB）：FAT 格式的 U 盘放不下 4 GiB 的文件。",
            f"--split is at most {MOST_MIB} (MiB): a FAT stick takes no file of 4 GiB.",
        )
    return split * MIB


def _addresses(given: Sequence[str]) -> list[str]:
    """Addresses as they were typed, or from a file with one a line."""
    found: list[str] = []
    for each in given:
        if each.startswith(("ssh-", "age1")):
            found.append(each)
            continue
        path = Path(each).expanduser()
        if not path.is_file():
            raise Refused(
                f"--to {each[:60]} 既不是收件地址，也不是文件；地址由对方的 inspect-tui bundle address 显示。",
                f"--to {each[:60]} is neither an address nor a file; inspect-tui bundle address shows the address on the other"
                " side.",
            )
        with path.open("rb") as file:
            text = file.read(_MAX_ADDRESS).decode("utf-8", "replace")
        found += [row for row in text.splitlines() if row.strip() and not row.startswith("#")]
    return found


def inspect(context: Context, said: argparse.Namespace) -> int:
    """Show a bundle: who made it, when, what is in it and what it would bring. Nothing is written."""
    from sync.bundles.peer import open_bundle

    path = Path(said.file).expanduser()
    with context.open() as workspace:
        with Progress(path.name, in_bytes=True) as progress:
            peer = open_bundle(path, workspace.replica.identity, progress.update)
        with peer, Progress(path.name) as progress:
            told = looked_as_json(workspace, peer, progress)
    if context.json:
        print_json(told)
    else:
        tell_looked(told)
    return 0


def import_(context: Context, said: argparse.Namespace) -> int:
    """Take in bundles, and sign a return receipt for each."""
    from inspect_tui.records.bundles import collect_receipts
    from sync.bundles.parts import bundles_in

    paths: list[Path] = []
    for each in said.files:
        path = Path(each).expanduser()
        inside = bundles_in(path) if path.is_dir() else [path]
        if not inside:
            raise Refused(f"{path} 中没有数据包（*.itb）。", f"There is no bundle (*.itb) in {path}.")
        paths += inside
    told: list[dict[str, Any]] = []
    failed = False
    receipts: list[Found] = []
    with context.open() as workspace:
        for path in paths:
            done, settled = take_one(workspace, path, trust=trust_of(always=said.trust))
            told.append({"source": str(path), "preview": False, **outcome_of(done)})
            if settled is not None:
                told[-1] |= receipt_of(settled)
            failed = failed or bool(done.received.refused or done.photos_damaged)
            if not context.json:
                tell(told[-1])
        for folder in sorted({path.parent for path in paths}):
            receipts += collect_receipts(workspace, folder)
    if context.json:
        print_json(told)
    else:
        tell_receipts(receipts)
    return REFUSED if failed or any_lost(receipts) else 0


def receipts_(context: Context, said: argparse.Namespace) -> int:
    """Read the receipts that others have laid on a stick, check them and keep them."""
    from inspect_tui.records.bundles import collect_receipts

    folder = Path(said.folder).expanduser()
    if not folder.is_dir():
        raise Refused(
            f"{folder} 不是文件夹；请给出 U 盘上的文件夹。", f"{folder} is no folder; name a folder on the stick."
        )
    with context.open() as workspace:
        found = collect_receipts(workspace, folder)
    if context.json:
        print_json([receipt_as_json(each) for each in found])
    else:
        tell_receipts(found)
        if not found:
            line(tr(f"{folder} 中没有别人的回执。", f"There are no receipts of others in {folder}."))
    return REFUSED if any_lost(found) else 0


def address(context: Context, _: argparse.Namespace) -> int:
    """The line by which others seal bundles for this device."""
    from inspect_tui.records.bundles import own_address

    with context.open() as workspace:
        own = own_address(workspace)
        certificate = workspace.identity.certificate
    if context.json:
        print_json({"address": own, "device": certificate.device, "name": certificate.name})
    else:
        line(f"{own} {''.join(certificate.name.split())}")
    return 0


COMMANDS: Final = (
    Command(
        ("bundle", "create"),
        Text("在 U 盘上制作加密的数据包，读回核对", "make an encrypted bundle on a stick and read it back"),
        create,
        (
            argument("folder", help=Text("U 盘上的文件夹", "a folder on the stick"), metavar="DIR"),
            argument(
                "--for",
                help=Text("只带某台设备还没有的内容（名称或编号）", "only what a device lacks (its name or id)"),
                metavar="PEER",
            ),
            argument(
                "--since",
                help=Text("只带某日以来的变更（2026-11-20）", "only changes since a day (2026-11-20)"),
                metavar="DATE",
            ),
            argument("--all", help=Text("带全部内容（默认）", "everything (the default)"), action="store_true"),
            argument(
                "--area",
                help=Text("只带某行政区及其下级", "only one area and those beneath it"),
                metavar="CODE",
            ),
            argument("--no-photos", help=Text("不带照片", "without photos"), action="store_true"),
            argument(
                "--to",
                help=Text(
                    "另加一个收件地址，或存有地址的文件；可重复",
                    "a further address to seal it for, or a file with addresses; repeatable",
                ),
                action="append",
                metavar="ADDRESS",
            ),
            argument(
                "--plain",
                help=Text("不加密：任何人都能读取", "do not encrypt: anybody can read it"),
                action="store_true",
            ),
            argument(
                "--split",
                help=Text("每个文件至多多少 MiB（默认约 3700）", "at most so many MiB a file (default about 3700)"),
                type=int,
                metavar="MIB",
            ),
        ),
    ),
    Command(
        ("bundle", "inspect"),
        Text(
            "查看数据包：谁做的、有什么、会带来什么；不写入", "look at a bundle: whose, what, what it would bring"
        ),
        inspect,
        (argument("file", help=Text("数据包 .itb", "a bundle .itb"), metavar="FILE"),),
    ),
    Command(
        ("bundle", "import"),
        Text("导入数据包，并在旁边签写回执", "take in bundles and lay signed receipts beside them"),
        import_,
        (
            argument(
                "files",
                help=Text("数据包 .itb，或存放数据包的文件夹", "bundles .itb, or folders that hold some"),
                nargs="+",
                metavar="PATH",
            ),
            argument(
                "--trust",
                help=Text("采信对方的根密钥，不再询问", "trust the other root key without asking"),
                action="store_true",
            ),
        ),
    ),
    Command(
        ("bundle", "receipts"),
        Text("读取并核对 U 盘上别人签写的回执", "read and check the receipts that others laid on a stick"),
        receipts_,
        (argument("folder", help=Text("U 盘上的文件夹", "a folder on the stick"), metavar="DIR"),),
    ),
    Command(
        ("bundle", "address"),
        Text("显示本机的收件地址，供别人加密数据包", "show this device's address, for others to seal bundles"),
        address,
    ),
)
