"""Makes the golden vectors of `docs/log-format.md` from fixed seeds; `python -m tests.sync.golden` prints them."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any

from sync.changeset import Change, digest
from sync.identity import Identity
from sync.ids import derived_id
from sync.keys import Key, certificate_id, team_id
from tests.sync.support import AREA, HEADS, NOON, Author

if TYPE_CHECKING:
    from sync.changeset import Entry

SEEDS = {
    "root": bytes(range(32)),
    "device": bytes(range(32, 64)),
    "colleague": bytes(range(64, 96)),
    "foreign root": bytes(range(96, 128)),
    "foreign device": bytes(range(128, 160)),
}
NOTE = derived_id("row", "golden")
PURGED = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


def generate() -> dict[str, Any]:
    """Keys, certificates, and changesets of three devices, each with everything that can be computed from it."""
    keys = {name: Key.from_seed(seed) for name, seed in SEEDS.items()}
    made = _Maker(keys)
    device = made.author("device", "root", "执法一号", role="admin", areas=("000000",))
    colleague = made.author(
        "colleague", "root", "Laptop 2", role="inspector", areas=("141100",), officers=("04150023",)
    )
    foreign = made.author("foreign device", "foreign root", "县局", role="admin", areas=("141122",))
    foreign.area = "141122"

    birth: dict[str, Any] = {
        "title": '料堆未覆盖 "苫布"\n第二行 \\ / \u007f \U0001f4f7',
        "count": -(2**53),
        "measurement": {"unit": "mg/m³", "value": "0.350"},
        "tags": ["é", {"z": None, "a": True}, 2**53],
    }
    made.say("first of a chain, with its certificate", device, Change(row=NOTE, seen={}, set=birth, table="notes"))
    born = [device.version]
    made.say("edit that has seen the creation", device, _edit({"title": "已覆盖"}, {"title": born}))
    titled = [device.version]
    made.say(
        "concurrent edit by another device",
        colleague,
        _edit({"title": "未覆盖"}, {"title": born}),
        officer="04150023",
    )
    both = [colleague.version, *titled]
    made.say("resolution: it has seen both heads", device, _edit({"title": "部分覆盖"}, {"title": both}))
    resolved = [device.version]
    group = {"measurement": {"unit": "mg/m³", "value": "0.351"}}
    made.say("a group, written whole", device, _edit(group, {"measurement": born}))
    void = {"void": {"void_at": "2027-01-15T08:00:00Z", "void_by": "9", "void_reason": "重复"}}
    covered = {"count": born, "measurement": [device.version], "tags": born, "title": resolved, "void": born}
    made.say("a voiding, naming the heads that it covers", device, _edit(void, covered))
    made.say(
        "a stranger's", foreign, Change(row=derived_id("row", "far"), seen={}, set={"title": "远"}, table="notes")
    )
    adopted: dict[str, Any] = {
        "team": team_id(keys["foreign root"].public),
        HEADS: {"141122": [foreign.version]},
        "name": "县局",
    }
    row = derived_id("adoption", AREA, adopted["team"])
    made.say("the stranger's adoption", device, Change(row=row, seen={}, set=adopted, table="adoptions"))
    device.identity = made.issue("device", "root", "执法一号", role="supervisor", areas=("141100",), issued=NOON)
    purge: dict[str, Any] = {"sha256": PURGED, "reason": "依法删除", "officer": "9", "at": str(NOON)}
    row = derived_id("purge", AREA, PURGED)
    made.say("a purge, under a new certificate", device, Change(row=row, seen={}, set=purge, table="purges"))
    return {
        "keys": {
            name: {"seed": SEEDS[name].hex(), "public": key.public.hex(), "sha256": _sha(key.public)}
            for name, key in keys.items()
        },
        "certificates": made.certificates,
        "derived": {
            "parts": ["row", "golden"],
            "id": NOTE,
        },
        "changesets": made.changesets,
    }


class _Maker:
    def __init__(self, keys: dict[str, Key]) -> None:
        self.keys = keys
        self.certificates: list[dict[str, str]] = []
        self.changesets: list[dict[str, Any]] = []
        self.clock = itertools.count(NOON, 1000)

    def issue(self, name: str, root: str, called: str, **fields: Any) -> Identity:
        jws = self.keys[root].issue(self.keys[name].public, name=called, **({"issued": 1_577_836_800_000} | fields))
        self.certificates.append({"jws": jws, "id": certificate_id(jws)})
        return Identity(self.keys[name], jws)

    def author(self, name: str, root: str, called: str, **fields: Any) -> Author:
        return Author(self.issue(name, root, called, **fields), clock=self.clock)

    def say(self, what: str, author: Author, change: Change, officer: str = "9") -> Entry:
        entry = author.say(change, programme="inspect-tui 0.1.0", officer=officer)
        self.changesets.append(
            {
                "what": what,
                "body": entry.body.decode(),
                "bytes": len(entry.body),
                "sha256": digest(entry.body).hex(),
                "signature": entry.signature.hex(),
                "version": author.version,
                "public": author.identity.key.public.hex(),
            }
        )
        return entry


def _edit(cells: dict[str, Any], seen: dict[str, list[str]]) -> Change:
    return Change(row=NOTE, seen=seen, set=cells, table="notes")


def _sha(data: bytes) -> str:
    return digest(data).hex()


def text() -> str:
    """The file as it is checked in."""
    return json.dumps(generate(), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    print(text(), end="")
