"""What may stand in the place of a value in a YAML file and is no value: bombs, tags, depths,
numbers, keys, letters that no console shows; each as the text of a whole file made of a sound one.
"""

import random
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# The file that is spoilt, where it stands in ``data/``.
PLACES = {
    "settings": "huyen-mau/dataset.yaml",
    "law": "criteria/model-2021-2025.yaml",
    "scenario": "scenarios/money-110.yaml",
}
TAGS = [
    "!!python/object/apply:os.system ['touch HIT']",
    "!!python/object/new:subprocess.Popen [['touch', 'HIT']]",
    "!!python/name:os.system ''",
    "!!binary aGVsbG8=",
    "!<tag:yaml.org,2002:python/tuple> [1, 2]",
    "!!set {a, b}",
]
NUMBERS = ["9" * 400, "1e999", "0x" + "f" * 300, "-.inf", ".nan", "1_000", "0b11", "1:" * 90 + "1"]
LETTERS = ["\x07", "\x85", "\u2028", "\ufffe", "\ud7ff", "\x1b[2J"]
TRICKS: list[Callable[[random.Random, list[str]], str]] = []


def trick(make: Callable) -> Callable:
    TRICKS.append(make)
    return make


def _line(chance: random.Random, lines: list[str]) -> int:
    """A line with a key at the left."""
    return chance.choice([n for n, line in enumerate(lines) if line[:1].isalpha()])


def _with(lines: list[str], number: int, value: str) -> str:
    """The file, where a key has another value; what stood under it goes."""
    after = next((n for n in range(number + 1, len(lines)) if lines[n][:1].isalpha()), len(lines))
    key = lines[number].split(":")[0]
    return "\n".join([*lines[:number], f"{key}: {value}", *lines[after:]]) + "\n"


@trick
def a_bomb_of_aliases(chance: random.Random, lines: list[str]) -> str:
    """A billion laughs."""
    bomb = ["a0: &a0 [ha, ha, ha]"]
    bomb += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    return _with([*bomb, *lines], len(bomb) + _line(chance, lines), "*a11")


@trick
def a_value_that_holds_itself(chance: random.Random, lines: list[str]) -> str:
    return _with(lines, _line(chance, lines), chance.choice(["&a [*a]", "&a {b: *a}"]))


@trick
def a_mapping_merged(chance: random.Random, lines: list[str]) -> str:
    return _with(["base: &b {id: x, title: y}", "<<: *b", *lines], 2 + _line(chance, lines), "z")


@trick
def a_tag(chance: random.Random, lines: list[str]) -> str:
    return _with(lines, _line(chance, lines), chance.choice(TAGS))


@trick
def a_tag_on_all(chance: random.Random, lines: list[str]) -> str:
    return "!!python/object:builtins.dict\n" + "\n".join(lines)


@trick
def a_number_that_is_none(chance: random.Random, lines: list[str]) -> str:
    return _with(lines, _line(chance, lines), chance.choice(NUMBERS))


@trick
def a_day_that_is_none(chance: random.Random, lines: list[str]) -> str:
    days = ["2022-02-30", "0000-00-00", "99999-01-01", "2022-12-31T00:00:00+99:00", "9999-12-31"]
    day = chance.choice(days)
    value = chance.choice([day, f"{{date: {day}, mark: assumed}}"])
    return _with(lines, _line(chance, lines), value)


@trick
def a_depth(chance: random.Random, lines: list[str]) -> str:
    depth = chance.choice([21, 1000, 50_000])
    value = chance.choice(["[" * depth + "]" * depth, "{a: " * depth + "}" * depth, "[" * depth])
    return _with(lines, _line(chance, lines), value)


@trick
def a_depth_of_lines(chance: random.Random, lines: list[str]) -> str:
    nested = "\n".join(f"{' ' * (n + 1)}a:" for n in range(chance.choice([30, 700])))
    return _with(lines, _line(chance, lines), f"\n{nested}")


@trick
def another_type(chance: random.Random, lines: list[str]) -> str:
    values = ["[]", "{}", "null", "true", "1", "[[1, [2]], {a: b}]", "{vi: [], en: {}}", "- a", "|"]
    return _with(lines, _line(chance, lines), chance.choice([*values, '"', "'a", "%", "@a", "`a"]))


@trick
def a_key_twice(chance: random.Random, lines: list[str]) -> str:
    number = _line(chance, lines)
    return "\n".join([*lines, lines[number].split(":")[0] + ": x"]) + "\n"


@trick
def a_key_that_is_none(chance: random.Random, lines: list[str]) -> str:
    keys = ["k" * 300_000, "? [a, b]\n", "? {a: b}\n", '"\\0"', "!!python/none x", "&a b", "~"]
    return "\n".join([*lines, f"{chance.choice(keys)}: x"]) + "\n"


@trick
def a_letter_that_no_console_shows(chance: random.Random, lines: list[str]) -> str:
    letter = chance.choice(LETTERS)
    value = chance.choice([f"a{letter}b", f'"a{letter}b"', f"{{vi: a{letter}, en: b}}"])
    return _with(lines, _line(chance, lines), value)


@trick
def an_escape(chance: random.Random, lines: list[str]) -> str:
    value = chance.choice([r'"\0"', r'"\x1b[2J"', r'"\uD800"', r'"\U00110000"', r'"\n\n"'])
    return _with(lines, _line(chance, lines), chance.choice([value, f"{{vi: {value}, en: x}}"]))


@trick
def two_documents(chance: random.Random, lines: list[str]) -> str:
    return "\n".join([*lines, "---", *lines]) + "\n"


@trick
def no_mapping(chance: random.Random, lines: list[str]) -> str:
    return chance.choice(["- a\n", "a\n", "42\n", "", "---\n...\n", "%YAML 9.9\n---\na: b\n", "\t"])


@trick
def too_much(chance: random.Random, lines: list[str]) -> str:
    more = [f"k{n}: {'v' * 90}" for n in range(chance.choice([4000, 8000]))]
    return "\n".join([*lines, *more]) + "\n"


@trick
def a_text_without_end(chance: random.Random, lines: list[str]) -> str:
    return _with(lines, _line(chance, lines), chance.choice(["x" * 300_000, "|\n  " + "y" * 9000]))


@trick
def cut_short(chance: random.Random, lines: list[str]) -> str:
    text = "\n".join(lines)
    return text[: chance.randrange(len(text))]


@trick
def letters_left_out(chance: random.Random, lines: list[str]) -> str:
    text = list("\n".join(lines))
    for _ in range(3):
        del text[chance.randrange(len(text))]
    return "".join(text)


@trick
def signs_put_in(chance: random.Random, lines: list[str]) -> str:
    text = list("\n".join(lines))
    for _ in range(2):
        text.insert(chance.randrange(len(text)), chance.choice("{}[]:,&*#?|->!%@`'\"\\\t\n "))
    return "".join(text)


def spoilt(chance: random.Random, number: int) -> tuple[str, str, str]:
    """Attempt ``number``: the kind of file, the trick, the text; the kinds take turns, and so do
    the tricks.
    """
    kind = list(PLACES)[number % len(PLACES)]
    make = TRICKS[number // len(PLACES) % len(TRICKS)]
    if number < 9:  # the usual run: what is worst, in each kind of file
        worst = (a_bomb_of_aliases, a_tag, a_depth)
        make = worst[number // len(PLACES)]
    lines = (ROOT / "data" / PLACES[kind]).read_text(encoding="utf-8").splitlines()
    return kind, make.__name__, make(chance, lines)
