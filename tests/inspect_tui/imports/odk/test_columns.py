"""Which question a column answers, whatever a server calls it; and files that nobody wrote in good faith."""

from __future__ import annotations

import zipfile
from functools import cache
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from checklists.catalogue import load_catalogue
from inspect_tui.imports.odk.columns import Place, columns_of
from inspect_tui.imports.odk.form import form_of
from tests.inspect_tui.imports.odk.servers import Kobo, central, kobo_headers, sent, xform

if TYPE_CHECKING:
    from pathlib import Path

    from tests.inspect_tui.imports.odk.conftest import Run

CATALOGUE = load_catalogue()
DUST = form_of(CATALOGUE.checklist("construction-dust"), CATALOGUE.kinds)
NAMES = sorted(DUST.questions)
FORM = cache(xform)
SIGNS = st.sampled_from(["/", "-", ".", ":", "::", " / ", "|", " > ", "→"])


@pytest.mark.parametrize("checklist", CATALOGUE.checklists)
def test_every_header_of_every_form_finds_its_question(checklist: str) -> None:
    """As XML names and as labels in either language, with groups and without; none is left over, none is mistaken."""
    asked = xform(checklist)
    form = form_of(CATALOGUE.checklist(checklist), CATALOGUE.kinds)
    for repeat in ("", *asked.repeats):
        wanted = [each.name for each in asked.of(repeat) if each.path[0] != "meta"]
        for language in (None, "zh", "en"):
            for groups in (True, False):
                how = Kobo(language, groups=groups, urls=True)
                found = columns_of(kobo_headers(asked, repeat, how), form)
                values = [place.name for place in found.places if place is not None and place.part == "value"]
                assert values == wanted, (language, groups)
                assert found.strange == []
                urls = [place.name for place in found.places if place is not None and place.part == "url"]
                assert urls == [each.name for each in asked.of(repeat) if each.kind == "binary"]
    header = central(asked, [])[f"{asked.id}.csv"].splitlines()[0].split(",")
    found = columns_of(header, form)
    assert found.strange == []
    assert {place.part for place in found.places if place and place.name == "site_position"} == {
        "latitude",
        "longitude",
        "altitude",
        "accuracy",
    }
    assert {"KEY", "instanceID", "FormVersion", "ReviewState", "Status"} <= set(found.meta)


@given(st.lists(st.text(max_size=12), max_size=4), SIGNS, st.sampled_from(NAMES))
def test_a_name_is_found_behind_any_groups(groups: list[str], sign: str, name: str) -> None:
    """Whatever they are called, and whatever separates them."""
    header = sign.join([*groups, name])
    assert columns_of([header], DUST).places == [Place(name, "value")]


@given(SIGNS, st.sampled_from(NAMES), st.sampled_from(["zh", "en"]), st.booleans())
def test_a_label_is_found_behind_any_group(sign: str, name: str, language: str, padded: bool) -> None:
    """A label that several questions have gives one of them; spaces and byte order marks make no difference."""
    label = next((key for key, names in DUST.labels.items() if name in names), None)
    if label is None:
        return
    header = f"围挡{sign}{label}" if language == "zh" else label
    place = columns_of([f"\ufeff {header} " if padded else header], DUST).places[0]
    assert place is not None
    assert place.name in DUST.labels[label]


@given(st.lists(st.text(max_size=3000), max_size=20))
def test_any_headers_are_read(headers: list[str]) -> None:
    """Every column has its place, or is known to have none."""
    found = columns_of(headers, DUST)
    assert len(found.places) == len(headers)


HOSTILE = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@HOSTILE
@given(data=st.binary(max_size=400), ending=st.sampled_from(["csv", "xlsx", "zip"]), packed=st.booleans())
def test_any_bytes_are_refused_in_a_sentence(
    cli: Run, tmp_path: Path, data: bytes, ending: str, packed: bool
) -> None:
    """No traceback, nothing recorded."""
    path = tmp_path / f"x.{ending}"
    if packed:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("construction-dust.csv", data)
    else:
        path.write_bytes(data)
    ran = cli("inspection", "import-odk", path)
    assert ran.status == 1
    assert ran.err.strip()
    assert "Traceback" not in ran.err
    assert cli("inspection", "list", "--json").json() == []


@HOSTILE
@given(at=st.integers(0, 20_000), junk=st.binary(min_size=1, max_size=8))
def test_a_table_with_bytes_put_in_comes_in_or_is_refused(cli: Run, tmp_path: Path, at: int, junk: bytes) -> None:
    """A preview of it ends, with a status that says whether something was refused."""
    text = central(FORM(), [sent(1), sent(2)])["construction-dust.csv"].encode()
    at %= len(text)
    path = tmp_path / "construction-dust.csv"
    path.write_bytes(text[:at] + junk + text[at:])
    ran = cli("inspection", "import-odk", path, "--preview", "--without-media", "--json")
    assert ran.status in {0, 1}
    if ran.out:
        told = ran.json()
        refused = told["refused"] or told["refused_tables"]
        assert ran.status == (1 if refused else 0)
    else:
        assert ran.err.strip()
