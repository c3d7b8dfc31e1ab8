"""Whether a change counts: a pure function of the log and of the rules named in the changeset, never of arrival.

Every authentic changeset enters the log. Refused changes stay there, are skipped by the fold, and are shown with the
reason. The context of a verdict (adopted teams, revoked devices) is itself read from the log, its changes taken in
order of (issue of the certificate, time, hash), each judged by those before it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

import msgspec

from sync.changeset import FORMAT, POLICY, is_version
from sync.schema import SYSTEM_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sync.door import Arrival
    from sync.keys import Certificate
    from sync.schema import Schema, Table

REASONS: Final[dict[str, tuple[str, str]]] = {
    "newer": ("来自更新版本的程序，升级后计入", "made by a newer programme; it counts after the upgrade"),
    "team": ("属于未被采信的另一团队", "stands under another team's root key that nobody has adopted"),
    "area": ("设备证书不含该行政区", "the device's certificate does not cover the area"),
    "expired": ("变更时间不在证书有效期内", "its time lies outside the validity of the certificate"),
    "role": ("该角色无权写此表", "the role may not write this table"),
    "officer": ("证书未列此执法证号", "the certificate does not name this badge number"),
    "revoked": (
        "设备已被吊销，且晚于最后认可的变更",
        "the device was revoked, and this came after what was accepted last",
    ),
    "shape": ("取值与表的结构不符", "a value does not fit the table"),
}
"""Code of a refusal → the reason in Chinese and in English."""


RANK: Final = {"auditor": 0, "inspector": 1, "supervisor": 2, "admin": 3}
"""Roles, each of which may do what the ones before it may."""


class Chained(Protocol):
    """Where a changeset stands in its chain."""

    area: str
    device: str
    seq: int
    hash: bytes


class Ancestry(Protocol):
    """What the log knows of who came before whom."""

    def covered(self, said: Chained, heads: Sequence[str]) -> bool:
        """Whether `said` is one of `heads` or comes before one in its chain."""
        ...


@dataclass
class Context:
    """Adopted teams and revoked devices, as the log says.

    Attributes:
        team: The team whose root this replica stands under.
        adopted: Team → area → the heads adopted.
        revoked: Device → for each revocation, area → the heads accepted last.
        verdicts: Hash of each changeset with system changes → why it does not count, or None.
        named: Every head that an adoption or revocation names.
        roles: Team → the roles in which its changes count, of which the strongest holds.
    """

    team: str
    adopted: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    revoked: dict[str, list[dict[str, list[str]]]] = field(default_factory=dict)
    verdicts: dict[bytes, str | None] = field(default_factory=dict)
    named: set[str] = field(default_factory=set)
    roles: dict[str, set[str]] = field(default_factory=dict)

    def role_of(self, certificate: Certificate) -> str:
        """The role in which a certificate's changes count: its own, for an adopted team at most what was adopted."""
        granted = self.roles.get(certificate.team)
        if certificate.team == self.team or not granted:
            return certificate.role
        return min(certificate.role, max(granted, key=RANK.__getitem__), key=RANK.__getitem__)

    def learn(self, table: str, values: Mapping[str, Any]) -> None:
        """Take in a counted change of a system table."""
        heads = values.get("accepted")
        try:
            named = msgspec.convert(heads, dict[str, list[str]])
        except msgspec.ValidationError:
            return
        heads = {area: [each for each in versions if is_version(each)] for area, versions in named.items()}
        self.named.update(each for versions in heads.values() for each in versions)
        if table == "adoptions" and isinstance(team := values.get("team"), str):
            known = self.adopted.setdefault(team, {})
            for area, versions in heads.items():
                known[area] = sorted({*known.get(area, ()), *versions})
            role = values.get("role")
            self.roles.setdefault(team, set()).add(role if isinstance(role, str) and role in RANK else "admin")
        elif table == "revocations" and isinstance(device := values.get("device"), str):
            self.revoked.setdefault(device, []).append(heads)


def entry_verdict(said: Any, certificate: Certificate, context: Context, ancestry: Ancestry) -> str | None:
    """Why no change of the changeset counts, or None.

    Args:
        said: The changeset's place and header: area, device, seq, hash, time, team, officer, format, policy.
        certificate: The certificate in force, already checked.
        context: What the log says of teams and devices.
        ancestry: The log's chains.
    """
    if said.format > FORMAT or said.policy > POLICY:
        return "newer"
    if said.team != context.team:
        heads = context.adopted.get(said.team, {}).get(said.area)
        if not heads or not ancestry.covered(said, heads):
            return "team"
    if not certificate.covers(said.area):
        return "area"
    if said.time < certificate.issued or (certificate.expires is not None and said.time > certificate.expires):
        return "expired"
    if certificate.officers and said.officer not in certificate.officers:
        return "officer"
    for accepted in context.revoked.get(said.device, ()):
        if not ancestry.covered(said, accepted.get(said.area, [])):
            return "revoked"
    return None


def change_verdict(table: Table, certificate: Certificate, context: Context) -> str | None:
    """Why a change of this table does not count although its changeset does, or None.

    Trust is not handed on: what an adopted team adopts, revokes or purges binds only that team. Nor does anybody gain a
    role by being adopted: whoever was his own root before counts in the role in which he was let in.
    """
    if context.role_of(certificate) not in table.roles or (
        table.name in SYSTEM_NAMES and certificate.team != context.team
    ):
        return "role"
    return None


def context_from(
    system_changes: Iterable[tuple[Arrival, Certificate]], schema: Schema, team: str, ancestry: Ancestry
) -> Context:
    """What the system changes of a log say, taken by (certificate issued, time, hash), each judged by those before.

    Args:
        system_changes: Every changeset of the log that changes a system table, with its certificate.
        schema: The tables.
        team: The team whose root the replica stands under.
        ancestry: The log's chains.
    """
    entries = [
        (certificate.issued, arrival.time, arrival.hash, arrival, certificate)
        for arrival, certificate in system_changes
    ]
    context = Context(team)
    # of two that revoke each other, the certificate that the root key signed first stands: no clock can be turned against it
    for _, _, _, arrival, certificate in sorted(entries, key=lambda entry: entry[:3]):
        context.verdicts[arrival.hash] = code = entry_verdict(arrival, certificate, context, ancestry)
        if code is not None:
            continue
        for name, _, values, _ in arrival.changes:
            if name in SYSTEM_NAMES and change_verdict(schema.by_name[name], certificate, context) is None:
                context.learn(name, values)
    return context
