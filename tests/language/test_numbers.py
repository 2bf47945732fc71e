"""Numbers as offices write them: whatever is written is read back the same; nothing else passes for
a number.
"""

import math
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ntm_analysis.language import UnreadableError, read_number, write_number

NUMBERS = st.decimals(-999_999_999, 999_999_999, places=2).map(float)


@given(NUMBERS, st.sampled_from(["vi", "en"]))
def test_what_is_written_is_read_back(value, style):
    written = write_number(value, style)
    try:
        assert math.isclose(read_number(written, style), value, abs_tol=0.005)
    except UnreadableError as refused:
        assert refused.reason == "ambiguous_number", (
            "only a lone separator before three digits leaves a doubt"
        )


@given(NUMBERS.filter(lambda v: abs(v) >= 1_000_000))
def test_a_number_in_the_other_style_is_never_taken_for_another(value):
    with pytest.raises(UnreadableError):
        read_number(write_number(value, "en"), "vi")


@given(st.text(alphabet=string.printable + "٣５ⅷ½", max_size=12))
def test_any_text_is_a_finite_number_or_refused(text):
    try:
        assert math.isfinite(read_number(text))
    except UnreadableError:
        pass
    else:
        assert set(text.strip()) <= set("0123456789.,-")
