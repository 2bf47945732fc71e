"""Pairs of words: every code has one word in Vietnamese and one in English."""

import pytest

from ntm_analysis import language


@pytest.mark.parametrize(
    "name", ["STATE_SIGNS", "STATE_WORDS", "LEVEL_WORDS", "MARK_WORDS", "BASIS_WORDS"]
)
def test_every_code_has_a_word_in_both_languages(name):
    for code, (vi, en) in getattr(language, name).items():
        assert isinstance(code, str) and isinstance(vi, str) and isinstance(en, str)
        assert vi.strip() and en.strip()


def test_every_state_has_a_sign():
    assert language.STATE_SIGNS.keys() == language.STATE_WORDS.keys()
