"""A file held to its shape: what is wrong is told at its line, and reading goes on."""

import pytest

from ntm_analysis.tables import Problem, Shape, ShapedFile, one_of, read_yaml

SHAPE = {
    "id": Shape(str.isalpha, "abc", "?"),
    "day?": one_of("today", "tomorrow"),
    "words": {"": str},
    "rows": [{"n": Shape(int, "1", 0), "of?": ["more"]}],
}
MORE = {"more": {"x": Shape(bool, "true", code="law_mark")}}


def hold(tmp_path, text: str):
    """A file held to SHAPE: what comes of it, what is told."""
    path, problems = tmp_path / "a.yaml", []
    path.write_text(text, encoding="utf-8")
    content = read_yaml(path, problems)
    held = ShapedFile("a.yaml", content, problems, MORE).hold(content, SHAPE)
    return held, [(p.code, p.row, p.column, f"{p.details['value']}") for p in problems]


GOOD = "id: a\nwords: {b: c}\nrows:\n  - n: 1\n    of:\n      - x: true\n"


def test_what_fits_comes_back_with_all_its_keys(tmp_path):
    held, problems = hold(tmp_path, GOOD)
    rows = [{"n": 1, "of": [{"x": True}]}]
    assert problems == [] and held == {"id": "a", "day": None, "words": {"b": "c"}, "rows": rows}
    assert (held.line, held.at("rows"), held["rows"][0].at("of")) == (1, 3, 5)


@pytest.mark.parametrize(
    ("old", "new", "problem", "stand_in"),
    [
        ("id: a", "id: 5", ("yaml_value", 1, "id", "5"), {"id": "?"}),
        ("id: a", "id:", ("yaml_value", 1, "id", "null"), {"id": "?"}),
        ("id: a\n", "", ("yaml_missing", 1, None, "id"), {"id": "?"}),
        ("id: a", "id: a\nday: never", ("yaml_value", 2, "day", "never"), {"day": None}),
        ("id: a", "id: a\nyear: 1", ("yaml_key", 2, None, "year"), {"id": "a"}),
        ("{b: c}", "{b: 1}", ("yaml_value", 2, "b", "1"), {"words": {"b": None}}),
        ("{b: c}", "none", ("yaml_value", 2, "words", "none"), {"words": {}}),
        ("n: 1", "n: true", ("yaml_value", 4, "n", "true"), {}),
        ("x: true", "x: 1", ("law_mark", 6, "x", "1"), {}),
    ],
)
def test_what_does_not_fit_is_told_and_a_stand_in_takes_its_place(
    tmp_path, old, new, problem, stand_in
):
    held, problems = hold(tmp_path, GOOD.replace(old, new))
    told = [(*place, value.strip('"')) for *place, value in problems]
    assert told == [problem] and stand_in.items() <= held.items()


def test_a_shape_of_its_own_code_is_told_by_it_where_nothing_stands(tmp_path):
    problems: list[Problem] = []
    ShapedFile("a.yaml", {}, problems, MORE).hold({}, "more")
    assert [(p.code, p.column) for p in problems] == [("law_mark", "x")]
