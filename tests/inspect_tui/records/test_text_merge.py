"""A proposal loses nothing that anybody wrote, invents nothing, and says where a person has to decide."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from inspect_tui.records.text_merge import differences, has_marks, merged, pieces

_SENTENCES = st.sampled_from(
    ["围挡破损。", "裸土未覆盖。", "道路带泥！", "已整改；", "第一行\n", "\n", "缺口约 12 m", "无"]
)
_TEXTS = st.lists(_SENTENCES, max_size=8).map("".join)


@given(st.text())
def test_pieces_are_the_text(text: str) -> None:
    """Nothing is dropped between sentences and lines."""
    assert "".join(pieces(text)) == text


@given(_TEXTS, _TEXTS)
def test_differences_tell_both_texts(base: str, text: str) -> None:
    """Without what is gone it is the new text, without what was added the old one."""
    told = differences(base, text)
    assert "".join(piece for kind, piece in told if kind != "gone") == text
    assert "".join(piece for kind, piece in told if kind != "added") == base


@given(_TEXTS, _TEXTS)
def test_what_one_side_changed_is_taken(base: str, text: str) -> None:
    """One side alone, or the same on both: that text, with nothing left to decide."""
    assert merged(base, [text]).text == text
    for sides in ([base, text], [text, base], [text, text]):
        assert merged(base, sides) == merged(base, [text])


@given(_TEXTS, st.lists(_TEXTS, min_size=1, max_size=3))
def test_nothing_new_is_lost_or_invented(base: str, texts: list[str]) -> None:
    """Every sentence that a side added stands in the proposal, and every sentence of it comes from somebody."""
    proposal = merged(base, texts)
    known = {piece for text in (base, *texts) for piece in pieces(text)}
    for text in texts:
        for kind, piece in differences(base, text):
            if kind == "added":
                assert all(one in proposal.text for one in pieces(piece))
    assert has_marks(proposal.text) == bool(proposal.open_places)
    if not proposal.open_places:
        assert all(any(piece in one for one in known) or piece in "".join(texts) for piece in pieces(proposal.text))


def test_changes_in_different_sentences_are_both_taken() -> None:
    """Neighbouring sentences too; three sides as well as two."""
    base = "北侧围挡破损。裸土未覆盖。未设洗车台。"
    ours = "北侧围挡破损 12 m。裸土未覆盖。未设洗车台。"
    theirs = "北侧围挡破损。裸土约 200 m² 未覆盖。未设洗车台。"
    third = "北侧围挡破损。裸土未覆盖。未设洗车台。道路带泥。"
    proposal = merged(base, [ours, theirs, third])

    assert proposal.text == "北侧围挡破损 12 m。裸土约 200 m² 未覆盖。未设洗车台。道路带泥。"
    assert proposal.open_places == 0


def test_changes_in_one_sentence_are_left_to_a_person() -> None:
    """Both stand there between marks; a deletion beside a change too."""
    proposal = merged("缺口。已拍照。", ["缺口 12 m。已拍照。", "缺口 15 m。已拍照。"])
    assert proposal.text == "⟦缺口 12 m。┃缺口 15 m。⟧已拍照。"
    assert proposal.open_places == 1
    assert merged("缺口。已拍照。", ["已拍照。", "缺口 15 m。已拍照。"]).text == "⟦┃缺口 15 m。⟧已拍照。"
