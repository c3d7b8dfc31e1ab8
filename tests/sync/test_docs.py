"""`docs/log-format.md` says what the code does: fields, codes, constants, vectors, and the expert's script runs."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import pytest

from sync.changeset import (
    ALGORITHM,
    MAX_BYTES,
    MAX_SEEN,
    PURPOSE,
    Change,
    Changeset,
    Header,
)
from sync.keys import MAX_CERTIFICATE, Certificate, Role
from sync.schema import BOOKKEEPING, SYSTEM_TABLES
from sync.storage import APPLICATION_ID, LAYOUT
from sync.verdict import REASONS
from tests.sync.support import Author, Team, change, device, offer

if TYPE_CHECKING:
    import msgspec

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "log-format.md").read_text(encoding="utf-8")
VECTORS = json.loads(Path(__file__).with_name("vectors.json").read_text(encoding="utf-8"))


def table(heading: str) -> list[str]:
    """The first column of the table with this heading, without its back-ticks."""
    lines = TEXT.split(f"| {heading} |", 1)[1].splitlines()[2:]
    found = []
    for line in lines:
        if not line.startswith("|"):
            break
        found.append(line.split("|")[1].strip().strip("`"))
    return found


@pytest.mark.parametrize(
    ("heading", "struct"),
    [("field of a change", Change), ("field of the header", Header), ("field of the certificate", Certificate)],
)
def test_every_field_is_described(heading: str, struct: type[msgspec.Struct]) -> None:
    """The tables of fields name the fields of the code, all of them and in their order."""
    assert table(heading) == list(struct.__struct_fields__)
    assert Changeset.__struct_fields__ == ("changes", "header")


def test_every_verdict_is_described() -> None:
    """The codes of refusals are those of the code."""
    lines = [line for line in TEXT.splitlines() if re.match(r"\| `[a-z]+` \|", line)]
    described = {line.split("`")[1] for line in lines}
    assert set(REASONS) <= described
    codes = [
        each
        for part in TEXT.split("| code | refused because |")[1:]
        for each in re.findall(r"^\| `(\w+)` \|", part, re.MULTILINE)
    ]
    assert codes[: len(REASONS)] == list(dict.fromkeys(REASONS)) or set(codes[: len(REASONS)]) == set(REASONS)


def test_every_system_table_is_described() -> None:
    """Tables that the log obeys, with their cells and roles."""
    section = TEXT.split("## 10.")[1].split("## 11.")[0]
    for each in SYSTEM_TABLES:
        (line,) = [line for line in section.splitlines() if line.startswith(f"| `{each.name}` |")]
        assert re.findall(r"`(\w+)`", line.split("|")[2]) == list(each.by_name)
        assert set(line.split("|")[3].strip().split(", ")) == set(each.roles)


def test_constants_are_those_of_the_code() -> None:
    """Limits, purpose prefix, algorithm, roles, marks of the file."""
    purpose = PURPOSE.decode().replace("\n", "\\n")
    spaced = f"{MAX_BYTES:,}".replace(",", " "), f"{MAX_CERTIFICATE:,}".replace(",", " ")
    for text in (
        *(f"`{purpose}`", f"({len(PURPOSE)} ASCII", f"the {len(PURPOSE) + 32} bytes", f"`{ALGORITHM}`"),
        *(f"{spaced[0]} bytes", f"{spaced[1]}", f"at most {MAX_SEEN} versions"),
        *(f"0x{APPLICATION_ID:X}", f"`user_version` {LAYOUT}"),
        *(f"`{role}`" for role in get_args(Role)),
        *(f"`{column}`" for column in BOOKKEEPING),
    ):
        assert text in TEXT.replace("\n  bytes", " bytes").replace("\n", " ").replace("  ", " "), text


def test_the_vector_in_the_text_is_the_one_checked_in() -> None:
    """Body, hash, signature and version of the quoted vector."""
    vector = VECTORS["changesets"][1]
    for value in (*vector.values(), VECTORS["keys"]["device"]["seed"]):
        if value != vector["what"]:
            assert str(value) in TEXT
    assert len(VECTORS["changesets"]) == 9


def test_the_experts_script_proves_a_workspace_and_refuses_a_forged_one(team: Team) -> None:
    """The script in the text, run as it stands by a bare Python, proves a chain; one changed byte and it fails."""
    script = team.folder / "check.py"
    script.write_text(TEXT.split("```python\n")[1].split("```")[0], encoding="utf-8")
    author, here = Author(device("laptop", role="inspector")), team.replica("here")
    said = [author.say(change(str(number), {"title": "检查"})) for number in range(3)]
    author.identity = device("laptop", role="supervisor")
    said.append(author.say(change("last", {"title": "x"})))
    offer(here, said)
    here.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    command = [sys.executable, "-I", "-S", str(script), str(here.path), author.version]

    run = subprocess.run(command, capture_output=True, check=False, text=True)
    assert "proven: 4 changesets" in run.stdout, run.stderr
    for statement in (
        "UPDATE log SET signature = zeroblob(64) WHERE seq = 2",
        "UPDATE log SET body = replace(body, '检查', '检验') WHERE seq = 1",
        "DELETE FROM log WHERE seq = 1",
    ):
        here.connection.execute(statement)
        assert subprocess.run(command, capture_output=True, check=False).returncode != 0
