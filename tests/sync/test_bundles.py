"""Bundles carry a log and its photos on a stick: whole, sealed, split, and only what the other side lacks."""

from __future__ import annotations

import contextlib
import hashlib
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sync.bundles import create as creating
from sync.bundles.known import note as note_known
from sync.bundles.known import places_of
from sync.bundles.parts import Writer
from sync.bundles.peer import open_bundle
from sync.bundles.seal import address
from sync.bundles.selection import Wish
from sync.errors import BundleError, StoreError, UntrustedError
from tests.sync.bundling import make, take
from tests.sync.support import (
    AREA,
    FOREIGN_ROOT,
    NOON,
    OTHER_AREA,
    Team,
    check_sound,
    device,
    dump,
    merge,
    note,
    tips,
    versions,
)

if TYPE_CHECKING:
    from pathlib import Path

    from sync.replica import Replica


def photo(replica: Replica, data: bytes, name: str = "p", **options: str) -> str:
    """A photo with the row that names it; returns its hash."""
    sha256 = replica.blobs.put(data)
    note(replica, name, photo=sha256, area=options.get("area", AREA))
    return sha256


def test_everything_arrives_and_nothing_can_be_read_on_the_way(team: Team, tmp_path: Path) -> None:
    """Log and photos are equal afterwards; no byte of the text stands on the stick in clear."""
    here, there = team.replica("here"), team.replica("there")
    note(here, "a", title="某化工厂夜间偷排")
    sha256 = photo(here, b"\xff\xd8 evidence " * 1000)
    made = make(here, tmp_path / "stick", "there")
    on_stick = b"".join(path.read_bytes() for path in made.files)
    assert "某化工厂".encode() not in on_stick
    assert b"evidence" not in on_stick
    done = take(there, made.path)
    assert (done.received.appended, done.photos_received) == (2, 1)
    assert there.blobs.intact(sha256)
    check_sound(here, there)


def test_a_plain_bundle_arrives_too(team: Team, tmp_path: Path) -> None:
    """Without addresses nothing is encrypted, and everything else holds."""
    here, there = team.replica("here"), team.replica("there")
    photo(here, b"x" * 5000)
    stick = tmp_path / "stick"
    stick.mkdir()
    made = creating.create(here, stick, Wish(), lambda _: None)
    with open_bundle(made.path, None) as peer:
        assert not peer.sealed
    take(there, made.path)
    check_sound(here, there)


def test_a_device_for_which_it_is_not_sealed_learns_nothing(team: Team, tmp_path: Path) -> None:
    """The error says how to be among the recipients; nothing is written."""
    here, other = team.replica("here"), team.replica("other")
    note(here, "a", title="x")
    made = make(here, tmp_path / "stick", "there")
    with pytest.raises(BundleError, match="bundle address"):
        take(other, made.path)
    assert dump(other) == []


def test_it_is_split_and_any_of_its_files_may_be_named(team: Team, tmp_path: Path) -> None:
    """No file is larger than asked for; the joined files are one stream in the age format."""
    here, there = team.replica("here"), team.replica("there")
    photo(here, bytes(range(256)) * 1000)
    made = make(here, tmp_path / "stick", "there", part_bytes=50_000)
    assert len(made.files) > 5
    assert all(path.stat().st_size <= 50_000 for path in made.files)
    assert made.path.read_bytes().startswith(b"age-encryption.org/v1\n-> ssh-ed25519 ")
    for path in made.files:
        with open_bundle(path, there.identity) as peer:
            assert peer.found.header == made.header
    take(there, made.files[2])
    check_sound(here, there)


def test_a_missing_part_is_named_and_nothing_is_taken(team: Team, tmp_path: Path) -> None:
    """Whichever part it is, with a manifest or without."""
    here, there = team.replica("here"), team.replica("there")
    photo(here, bytes(range(256)) * 1000)
    made = make(here, tmp_path / "stick", "there", part_bytes=50_000)
    for path in made.files[:-1]:
        data = path.read_bytes()
        path.unlink()
        with pytest.raises(BundleError) as caught:
            take(there, made.path)
        assert path.name in caught.value.zh
        path.write_bytes(data)
    made.files[-1].unlink()
    made.files[-2].unlink()
    with pytest.raises(BundleError):
        take(there, made.path)
    assert dump(there) == []


@pytest.mark.parametrize("with_manifest", [True, False])
def test_a_damaged_part_is_named_and_nothing_is_taken(team: Team, tmp_path: Path, with_manifest: bool) -> None:
    """One changed byte anywhere; with the manifest the very part is named."""
    here, there = team.replica("here"), team.replica("there")
    photo(here, bytes(range(256)) * 1000)
    made = make(here, tmp_path / "stick", "there", part_bytes=50_000)
    if not with_manifest:
        made.files[-1].unlink()
    for path in made.files[:-1]:
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
        with pytest.raises(BundleError) as caught:
            take(there, made.path)
        if with_manifest:
            assert path.name in caught.value.en
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
    assert dump(there) == []
    take(there, made.path)
    check_sound(here, there)


def test_parts_in_the_wrong_order_are_refused(team: Team, tmp_path: Path) -> None:
    """Two parts of one size changed places."""
    here, there = team.replica("here"), team.replica("there")
    photo(here, hashlib.sha256(b"x").digest() * 8000)
    made = make(here, tmp_path / "stick", "there", part_bytes=50_000)
    one, two = made.files[1].read_bytes(), made.files[2].read_bytes()
    made.files[1].write_bytes(two)
    made.files[2].write_bytes(one)
    with pytest.raises(BundleError) as caught:
        take(there, made.path)
    assert all(path.name in caught.value.zh for path in made.files[1:3])


def test_importing_twice_changes_nothing(team: Team, tmp_path: Path) -> None:
    """The second time all of it is known."""
    here, there = team.replica("here"), team.replica("there")
    photo(here, b"x" * 5000)
    made = make(here, tmp_path / "stick", "there")
    take(there, made.path)
    before = versions(there)
    done = take(there, made.path)
    assert (done.received.appended, done.photos_received) == (0, 0)
    assert versions(there) == before


def test_for_a_device_only_what_it_lacks_goes(team: Team, tmp_path: Path) -> None:
    """What the peer is known to have stays behind, changesets and photos; what arrives appends at once."""
    here, there = team.replica("here"), team.replica("there")
    for number in range(20):
        note(here, f"n{number}", title="x")
    old = photo(here, b"old" * 1000, "old")
    take(there, make(here, tmp_path / "stick", "there").path)
    assert there.identity is not None
    with here.writing():
        note_known(here.connection, there.identity.device, NOON, tips(there), [old])
    new = photo(here, b"new" * 1000, "new")
    wish = Wish("for", there.identity.certificate)
    made = make(here, tmp_path / "stick", "there", wish=wish)
    assert (made.header.changesets, made.header.photos) == (1, 1)
    assert [end.seq for end in made.header.base] == [21]
    done = take(there, made.path)
    assert (done.received.appended, done.received.held) == (1, 0)
    assert there.blobs.intact(new)
    check_sound(here, there)
    with here.writing():
        note_known(here.connection, there.identity.device, NOON + 1, tips(there), [new])
    with pytest.raises(BundleError):
        make(here, tmp_path / "stick", "there", wish=wish)


def test_an_old_bundle_imported_late_does_not_make_us_forget(team: Team, tmp_path: Path) -> None:
    """What is known of a later time stays."""
    here = team.replica("here")
    note(here, "a", title="x")
    early = tips(here)
    note(here, "b", title="x")
    peer = device("there").device
    with here.writing():
        note_known(here.connection, peer, NOON + 1, tips(here), ())
        note_known(here.connection, peer, NOON, early, ())
    assert places_of(here.connection, peer) == tips(here)


def test_since_a_day_the_newer_ones_go_and_wait_for_the_older(team: Team, tmp_path: Path) -> None:
    """From the first that is new enough on, whatever the clocks say later; without the older ones they are held."""
    here, there = team.replica("here"), team.replica("there")
    for number in range(6):
        note(here, f"n{number}", title="x", time_ms=NOON + number * 1000 - (10_000 if number == 4 else 0))
    made = make(here, tmp_path / "stick", "there", wish=Wish("since", since_ms=NOON + 3000))
    assert made.header.changesets == 3
    assert [end.seq for end in made.header.base] == [3]
    done = take(there, made.path)
    assert done.received.held == 3
    take(there, make(here, tmp_path / "stick", "there").path)
    check_sound(here, there)


def test_an_area_goes_by_itself_with_its_photos(team: Team, tmp_path: Path) -> None:
    """Neither changesets nor photos of another area."""
    here, there = team.replica("here"), team.replica("there")
    inside = photo(here, b"in" * 1000, "in")
    outside = photo(here, b"out" * 1000, "out", area=OTHER_AREA)
    made = make(here, tmp_path / "stick", "there", wish=Wish(area=AREA))
    with open_bundle(made.path, there.identity) as peer:
        assert {area for area, _ in peer.heads()} == {AREA}
    take(there, made.path)
    assert there.blobs.has(inside)
    assert not there.blobs.has(outside)


def test_a_device_gets_only_areas_that_its_certificate_covers(team: Team, tmp_path: Path) -> None:
    """Made for an inspector of one area, the other one stays behind."""
    here = team.replica("here")
    note(here, "in", title="x")
    note(here, "out", title="x", area=OTHER_AREA)
    inspector = device("there", role="inspector", areas=(AREA,))
    made = make(here, tmp_path / "stick", "there", wish=Wish("for", inspector.certificate))
    assert {end.area for end in made.header.heads} == {AREA}
    assert made.header.changesets == 1


def test_strangers_are_asked_about_and_refused_otherwise(team: Team, tmp_path: Path) -> None:
    """As with any other peer; once trusted, all of it counts."""
    here = team.replica("here", device("here", root=FOREIGN_ROOT))
    there = team.replica("there")
    note(here, "a", title="x")
    made = make(here, tmp_path / "stick", "there")
    with pytest.raises(UntrustedError):
        take(there, made.path)
    assert dump(there) == []
    done = take(there, made.path, trust=lambda _: True)
    assert done.adopted == [here.team]
    assert there.row("notes", next(iter(here.connection.execute("SELECT id FROM notes")))[0]) is not None


def test_an_adoption_by_a_colleague_comes_along(team: Team, tmp_path: Path) -> None:
    """A stranger whom a colleague has adopted is not asked about again."""
    stranger = team.replica("stranger", device("stranger", root=FOREIGN_ROOT))
    here, there = team.replica("here"), team.replica("there")
    note(stranger, "a", title="x")
    take(here, make(stranger, tmp_path / "one", "here").path, trust=lambda _: True)
    take(there, make(here, tmp_path / "two", "there").path)
    check_sound(here, there)


def test_a_damaged_photo_stays_behind_and_is_named(team: Team, tmp_path: Path) -> None:
    """The bundle is made without it; the others arrive."""
    here, there = team.replica("here"), team.replica("there")
    good, bad = photo(here, b"good" * 1000, "g"), photo(here, b"bad" * 1000, "b")
    here.blobs.path_of(bad).write_bytes(b"bed" * 1000)
    made = make(here, tmp_path / "stick", "there")
    assert made.photos_damaged == [bad]
    done = take(there, made.path)
    assert done.photos_missing == [bad]
    assert there.blobs.intact(good)


@pytest.mark.skipif(sys.platform == "win32", reason="limits the size of files as POSIX does")
def test_a_full_stick_leaves_old_bundles_whole_and_nothing_new(team: Team, tmp_path: Path) -> None:
    """Where the stick takes no more, one sentence says so; the old bundle is byte for byte what it was."""
    here = team.replica("here")
    photo(here, bytes(range(256)) * 2000)
    stick = tmp_path / "stick"
    make(here, stick, "there")
    before = {path.name: path.read_bytes() for path in stick.iterdir()}
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(StoreError, match="Older bundles are untouched"):
            make(here, stick, "there")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert {path.name: path.read_bytes() for path in stick.iterdir()} == before


def test_a_stick_that_gives_back_other_bytes_is_found_out(
    team: Team, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be read back is taken away, and nobody says that the stick may go."""
    here = team.replica("here")
    note(here, "a", title="x")
    published = Writer.publish

    def publish_and_spoil(self: Writer, bundle: str, *, sealed: bool) -> object:
        manifest = published(self, bundle, sealed=sealed)
        data = bytearray(self.main.read_bytes())
        data[-1] ^= 1
        self.main.write_bytes(data)
        return manifest

    monkeypatch.setattr(Writer, "publish", publish_and_spoil)
    with pytest.raises(StoreError, match="could not be read back"):
        make(here, tmp_path / "stick", "there")
    assert list((tmp_path / "stick").iterdir()) == []


def test_no_thread_is_left_when_reading_stops_half_way(team: Team, tmp_path: Path) -> None:
    """A closed bundle decrypts no further."""
    here, there = team.replica("here"), team.replica("there")
    for number in range(40):
        photo(here, hashlib.sha256(b"%d" % number).digest() * 30_000, f"p{number}")
    made = make(here, tmp_path / "stick", "there")
    before = threading.active_count()
    with open_bundle(made.path, there.identity) as peer:
        next(peer.read({}))
    assert threading.active_count() == before


def test_addresses_are_what_openssh_calls_the_key(tmp_path: Path) -> None:
    """The line is an OpenSSH public key, so that tools of others know it."""
    own = address(device("here").key.public)
    file = tmp_path / "key.pub"
    file.write_text(own + " here\n")
    try:
        ran = subprocess.run(["ssh-keygen", "-l", "-f", file], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("no ssh-keygen here")
    assert ran.returncode == 0
    assert "ED25519" in ran.stdout


NAMES = ("a", "b", "c")
STEP = st.one_of(
    st.tuples(st.just("write"), st.sampled_from(NAMES), st.integers(0, 5)),
    st.tuples(st.just("photo"), st.sampled_from(NAMES), st.integers(0, 5)),
    st.tuples(st.just("pack"), st.sampled_from(NAMES), st.sampled_from(NAMES)),
    st.tuples(st.just("take"), st.sampled_from(NAMES), st.integers(0, 20)),
    st.tuples(st.just("cut"), st.sampled_from(NAMES), st.integers(0, 20)),
)


@given(steps=st.lists(STEP, max_size=25))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_bundles_in_any_order_repeated_and_cut_converge(
    steps: list[tuple[str, str, int | str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever was packed, taken, taken again, or cut off half-way: at the end all have all of it."""
    folder = tmp_path_factory.mktemp("bundles")
    team = Team(folder)
    replicas = {name: team.replica(name) for name in NAMES}
    sticks: list[Path] = []

    def pack(name: str, peer: str | None) -> None:
        wish = Wish() if peer is None or peer == name else Wish("for", device(peer).certificate)
        stick = folder / f"stick{len(sticks)}"
        try:
            sticks.append(make(replicas[name], stick, *NAMES, wish=wish, part_bytes=3000).path)
        except BundleError:
            sticks.append(folder / "nothing")

    try:
        for kind, name, what in steps:
            here = replicas[name]
            if kind == "write":
                note(here, f"row{what}", title=f"{name}{what}", time_ms=NOON)
            elif kind == "photo":
                photo(here, f"{name}{what}".encode() * 500, f"photo{what}")
            elif kind == "pack":
                pack(name, str(what))
            elif sticks and isinstance(what, int):
                path = sticks[what % len(sticks)]
                if path.exists() and kind == "take":
                    _take_and_note(here, path)
                elif path.exists():
                    _cut(here, path, what)
        for _ in range(2):
            for name in NAMES:
                try:
                    path = make(replicas[name], folder / f"last{len(list(folder.iterdir()))}", *NAMES).path
                except BundleError:
                    continue
                for other in NAMES:
                    _take_and_note(replicas[other], path)
        check_sound(*replicas.values())
        photos = [sorted(replica.blobs.all()) for replica in replicas.values()]
        assert photos[0] == photos[1] == photos[2]
    finally:
        team.close()


def _take_and_note(here: Replica, path: Path) -> None:
    """Import as the programme does, with the note of what the maker has."""
    with open_bundle(path, here.identity) as peer:
        from sync.exchange import exchange

        exchange(here, peer)
        header = peer.found.header
        heads: dict[tuple[str, str], list[tuple[int, str]]] = {}
        for end in header.heads:
            heads.setdefault((end.area, end.device), []).append((end.seq, end.hash))
        with here.writing():
            note_known(here.connection, header.device, header.time, heads, peer.found.photos)


class _Pulled(Exception):
    """The stick was pulled."""


def _cut(here: Replica, path: Path, after: int) -> None:
    """Import until some photos or changesets have come, then stop dead."""
    from sync.exchange import exchange

    steps = iter(range(after % 3))

    def progress(what: str, done: int, total: int | None) -> None:
        if next(steps, None) is None:
            raise _Pulled

    with open_bundle(path, here.identity) as peer, contextlib.suppress(_Pulled):
        exchange(here, peer, progress=progress)


def test_a_bundle_and_a_direct_merge_give_the_same(team: Team, tmp_path: Path) -> None:
    """Two ways, one table."""
    one, two, three = (team.replica(name) for name in ("one", "two", "three"))
    for number in range(30):
        note(one, f"n{number % 7}", title=str(number))
    take(two, make(one, tmp_path / "stick", "two").path)
    merge(three, one)
    assert dump(one) == dump(two) == dump(three)
