"""The arithmetic of a draw 双随机: texts in, sites and officers out. No database, no clock, no chance but the seed.

docs/draw.md describes the same for whoever repeats a draw with other means. A change here that could give another
result for the same inputs needs another `ALGORITHM`; the old one must stay, for the draws that were made with it.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from inspect_tui.texts import Refused

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

AmountBy: TypeAlias = Literal["share", "count"]

ALGORITHM: Final = "inspect-tui draw 1"
CLASSES: Final = ("all", "high", "medium", "low", "none")
"""The classes that are drawn from one after the other; a draw has either `all` or some of the others."""

_SHARE: Final = re.compile(r"[0-9]{1,3}(\.[0-9]{1,2})?")
_COUNT: Final = re.compile(r"[0-9]{1,6}")


@dataclass(frozen=True, slots=True)
class Urn:
    """What is drawn from, and how.

    Attributes:
        seed: One line of text.
        by: Whether `amounts` are percent or numbers of sites.
        amounts: Class → how much of it, `25`, `12.5`.
        population: Class → ids of its sites.
        officers: Badge numbers.
        per_site: How many officers go to a site.
        barred: (badge, site) that must not meet.
    """

    seed: str
    by: AmountBy
    amounts: Mapping[str, str]
    population: Mapping[str, Sequence[str]]
    officers: Sequence[str]
    per_site: int
    barred: Collection[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class Drawn:
    """A site that was drawn, and who goes there."""

    site: str
    officers: tuple[str, ...]


def rank(seed: str, *parts: str) -> str:
    """By what is ordered: the SHA-256, in hex, of algorithm, seed and parts, each on a line of its own."""
    return hashlib.sha256("\n".join((ALGORITHM, seed, *parts)).encode()).hexdigest()


def population_digest(population: Mapping[str, Sequence[str]]) -> str:
    """SHA-256, in hex, of a line `CLASS ID` for each site: classes in their order, ids in theirs."""
    lines = [f"{name} {site}\n" for name in CLASSES for site in sorted(population.get(name, ()))]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def tidy_amount(by: AmountBy, text: str) -> str:
    """A share in percent or a number of sites, as it is recorded: `25`, `12.5`.

    Raises:
        Refused: It is none: shares lie above 0 and up to 100 with two decimals, numbers from 1 to 999,999.
    """
    text = text.strip().removesuffix("%").strip()
    if by == "share":
        if _SHARE.fullmatch(text) and 0 < (value := Decimal(text)) <= 100:
            return format(value.normalize(), "f")
        raise Refused(
            f"抽取比例“{text[:20]}”不对；请写大于 0、不超过 100 的百分数，最多两位小数，如 25。",
            f"The share “{text[:20]}” is none; give a percentage above 0 and up to 100 with at most two decimals,"
            " such as 25.",
        )
    if _COUNT.fullmatch(text) and int(text) > 0:
        return str(int(text))
    raise Refused(
        f"抽取个数“{text[:20]}”不对；请写 1 至 999999 的整数。",
        f"The number of sites “{text[:20]}” is none; give a whole number from 1 to 999999.",
    )


def how_many(by: AmountBy, amount: str, total: int) -> int:
    """How many of `total` sites an amount means; a share is rounded up, a number stops at what is there."""
    if by == "count":
        return min(int(amount), total)
    hundredths = int(Decimal(amount) * 100)
    return -(-total * hundredths // 10_000)


def draw_sites(urn: Urn) -> list[str]:
    """The sites that come out, class after class, in the order of their rank."""
    chosen: list[str] = []
    for name in CLASSES:
        if name in urn.amounts:
            ids = sorted(urn.population.get(name, ()), key=lambda site: (rank(urn.seed, "site", site), site))
            chosen += ids[: how_many(urn.by, urn.amounts[name], len(ids))]
    return chosen


def draw(urn: Urn) -> list[Drawn]:
    """Sites and, for each, the officers who go there.

    An officer who has fewer sites so far comes first, among equals the one of the lower rank: so nobody gets more
    than one site more than another, unless somebody is barred from a site.

    Raises:
        Refused: For a site there are fewer officers than it needs.
    """
    loads = dict.fromkeys(urn.officers, 0)
    barred = set(urn.barred)
    drawn: list[Drawn] = []
    for site in draw_sites(urn):
        ranked = sorted(
            (loads[badge], rank(urn.seed, "officer", site, badge), badge)
            for badge in loads
            if (badge, site) not in barred
        )
        if len(ranked) < urn.per_site:
            raise Refused(
                f"对象 {site} 回避后只剩 {len(ranked)} 名执法人员，不足 {urn.per_site} 名；请增加人员。",
                f"Only {len(ranked)} officers are not barred from the site {site}, {urn.per_site} are needed; name more.",
            )
        officers = tuple(badge for _, _, badge in ranked[: urn.per_site])
        for badge in officers:
            loads[badge] += 1
        drawn.append(Drawn(site, officers))
    return drawn
