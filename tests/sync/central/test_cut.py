"""Cuts at the worst moments: the last answer lost, a nonce that grew old while photos came, a store that fails in between."""

from __future__ import annotations

import contextlib
import hashlib
from typing import TYPE_CHECKING, Any

import jwt
import pytest

from sync import receipts
from sync.central.connection import RefusedByServer
from sync.central.requests import CERTIFICATE, PERIOD_MS, TYPE
from sync.central.syncing import synchronise
from sync.errors import StoreError
from tests.sync.central.house import central, peer, running, sync
from tests.sync.central.test_http_convergence import BadLine
from tests.sync.central.test_strangers import HEADS, asked, code, hello
from tests.sync.support import NOON, device, note

if TYPE_CHECKING:
    from tests.sync.support import Team


class Line(BadLine):
    """A line on which the answer to one kind of request is lost once."""

    def __init__(self, pool: Any, method: str, path: str) -> None:
        super().__init__(pool, [])
        self._lost = (method, path)

    def request(self, method: str, target: str, *said: Any, **options: Any) -> Any:
        """A request."""
        self._faults = []
        if method == self._lost[0] and target.startswith(self._lost[1]):
            self._lost = ("", "")
            self._faults = ["unheard"]
        return super().request(method, target, *said, **options)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/hello"),
        ("GET", "/v1/heads"),
        ("POST", "/v1/changesets"),
        ("GET", "/v1/missing-photos"),
        ("POST", "/v1/uploads"),
        ("PATCH", "/v1/uploads/"),
        ("POST", "/v1/receipts"),
    ],
)
def test_a_lost_answer_does_not_end_the_sync(team: Team, method: str, path: str) -> None:
    """Whatever answer is lost, the sync that lost it completes: all is there, once, with receipts."""
    one = team.replica("one")
    sha256 = one.blobs.put(b"evidence" * 1000)
    note(one, "a", title="1", photo=sha256)
    store = central(team)
    with running(store) as server:
        there = peer(server, one.identity)
        there.connection._pool = Line(there.connection._pool, method, path)  # type: ignore[assignment]
        with contextlib.closing(there.connection):
            synchronise(one, there)
        assert receipts.photos_acknowledged(one.connection, [sha256]) == {sha256}
        assert receipts.acknowledged(one.connection)
        assert store.photos.size(sha256) == 8000
        assert store.store.counts().changesets == 1
        assert sync(one, server).requests <= 5


def test_photos_may_come_for_longer_than_a_nonce_lives(team: Team) -> None:
    """Each answer brings a new nonce; one that has grown old meanwhile is exchanged without anybody noticing."""
    one, two = team.replica("one"), team.replica("two")
    for number in range(3):
        note(one, f"{number}", photo=one.blobs.put(bytes([number]) * 1000))
    clock = [NOON]
    with running(central(team, now=lambda: clock[0])) as server:
        sync(one, server)

        def later(what: str, done: int, total: int | None) -> None:
            if what == "photos_in":
                # the first step stays within the life of a nonce, the next one does not
                clock[0] += PERIOD_MS * done

        assert sync(two, server, progress=later).photos_received == 3


def test_what_was_done_is_answered_though_the_store_fails_right_after(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database that goes away between the work and the next nonce does not make an error of a success."""
    one = team.replica("one")
    store = central(team)
    with running(store) as server:
        there = peer(server, one.identity, attempts=1)
        with contextlib.closing(there.connection):
            there.look()
            monkeypatch.setattr(store.gate, "nonce", failing)
            assert there.look().chains == []
            assert code(asked(server, "GET", HEADS)) == (401, "unsigned")
            assert code(asked(server, "GET", "/v1/hello")) == (503, "store")
            monkeypatch.undo()
            assert there.look().chains == []


def failing() -> str:
    """A database that is away."""
    raise StoreError("数据库不在。", "The database is away.")


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "é"},
        {"nonce": "\ud800"},
        {"body": "é"},
        {"path": "\ud800"},
        {"jti": ""},
        {"jti": "\0"},
        {"jti": "\ud800"},
        {"jti": "a" * 65},
        {"jti": 5},
        {"aud": ["x"]},
        {"exp": "x"},
        {"method": None},
    ],
)
def test_a_member_may_claim_what_it_likes_in_its_signature(team: Team, claims: dict[str, Any]) -> None:
    """A signature that holds over nonsense is refused as any other; nothing of it reaches the database."""
    one = device("one")
    with running(central(team)) as server:
        said = hello(server)
        proof = {
            "aud": said["server"],
            "method": "GET",
            "path": HEADS,
            "body": hashlib.sha256(b"").hexdigest(),
            "nonce": said["nonce"],
            "jti": "a",
        }
        token = jwt.encode(
            proof | claims, one.key.private, algorithm="EdDSA", headers={"typ": TYPE, "kid": one.cert}
        )
        headers = {"Authorization": f"Inspect-Tui {token}", CERTIFICATE: one.jws}
        assert asked(server, "GET", HEADS, headers=headers)[0] == 401


@pytest.mark.parametrize("status", [429, 503])
def test_a_photo_that_the_server_cannot_take_just_now_is_tried_again(team: Team, status: int) -> None:
    """And if it stays so, the server's own sentence is what the person reads."""
    one = team.replica("one")
    note(one, "a", photo=one.blobs.put(b"evidence" * 1000))

    class Busy(BadLine):
        """Every upload is refused so many times."""

        left = 2

        def request(self, method: str, target: str, *said: Any, **options: Any) -> Any:
            if method == "PATCH" and self.left:
                self.left -= 1
                said_so = asked(server, "GET", "/v1/nowhere")[1] | {"code": "disk", "zh": "满", "en": "full"}
                return Said(status, said_so)
            return super().request(method, target, *said, **options)

    with running(central(team)) as server:
        for left, attempts in ((9, 2), (2, 3)):
            there = peer(server, one.identity, attempts=attempts)
            there.connection.wait = lambda _: None  # type: ignore[assignment,method-assign]
            there.connection._pool = Busy(there.connection._pool, [])  # type: ignore[assignment]
            there.connection._pool.left = left  # type: ignore[attr-defined]
            with contextlib.closing(there.connection):
                if left > attempts:
                    with pytest.raises(RefusedByServer, match="full"):
                        synchronise(one, there)
                else:
                    assert synchronise(one, there).photos_sent == 1


class Said:
    """An answer as urllib3 gives it."""

    def __init__(self, status: int, said: dict[str, Any]) -> None:
        import json

        self.status = status
        self.data = json.dumps(said).encode()
        self.headers: dict[str, str] = {}

    def stream(self, *_: Any, **__: Any) -> Any:
        """The body."""
        yield self.data

    def read(self, *_: Any, **__: Any) -> bytes:
        """The body."""
        data, self.data = self.data, b""
        return data

    def release_conn(self) -> None:
        """Nothing to let go of."""

    def close(self) -> None:
        """Nothing to let go of."""
