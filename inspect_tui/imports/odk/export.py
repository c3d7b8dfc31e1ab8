"""An export as it lies there, a zip, a folder or a single table: its tables and its media, read without trust.

Nothing is ever written under a name that stands in an export, and no file outside of it is opened: members are found by
the last part of their names only, links are never followed, and every read has an end.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import stat
import unicodedata
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO, Final, NamedTuple, Self
from urllib.parse import parse_qs, unquote, urlsplit

from inspect_tui.photos.bounded import cannot_read, opened
from inspect_tui.reasons import reason_of
from inspect_tui.texts import Refused, Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import TracebackType

MAX_MEMBERS: Final = 200_000
MAX_MEDIUM: Final = 1 << 30
MAX_MEDIA: Final = 8 << 30
"""Bytes of the media of one submission, which are unpacked together."""
_CHUNK: Final = 1 << 20
_TABLES: Final = (".csv", ".xlsx")
_MEDIA_FOLDERS: Final = frozenset({"media", "attachments", "instances"})
_UNSAFE: Final = re.compile(r"[^-\w.]")
_DRIVE: Final = re.compile(r"[A-Za-z]:")
_BAD_ZIP: Final = (
    *(zipfile.BadZipFile, zipfile.LargeZipFile, RuntimeError, NotImplementedError, EOFError, ValueError),
    *(OSError, zlib.error),
)


class Member(NamedTuple):
    """A file of the export.

    Attributes:
        name: Where it lies in the export, with slashes.
        size: In bytes, as the export says.
        path: Of the file, or of the zip that holds it.
        root: The folder or zip of the export.
        info: Its entry, in a zip.
        fault: Why it is not opened.
    """

    name: str
    size: int
    path: Path
    root: Path
    info: zipfile.ZipInfo | None = None
    fault: Text | None = None

    @property
    def base(self) -> str:
        """The last part of its name."""
        return _parts(self.name)[-1]

    @property
    def identity(self) -> tuple[Path, str]:
        """Which file it is, however its name is spelt."""
        return self.path, self.name if self.info is None else str(self.info.header_offset)


class Export:
    """The tables and media of an export, open; zips stay open as long as it is."""

    def __init__(self, path: Path, media: Path | None = None) -> None:
        self.path = path
        self._stack = contextlib.ExitStack()
        self._zips: dict[Path, zipfile.ZipFile] = {}
        self._count = 0
        self.tables: list[Member] = []
        self._media: dict[str, list[Member]] = {}
        self._beside: set[tuple[Path, str]] = set()
        """Files next to a single table, which may be anybody's."""
        self._used: set[tuple[Path, str]] = set()
        try:
            self._take(path, alone=True)
            if media is not None:
                self._take(media, alone=False)
        except BaseException:
            self._stack.close()
            raise
        self.tables.sort(key=lambda each: each.name)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    # What is there.

    def _take(self, path: Path, *, alone: bool) -> None:
        try:
            folder = stat.S_ISDIR(path.stat().st_mode)
        except (OSError, ValueError) as error:
            raise cannot_read(path, error) from error
        if folder:
            self._folder(path, tables=alone)
            return
        with opened(path) as file:
            head = file.read(4)
        if head == b"PK\x03\x04" or (head == b"PK\x05\x06" and path.suffix.casefold() == ".zip"):
            archive = self._zip(path)
            if "[Content_Types].xml" not in archive.NameToInfo:
                self._archive(path, archive, tables=alone)
                return
        elif not alone:
            raise Refused(
                f"{path.name} 不是 zip，也不是文件夹；请给出媒体文件的 zip 或解压后的文件夹。",
                f"{path.name} is neither a zip nor a folder; name the zip of the media or the folder it was unpacked to.",
            )
        if alone:
            self._single(path)

    def _zip(self, path: Path) -> zipfile.ZipFile:
        if path not in self._zips:
            file = self._stack.enter_context(opened(path))
            try:
                self._zips[path] = self._stack.enter_context(zipfile.ZipFile(file))
            except _BAD_ZIP as error:
                raise Refused(
                    f"{path.name} 是损坏的 zip（可能没有下载完）；请重新下载。",
                    f"{path.name} is a damaged zip, perhaps a download cut short; download it again.",
                ) from error
        return self._zips[path]

    def _archive(self, path: Path, archive: zipfile.ZipFile, *, tables: bool) -> None:
        for info in archive.infolist():
            if info.is_dir():
                continue
            fault = None
            if stat.S_ISLNK(info.external_attr >> 16):
                fault = Text("是链接", "is a link")
            elif _leaves(info.filename):
                fault = Text("路径指向导出之外", "has a path that leaves the export")
            elif info.flag_bits & 1:
                fault = Text("有密码", "has a password")
            for name in _spellings(info):
                self._add(Member(name, info.file_size, path, path, info, fault), tables=tables)

    def _folder(self, folder: Path, *, tables: bool) -> None:
        def failed(error: OSError) -> None:
            raise cannot_read(folder, error) from error

        for here, folders, files in os.walk(folder, onerror=failed):
            folders.sort()
            for name in sorted(files):
                path = Path(here) / name
                inside = path.relative_to(folder).as_posix()
                try:
                    status = path.lstat()
                except OSError as error:
                    raise cannot_read(path, error) from error
                fault = None
                if stat.S_ISLNK(status.st_mode):
                    fault = Text("是链接", "is a link")
                elif not stat.S_ISREG(status.st_mode):
                    fault = Text("不是普通文件", "is not a regular file")
                elif path.suffix.casefold() == ".zip" and zipfile.is_zipfile(path):
                    self._archive(path, self._zip(path), tables=tables)
                    continue
                self._add(Member(inside, status.st_size, path, folder, None, fault), tables=tables)

    def _single(self, path: Path) -> None:
        """A table by itself: those of its repeats and its media lie beside it."""
        folder, stem = path.parent, path.stem
        self._add(Member(path.name, path.stat().st_size, path, folder), tables=True)
        try:
            beside = sorted(os.scandir(folder), key=lambda each: each.name)
        except OSError as error:
            raise cannot_read(folder, error) from error
        for entry in beside:
            if entry.is_symlink() or entry.name == path.name:
                continue
            if entry.is_dir():
                self._media_beside(Path(entry.path), folder, stem)
            elif entry.is_file() and entry.name.casefold().endswith(_TABLES):
                if entry.name.startswith(f"{stem}-") and entry.name.casefold().endswith(".csv"):
                    self._add(Member(entry.name, entry.stat().st_size, Path(entry.path), folder), tables=True)
            elif entry.is_file():
                member = Member(entry.name, entry.stat().st_size, Path(entry.path), folder)
                self._beside.add(member.identity)
                self._add(member, tables=False)

    def _media_beside(self, folder: Path, root: Path, stem: str) -> None:
        """`media/`, `attachments/`, Kobo's `user/attachments/`, or a folder named after the table."""
        wanted = folder.name.casefold() in _MEDIA_FOLDERS or folder.name.startswith(stem)
        if not wanted and not any((folder / name).is_dir() for name in _MEDIA_FOLDERS):
            return
        for here, folders, files in os.walk(folder):
            folders.sort()
            for name in sorted(files):
                path = Path(here) / name
                fault = Text("是链接", "is a link") if path.is_symlink() else None
                size = path.lstat().st_size
                self._add(Member(path.relative_to(root).as_posix(), size, path, root, None, fault), tables=False)

    def _add(self, member: Member, *, tables: bool) -> None:
        self._count += 1
        if self._count > MAX_MEMBERS:
            raise Refused(
                f"{self.path.name} 中的文件超过 {MAX_MEMBERS} 个，未读取；请分批导出。",
                f"{self.path.name} holds more than {MAX_MEMBERS} files and was not read; export it in parts.",
            )
        parts = _parts(member.name)
        if "__MACOSX" in parts or parts[-1].startswith("._") or parts[-1] == ".DS_Store":
            return
        inside = _MEDIA_FOLDERS.intersection(part.casefold() for part in parts[:-1])
        if tables and not inside and parts[-1].casefold().endswith(_TABLES):
            if member.fault is None:
                self.tables.append(member)
            return
        for key in dict.fromkeys((_key(parts[-1]), _valid(parts[-1]))):
            self._media.setdefault(key, []).append(member)

    # What is asked for.

    @contextlib.contextmanager
    def open(self, member: Member) -> Iterator[BinaryIO]:
        """The bytes of a member.

        Raises:
            Refused: It cannot be opened.
        """
        if member.info is None:
            with opened(member.path) as plain:
                yield plain
            return
        try:
            packed = self._zips[member.path].open(member.info)
        except _BAD_ZIP as error:
            raise damaged(member) from error
        with packed:
            yield packed  # type: ignore[misc]  # ZipExtFile reads as a file does

    def find(self, said: str, own: Iterable[str], others: Iterable[str] = ()) -> Member:
        """The medium that a cell names.

        Args:
            said: File name or address.
            own: Ids of the submission; of several files with that name the one in its folder is meant.
            others: Those of other submissions; what lies in their folders is theirs.

        Raises:
            Refused: There is none, more than one, or one that is not opened.
        """
        base = base_of(said)
        found = self._media.get(_key(base)) or self._media.get(_valid(base)) or []
        mine, theirs = {each.casefold() for each in own}, set(others)
        in_mine = [each for each in found if mine.intersection(_ids(each.name))]
        # The folder of another submission is no place for this one's photo.
        chosen = in_mine or [each for each in found if not theirs.intersection(_ids(each.name))]
        if len({each.identity for each in chosen}) > 1:
            listed = "、".join(each.name[:80] for each in chosen[:3])
            raise Refused(
                f"有几个名为 {base[:80]} 的文件（{listed}），不知是哪一个；请只留这次导出的媒体",
                f"several files are named {base[:80]} ({listed.replace('、', ', ')}); leave the media of this export only",
            )
        if not chosen:
            raise Refused(
                f"导出中没有文件 {base[:80]}；请连同媒体一起导出，或用 --media 指明媒体的 zip 或文件夹",
                f"the export holds no file {base[:80]}; export with media, or name their zip or folder with --media",
            )
        member = chosen[0]
        if member.fault is not None:
            raise Refused(
                f"文件 {base[:80]} {member.fault.zh}，未打开", f"the file {base[:80]} {member.fault.en}; not opened"
            )
        if not 0 < member.size <= MAX_MEDIUM:
            raise Refused(
                f"文件 {base[:80]} 是空的，或超过 {MAX_MEDIUM >> 30} GiB",
                f"the file {base[:80]} is empty or larger than {MAX_MEDIUM >> 30} GiB",
            )
        self._used.add(member.identity)
        return member

    def unpack(self, member: Member, folder: Path) -> str:
        """Put a medium where `inspection load` finds it; returns its path relative to `folder_for`'s folder.

        Raises:
            Refused: The zip is damaged there, or the disk does not take it.
        """
        if member.info is None:
            return member.path.relative_to(member.root).as_posix()
        name = safe_name(member.base)
        try:
            with self.open(member) as source, (folder / name).open("wb") as target:
                shutil.copyfileobj(source, target, _CHUNK)
        except _BAD_ZIP as error:
            if isinstance(error, OSError) and not isinstance(error, zipfile.BadZipFile):
                reason = reason_of(error)
                raise Refused(f"无法取出 {name}：{reason.zh}", f"{name} cannot be unpacked: {reason.en}") from error
            raise damaged(member) from error
        return name

    def unused(self) -> list[str]:
        """Media that no row named."""
        every = {each.identity: each for members in self._media.values() for each in members if not each.fault}
        return sorted(each.base for identity, each in every.items() if identity not in self._used | self._beside)


def damaged(member: Member) -> Refused:
    """The refusal of a member that cannot be unpacked."""
    return Refused(
        f"zip 中的 {member.base[:80]} 已损坏；请重新下载。",
        f"{member.base[:80]} is damaged in the zip; download it again.",
    )


def base_of(said: str) -> str:
    """The file name in a cell: by itself, behind folders, or in an address.

    Raises:
        Refused: It leaves the export, or is no name.
    """
    text = said.strip()
    if text.casefold().startswith(("http://", "https://")):
        try:
            parts = urlsplit(text)
            asked = parse_qs(parts.query).get("media_file", [""])[0]
        except ValueError:
            asked = ""
            parts = urlsplit("")
        text = asked or unquote(parts.path)
        text = text.lstrip("/")
    if _leaves(text):
        raise Refused(
            f"“{said[:60]}”指向导出之外，未打开", f"“{said[:60]}” leads out of the export and was not opened"
        )
    base = _parts(text)[-1]
    if not base or base in {".", ".."} or any(unicodedata.category(each) == "Cc" for each in base):
        raise Refused(f"“{said[:60]}”不是文件名", f"“{said[:60]}” is no file name")
    return base


def safe_name(base: str) -> str:
    """A file name that every system takes, as near to the given one as that lets it be."""
    name = re.sub(r'[<>:"/\\|?*\x00-\x1f\ud800-\udfff]', "_", base)
    stem, suffix = PurePosixPath(name).stem, PurePosixPath(name).suffix[:20]
    while len((stem + suffix).encode()) > 200:
        stem = stem[:-1]
    return (stem + suffix).lstrip(". ") or "medium"


def _parts(name: str) -> list[str]:
    return name.replace("\\", "/").split("/")


def _leaves(name: str) -> bool:
    return name.startswith(("/", "\\")) or bool(_DRIVE.match(name)) or ".." in _parts(name) or "\0" in name


def _ids(name: str) -> set[str]:
    """Folders above a member, which Kobo names after form and submission."""
    return {part.casefold().removeprefix("uuid:").removeprefix("uuid") for part in _parts(name)[:-1]}


def _key(base: str) -> str:
    return unicodedata.normalize("NFC", base)


def _valid(base: str) -> str:
    """As Kobo stores a file whose name has blanks or signs in it."""
    return "\0" + _UNSAFE.sub("", _key(base).strip().replace(" ", "_"))


def _spellings(info: zipfile.ZipInfo) -> list[str]:
    """The name of an entry; one that does not say its encoding also as UTF-8 or GBK."""
    if info.flag_bits & 0x800 or info.filename.isascii():
        return [info.filename]
    names = [info.filename]
    for encoding in ("utf-8", "gb18030"):
        with contextlib.suppress(UnicodeError):
            names.append(info.filename.encode("cp437").decode(encoding))
            break
    return names


__all__ = ["MAX_MEDIA", "Export", "Member", "base_of", "damaged", "safe_name"]
