"""What a hostile member, a lying server, a restored backup and a slow leak must not achieve."""

from __future__ import annotations

import hashlib
import http.client
import http.server
import json
import os
import shutil
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec
import pytest
import zstandard

from sync import receipts
from sync.central import connection as connections
from sync.central import protocol, tls
from sync.central.client import HttpPeer
from sync.central.connection import Address, Connection
from sync.central.core import purge
from sync.central.limits import Rates
from sync.central.photos import Uploads
from sync.central.requests import NotAllowed
from sync.central.sqlite_store import SqliteStore
from sync.central.syncing import synchronise
from sync.errors import BlobError, MalformedError, PeerError
from sync.keys import EVERYWHERE, Key, read_certificate
from sync.receipts import ChainEnd
from tests.sync.central.house import central, over, running, served_identity, sync
from tests.sync.central.test_strangers import asked, code, hello, invited, joins, signed
from tests.sync.support import (
    AREA,
    NOON,
    OTHER_AREA,
    device,
    entries,
    merge,
    note,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sync.central.app import Central
    from tests.sync.support import Team

TUS = {"Tus-Resumable": "1.0.0"}


def backup(team: Team, name: str, target: str) -> None:
    """Copy a store's folder as a backup does."""
    (replica,) = (each for each in team.open if each.path.parent.name == name)
    replica.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copytree(team.folder / name, team.folder / target)


def restored(team: Team, target: str) -> Central:
    """The store of a backup, served again under its own key."""
    replica = team.reopen(team.folder / target, served_identity())
    return over(SqliteStore(replica), team.folder / target / "photos", served_identity())


# a server that lost what it had given receipts for


def test_a_restored_server_gets_again_what_it_lost(team: Team) -> None:
    """Receipts alone never make a device skip what the store does not have: seen areas, unseen ones, photos."""
    inspector = team.replica("inspector", device("inspector", role="inspector", areas=(AREA,)))
    store = central(team)
    with running(store) as server:
        sync(inspector, server)
        backup(team, "central", "older")
        note(inspector, "a", title="1", photo=inspector.blobs.put(b"evidence"))
        note(inspector, "b", area=OTHER_AREA, title="2")
        sync(inspector, server)
        assert store.store.counts().changesets == 2

    again = restored(team, "older")
    with running(again) as server:
        sync(inspector, server)

    assert again.store.counts().changesets == 2
    assert again.store.counts().missing_photos == 0
    assert again.photos.size(hashlib.sha256(b"evidence").hexdigest()) == 8


def test_a_receipt_from_a_stick_does_not_keep_changesets_from_the_store(team: Team) -> None:
    """The supervisor has signed for it; the store has never seen it."""
    inspector = team.replica("inspector", device("inspector", role="inspector", areas=(AREA,)))
    note(inspector, "b", area=OTHER_AREA, title="2")
    (place,) = receipts_of(inspector)
    supervisor = device("supervisor", role="supervisor")
    with inspector.writing():
        receipts.keep(
            inspector.connection, receipts.give(supervisor, NOON, [place]), supervisor.jws, inspector.team
        )
    store = central(team)
    with running(store) as server:
        sync(inspector, server)

    assert store.store.counts().changesets == 1


def receipts_of(replica: Any) -> list[ChainEnd]:
    """The ends of a replica's chains."""
    from sync.peers import tips_of

    return [
        ChainEnd(area, who, seq, hash_)
        for (area, who), places in tips_of(replica.connection).items()
        for seq, hash_ in places
    ]


def test_what_came_by_stick_from_an_unseen_area_goes_on_to_the_store(team: Team) -> None:
    """The colleague's laptop broke; whoever has the copy brings it, whatever area it is of."""
    colleague = team.replica("colleague", device("colleague", role="inspector", areas=(OTHER_AREA,)))
    note(colleague, "b", area=OTHER_AREA, title="2")
    carrier = team.replica("carrier", device("carrier", role="supervisor", areas=(AREA,)))
    merge(carrier, colleague)
    store = central(team)
    with running(store) as server:
        sync(carrier, server)
        kept = len(list(receipts.kept(carrier.connection)))
        again = sync(carrier, server)

    assert store.store.counts().changesets == 1
    assert again.sent is not None
    assert again.sent.appended + again.sent.known == 0
    assert kept == len(list(receipts.kept(carrier.connection))) == 1


# joining


def test_a_join_cannot_be_repeated_to_renew_a_certificate(team: Team) -> None:
    """Neither after the code has run out nor once the device works: thirty days are thirty days."""
    time = [NOON]
    store = central(team, now=lambda: time[0])
    key = Key.generate()
    with running(store) as server:
        secret = invited(store, valid_days=30, expires=NOON + 1000)
        assert joins(server, store, secret, key)[0] == 200
        time[0] += 2000
        assert code(joins(server, store, secret, key)) == (403, "invitation")

        secret = invited(store, valid_days=30)
        status, said = joins(server, store, secret, key)
        assert status == 200
        from sync.identity import Identity

        new = team.replica("new", Identity(key, said["certificate"]))
        note(new, "a", title="1", time_ms=time[0])
        sync(new, server)
        assert code(joins(server, store, secret, key)) == (403, "invitation")


def test_a_revoked_device_does_not_join_again(team: Team) -> None:
    """Its key is refused whatever code it brings, and nothing more of what it wrote before is adopted."""
    admin = team.replica("admin")
    store = central(team)
    key = Key.generate()
    with running(store) as server:
        secret = invited(store)
        _, said = joins(server, store, secret, key)
        who = read_certificate(said["certificate"]).device
        admin.revoke(EVERYWHERE, who, reason="lost", officer="1", time_ms=NOON)
        sync(admin, server)
        before = store.store.counts().changesets
        assert code(joins(server, store, secret, key)) == (403, "revoked")
        assert store.store.counts().changesets == before


def test_invitations_of_a_revoked_administrator_are_void(team: Team) -> None:
    """A stolen administrator's laptop could have made any number of them."""
    owner = team.replica("owner")
    thief = device("thief")
    store = central(team)
    body = msgspec.json.encode(
        {"id": "", "invitation": {"role": "admin", "areas": [EVERYWHERE], "expires": NOON * 2}}
    )
    from sync.teams import invitation_id, new_secret

    secret = new_secret()
    body = msgspec.json.encode({**json.loads(body), "id": invitation_id(secret)})
    with running(store) as server:
        headers = signed(server, thief, "POST", "/v1/invitations", body) | {"Content-Type": "application/json"}
        assert asked(server, "POST", "/v1/invitations", body, headers)[0] == 201
        owner.revoke(EVERYWHERE, thief.device, reason="stolen", officer="1", time_ms=NOON)
        sync(owner, server)
        assert code(joins(server, store, secret, Key.generate())) == (403, "invitation")


def test_an_administrator_of_a_county_sees_its_own_invitations_alone(team: Team) -> None:
    """Notes name people."""
    store = central(team)
    invited(store, areas=(AREA,), note="own")
    invited(store, areas=(OTHER_AREA,), note="elsewhere")
    path = "/v1/invitations"
    with running(store) as server:
        said = asked(server, "GET", path, headers=signed(server, device("county", areas=(AREA,)), "GET", path))[1]
        every = asked(server, "GET", path, headers=signed(server, device("admin"), "GET", path))[1]

    assert [each["invitation"]["note"] for each in said["invitations"]] == ["own"]
    assert len(every["invitations"]) == 2


# photos


def test_a_photo_that_no_row_names_any_more_is_shown_in_its_area_alone(team: Team) -> None:
    """An earlier value stays evidence of its own county; the others learn neither its hash nor its bytes."""
    admin = team.replica("admin")
    first, second = admin.blobs.put(b"first"), admin.blobs.put(b"second")
    note(admin, "a", area=OTHER_AREA, title="1", photo=first)
    note(admin, "a", area=OTHER_AREA, photo=second)
    store = central(team)
    store.store.append(entries(admin))
    assert store.store.missing_photos((AREA,), "", 10) == []
    assert store.store.missing_photos((OTHER_AREA,), "", 10) == sorted([first, second])
    assert store.store.photo_wanted(first, (OTHER_AREA,))
    assert not store.store.photo_wanted(first, (AREA,))
    note(admin, "c", area=AREA, title="2", photo=first)
    store.store.append(entries(admin))
    assert store.store.photo_wanted(first, (AREA,))


def test_a_purge_while_the_photo_comes_leaves_no_bytes_behind(team: Team) -> None:
    """The upload was begun before the purge and ends after it: no receipt, no bytes."""
    admin = team.replica("admin")
    sha256 = admin.blobs.put(b"evidence")
    note(admin, "a", title="1", photo=sha256)
    store = central(team)
    with running(store) as server:
        store.store.append(entries(admin))
        begun = begin(server, sha256, 8)
        admin.purge(AREA, sha256, reason="law", officer="1")
        store.store.append(entries(admin))
        purge(store)
        status, headers = send(server, begun, b"evidence")

    assert status == 403
    assert protocol.RECEIPT not in headers
    assert store.photos.size(sha256) is None


def begin(server: Any, sha256: str, size: int, who: str = "admin") -> str:
    """The address of a new upload."""
    import base64

    headers = signed(server, device(who), "POST", "/v1/uploads") | TUS
    headers["Upload-Length"] = str(size)
    headers["Upload-Metadata"] = f"sha256 {base64.b64encode(sha256.encode()).decode()},resume"
    return request(server, "POST", "/v1/uploads", b"", headers)[1]["Location"]


def send(server: Any, where: str, data: bytes, offset: int = 0) -> tuple[int, dict[str, str]]:
    """Bytes to an upload: (status, headers)."""
    headers = TUS | {"Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
    return request(server, "PATCH", where, data, headers)


def request(
    server: Any, method: str, path: str, body: bytes, headers: dict[str, str]
) -> tuple[int, dict[str, str]]:
    """(status, headers)."""
    parts = urlsplit(server.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
    try:
        connection.request(method, path, body or None, headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status, {name.title(): value for name, value in answer.headers.items()}
    finally:
        connection.close()


def test_a_sync_goes_on_with_the_upload_of_the_one_before(team: Team) -> None:
    """However often a bad line breaks the sync, what came of a photo is not sent again and no uploads pile up."""
    admin = team.replica("admin")
    photo = bytes(range(256)) * 10
    sha256 = admin.blobs.put(photo)
    note(admin, "a", title="1", photo=sha256)
    store = central(team)
    with running(store) as server:
        store.store.append(entries(admin))
        first = begin(server, sha256, len(photo))
        assert send(server, first, photo[:1000])[0] == 204
        assert begin(server, sha256, len(photo)) == first
        assert begin(server, sha256, len(photo), who="two") != first
        before = sync(admin, server)

    assert before.photos_sent == 1
    assert before.bytes_sent < len(photo) + 1000
    assert store.photos.size(sha256) == len(photo)


def test_what_lies_on_the_disk_is_hashed_before_a_receipt(tmp_path: Path) -> None:
    """Another process that shares the folder, or the disk itself, has changed what came: no photo, no receipt."""
    from sync.central.photos import FolderPhotos

    photos = FolderPhotos(tmp_path / "photos")
    uploads = Uploads(photos.staging)
    data = b"evidence"
    upload = uploads.begin(hashlib.sha256(data).hexdigest(), len(data), "0" * 20)
    uploads.write(upload, 0, [data])
    uploads.data(upload).write_bytes(b"forgery!")
    assert not uploads.finish(upload, photos)
    assert photos.size(upload.sha256) is None


def test_a_device_cannot_fill_the_staging_folder(tmp_path: Path) -> None:
    """The sizes that it may have announced at once are limited."""
    uploads = Uploads(tmp_path)
    for number in range(8):
        uploads.begin(f"{number:064x}", protocol.MAX_PHOTO, "0" * 20)
    with pytest.raises(BlobError):
        uploads.begin("e" * 64, protocol.MAX_PHOTO, "0" * 20)
    uploads.begin("f" * 64, 8, "1" * 20)


def test_what_was_left_in_the_staging_folder_is_swept(tmp_path: Path) -> None:
    """Bytes whose note is gone, and notes that were cut off while they were written, too."""
    uploads = Uploads(tmp_path)
    upload = uploads.begin("0" * 64, 8, "0" * 20)
    uploads.write(upload, 0, [b"1234"])
    (tmp_path / f"{upload.id}.json").unlink()
    (tmp_path / f".{upload.id}").write_text("half")
    for path in tmp_path.iterdir():
        os.utime(path, (0, 0))
    uploads.begin("1" * 64, 8, "0" * 20)
    assert len(list(tmp_path.iterdir())) == 2


# what a stranger costs


def test_a_body_is_not_read_before_its_sender_is_known(team: Team) -> None:
    """Nobody makes the server keep megabytes for a request that it refuses anyway."""
    with running(central(team)) as server:
        parts = urlsplit(server.url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)
        try:
            connection.putrequest("POST", "/v1/changesets")
            connection.putheader("Content-Type", protocol.BATCH_TYPE)
            connection.putheader("Content-Length", str(protocol.MAX_BODY))
            connection.endheaders()
            # not one byte of it is sent
            answer = connection.getresponse()
            assert (answer.status, json.loads(answer.read())["code"]) == (401, "unsigned")
        finally:
            connection.close()


def test_a_frame_with_a_huge_window_is_refused() -> None:
    """A few bytes must not make either side set 128 MiB aside (RFC 9659 allows 8 MiB)."""
    parameters = zstandard.ZstdCompressionParameters.from_level(1, window_log=27)
    compressor = zstandard.ZstdCompressor(compression_params=parameters)
    stream = compressor.compressobj()
    frame = stream.compress(msgspec.msgpack.encode([])) + stream.flush()
    with pytest.raises(MalformedError):
        protocol.unpack(frame)


def test_strangers_do_not_make_the_limiter_forget() -> None:
    """Ten thousand other addresses give nobody a full bucket back."""
    rates = Rates(2)
    rates.take("greedy")
    rates.take("greedy")
    for number in range(10_050):
        rates.take(f"{number}")
        if number % 100 == 0:
            with pytest.raises(NotAllowed):
                rates.take("greedy")


def test_tokens_are_remembered_for_as_long_as_their_nonce_lives(team: Team) -> None:
    """And forgotten afterwards, without looking at all of them each time."""
    store = SqliteStore(team.replica("central"))
    from sync.central.requests import PERIOD_MS

    assert store.first_use("a", 2 * PERIOD_MS)
    assert not store.first_use("a", 2 * PERIOD_MS)
    assert store.first_use("b", 3 * PERIOD_MS)
    assert not store.first_use("a", 3 * PERIOD_MS)
    assert store.first_use("c", 9 * PERIOD_MS)
    assert store.remembered() == 1


def test_readers_do_not_pile_up(team: Team) -> None:
    """Threads come and go for months; the open files stay as few as they were ever needed at once."""
    store = SqliteStore(team.replica("central"))
    for _ in range(50):
        thread = threading.Thread(target=store.ready)
        thread.start()
        thread.join()
    assert store.readers() == 1


# a server that lies


class Liar(http.server.BaseHTTPRequestHandler):
    """Answers by rote."""

    answers: dict[str, tuple[int, dict[str, str], bytes]]
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        path = self.path.partition("?")[0]
        status, headers, body = self.answers.get(f"{self.command} {path}", (404, {}, b"{}"))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_POST = do_HEAD = do_PATCH = _answer  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Quiet."""


@contextmanager
def lying(team: Team, answers: dict[str, tuple[int, dict[str, str], bytes]]) -> Iterator[HttpPeer]:
    """A server with a good certificate and answers of our choice, as a device sees it."""
    with running(central(team, "honest")) as server:
        said = json.dumps(hello(server)).encode()
    handler = type("Handler", (Liar,), {"answers": {"GET /v1/hello": (200, {}, said), **answers}})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as liar:
        thread = threading.Thread(target=liar.serve_forever, daemon=True)
        thread.start()
        address = Address(f"http://127.0.0.1:{liar.server_address[1]}")
        connection = Connection(address, device("one"), attempts=1)
        try:
            yield HttpPeer(connection)
        finally:
            connection.close()
            liar.shutdown()


def test_a_huge_answer_is_not_taken_into_memory(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is broken off at the limit, compressed or not."""
    monkeypatch.setattr(connections, "MAX_ANSWER", 100_000)
    long = b"x" * 100_001
    with lying(team, {"GET /v1/heads": (200, {}, long)}) as there, pytest.raises(PeerError, match="larger"):
        there.look()


def test_missing_photos_without_end_are_broken_off(team: Team) -> None:
    """A server that says `more` for ever and repeats itself."""
    said = msgspec.json.encode(protocol.Missing(photos=["0" * 64], more=True))
    with lying(team, {"GET /v1/missing-photos": (200, {}, said)}) as there, pytest.raises(PeerError):
        there.missing_blobs()


def test_a_pull_without_end_is_broken_off(team: Team) -> None:
    """A server that says `more` for ever and brings nothing."""
    headers = {"Inspect-Next": "99", "Inspect-More": "1"}
    with lying(team, {"POST /v1/changesets/pull": (200, headers, protocol.pack([]))}) as there:
        assert not there.pull({}, 0).more


@pytest.mark.parametrize("offset", ["²", "-1", "99999999999", ""])
def test_a_nonsensical_upload_offset_is_one_sentence(team: Team, offset: str) -> None:
    """Digits of other scripts, more bytes than the photo has, nothing."""
    import io

    answers: dict[str, tuple[int, dict[str, str], bytes]] = {
        "POST /v1/uploads": (201, {"Location": "/v1/uploads/x"}, b""),
        "PATCH /v1/uploads/x": (409, {}, b'{"code": "offset", "zh": "x", "en": "x"}'),
        "HEAD /v1/uploads/x": (200, {"Upload-Offset": offset}, b""),  # the header travels as Latin-1
    }
    with lying(team, answers) as there:
        there.connection.attempts = 3
        with pytest.raises(PeerError):
            there.receive_blob("0" * 64, io.BytesIO(b"12345678"))


def test_a_photo_without_end_does_not_fill_the_disk(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    """More bytes than any photo may have."""
    monkeypatch.setattr("sync.central.client.MAX_PHOTO", 1000)
    with lying(team, {f"GET /v1/photos/{'0' * 64}": (200, {}, bytes(1001))}) as there, pytest.raises(PeerError):
        there.blob("0" * 64)


def test_a_receipt_for_what_never_was_here_is_refused(team: Team) -> None:
    """Else a lying server could make a whole log look as if it had been cut."""
    one = team.replica("one")
    server = served_identity()
    made_up = receipts.give(server, NOON, [ChainEnd(AREA, device("one").device, 7, "0" * 64)])
    heads = msgspec.json.encode(protocol.Heads(chains=[], missing_photos=0))
    pushed = msgspec.json.encode(
        protocol.Pushed(appended=1, known=0, held=0, refused=[], not_counting={}, receipt=made_up)
    )
    note(one, "a", title="1")
    answers: dict[str, tuple[int, dict[str, str], bytes]] = {
        "GET /v1/heads": (200, {}, heads),
        "POST /v1/changesets": (200, {}, pushed),
    }
    with lying(team, answers) as there, pytest.raises(PeerError):
        synchronise(one, there)

    assert receipts.broken_promises(one.connection) == []


def test_a_server_that_takes_small_batches_gets_small_batches(team: Team) -> None:
    """Its limit is in its hello."""
    one = team.replica("one")
    for number in range(10):
        note(one, str(number), title="x")
    with running(central(team, limits=protocol.Limits(batch=3))) as server:
        done = sync(one, server)

    assert done.sent is not None
    assert done.sent.appended == 10


def test_a_host_name_in_chinese_does_not_stop_the_server(tmp_path: Path) -> None:
    """Windows laptops are called so; the fingerprint counts, not the name."""
    certificate, _ = tls.make(tmp_path, ["吕梁中心库", "a b", "", "localhost", "127.0.0.1"])
    assert len(tls.fingerprint(certificate)) == 64
