"""Fixtures: the built-in catalogue, and a small sound catalogue folder that tests may spoil."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from checklists.catalogue import load_catalogue

if TYPE_CHECKING:
    from pathlib import Path

    from checklists.model import Catalogue

LAW = """\
laws:
  - {id: new-law, title: {zh: 新法, en: New Law}, kind: law, valid_from: 2026-08-15, replaces: [old-law], confirmed: C}
  - {id: old-law, title: {zh: 旧法, en: Old Law}, kind: law, valid_to: 2026-08-14, replaced_by: new-law, confirmed: C}
  - {id: notice, title: {zh: 通知, en: Notice}, kind: policy, confirmed: S}
"""
KINDS = """\
kinds:
  - id: outfall
    title: {zh: 排污口, en: Outfall}
    attributes:
      - id: outfall_type
        title: {zh: 类型, en: Type}
        values:
          - {id: industrial, title: {zh: 工业, en: industrial}}
          - {id: other, title: {zh: 其他, en: other}}
      - {id: river, title: {zh: 河流, en: River}}
"""
AREAS = """\
areas:
  - {code: "141102", name: {zh: 离石区, en: Lishi District}}
"""
CHECKLIST = """\
id: small
version: 2026.11.1
title: {zh: 小检查表, en: Small checklist}
site_kinds: [outfall]
plan_note: {zh: 说明, en: Note}
sections:
  - id: first
    title: {zh: 第一组, en: First}
    items:
      - id: AA-001
        question: {zh: 问题一, en: Question one}
        pass: {zh: 好, en: good}
        fail: {zh: 坏, en: bad}
        photos:
          - {what: {zh: 近景, en: Close up}}
        measurements:
          - id: cod
            quantity: {zh: 化学需氧量, en: COD}
            unit: mg/L
            limits:
              - comparator: <=
                value: "40"
                source: {zh: 规划, en: Plan}
                basis: plan
                when: {attribute: outfall_type, is: [industrial]}
        severity: major
        authority: {zh: 生态环境, en: Ecology}
        default_days: 7
        plan:
          - section: 第四章第二节
            quote: 严格执行“查、测、溯、治”重点任务
            duties: [P4.2-04]
        legal_basis:
          - {law: new-law, article: 1条1款}
          - {law: old-law, article: 2条}
      - id: AA-002
        question: {zh: 问题二, en: Question two}
        pass: {zh: 好, en: good}
        fail: {zh: 坏, en: bad}
        severity: minor
        authority: {zh: 生态环境, en: Ecology}
        default_days: 0
        plan: []
        when: {item: AA-001, is: [fail]}
"""


CONTENT = {"law": LAW, "kinds": KINDS, "areas": AREAS, "small": CHECKLIST}


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    """The built-in catalogue."""
    return load_catalogue()


@pytest.fixture
def content() -> dict[str, str]:
    """The files of the small folder, by name without ending."""
    return CONTENT


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A sound catalogue folder of one small checklist."""
    for name, text in CONTENT.items():
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    return tmp_path
