"""What the tests of bundles share: making one for named devices, and streams made by hand."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from sync.bundles.create import Made, create
from sync.bundles.frames import CHANGESETS, HEADER, MAGIC, PHOTO, Packer, PhotoHead, encode
from sync.bundles.header import Header, sign
from sync.bundles.peer import open_bundle
from sync.bundles.seal import address
from sync.bundles.selection import Wish
from sync.exchange import exchange
from tests.sync.support import NOON, device

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from sync.changeset import Entry
    from sync.exchange import Exchanged
    from sync.identity import Identity
    from sync.replica import Replica


def make(replica: Replica, folder: Path, *others: str, wish: Wish | None = None, **options: Any) -> Made:
    """A bundle sealed for its maker and the devices of these names."""
    folder.mkdir(exist_ok=True)
    assert replica.identity is not None
    keys = [replica.identity.key.public, *(device(name).key.public for name in others)]
    return create(replica, folder, wish or Wish(), lambda _: [address(key) for key in keys], **options)


def take(replica: Replica, path: Path, **options: Any) -> Exchanged:
    """Import a bundle."""
    with open_bundle(path, replica.identity) as peer:
        return exchange(replica, peer, **options)


def stream(
    identity: Identity,
    entries: Sequence[Entry] = (),
    pictures: Iterable[tuple[PhotoHead, bytes]] = (),
    **header: Any,
) -> bytes:
    """The stream of a bundle, put together by hand; `header` overrides what it says of itself."""
    packer = Packer()
    shown = list(pictures)
    said: dict[str, Any] = {
        "bundle": "0" * 32,
        "team": identity.team,
        "device": identity.device,
        "cert": identity.cert,
        "time": NOON,
        "programme": "test",
        "kind": "all",
        "changesets": len(entries),
        "photos": len(shown),
        "photo_bytes": sum(head.size for head, _ in shown),
    }
    made = io.BytesIO()
    made.write(MAGIC)
    made.write(packer.frame(HEADER, encode(sign(Header(**(said | header)), identity))))
    if entries:
        made.write(packer.frame(CHANGESETS, encode(list(entries))))
    for head, data in shown:
        made.write(packer.frame(PHOTO, encode(head), pack=False))
        if data:
            made.write(packer.frame(b"D", data, pack=False))
    made.write(packer.end(len(entries), len(shown), sum(head.size for head, _ in shown)))
    return made.getvalue()


__all__ = ["Made", "make", "stream", "take"]
