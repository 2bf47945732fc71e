"""YAML read safely, with the line of every key, so that a problem can name its place.

Less than YAML allows: no tags, no aliases, no repeated keys. A number is a plain decimal, a yes or
no is ``true`` or ``false``, a date is 2022-03-31; whatever else is text (``010``, ``90:30``,
``.inf``, ``yes``), and keys are always text. Values are written as they are read.
"""

import datetime as dt
import re
from numbers import Integral, Number

import numpy as np
import yaml

from .problems import Problem
from .whole_files import bounded_bytes

DEEPEST, LARGEST = 20, 512 * 1024  # levels, bytes: of every YAML file
_PARSER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_WORDS = {"": None, "~": None, "null": None, "true": True, "false": False}
_WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,14})")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,14})\.[0-9]{1,14}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Lines(dict):
    """A mapping that remembers where it stands.

    Attributes
    ----------
    line : int
        Line of the mapping, from 1; 0 where it stands in no file.
    lines : dict of str to int
        The line of each key.
    """

    def __init__(self, line=0, lines=None):
        super().__init__()
        self.line, self.lines = line, {} if lines is None else lines

    def at(self, key):
        """Find the line of a key.

        Parameters
        ----------
        key : str

        Returns
        -------
        int
            The line of the mapping where the key is not there.
        """
        return self.lines.get(key, self.line)


def read_yaml(path, problems, name=None, written=None):
    """Read the mapping in a YAML file.

    Parameters
    ----------
    path : Path
    problems : list of Problem
        Gains what is wrong with the file.
    name : str, optional
        What messages call the file.
    written : str, optional
        What shall stand in the file, read in the place of what stands there.

    Returns
    -------
    Lines or None
        None where the file cannot be read. A tag, an alias or a repeated key is a problem too, but
        the rest of the file is given, so that it can be checked.
    """
    name = name or path.name

    def note(code, line=None, **details):
        problems.append(Problem(code, name, line, details=details))

    raw, content = b"", None
    try:
        raw = bounded_bytes(path, LARGEST) if written is None else written.encode("utf-8")
        if len(raw) > LARGEST:
            note("yaml_large", limit=LARGEST // 1024)
            return None
        content = _Reader(raw.decode("utf-8-sig"), note).document()
    except FileNotFoundError:
        note("missing_file", header="id: ...")
    except OSError:
        note("unopened_file")
    except UnicodeDecodeError as error:
        note("yaml", raw[: error.start].count(b"\n") + 1, detail="không phải UTF-8 | not UTF-8")
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        detail = getattr(error, "problem", None) or str(error)
        note("yaml", mark.line + 1 if mark else None, detail=detail)
    else:
        if isinstance(content, Lines):
            return content
        note("empty_file", header="id: ...") if content is None else note("yaml_mapping", 1)
    return None


def flow(value):
    """Write a value in YAML's short form.

    Parameters
    ----------
    value : object

    Returns
    -------
    str
        Text always stands in quotes, whatever letters it has, so that no name is read as a number;
        of a number the first 14 decimals, which are all that is read.

    Examples
    --------
    >>> print(flow({"pot": "010", "title": "Vốn mới", "share": 0.5, "rise": 2 / 3}))
    {pot: "010", title: "Vốn mới", share: 0.5, rise: 0.66666666666667}
    """
    if isinstance(value, dict):
        pairs = ((key if _KEY.fullmatch(f"{key}") else flow(f"{key}"), value[key]) for key in value)
        return "{" + ", ".join(f"{key}: {flow(item)}" for key, item in pairs) + "}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(flow, value))}]"
    if value is None or isinstance(value, bool | np.bool_):
        return "null" if value is None else f"{value}".lower()
    if isinstance(value, dt.date) and value == value:  # NaT is a date that equals nothing
        return f"{value:%Y-%m-%d}"
    if isinstance(value, Integral):
        return f"{value}"
    if isinstance(value, Number):
        number = value if isinstance(value, np.floating) else float(value)
        written = np.format_float_positional(number, precision=14, trim="0")
        if float(written) or not number:  # what is so small that it cannot be read is refused
            return written
    value = f"{value}"
    signs = (
        f"\\{c}" if c in '"\\' else c if c.isprintable() else f"\\U{ord(c):08x}" for c in value
    )
    return f'"{"".join(signs)}"'


def as_yaml(content):
    """Write a mapping as the text of a file.

    Parameters
    ----------
    content : dict

    Returns
    -------
    str
        A key a line, each change of ``changes`` on its own.

    Examples
    --------
    >>> as_yaml({"id": "a", "deadline": dt.date(2025, 6, 30)}).splitlines()
    ['id: "a"', 'deadline: 2025-06-30']
    """
    lines = [f"{key}: {flow(value)}" for key, value in content.items() if key != "changes"]
    if changes := content.get("changes"):
        lines += ["changes:", *(f"  - {flow(change)}" for change in changes)]
    return "\n".join([*lines, ""])


class _Reader:
    """Builds the values of one document from the parser's events."""

    def __init__(self, text, note):
        self.events, self.note = yaml.parse(text, Loader=_PARSER), note

    def document(self):
        """Build the one document of the text; None when there is none."""
        content = None
        for event in self.events:
            second = isinstance(event, yaml.DocumentStartEvent) and event.start_mark.index
            if second and content is not None:
                raise _error("hai tài liệu (---) | a second document (---)", event)
            if isinstance(event, yaml.NodeEvent):
                content = self.value(event, 0)
        return content

    def value(self, event, depth):
        """Build the value that begins with ``event``."""
        line = event.start_mark.line + 1
        if depth > DEEPEST:
            raise _error("lồng quá nhiều tầng | nested too deep", event)
        if isinstance(event, yaml.AliasEvent):
            self.note("yaml_alias", line, value=event.anchor)
            return None
        if event.tag not in (None, "!"):
            self.note("yaml_tag", line, value=event.tag)
        if isinstance(event, yaml.ScalarEvent):
            return self.plain(event.value, line) if event.implicit[0] else event.value
        if isinstance(event, yaml.SequenceStartEvent):
            items = []
            while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
                items.append(self.value(event, depth + 1))
            return items
        return self.mapping(event, depth)

    def mapping(self, start, depth):
        """Build a mapping; keys that are none are noted and left out."""
        content, before = Lines(start.start_mark.line + 1), ""
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            line = event.start_mark.line + 1
            key = event.value if isinstance(event, yaml.ScalarEvent) else None
            if key is None:
                self.value(event, depth + 1)
                self.note("yaml", line, detail="khóa phải là chữ | a key must be text")
            event = next(self.events)
            text = getattr(event, "value", None)
            value = self.value(event, depth + 1)
            blank = start.flow_style and text == ""
            if blank and _WHOLE.fullmatch(f"{key}") and re.fullmatch("-?[0-9.]+", before):
                self.note("yaml_comma", line, value=f"{before},{key}")
            elif key in content:
                self.note("yaml", line, detail=f"khóa “{key}” lặp lại | repeated key “{key}”")
            elif key is not None:
                content[key], content.lines[key] = value, line
            before = text or ""
        return content

    def plain(self, text, line):
        """Say what an unquoted scalar means."""
        if text in _WORDS:
            return _WORDS[text]
        if _WHOLE.fullmatch(text):
            return int(text)
        if _DECIMAL.fullmatch(text):
            return float(text)
        if _DATE.fullmatch(text):
            try:
                return dt.date.fromisoformat(text)
            except ValueError:
                self.note("yaml", line, detail=f"không có ngày {text} | there is no day {text}")
        return text


def _error(problem, event):
    return yaml.MarkedYAMLError(problem=problem, problem_mark=event.start_mark)
