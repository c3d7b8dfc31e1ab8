"""A stock tus client, tuspy: it sends a photo in pieces, is cut off, and another one goes on from the address.

Only the creation is signed; the address that it gives is all that a client needs from then on.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import io
import json
import os
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import pytest
import requests
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError, TusUploadFailed

from sync.central import photos, protocol
from sync.central.requests import sign_request
from sync.receipts import read_receipt
from tests.sync.central.house import central, peer, running, served_identity
from tests.sync.support import device, entries, note

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tusclient.uploader.uploader import Uploader

    from sync.central.app import Central
    from sync.central.serving import Running
    from tests.sync.support import Team

UPLOADS = f"{protocol.PREFIX}/uploads"
PHOTO = bytes(range(256)) * 12_000
SHA256 = hashlib.sha256(PHOTO).hexdigest()
CHUNK = 600_000
TUS = {"Tus-Resumable": "1.0.0"}


SENDING = {"Content-Type": "application/offset+octet-stream"}


def answered(uploader: Uploader) -> dict[str, str]:
    """The headers of the last answer, names in small letters."""
    request: Any = uploader.request
    return dict(request.response_headers)


class Served:
    """A store whose rows name a photo that it lacks."""

    def __init__(self, store: Central, server: Running) -> None:
        self.store = store
        self.server = server
        self.url = f"{server.url}{UPLOADS}"

    def client(self) -> TusClient:
        """A client whose creation is signed."""
        said = requests.get(f"{self.server.url}{protocol.PREFIX}/hello", timeout=30).json()
        signature = sign_request(
            device("one"), server=said["server"], method="POST", path=UPLOADS, nonce=said["nonce"]
        )
        return TusClient(self.url, headers=signature)

    def begin(self, data: bytes = PHOTO) -> Uploader:
        """An uploader that has an address and has sent one piece."""
        uploader: Uploader = self.client().uploader(
            file_stream=io.BytesIO(data), chunk_size=CHUNK, metadata={"sha256": SHA256}
        )
        uploader.upload_chunk()  # type: ignore[no-untyped-call]
        return uploader

    def resume(self, before: Uploader) -> Uploader:
        """Another client that knows the address alone, and signs nothing."""
        uploader: Uploader = TusClient(self.url).uploader(
            file_stream=io.BytesIO(PHOTO), chunk_size=CHUNK, url=before.url
        )
        return uploader


@pytest.fixture
def served(team: Team) -> Iterator[Served]:
    """A server that waits for a photo."""
    one = team.replica("one")
    one.blobs.put(PHOTO)
    note(one, "a", title="1", photo=SHA256)
    store = central(team)
    with running(store) as server:
        there = peer(server, one.identity)
        there.append(entries(one))
        there.connection.close()
        yield Served(store, server)


def test_another_client_goes_on_from_the_address(served: Served) -> None:
    """Cut off after one piece: the address alone is enough, and with the last byte comes the receipt."""
    first = served.begin()
    assert first.offset == CHUNK
    assert served.store.photos.size(SHA256) is None

    second = served.resume(first)
    assert second.offset == CHUNK
    second.upload()

    assert served.store.photos.size(SHA256) == len(PHOTO)
    assert b"".join(served.store.photos.read(SHA256, 0, len(PHOTO))) == PHOTO
    assert served.store.store.missing_photos(("000000",), "", 10) == []
    receipt = answered(second)["inspect-receipt"]
    said = read_receipt(receipt, served_identity().certificate)
    assert [(photo.sha256, photo.size) for photo in said.photos] == [(SHA256, len(PHOTO))]


def test_a_cut_in_the_middle_of_a_piece_keeps_what_came(served: Served) -> None:
    """The server keeps the bytes that arrived; a client that asks is told where to go on."""
    first = served.begin()
    end = CHUNK + 2 * photos.BLOCK

    def broken() -> Iterator[bytes]:
        yield PHOTO[CHUNK:end]
        while served.resume(first).offset == CHUNK:
            time.sleep(0.02)
        raise ConnectionAbortedError

    with pytest.raises(requests.ConnectionError):
        requests.patch(
            str(first.url),
            data=broken(),
            headers=TUS | {"Upload-Offset": str(CHUNK), "Content-Type": "application/offset+octet-stream"},
            timeout=30,
        )

    assert CHUNK < served.resume(first).offset <= end
    until_taken(served.resume(first))
    assert served.store.photos.size(SHA256) == len(PHOTO)


def until_taken(uploader: Uploader) -> None:
    """Go on; the server may still be busy with the connection that broke off."""
    while True:
        try:
            uploader.upload()
        except TusUploadFailed as failed:
            if failed.status_code not in {409, 423}:
                raise
            time.sleep(0.02)
            uploader.offset = uploader.get_offset()
        else:
            return


def test_a_wrong_offset_changes_nothing(served: Served) -> None:
    """409, with the true offset; what was there stays."""
    uploader = served.begin()
    uploader.offset = 2 * CHUNK
    with pytest.raises(TusUploadFailed) as failed:
        uploader.upload_chunk()  # type: ignore[no-untyped-call]

    assert failed.value.status_code == 409
    assert answered(uploader)["upload-offset"] == str(CHUNK)
    assert answered(uploader)["tus-resumable"] == "1.0.0"
    assert served.resume(uploader).offset == CHUNK


def test_more_bytes_than_announced_are_refused(served: Served) -> None:
    """413, whether the client says how many come or not."""
    uploader = served.begin()
    rest = PHOTO[CHUNK:]
    for data in (rest + b"more", iter([rest, b"more"])):
        answer = requests.patch(
            str(uploader.url),
            data=data,
            headers=TUS
            | {
                "Upload-Offset": str(served.resume(uploader).offset),
                "Content-Type": "application/offset+octet-stream",
            },
            timeout=30,
        )
        assert (answer.status_code, answer.json()["code"]) == (413, "size")

    served.resume(uploader).upload()
    assert served.store.photos.size(SHA256) == len(PHOTO)


def test_an_upload_can_be_thrown_away(served: Served) -> None:
    """Termination: the address is no more, nothing of it stays, and a new upload can be begun."""
    uploader = served.begin()
    assert requests.delete(str(uploader.url), headers=TUS, timeout=30).status_code == 204
    assert requests.delete(str(uploader.url), headers=TUS, timeout=30).status_code == 404
    with pytest.raises(TusCommunicationError):
        served.resume(uploader)
    assert list(served.store.photos.staging.iterdir()) == []

    served.resume(served.begin()).upload()
    assert served.store.photos.size(SHA256) == len(PHOTO)


def test_what_nobody_goes_on_with_is_dropped(served: Served) -> None:
    """Expiration: a week after the last byte, whatever file of it is left; one under way stays."""
    old, new = served.begin(), served.begin()
    left = served.store.photos.staging / f"{'x' * 32}.part"
    left.touch()
    past = time.time() - photos.LIFE_S - 60
    for path in served.store.photos.staging.iterdir():
        if path.stem in str(old.url) or path == left:
            os.utime(path, (past, past))
    served.begin()

    with pytest.raises(TusCommunicationError):
        served.resume(old)
    assert not left.exists()
    served.resume(new).upload()
    assert served.store.photos.size(SHA256) == len(PHOTO)


def test_an_unsigned_creation_is_refused(served: Served) -> None:
    """A stranger gets no address."""
    stranger = TusClient(served.url).uploader(
        file_stream=io.BytesIO(PHOTO), chunk_size=CHUNK, metadata={"sha256": SHA256}
    )
    with pytest.raises(TusCommunicationError) as refused:
        stranger.upload()
    assert refused.value.status_code == 401


def test_another_version_of_tus_is_refused(served: Served) -> None:
    """412 with the version that is spoken, and OPTIONS says what there is."""
    uploader = served.begin()
    answer = requests.head(str(uploader.url), headers={"Tus-Resumable": "0.2.2"}, timeout=30)
    assert (answer.status_code, answer.headers["Tus-Version"]) == (412, "1.0.0")
    said = requests.options(served.url, timeout=30)
    assert said.status_code == 204
    assert said.headers["Tus-Extension"] == "creation,termination,expiration"
    assert said.headers["Tus-Max-Size"] == str(protocol.MAX_PHOTO)


def test_the_method_may_be_named_in_a_header(served: Served) -> None:
    """For clients and proxies that can only POST."""
    uploader = served.begin()
    override = TUS | {"X-HTTP-Method-Override": "PATCH"}
    answer = requests.post(
        urljoin(served.url, str(uploader.url)),
        data=PHOTO[CHUNK:],
        headers=override | {"Upload-Offset": str(CHUNK), "Content-Type": "application/offset+octet-stream"},
        timeout=30,
    )
    assert answer.status_code == 204
    assert served.store.photos.size(SHA256) == len(PHOTO)


def test_the_metadata_are_as_tus_has_them(served: Served) -> None:
    """Pairs of name and base64, in any order, beside others; a name without a value is one, too."""
    encoded = base64.b64encode(SHA256.encode()).decode()
    signature = served.client().headers
    answer = requests.post(
        served.url,
        headers=signature
        | TUS
        | {"Upload-Length": "5", "Upload-Metadata": f"filename eC5qcGc=,is_confidential, sha256 {encoded}"},
        timeout=30,
    )
    assert answer.status_code == 201


def test_a_later_request_takes_over_from_a_line_that_hangs(served: Served) -> None:
    """A cut that the server has not noticed does not keep anybody from going on: what came before is kept."""
    first = served.begin()
    end = CHUNK + photos.BLOCK + 1000
    parts = urlsplit(str(first.url))
    hanging = http.client.HTTPConnection(parts.hostname or "", parts.port)
    hanging.putrequest("PATCH", parts.path)
    for name, value in {
        **TUS,
        **SENDING,
        "Upload-Offset": str(CHUNK),
        "Content-Length": str(len(PHOTO) - CHUNK),
    }.items():
        hanging.putheader(name, value)
    hanging.endheaders(PHOTO[CHUNK:end])
    while served.resume(first).offset == CHUNK:
        time.sleep(0.02)

    until_taken(served.resume(first))
    assert served.store.photos.size(SHA256) == len(PHOTO)
    answer = hanging.getresponse()
    assert (answer.status, json.loads(answer.read())["code"]) == (423, "busy")
    hanging.close()
