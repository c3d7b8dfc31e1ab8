"""What the server refuses: who is not of the team, what was altered or repeated, what is too large, what is no message."""

from __future__ import annotations

import base64
import http.client
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from sync.central import protocol
from sync.central.connection import Address, RefusedByServer
from sync.central.requests import CERTIFICATE, sign_request
from sync.changeset import Entry
from sync.errors import MalformedError, PeerError
from sync.keys import EVERYWHERE, Key
from sync.teams import Earlier, Invitation, InviteCode, ask, invitation_id, new_secret
from tests.sync.central.house import central, peer, running, served_identity, sync
from tests.sync.support import (
    AREA,
    FOREIGN_ROOT,
    NOON,
    OTHER_AREA,
    device,
    dump,
    entries,
    note,
    row_id,
)

if TYPE_CHECKING:
    from sync.central.app import Central
    from sync.central.serving import Running
    from sync.identity import Identity
    from tests.sync.support import Team

HEADS = f"{protocol.PREFIX}/heads"
PUSH = f"{protocol.PREFIX}/changesets"
BATCH = {"Content-Type": protocol.BATCH_TYPE, "Content-Encoding": "zstd"}


def asked(
    server: Running, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
) -> tuple[int, dict[str, Any]]:
    """A request as a stranger makes it: (status, JSON)."""
    parts = urlsplit(server.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
    try:
        connection.request(method, path, body or None, headers or {})
        answer = connection.getresponse()
        data = answer.read()
    finally:
        connection.close()
    return answer.status, json.loads(data) if data[:1] == b"{" else {}


def hello(server: Running) -> dict[str, Any]:
    """What the server says of itself."""
    return asked(server, "GET", f"{protocol.PREFIX}/hello")[1]


def signed(server: Running, identity: Identity, method: str, path: str, body: bytes = b"") -> dict[str, str]:
    """The headers of a signed request."""
    said = hello(server)
    return sign_request(identity, server=said["server"], method=method, path=path, body=body, nonce=said["nonce"])


def code(answer: tuple[int, dict[str, Any]]) -> tuple[int, str]:
    """(status, code of the refusal); both sentences must be there."""
    status, said = answer
    assert said["zh"]
    assert said["en"]
    return status, str(said["code"])


def test_without_a_signature_nothing_is_told(team: Team) -> None:
    """Nor with a certificate alone, which is no secret."""
    with running(central(team)) as server:
        assert code(asked(server, "GET", HEADS)) == (401, "unsigned")
        bare = {CERTIFICATE: device("one").jws}
        assert code(asked(server, "GET", HEADS, headers=bare)) == (401, "unsigned")
        forged = {**bare, "Authorization": "Inspect-Tui e30.e30.e30"}
        assert code(asked(server, "GET", HEADS, headers=forged)) == (401, "signature")


def test_a_certificate_of_another_team_is_refused(team: Team) -> None:
    """It is authentic, and of no use here."""
    stranger = device("stranger", root=FOREIGN_ROOT)
    with running(central(team)) as server:
        assert code(asked(server, "GET", HEADS, headers=signed(server, stranger, "GET", HEADS))) == (403, "team")


def test_a_certificate_of_somebody_else_is_refused(team: Team) -> None:
    """A request signed by one key under the certificate of another device."""
    thief = replace(device("thief"), jws=device("one").jws)
    with running(central(team)) as server:
        assert code(asked(server, "GET", HEADS, headers=signed(server, thief, "GET", HEADS))) == (401, "signature")


def test_an_expired_certificate_is_refused_by_the_servers_clock(team: Team) -> None:
    """And one that is not valid yet; what a laptop's clock says does not matter."""
    expired = device("old", expires=NOON - 1)
    early = device("early", issued=NOON + 1)
    with running(central(team, now=lambda: NOON)) as server:
        for identity in (expired, early):
            assert code(asked(server, "GET", HEADS, headers=signed(server, identity, "GET", HEADS))) == (
                403,
                "expired",
            )


def test_a_revoked_device_is_refused_and_what_it_wrote_before_stays(team: Team) -> None:
    """Its changes up to the revocation count, its requests are answered no more."""
    admin, lost = team.replica("admin"), team.replica("lost")
    note(lost, "a", title="1")
    store = central(team)
    with running(store) as server:
        sync(lost, server)
        sync(admin, server)
        admin.revoke(EVERYWHERE, device("lost").device, reason="lost", officer="1", time_ms=NOON)
        sync(admin, server)
        note(lost, "b", title="2")
        with pytest.raises(RefusedByServer) as refused:
            sync(lost, server)

    assert refused.value.code == "revoked"
    assert [json.loads(line)[1]["title"] for line in store.store.dump() if '"notes"' in line] == ["1"]


def test_altered_requests_are_refused(team: Team) -> None:
    """Another path, another method, another body, another server."""
    one = device("one")
    pull = f"{PUSH}/pull"
    with running(central(team)) as server:
        headers = signed(server, one, "GET", HEADS)
        assert code(asked(server, "GET", f"{protocol.PREFIX}/refused", headers=headers)) == (401, "altered")
        headers = signed(server, one, "POST", pull, b'{"known": []}') | {"Content-Type": "application/json"}
        assert code(asked(server, "POST", pull, b'{"known":  []}', headers)) == (401, "altered")
        nonce = hello(server)["nonce"]
        elsewhere = sign_request(one, server="0" * 20, method="GET", path=HEADS, nonce=nonce)
        assert code(asked(server, "GET", HEADS, headers=elsewhere)) == (401, "altered")


def test_a_replayed_request_is_refused(team: Team) -> None:
    """The very same bytes a second time."""
    with running(central(team)) as server:
        headers = signed(server, device("one"), "GET", HEADS)
        assert asked(server, "GET", HEADS, headers=headers)[0] == 200
        assert code(asked(server, "GET", HEADS, headers=headers)) == (401, "replayed")


def test_an_old_request_is_refused(team: Team) -> None:
    """A request that was recorded and sent later than its nonce is good for."""
    time = [NOON]
    with running(central(team, now=lambda: time[0])) as server:
        headers = signed(server, device("one"), "GET", HEADS)
        time[0] += 11 * 60_000
        assert code(asked(server, "GET", HEADS, headers=headers)) == (401, "nonce")


def test_a_wrong_area_enters_and_does_not_count_and_both_ends_are_told(team: Team) -> None:
    """An inspector's change in an area that the certificate does not cover."""
    inspector = team.replica("inspector", device("inspector", role="inspector", areas=(AREA,)))
    version = note(inspector, "a", area=OTHER_AREA, title="1")
    store = central(team)
    with running(store) as server:
        done = sync(inspector, server)
        again = sync(inspector, server)

    assert done.not_counting == {version: "area"}
    assert [each.version for each in store.store.refused_changes((EVERYWHERE,), 10)] == [version]
    assert not any('"notes"' in line for line in store.store.dump())
    assert again.requests <= 5


def test_an_inspector_approving_is_refused_by_the_table_and_told(team: Team) -> None:
    """Reviews are written by supervisors: the change stays in the log and has no effect."""
    from sync.replica import Edit

    inspector = team.replica("inspector", device("inspector", role="inspector"))
    version = inspector.write(AREA, [Edit("reviews", row_id("r"), {"remark": "ok"})], officer="1", time_ms=NOON)
    with running(central(team)) as server:
        done = sync(inspector, server)

    assert done.not_counting == {version: "role"}


def test_an_auditor_may_look_and_not_send(team: Team) -> None:
    """Pull is answered, push is not."""
    admin = team.replica("admin")
    note(admin, "a", title="1")
    auditor = team.replica("auditor", device("auditor", role="auditor"))
    with running(central(team)) as server:
        sync(admin, server)
        assert sync(auditor, server).received.appended == 1
        there = peer(server, auditor.identity)
        with pytest.raises(RefusedByServer) as refused:
            there.append(entries(admin))
        there.connection.close()

    assert refused.value.code == "role"


def test_forged_chains_do_not_enter(team: Team) -> None:
    """A changed byte, a signature of another key, a body that is no changeset: named, and the rest comes in."""
    admin = team.replica("admin")
    note(admin, "a", title="1")
    note(admin, "b", title="2")
    first, second = entries(admin)
    forged = [
        first,
        Entry(second.body.replace(b'"2"', b'"3"'), second.signature),
        Entry(second.body, bytes(64)),
        Entry(b"{}", bytes(64)),
    ]
    store = central(team)
    with running(store) as server:
        there = peer(server, device("one"))
        outcome = there.append(forged)
        there.connection.close()

    assert outcome.appended == 1
    assert len(outcome.refused) == 3
    assert store.store.counts().changesets == 1


def test_large_bodies_bombs_and_wrong_types_are_refused(team: Team) -> None:
    """Before they are read, or as soon as they grow beyond what is allowed."""
    one = device("one")
    bomb = zstandard.ZstdCompressor(level=19).compress(bytes(1 << 30))
    many = protocol.pack([Entry(b"{}", bytes(64))] * (protocol.MAX_BATCH + 1))
    with running(central(team)) as server:
        for body, expected in (
            (bytes(protocol.MAX_BODY + 1), (413, "size")),
            (bomb, (400, "malformed")),
            (many, (400, "malformed")),
            (b"\x28\xb5\x2f\xfd nonsense", (400, "malformed")),
            (b"", (400, "malformed")),
        ):
            headers = signed(server, one, "POST", PUSH, body) | BATCH
            assert code(asked(server, "POST", PUSH, body, headers)) == expected
        body = protocol.pack([])
        headers = signed(server, one, "POST", PUSH, body)
        assert code(asked(server, "POST", PUSH, body, headers | {"Content-Type": "text/plain"})) == (415, "media")
        plain = headers | {"Content-Type": protocol.BATCH_TYPE}
        assert code(asked(server, "POST", PUSH, body, plain))[0] in {401, 415}


def test_too_many_requests_are_put_off(team: Team) -> None:
    """A device that asks without end is told when to come again; others are answered."""
    with running(central(team, requests_a_minute=5)) as server:
        for _ in range(5):
            assert asked(server, "GET", HEADS, headers=signed_once(server, "one"))[0] == 200
        assert code(asked(server, "GET", HEADS, headers=signed_once(server, "one"))) == (429, "rate")
        assert asked(server, "GET", HEADS, headers=signed_once(server, "two"))[0] == 200


_said: dict[str, Any] = {}


def signed_once(server: Running, name: str) -> dict[str, str]:
    """As `signed`, asking who the server is only once: that counts, too."""
    if _said.get("url") != server.url:
        _said.update(hello(server), url=server.url)
    return sign_request(device(name), server=_said["server"], method="GET", path=HEADS, nonce=_said["nonce"])


@pytest.mark.parametrize(
    "path",
    [
        "/v1/photos/../../etc/passwd",
        "/v1/photos/..%2f..%2fdevice.key",
        "/v1/photos/%2e%2e",
        "/v1/uploads/../../../etc/passwd",
        "/v1/uploads/..%2Fdevice.key",
        "/%2e%2e/device.key",
        "/v1/photos/" + "a" * 64 + "%00",
        "/device.key",
    ],
)
def test_path_tricks_lead_nowhere(team: Team, path: str) -> None:
    """Nothing of a path is ever a file's name."""
    tus = {"Tus-Resumable": "1.0.0"}
    with running(central(team)) as server:
        headers = signed(server, device("one"), "GET", path)
        status, said = asked(server, "GET", path, headers=headers | tus)
        assert status in {401, 404, 405}
        assert "code" in said
        assert asked(server, "HEAD", path, headers=tus)[0] in {401, 404, 405}


def upload(server: Running, identity: Identity, sha256: str, size: int) -> tuple[int, dict[str, Any]]:
    """Begin an upload."""
    path = f"{protocol.PREFIX}/uploads"
    metadata = base64.b64encode(sha256.encode()).decode()
    headers = signed(server, identity, "POST", path) | {
        "Tus-Resumable": "1.0.0",
        "Upload-Length": str(size),
        "Upload-Metadata": f"sha256 {metadata}",
    }
    return asked(server, "POST", path, headers=headers)


def test_photos_nobody_names_are_not_taken_and_others_areas_not_given(team: Team) -> None:
    """The store is no place to leave files, nor to fetch other counties' evidence."""
    admin = team.replica("admin")
    sha256 = admin.blobs.put(b"evidence")
    note(admin, "a", area=OTHER_AREA, title="1", photo=sha256)
    inspector = device("inspector", role="inspector", areas=(AREA,))
    with running(central(team)) as server:
        sync(admin, server)
        assert code(upload(server, inspector, "0" * 64, 5)) == (403, "unwanted")
        assert code(upload(server, inspector, sha256, 8)) == (403, "unwanted")
        assert code(upload(server, device("two"), sha256, protocol.MAX_PHOTO + 1)) == (413, "size")
        assert code(upload(server, device("two"), "../../x", 5)) == (400, "malformed")
        path = f"{protocol.PREFIX}/photos/{sha256}"
        assert code(asked(server, "GET", path, headers=signed(server, inspector, "GET", path))) == (
            404,
            "not_found",
        )
        assert asked(server, "GET", path, headers=signed(server, device("two"), "GET", path))[0] == 200


def test_bytes_that_are_not_the_photo_are_thrown_away(team: Team) -> None:
    """What hashes to something else never gets the photo's name."""
    admin = team.replica("admin")
    sha256 = admin.blobs.put(b"evidence")
    note(admin, "a", title="1", photo=sha256)
    store = central(team)
    with running(store) as server:
        there = peer(server, admin.identity)
        there.append(entries(admin))
        there.connection.close()
        parts = urlsplit(server.url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
        metadata = base64.b64encode(sha256.encode()).decode()
        tus = {"Tus-Resumable": "1.0.0"}
        start = signed(server, device("admin"), "POST", "/v1/uploads") | tus
        connection.request(
            "POST", "/v1/uploads", None, start | {"Upload-Length": "8", "Upload-Metadata": f"sha256 {metadata}"}
        )
        begun = connection.getresponse()
        begun.read()
        where = begun.headers["Location"]
        going = tus | {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
        connection.request("PATCH", where, b"forgery!", going)
        answer = connection.getresponse()
        said = json.loads(answer.read())
        connection.close()

    assert (answer.status, said["code"]) == (460, "checksum")
    assert store.photos.size(sha256) is None


def invited(store: Central, **changes: Any) -> str:
    """The secret of an invitation that the store keeps."""
    secret = new_secret()
    offer = Invitation(role="inspector", areas=(AREA,), expires=NOON * 2)
    offer = msgspec.structs.replace(offer, **changes)
    store.store.invite(invitation_id(secret), msgspec.json.encode(offer), offer.expires)
    return secret


def joins(server: Running, store: Central, secret: str, key: Key, **said: Any) -> tuple[int, dict[str, Any]]:
    """A request to join."""
    request = ask(key, "laptop", team=store.store.team, secret=secret, **said)
    body = msgspec.json.encode(request)
    return asked(server, "POST", "/v1/join", body, {"Content-Type": "application/json"})


def test_an_invitation_works_once_and_for_the_same_device_again(team: Team) -> None:
    """A cut join is repeated; another device with the same code is refused, and so is a guessed or an old code."""
    store = central(team)
    one, two = Key.generate(), Key.generate()
    with running(store) as server:
        secret = invited(store)
        assert joins(server, store, secret, one)[0] == 200
        assert joins(server, store, secret, one)[0] == 200
        assert code(joins(server, store, secret, two)) == (403, "invitation")
        assert code(joins(server, store, new_secret(), two)) == (403, "invitation")
        assert code(joins(server, store, invited(store, expires=5), two)) == (403, "invitation")


def test_a_join_request_is_good_for_its_key_and_team_alone(team: Team) -> None:
    """Somebody else's key, a changed name, another team: the proof does not hold."""
    store = central(team)
    with running(store) as server:
        secret = invited(store)
        request = ask(Key.generate(), "laptop", team=store.store.team, secret=secret)
        elsewhere = ask(Key.generate(), "laptop", team="0" * 32, secret=secret)
        for wrong in (
            msgspec.structs.replace(request, name="other"),
            msgspec.structs.replace(request, key=Key.generate().public.hex()),
            elsewhere,
        ):
            answer = asked(
                server, "POST", "/v1/join", msgspec.json.encode(wrong), {"Content-Type": "application/json"}
            )
            assert code(answer) == (403, "signature")


def test_a_server_without_the_root_key_lets_nobody_in(team: Team) -> None:
    """It says so, and names the other way."""
    store = central(team)
    store.identity = served_identity(root=False)
    with running(store) as server:
        assert code(joins(server, store, invited(store), Key.generate())) == (409, "no_root")


def test_nobody_brings_records_of_other_areas_along(team: Team) -> None:
    """What a joining device wrote before counts only where it is invited to work."""
    foreign = team.replica("foreign", device("foreign", root=FOREIGN_ROOT))
    mine = note(foreign, "a", area=AREA, title="mine")
    other = note(foreign, "b", area=OTHER_AREA, title="not mine")
    store = central(team)
    earlier = Earlier(team=foreign.team, name="foreign", heads={AREA: [mine], OTHER_AREA: [other]})
    with running(store) as server:
        assert joins(server, store, invited(store), Key.generate(), earlier=[earlier])[0] == 200
        store.store.append(entries(foreign))

    assert [json.loads(line)[1]["title"] for line in store.store.dump() if '"notes"' in line] == ["mine"]


def test_only_administrators_invite_and_only_within_their_areas(team: Team) -> None:
    """An inspector does not, and an administrator of one county does not invite for another."""
    path = "/v1/invitations"
    offer = Invitation(role="inspector", areas=(OTHER_AREA,), expires=NOON)
    body = msgspec.json.encode({"id": "0" * 32, "invitation": msgspec.to_builtins(offer)})
    with running(central(team)) as server:
        for identity, expected in (
            (device("inspector", role="inspector"), (403, "role")),
            (device("county", areas=(AREA,)), (403, "area")),
        ):
            headers = signed(server, identity, "POST", path, body) | {"Content-Type": "application/json"}
            assert code(asked(server, "POST", path, body, headers)) == expected
        headers = signed(server, device("admin"), "POST", path, body) | {"Content-Type": "application/json"}
        assert asked(server, "POST", path, body, headers)[0] == 201


def test_metrics_are_for_this_machine(team: Team) -> None:
    """Figures only, and not through a proxy."""
    with running(central(team)) as server:
        assert asked(server, "GET", "/metrics")[0] == 200
        assert code(asked(server, "GET", "/metrics", headers={"X-Forwarded-For": "10.0.0.9"})) == (403, "far")


@given(st.binary(max_size=2000))
def test_any_bytes_are_a_batch_or_refused(data: bytes) -> None:
    """Never anything but entries or one sentence."""
    try:
        assert all(isinstance(entry, Entry) for entry in protocol.unpack(data))
    except MalformedError as error:
        assert error.zh  # noqa: PT017  either outcome is good
    try:
        packed = zstandard.ZstdCompressor().compress(data)
        assert all(isinstance(entry, Entry) for entry in protocol.unpack(packed))
    except MalformedError as error:
        assert error.en  # noqa: PT017


@given(st.text(max_size=300))
def test_any_text_is_a_code_or_refused(text: str) -> None:
    """Of an invitation."""
    for tried in (text, f"ITUI1-{text}"):
        with pytest.raises(MalformedError):
            InviteCode.read(tried)


def test_a_code_survives_being_typed() -> None:
    """Spaces, line breaks, small letters; and one wrong letter is noticed."""
    made = InviteCode("https://central.example:8765", "ab" * 32, "cd" * 16, new_secret())
    text = made.text()
    assert InviteCode.read(text) == made
    assert InviteCode.read(f" {text[:20].lower()} \n {text[20:]} ") == made
    wrong = text[:-9] + ("A" if text[-9] != "A" else "B") + text[-8:]
    with pytest.raises(MalformedError):
        InviteCode.read(wrong)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "central",
        "ftp://x",
        "https://",
        "http://central.example",
        "https://u:p@x",
        "https://x:99999",
        "https://x?a",
    ],
)
def test_addresses_that_cannot_be_used_are_told(url: str) -> None:
    """Records never go over an open network without encryption."""
    with pytest.raises(PeerError):
        Address(url).checked()


def test_a_store_and_a_device_stay_the_same_after_all_that(team: Team) -> None:
    """Refusals leave nothing behind."""
    admin = team.replica("admin")
    note(admin, "a", title="1")
    store = central(team)
    with running(store) as server:
        sync(admin, server)
        before = list(store.store.dump())
        asked(server, "POST", PUSH, b"x" * 1000, signed(server, device("one"), "POST", PUSH, b"x" * 1000) | BATCH)
        asked(server, "DELETE", HEADS)
        asked(server, "GET", "/v1/nowhere")

    assert list(store.store.dump()) == before == dump(admin)
