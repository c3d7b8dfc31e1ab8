"""Real changesets, spoilt in every way that Hypothesis finds: the door says what they are or refuses them in a sentence.

`INSPECT_TUI_EXAMPLES` sets how many are tried.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sync.changeset import FORMAT, MAX_BYTES, Change, Entry, canonical_value, decode
from sync.door import read
from sync.errors import MalformedError, PeerError
from sync.replica import Replica
from tests.sync.support import SCHEMA, Author, device, dump, offer, row_id

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLES = int(os.environ.get("INSPECT_TUI_EXAMPLES", "300"))


def said() -> list[Entry]:
    """Changesets of every kind that the programme makes: the first of a chain, later ones, several rows, all kinds of cells."""
    author = Author(device("one"))
    row, other = row_id("a"), row_id("b")
    made = [
        author.say(Change(row=row, seen={}, set={"title": "煤堆未苫盖", "count": -3}, table="notes")),
    ]
    first = author.version
    made.append(
        author.say(
            Change(row=row, seen={"title": [first]}, set={"title": 'é\n"\\\u2028😀'}, table="notes"),
            Change(row=other, seen={}, set={"measurement": {"value": "0.5", "unit": "mg/m³"}}, table="notes"),
        )
    )
    made.append(
        author.say(
            Change(
                row=other,
                seen={},
                set={"tags": ["u", {"k": 1, "l": None, "m": True}], "photo": "ab" * 32},
                table="notes",
            ),
            Change(row=row, seen={}, set={"remark": "x"}, table="reviews"),
        )
    )
    made.append(
        author.say(
            Change(
                row=row,
                seen={"void": [first], "title": [author.version]},
                set={"void": {"void_reason": "错录", "void_at": "1", "void_by": "9"}},
                table="notes",
            )
        )
    )
    return made


SAID = said()
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from(["", "\0", "e\u0301"]),
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=4,
)


@st.composite
def spoilt_bytes(draw: st.DrawFn) -> bytes:
    """Bytes changed, cut out, put in, and two changesets spliced."""
    body = bytearray(draw(st.sampled_from(SAID)).body)
    for kind in draw(st.lists(st.sampled_from(["set", "cut", "put", "splice"]), min_size=1, max_size=3)):
        place = draw(st.integers(0, len(body)))
        match kind:
            case "set" if place < len(body):
                body[place] = draw(st.integers(0, 255))
            case "cut":
                del body[place : place + draw(st.integers(1, 40))]
            case "put":
                body[place:place] = draw(st.binary(max_size=8))
            case _:
                body[place:] = draw(st.sampled_from(SAID)).body[place:]
    return bytes(body)


@st.composite
def spoilt_meaning(draw: st.DrawFn) -> bytes:
    """A part of what is said replaced, left out or added, and all of it in the permitted encoding again."""
    tree = json.loads(draw(st.sampled_from(SAID)).body)
    for _ in range(draw(st.integers(1, 2))):
        part: Any = tree
        while isinstance(part, dict | list) and part:
            keys = sorted(part) if isinstance(part, dict) else range(len(part))
            key: Any = draw(st.sampled_from(list(keys)))
            below = part[key]
            if not isinstance(below, dict | list) or not below or draw(st.booleans()):
                match draw(st.sampled_from(["replace", "drop", "add", "copy"])):
                    case "replace":
                        part[key] = draw(values)
                    case "drop":
                        del part[key]
                    case "add" if isinstance(part, dict):
                        part[draw(st.text(max_size=4))] = draw(values)
                    case _ if isinstance(part, list):
                        part.append(below)
                    case _:
                        part[key] = [below] * draw(st.integers(0, 70))
                break
            part = below
    text = json.dumps(tree, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode(errors="surrogatepass")


bodies = st.one_of(spoilt_bytes(), spoilt_meaning(), spoilt_meaning())


@settings(max_examples=EXAMPLES, deadline=None)
@given(bodies)
def test_a_spoilt_changeset_is_read_as_it_stands_or_refused(body: bytes) -> None:
    """What passes says exactly these bytes; nothing but a sentence in both languages comes of the rest."""
    try:
        changeset = decode(body)
    except MalformedError as error:
        assert error.zh  # noqa: PT017  either outcome is good
        assert error.en  # noqa: PT017
        with pytest.raises(PeerError):
            read(Entry(body, bytes(64)))
        return
    arrival = read(Entry(body, bytes(64)))
    assert (arrival.body, arrival.seq, arrival.area) == (body, changeset.header.seq, changeset.header.area)
    assert changeset.header.format > FORMAT or canonical_value(changeset) == body


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.binary(max_size=300), st.integers(0, 200))
def test_any_bytes_are_refused(data: bytes, size: int) -> None:
    """Nothing that no programme of ours has made passes by chance."""
    for body in (data, SAID[0].body[:size] + data, b"[" * size + data):
        if body != SAID[0].body:
            with pytest.raises(MalformedError):
                decode(body)


def test_a_changeset_that_is_too_large_is_not_even_read() -> None:
    """A mebibyte is the most, whatever stands in it; depth does not matter either."""
    for body in (b" " * (MAX_BYTES + 1), b"[" * MAX_BYTES, b'{"a":' * (MAX_BYTES // 5), b"9" * MAX_BYTES):
        with pytest.raises(MalformedError):
            decode(body)


@pytest.fixture(scope="module")
def replica() -> Iterator[Replica]:
    """A replica that has the first changeset."""
    folder = Path(tempfile.mkdtemp(prefix="door-"))
    made = Replica.create(folder / "workspace.db", SCHEMA, device("here"), folder / "photos")
    made.connection.execute("PRAGMA synchronous = OFF")
    offer(made, SAID[:1])
    yield made
    made.close()
    shutil.rmtree(folder)


@settings(max_examples=EXAMPLES // 2, deadline=None, suppress_health_check=list(HealthCheck))
@given(tried=st.lists(bodies, min_size=1, max_size=3), keep=st.booleans())
def test_nothing_spoilt_enters_the_log(tried: list[bytes], keep: bool, replica: Replica) -> None:
    """Beside good changesets or alone, with the signature of the true one: each is named, and the tables stay as they are."""
    before, count = dump(replica), replica.status().changesets
    true = {entry.body for entry in SAID}
    spoilt = [Entry(body, SAID[0].signature) for body in tried if body not in true]
    outcome = offer(replica, [*SAID[:1], *spoilt] if keep else spoilt)

    assert outcome.appended == outcome.held == 0
    assert len({refusal.version for refusal in outcome.refused}) == len({entry.body for entry in spoilt})
    assert all(refusal.error.zh and refusal.error.en for refusal in outcome.refused)
    assert dump(replica) == before
    assert replica.status().changesets == count


@settings(max_examples=EXAMPLES // 4, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(spoilt_meaning(), min_size=1, max_size=4))
def test_what_a_device_signs_itself_is_folded_or_refused(bodies: list[bytes]) -> None:
    """A hostile member signs nonsense with its own key: it counts or not, the tables stay those of the log."""
    folder = Path(tempfile.mkdtemp(prefix="door-"))
    replica = Replica.create(folder / "workspace.db", SCHEMA, device("here"), folder / "photos")
    replica.connection.execute("PRAGMA synchronous = OFF")
    try:
        author = Author(device("one"))
        offer(replica, [*SAID, *(author.step(body) for body in bodies)])
        before = dump(replica)
        replica.rebuild()
        assert dump(replica) == before
    finally:
        replica.close()
        shutil.rmtree(folder)
