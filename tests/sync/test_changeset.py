"""The encoding of a changeset: one form and no other, the same bytes as Python's own JSON, and golden vectors."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from sync.changeset import MAX_BYTES, Changeset, decode, digest, encode, nfc, version_of
from sync.door import read
from sync.errors import CertificateError, MalformedError, SignatureError
from sync.ids import derived_id, new_id
from sync.keys import Key, certificate_id, read_certificate, signed
from tests.sync import golden
from tests.sync.support import (
    AREA,
    FOREIGN_ROOT,
    ROOT,
    Author,
    Team,
    change,
    device,
    entries,
    offer,
    row_id,
    versions,
)

if TYPE_CHECKING:
    from collections.abc import Callable

VECTORS = Path(__file__).with_name("vectors.json")
BODY = Author(device("writer")).body([change("a", {"title": "检查 é", "count": 5}, {"title": [], "count": []})])
TREE = json.loads(BODY)
V = "0" * 20 + ":1:" + "0" * 32

Json = dict[str, Any]


def dumps(tree: Any) -> bytes:
    """The reference encoder: the standard library's."""
    return json.dumps(tree, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def put(path: str, value: Any) -> bytes:
    """The body with another value at a path such as `header.seq` or `changes.0.row`; `...` takes the key away."""
    tree: Any = json.loads(BODY)
    at = tree
    *way, last = path.split(".")
    for step in way:
        at = at[int(step)] if isinstance(at, list) else at[step]
    if value is ...:
        del at[last]
    else:
        at[last] = value
    return dumps(tree)


def swap(old: str, new: str) -> bytes:
    """The body with some text of it replaced."""
    assert old in BODY.decode()
    return BODY.decode().replace(old, new, 1).encode()


REFUSED: dict[str, bytes] = {
    "empty": b"",
    "no JSON": b"{",
    "another document": b"[]",
    "trailing bytes": BODY + b" ",
    "trailing line break": BODY + b"\n",
    "byte order mark": b"\xef\xbb\xbf" + BODY,
    "UTF-16": BODY.decode().encode("utf-16"),
    "invalid UTF-8": BODY.replace("é".encode(), b"\xc3"),
    "overlong UTF-8": BODY.replace("é".encode(), b"\xc1\xa9"),
    "UTF-8 surrogate": BODY.replace("é".encode(), b"\xed\xa0\x80"),
    "lone surrogate escape": swap("é", "\\ud800"),
    "duplicate key in the header": swap('"format":1', '"format":1,"format":1'),
    "duplicate cell": swap('"count":5', '"count":5,"count":5'),
    "duplicate key at the top": swap('{"changes":', '{"changes":[],"changes":'),
    "float": swap('"count":5', '"count":5.0'),
    "exponent": swap('"count":5', '"count":1e5'),
    "capital exponent": swap('"count":5', '"count":1E5'),
    "minus zero": swap('"count":5', '"count":-0'),
    "leading zero": swap('"count":5', '"count":05'),
    "plus sign": swap('"count":5', '"count":+5'),
    "NaN": swap('"count":5', '"count":NaN'),
    "infinity": swap('"count":5', '"count":-Infinity'),
    "above 2^53": put("changes.0.set.count", 2**53 + 1),
    "below -2^53": put("changes.0.set.count", -(2**53) - 1),
    "very large": put("changes.0.set.count", 10**400),
    "nested large": put("changes.0.set.count", [2**60]),
    "U+0000": put("changes.0.set.title", "a\0b"),
    "U+0000 in a key": put("changes.0.set.count", {"a\0": 1}),
    "NFD": put("changes.0.set.title", "e\u0301"),
    "NFD in a key": put("changes.0.set.count", {"e\u0301": 1}),
    "compatibility ideograph that is not NFC": put("changes.0.set.title", "\uf900"),
    "white space": json.dumps(TREE, ensure_ascii=False, sort_keys=True).encode(),
    "white space inside": swap('"count":5', '"count": 5'),
    "ASCII escapes": json.dumps(TREE, sort_keys=True, separators=(",", ":")).encode(),
    "needless escape": swap("é", "\\/"),
    "capital hex in an escape": put("changes.0.set.title", "\x1b").replace(b"\\u001b", b"\\u001B"),
    "long form of a short escape": put("changes.0.set.title", "\n").replace(b"\\n", b"\\u000a"),
    "raw control character": put("changes.0.set.title", "\n").replace(b"\\n", b"\n"),
    "key order": json.dumps(dict(reversed(TREE.items())), ensure_ascii=False, separators=(",", ":")).encode(),
    "key order of cells": swap('"count":5,"title":"检查 é"', '"title":"检查 é","count":5'),
    "comment": swap('"count":5', '"count":5/**/'),
    "too large": put("changes.0.set.title", "x" * MAX_BYTES),
    "deep nesting": BODY.replace(b'"count":5', b'"count":' + b"[" * 100_000 + b"]" * 100_000),
    "nesting beyond two levels": put("changes.0.set.count", [[[1]]]),
    "unknown field in the header": put("header.more", 1),
    "unknown field in a change": put("changes.0.more", 1),
    "unknown field at the top": put("more", 1),
    "no changes": put("changes", []),
    "a change that sets nothing": put("changes.0.set", {}),
    "a cell twice in one changeset": dumps({**TREE, "changes": TREE["changes"] * 2}),
    "row no UUID": put("changes.0.row", "x"),
    "row in capitals": put("changes.0.row", str(uuid.UUID(int=0xABC)).upper()),
    "row with a line break": put("changes.0.row", row_id("a") + "\n"),
    "table in capitals": put("changes.0.table", "Notes"),
    "table with a quote": put("changes.0.table", 'a"'),
    "table empty": put("changes.0.table", ""),
    "table too long": put("changes.0.table", "a" * 64),
    "cell with a space": put("changes.0.set", {"a b": 1}),
    "cell of seen with a space": put("changes.0.seen", {"a b": []}),
    "seen no version": put("changes.0.seen.title", ["x"]),
    "seen with leading zero": put("changes.0.seen.title", [V.replace(":1:", ":01:")]),
    "seen with sequence 0": put("changes.0.seen.title", [V.replace(":1:", ":0:")]),
    "seen in capitals": put("changes.0.seen.title", [V[:-1] + "A"]),
    "seen more than 64": put("changes.0.seen.title", [V] * 65),
    "seen of a wrong kind": put("changes.0.seen", []),
    "alg unknown": put("header.alg", "sm2-sm3"),
    "alg none": put("header.alg", "none"),
    "area of five digits": put("header.area", "14110"),
    "area of full-width digits": put("header.area", "１４１１０２"),
    "area with a line break": put("header.area", "141102\n"),
    "cert too short": put("header.cert", "0" * 31),
    "device in capitals": put("header.device", "A" * 20),
    "device with a colon": put("header.device", "0" * 19 + ":"),
    "team too long": put("header.team", "0" * 33),
    "format 0": put("header.format", 0),
    "format as text": put("header.format", "1"),
    "policy 0": put("header.policy", 0),
    "policy true": put("header.policy", True),
    "officer no text": put("header.officer", 9),
    "jws null": put("header.jws", None),
    "seq 0": put("header.seq", 0),
    "seq beyond 2^53": put("header.seq", 2**53 + 1),
    "seq 2 without predecessor": put("header.seq", 2),
    "predecessor with seq 1": put("header.prev", "0" * 64),
    "predecessor no hash": dumps({**TREE, "header": {**TREE["header"], "seq": 2, "prev": "xyz"}}),
    "predecessor empty": dumps({**TREE, "header": {**TREE["header"], "seq": 2, "prev": ""}}),
    "time negative": put("header.time", -1),
    "time as text": put("header.time", "0"),
    **{f"no {field}": put(f"header.{field}", ...) for field in sorted(set(TREE["header"]) - {"jws"})},
    **{f"no {field} of a change": put(f"changes.0.{field}", ...) for field in ("row", "seen", "set", "table")},
}


@pytest.mark.parametrize("body", REFUSED.values(), ids=REFUSED.keys())
def test_the_door_refuses_every_other_encoding(body: bytes) -> None:
    """What breaks a rule of the encoding is MalformedError with a sentence in both languages."""
    with pytest.raises(MalformedError) as caught:
        decode(body)
    assert caught.value.zh.endswith("。")
    assert caught.value.en.endswith(".")


def test_the_body_that_the_rules_are_tried_on_is_good() -> None:
    """Each refusal above is for its one reason: the body without the change passes."""
    assert decode(BODY).changes[0].set == {"count": 5, "title": "检查 é"}
    assert dumps(TREE) == BODY
    assert decode(put("changes.0.set.count", [[1]])) is not None
    assert decode(put("changes.0.seen.title", [V] * 64)) is not None
    assert decode(put("changes.0.set.title", "x" * (MAX_BYTES - len(BODY)))) is not None


@pytest.mark.parametrize("position", range(0, len(BODY), 3))
def test_no_flipped_bit_passes_as_the_same(position: int) -> None:
    """Any changed byte is refused, or changes the hash that everything else hangs on."""
    for bit in range(8):
        flipped = bytearray(BODY)
        flipped[position] ^= 1 << bit
        try:
            decode(bytes(flipped))
        except MalformedError:
            continue
        assert digest(bytes(flipped)) != digest(BODY)


@pytest.mark.parametrize("length", [0, 63, 65])
def test_a_signature_has_64_bytes(length: int) -> None:
    """Anything else is refused before it is looked at."""
    entry = Author(device("writer")).say(change("a", {"title": "x"}))
    with pytest.raises(SignatureError):
        read(entry.__class__(entry.body, bytes(length)))


def test_newer_formats_are_kept_for_later(team: Team) -> None:
    """A changeset of format 2 with unknown fields enters the log byte for byte and counts for nothing yet."""
    author, here = Author(device("newer")), team.replica("here")
    first = author.say(change("a", {"title": "x"}))
    tree = json.loads(author.body([change("a", {"title": "y"}, {"title": [author.version]})]))
    tree["header"] |= {"format": 2, "more": {"deep": [1, [2, [3, [4]]]]}}
    tree["changes"] = {"another": "shape"}
    newer = author.step(dumps(tree))
    after = author.say(change("b", {"title": "z"}))

    outcome = offer(here, [first, newer, after])

    assert (outcome.appended, outcome.refused) == (3, [])
    assert entries(here)[1] == newer
    row = here.row("notes", row_id("a"))
    assert row is not None
    assert row.values["title"] == "x"
    assert here.status().refused == 1


@pytest.mark.parametrize(
    "spoil",
    [
        lambda tree: json.dumps(tree, ensure_ascii=False, sort_keys=True).encode(),
        lambda tree: dumps({**tree, "changes": 1.5}),
        lambda tree: dumps({**tree, "changes": "e\u0301"}),
        lambda tree: dumps({**tree, "changes": "\0"}),
        lambda tree: dumps({**tree, "header": {**tree["header"], "device": "x"}}),
        lambda tree: dumps({**tree, "header": {**tree["header"], "seq": 7}}),
        lambda tree: dumps({**tree, "header": {**tree["header"], "seq": 7, "prev": "xyz"}}),
        lambda tree: dumps(tree).replace(b'"format":2', b'"format":2,"format":2'),
        lambda _: dumps({"header": {"format": 2}}),
    ],
)
def test_newer_formats_must_be_canonical_too(spoil: Callable[[Json], bytes]) -> None:
    """A newer format is no way round the rules that every format keeps."""
    tree = json.loads(BODY)
    tree["header"]["format"] = 2
    decode(dumps(tree))
    with pytest.raises(MalformedError):
        decode(spoil(tree))


# the encoder

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20).map(nfc)
scalars = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts
nested = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=4
)
values = scalars | st.lists(scalars, max_size=4) | st.dictionaries(texts, scalars | st.lists(scalars, max_size=3))
names = st.from_regex(r"\A[a-z][a-z0-9_]{0,20}\Z")


@given(st.dictionaries(names, values, min_size=1, max_size=5))
def test_bytes_are_those_of_the_standard_library(cells: dict[str, Any]) -> None:
    """For all values: sorted keys, no white space, `ensure_ascii=False` give the same bytes, and parsing gives them back."""
    author = Author(device("writer"))
    body = author.body([change("a", cells, table="notes")])

    assert body == dumps(json.loads(body))
    assert decode(body).changes[0].set == cells
    assert encode(decode(body)) == body


@given(st.floats())
def test_floats_are_never_signed(number: float) -> None:
    """A decimal number is text; a float is refused before it is encoded."""
    with pytest.raises(MalformedError):
        nfc({"a": [number]})


@given(st.text(max_size=10))
def test_text_is_made_fit_to_be_signed(text: str) -> None:
    """NFC once is NFC for good, and no U+0000 stays."""
    assert nfc(nfc(text)) == nfc(text)
    assert "\0" not in nfc(text)


def test_encode_refuses_what_the_door_would() -> None:
    """Nothing is signed that another replica would refuse."""
    good = decode(BODY)
    bad: list[Json] = [{}, {"A": 1}, {"a": "e\u0301"}, {"a": 2**53 + 1}, {"a": "x" * MAX_BYTES}]
    for cells in bad:
        with pytest.raises(MalformedError):
            encode(Changeset(changes=[change("a", cells, table="notes")], header=good.header))


# ids


def test_new_ids_are_uuid_7_and_rise() -> None:
    """Ids carry the time and sort in the order in which one process made them."""
    made = [new_id() for _ in range(2000)]
    assert made == sorted(set(made))
    assert {uuid.UUID(each).version for each in made} == {7}
    assert uuid.UUID(new_id(1_800_000_000_000)).int >> 80 == 1_800_000_000_000


def test_derived_ids_are_uuid_8_and_depend_on_every_part() -> None:
    """The same parts give the same row on every device; a shifted boundary between parts gives another."""
    assert derived_id("answer", "141102", "x") == derived_id("answer", "141102", "x")
    assert uuid.UUID(derived_id("a")).version == 8
    assert uuid.UUID(derived_id("a")).variant == uuid.RFC_4122
    assert derived_id("ab", "c") != derived_id("a", "bc")


# certificates


def forged(jws: str, edit: Callable[[Json], None]) -> str:
    """A certificate with another payload under the old signature."""
    head, payload, signature = jws.split(".")
    said = json.loads(base64.urlsafe_b64decode(payload + "=="))
    edit(said)
    return f"{head}.{base64.urlsafe_b64encode(dumps(said)).rstrip(b'=').decode()}.{signature}"


def test_a_certificate_is_what_its_root_signed() -> None:
    """A changed role, another root, no algorithm, another device's key: each is CertificateError."""
    good = device("writer").jws
    read_certificate(good)
    unsigned = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode() + "." + good.split(".")[1] + "."
    bad = [
        forged(good, lambda said: said.update(role="supervisor")),
        forged(good, lambda said: said.update(root=FOREIGN_ROOT.public.hex())),
        unsigned,
        good[:-4] + "AAAA",
        good + "x" * 20_000,
        "",
        "a.b.c",
        good + "é",
    ]
    for text in bad:
        with pytest.raises(CertificateError):
            read_certificate(text)


def test_a_certificate_names_its_keys_by_their_hashes() -> None:
    """Ids of team and device that are not the hashes of the keys beside them are refused, though the root signed."""
    import jwt

    key = Key.generate()
    for field in ("team", "device"):
        said = json.loads(
            base64.urlsafe_b64decode(
                ROOT.issue(key.public, name="x", role="admin", areas=["000000"], issued=0).split(".")[1] + "=="
            )
        )
        said[field] = "0" * len(said[field])
        with pytest.raises(CertificateError):
            read_certificate(jwt.encode(said, ROOT._private, algorithm="EdDSA"))


def test_keys_survive_the_disk_and_are_their_owners_alone(tmp_path: Path) -> None:
    """A saved key signs as before and nobody else may read it."""
    key = Key.generate()
    key.save(tmp_path / "device.key")

    assert Key.load(tmp_path / "device.key").public == key.public
    assert (tmp_path / "device.key").stat().st_mode & 0o777 == 0o600
    assert sorted(each.name for each in tmp_path.iterdir()) == ["device.key"]


# golden vectors


def test_regenerating_the_vectors_gives_these_bytes() -> None:
    """Keys, certificates, bodies, hashes, signatures and versions are the ones checked in; the format cannot drift."""
    assert golden.text() == VECTORS.read_text(encoding="utf-8")


def check_by_hand(vectors: Json) -> int:
    """Check the vectors with nothing but json, hashlib, base64 and Ed25519; returns the number of changesets."""
    purpose = b"inspect-tui changeset 1\n"
    certificates: dict[str, Json] = {}
    chains: dict[tuple[str, str], tuple[int, str, str]] = {}
    for vector in vectors["changesets"]:
        body = vector["body"].encode()
        said = json.loads(body)
        header = said["header"]
        assert body == dumps(said)
        hash_ = hashlib.sha256(body).digest()
        assert hash_.hex() == vector["sha256"]
        assert vector["version"] == f"{header['device']}:{header['seq']}:{hash_.hex()[:32]}"
        seq, prev, cert = chains.get((header["area"], header["device"]), (0, None, None))
        assert (header["seq"], header["prev"]) == (seq + 1, prev)
        assert ("jws" in header) == (header["cert"] != cert)
        if "jws" in header:
            assert hashlib.sha256(header["jws"].encode()).hexdigest()[:32] == header["cert"]
            head, payload, signature = header["jws"].split(".")
            assert json.loads(base64.urlsafe_b64decode(head + "=="))["alg"] == "EdDSA"
            certificate = json.loads(base64.urlsafe_b64decode(payload + "=="))
            root = bytes.fromhex(certificate["root"])
            Ed25519PublicKey.from_public_bytes(root).verify(
                base64.urlsafe_b64decode(signature + "=="), f"{head}.{payload}".encode()
            )
            assert hashlib.sha256(root).hexdigest()[:32] == certificate["team"] == header["team"]
            certificates[header["cert"]] = certificate
        certificate = certificates[header["cert"]]
        key = bytes.fromhex(certificate["key"])
        assert hashlib.sha256(key).hexdigest()[:20] == certificate["device"] == header["device"]
        Ed25519PublicKey.from_public_bytes(key).verify(bytes.fromhex(vector["signature"]), purpose + hash_)
        chains[header["area"], header["device"]] = (header["seq"], hash_.hex(), header["cert"])
    return len(vectors["changesets"])


def test_the_vectors_hold_without_this_programme() -> None:
    """An expert with json, hashlib and an Ed25519 library proves each changeset, its chain and its certificate."""
    vectors = json.loads(VECTORS.read_text(encoding="utf-8"))
    assert check_by_hand(vectors) == 9
    parts = "\x1f".join(vectors["derived"]["parts"]).encode()
    value = int.from_bytes(hashlib.sha256(parts).digest()[:16])
    value = value & ~(0xF << 76) | 0x8 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    assert str(uuid.UUID(int=value)) == vectors["derived"]["id"]
    for vector in vectors["changesets"]:
        vector["body"] = vector["body"].replace("9", "8", 1)
    with pytest.raises((AssertionError, InvalidSignature)):
        check_by_hand(vectors)


def test_openssl_proves_a_vector(tmp_path: Path) -> None:
    """The commands that the documentation gives a court's expert work with the openssl on the machine."""
    vectors = json.loads(VECTORS.read_text(encoding="utf-8"))
    vector = vectors["changesets"][0]
    (tmp_path / "message").write_bytes(b"inspect-tui changeset 1\n" + bytes.fromhex(vector["sha256"]))
    (tmp_path / "signature").write_bytes(bytes.fromhex(vector["signature"]))
    (tmp_path / "key.der").write_bytes(bytes.fromhex("302a300506032b6570032100" + vector["public"]))
    command = [
        "openssl",
        "pkeyutl",
        "-verify",
        "-pubin",
        "-inkey",
        "key.der",
        "-keyform",
        "DER",
        "-rawin",
        "-in",
        "message",
        "-sigfile",
        "signature",
    ]

    assert subprocess.run(command, cwd=tmp_path, check=False, capture_output=True).returncode == 0
    (tmp_path / "message").write_bytes(b"inspect-tui changeset 1\n" + bytes(32))
    assert subprocess.run(command, cwd=tmp_path, check=False, capture_output=True).returncode != 0


def test_the_vectors_fold(team: Team) -> None:
    """The replica reads its own vectors: all appended, the conflict resolved, the stranger adopted, the row voided."""
    vectors = json.loads(VECTORS.read_text(encoding="utf-8"))
    here = team.replica("here")
    from sync.changeset import Entry

    offer(
        here,
        [Entry(each["body"].encode(), bytes.fromhex(each["signature"])) for each in vectors["changesets"]],
    )

    assert versions(here) == {each["version"] for each in vectors["changesets"]}
    row = here.row("notes", golden.NOTE)
    assert row is not None
    assert (row.values["title"], row.values["void_reason"], row.conflict) == ("部分覆盖", "重复", [])
    assert here.row("notes", derived_id("row", "far")) is not None
    assert here.row("purges", derived_id("purge", AREA, golden.PURGED)) is not None


def test_versions_and_certificate_ids_are_what_the_format_says() -> None:
    """`device:seq:h` and the 128-bit id of a certificate are computed from SHA-256 alone."""
    jws = device("writer").jws
    assert certificate_id(jws) == hashlib.sha256(jws.encode()).hexdigest()[:32]
    assert version_of("d", 7, bytes(range(32))) == "d:7:" + bytes(range(16)).hex()
    assert signed(device("writer").certificate, digest(b"x"), device("writer").key.sign(digest(b"x")))
    assert not signed(device("writer").certificate, digest(b"x"), device("other").key.sign(digest(b"x")))
