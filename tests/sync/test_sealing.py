"""Sealed bytes: they open with their key and for their purpose, and whatever a stranger makes of them is refused."""

from __future__ import annotations

import contextlib
import hashlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.blobs import Blobs
from sync.errors import BlobError, LockedError, SealError, StoreError
from sync.keys import Key
from sync.sealing import MAX_PLAIN, Sealer, armoured, is_armoured, is_private_value, read_envelope, unarmoured, wipe

if TYPE_CHECKING:
    from pathlib import Path

KEY = Sealer(bytes(range(32)))
OTHER = Sealer(bytes(32))
VALUE = b'{"salt": "00112233445566778899aabbccddeeff", "value": "13800138000"}'
SHA = hashlib.sha256(VALUE).hexdigest()


class Held:
    """A vault that is open, or locked."""

    def __init__(self, sealer: Sealer | None) -> None:
        self.held = sealer

    def is_set(self) -> bool:
        """There is a PIN."""
        return True

    def sealer(self, *, ask: bool) -> Sealer | None:  # noqa: ARG002  the signature of Vault
        """The key, if it is open."""
        return self.held


@given(st.binary(max_size=2000), st.binary(max_size=40))
def test_what_is_sealed_opens_with_its_key_and_for_its_purpose_only(data: bytes, purpose: bytes) -> None:
    """Another key, another purpose, or one bit changed anywhere is refused."""
    envelope = KEY.seal(purpose, data)
    assert KEY.unseal(purpose, envelope) == data
    assert unarmoured(armoured(envelope)) == envelope
    with pytest.raises(SealError):
        OTHER.unseal(purpose, envelope)
    with pytest.raises(SealError):
        KEY.unseal(purpose + b"x", envelope)


@given(st.binary(max_size=200), st.data())
def test_a_changed_or_cut_envelope_is_refused(data: bytes, draw: st.DataObject) -> None:
    """At every byte, and at every length."""
    envelope = KEY.seal(b"p", data)
    place = draw.draw(st.integers(0, len(envelope) - 1))
    bit = draw.draw(st.integers(0, 7))
    changed = bytearray(envelope)
    changed[place] ^= 1 << bit
    for broken in (bytes(changed), envelope[:place], envelope + b"x"):
        with pytest.raises(SealError):
            KEY.unseal(b"p", broken)


@given(st.binary(max_size=300) | st.binary(max_size=100).map(lambda tail: KEY.seal(b"", b"")[:10] + tail))
def test_hostile_bytes_are_one_sentence(data: bytes) -> None:
    """The parser raises its own error and nothing else; so does whoever reads the text of a key file."""
    with pytest.raises(SealError):
        KEY.unseal(b"", data)
    for text in (data, b"-----BEGIN SEALED PRIVATE KEY-----" + data + b"-----END SEALED PRIVATE KEY-----"):
        with contextlib.suppress(SealError):
            read_envelope(unarmoured(text))


def test_too_much_is_not_sealed_and_too_long_is_not_read() -> None:
    """Keys and private values are short; a huge file is no envelope."""
    with pytest.raises(SealError):
        KEY.seal(b"", bytes(MAX_PLAIN + 1))
    with pytest.raises(SealError):
        read_envelope(KEY.seal(b"", bytes(MAX_PLAIN)) + b"x")
    with pytest.raises(SealError):
        unarmoured(b"-----BEGIN SEALED PRIVATE KEY-----" + b"A" * (1 << 20) + b"-----END SEALED PRIVATE KEY-----")


def test_a_sealed_key_file_is_no_open_key(tmp_path: Path) -> None:
    """Reading it as one says that it is locked, and an envelope of something else is no key."""
    path = tmp_path / "device.key"
    path.write_bytes(armoured(KEY.seal(b"key file device.key", Key.generate().pem())))
    assert is_armoured(path.read_bytes())
    with pytest.raises(LockedError):
        Key.load(path)
    path.write_bytes(b"\xff not a key")
    with pytest.raises(StoreError):
        Key.load(path)


def test_a_key_file_is_replaced_whole(tmp_path: Path) -> None:
    """Readable by its owner alone, nothing else left behind."""
    one, other = Key.generate(), Key.generate()
    for key in (one, other):
        key.save(tmp_path / "device.key")
        assert Key.load(tmp_path / "device.key").public == key.public
    assert [path.name for path in tmp_path.iterdir()] == ["device.key"]
    assert (tmp_path / "device.key").stat().st_mode & 0o077 == 0


def test_private_values_move_in_and_out_of_their_envelopes(tmp_path: Path) -> None:
    """Sealed they are there and intact, locked they are there and cannot be read; photos stay where they are."""
    blobs = Blobs(tmp_path / "photos")
    photo = blobs.put(b"\xff\xd8 a photo")
    assert blobs.put_private(VALUE) == SHA
    vault = Held(KEY)
    blobs.vault = vault
    assert blobs.seal_all() == 1
    assert blobs.seal_all() == 0
    assert not blobs.path_of(SHA).exists()
    assert VALUE not in blobs.sealed_path_of(SHA).read_bytes()
    assert (blobs.has(SHA), blobs.intact(SHA), blobs.is_locked(SHA), blobs.read(SHA)) == (True, True, False, VALUE)
    assert list(blobs.all()) == sorted([photo, SHA])
    vault.held = None
    assert (blobs.has(SHA), blobs.is_locked(SHA)) == (True, True)
    for act in (lambda: blobs.read(SHA), lambda: blobs.put_private(VALUE), blobs.unseal_all):
        with pytest.raises(LockedError):
            act()
    vault.held = OTHER
    with pytest.raises(BlobError):
        blobs.read(SHA)
    vault.held = KEY
    assert blobs.unseal_all() == 1
    blobs.vault = None
    assert blobs.read(SHA) == VALUE
    assert list(blobs.all()) == sorted([photo, SHA])


def test_only_what_put_private_writes_is_a_private_value() -> None:
    """Evidence that happens to be JSON is not taken for one."""
    assert is_private_value(VALUE)
    for data in (
        b"",
        b"{}",
        VALUE + b" ",
        b" " + VALUE,
        VALUE.replace(b"0011", b"001"),
        b'{"value": "1"}',
        VALUE[:-1],
    ):
        assert not is_private_value(data)


def test_wiping_leaves_no_bytes_and_no_file(tmp_path: Path) -> None:
    """A second name of the same file shows that the bytes themselves are gone."""
    path = tmp_path / "secret"
    path.write_bytes(VALUE * 2000)
    (tmp_path / "other name").hardlink_to(path)
    wipe(path)
    wipe(path)
    assert not path.exists()
    assert set((tmp_path / "other name").read_bytes()) == {0}
