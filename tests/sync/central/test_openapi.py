"""The description of the server: it is OpenAPI 3.1, changes only on purpose, and whatever fits it or not is answered.

`INSPECT_TUI_EXAMPLES` sets how many requests are made of each operation. `GOLDEN_UPDATE=1` writes the description anew.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from schemathesis import checks
from schemathesis.config import GenerationConfig, ProjectConfig, ProjectsConfig, SchemathesisConfig

from sync.central import protocol
from sync.central.photos import Uploads
from sync.central.requests import NONCE, sign_request
from sync.changeset import Change, nfc
from tests.sync.central.conftest import Stores
from tests.sync.central.house import central, over, running, served_identity
from tests.sync.support import AREA, FOREIGN_ROOT, Author, Team, device, entries, note, row_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sync.central.app import Central
    from sync.central.serving import Running

GOLDEN = Path(__file__).with_name("openapi.json")
EXAMPLES = int(os.environ.get("INSPECT_TUI_EXAMPLES", "60"))
PHOTO = b"evidence" * 100
ASKERS = (
    device("one"),
    device("inspector", role="inspector", areas=(AREA,)),
    device("auditor", role="auditor"),
    device("stranger", root=FOREIGN_ROOT),
    None,
)
"""Who asks in turn: None signs nothing."""


class Signing(requests.auth.AuthBase):
    """Signs what is about to be sent, bytes as they are."""

    def __init__(self, url: str) -> None:
        self.hello = requests.get(f"{url}{protocol.PREFIX}/hello", timeout=30).json()
        self.nonce = self.hello["nonce"]
        self.count = 0

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the headers."""
        self.count += 1
        asker = ASKERS[self.count % len(ASKERS)]
        if asker is not None:
            body: Any = request.body or b""
            signature = sign_request(
                asker,
                server=self.hello["server"],
                method=request.method or "",
                path=request.path_url,
                body=body.encode() if isinstance(body, str) else body,
                nonce=self.nonce,
            )
            request.headers.update(signature)
        return request

    def learn(self, answer: requests.Response, **_: Any) -> None:
        """Take the newest nonce."""
        self.nonce = answer.headers.get(NONCE, self.nonce)


class Asking:
    """A server with something in it, and a session that signs."""

    def __init__(self, store: Central, server: Running, sha256: str) -> None:
        self.store = store
        self.url = server.url
        self.sha256 = sha256
        self.uploads = Uploads(store.photos.staging)
        self.signing = Signing(server.url)
        self.session = requests.Session()
        self.session.auth = self.signing
        self.session.hooks["response"].append(self.signing.learn)
        self.begin()

    def begin(self) -> None:
        """Begin an upload."""
        self.upload = self.uploads.begin(self.sha256, len(PHOTO), "")

    def point(self, case: schemathesis.Case[Any]) -> None:
        """Every other request is about something that is there."""
        if self.signing.count % 2:
            return
        if "id" in case.path_parameters:
            if self.uploads.find(self.upload.id) is None:
                self.begin()
            case.path_parameters["id"] = self.upload.id
        if "Content-Encoding" in case.headers:
            case.headers["Content-Encoding"] = protocol.ZSTD
        if "sha256" in case.path_parameters:
            case.path_parameters["sha256"] = self.sha256


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def asking(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asking]:
    """One server for all of it, over each driver in turn."""
    team = Team(tmp_path_factory.mktemp("openapi"))
    postgres = request.getfixturevalue("postgres") if request.param == "postgres" else None
    stores = Stores(request.param, team, postgres)
    one = team.replica("one")
    sha256 = one.blobs.put(PHOTO)
    note(one, "a", title="1", photo=sha256)
    note(one, "a", title="2")
    store = stores.new()
    store.append(entries(one))
    served = over(store, team.folder / "photos", served_identity(), requests_a_minute=10**9)
    with running(served) as server:
        made = Asking(served, server, sha256)
        yield made
        made.session.close()
    stores.close()
    team.close()


def described(team: Team) -> Any:
    """The description, as a stranger gets it."""
    with running(central(team)) as server:
        answer = requests.get(f"{server.url}{protocol.PREFIX}/openapi.json", timeout=30)
    assert answer.headers["content-type"] == "application/json"
    return answer.json()


def test_the_description_is_openapi(team: Team) -> None:
    """It is valid OpenAPI 3.1, its schemas are valid, and every operation has an answer and a name of its own."""
    said = described(team)
    assert said["openapi"] == "3.1.0"
    for name, schema in said["components"]["schemas"].items():
        jsonschema.Draft202012Validator.check_schema(schema)
        assert name
    operations = [each for path in said["paths"].values() for each in path.values()]
    names = [each["operationId"] for each in operations]
    assert len(set(names)) == len(names)
    assert all(each["responses"] for each in operations)
    schemathesis.openapi.from_dict(said).validate()


def test_the_description_changes_only_on_purpose(team: Team) -> None:
    """Clients of others are built on it: what it says stands in a golden file."""
    said = described(team)
    text = json.dumps(said, ensure_ascii=False, indent=1) + "\n"
    if os.environ.get("GOLDEN_UPDATE"):
        GOLDEN.write_text(text, encoding="utf-8")
    assert text == GOLDEN.read_text(encoding="utf-8")


CHUNK_TYPE = "application/offset+octet-stream"
schemathesis.serializer.alias([protocol.BATCH_TYPE, CHUNK_TYPE], "application/octet-stream")


@st.composite
def batches(draw: st.DrawFn) -> bytes:
    """Changesets as a device would send them, and what a broken or malicious one makes of them."""
    author = Author(device("one" if draw(st.booleans()) else "other"))
    said = []
    for _ in range(draw(st.integers(0, 3))):
        change = Change(
            row=row_id(draw(st.sampled_from("ab"))), seen={}, set={"title": nfc(draw(st.text()))}, table="notes"
        )
        body = bytearray(author.body([change]))
        if draw(st.booleans()):
            body[draw(st.integers(0, len(body) - 1))] = draw(st.integers(0, 255))
        said.append(author.step(bytes(body), key=draw(st.sampled_from([None, FOREIGN_ROOT]))))
    return protocol.pack(said)


schemathesis.openapi.media_type(protocol.BATCH_TYPE, st.one_of(st.binary(), batches()))
schemathesis.openapi.media_type(CHUNK_TYPE, st.binary())

schema = schemathesis.openapi.from_path(
    GOLDEN,
    config=SchemathesisConfig(
        projects=ProjectsConfig(default=ProjectConfig(generation=GenerationConfig(with_security_parameters=False)))
    ),
)


@schema.parametrize()
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_is_asked_is_answered_as_described(case: schemathesis.Case[Any], asking: Asking) -> None:
    """No request makes the server fail, and every answer has a status, a type and a shape that the description names."""
    asking.point(case)
    answer = case.call(base_url=asking.url, session=asking.session)
    case.validate_response(
        answer,
        checks=[
            checks.not_a_server_error,
            checks.status_code_conformance,
            checks.content_type_conformance,
            checks.response_schema_conformance,
            checks.response_headers_conformance,
        ],
    )


def test_nothing_of_all_that_has_harmed_the_store(asking: Asking) -> None:
    """What is in the log is sound, the photo that nobody sent is not there, and nobody was let in; runs last."""
    before = list(asking.store.store.dump())
    asking.store.store.rebuild()
    assert list(asking.store.store.dump()) == before
    left = [path.name for path in asking.store.photos.staging.iterdir()]
    assert all(name.endswith((".json", ".part")) for name in left)
    assert asking.store.photos.size(asking.sha256) is None
    assert all(taken is None for *_, taken in asking.store.store.invitations())
