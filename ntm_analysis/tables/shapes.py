"""What a YAML or JSON file must look like: every file says its shape, one engine holds it to that.

A shape is a :class:`Shape` (one value), ``{"key": shape, "key?": shape}`` (a block; what ends in
"?" may be left out or null), ``{"": shape}`` (any keys), ``[shape]`` (a list), or the name of a
shape. What is wrong is reported, and a stand-in takes its place, so that reading goes on and one
report tells everything.
"""

import json
import re
from collections import namedtuple

from .problems import Problem
from .yaml_files import Lines

# Text only where the file has it in quotes.
_QUOTED = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?|true|false|null")


class Shape(
    namedtuple("Shape", "test allowed stand_in read code", defaults=["", None, None, "yaml_value"])
):
    """What one value may be.

    Attributes
    ----------
    test : type or callable
        What the value is, or what says whether it fits; it may fail on a value of another kind.
    allowed : str
        What to write, in the words of the file.
    stand_in : object
        What stands in for a wrong value.
    read : callable or None
        What is made of a value that fits; None: the value itself.
    code : str
        What is told of a wrong value. With a code of its own, the same is told of a missing one.
    """

    def fits(self, value):
        """Say whether a value may stand here.

        Parameters
        ----------
        value : object

        Returns
        -------
        bool

        Examples
        --------
        >>> Shape(str.isdigit).fits("12"), Shape(str.isdigit).fits(12), Shape(int).fits(True)
        (True, False, False)
        """
        if isinstance(self.test, type):
            return type(value) is self.test
        try:
            return bool(self.test(value))
        except (TypeError, ValueError, AttributeError, LookupError):
            return False


def one_of(*allowed):
    """Make the shape of a choice of words.

    Parameters
    ----------
    *allowed : str

    Returns
    -------
    Shape
    """
    return Shape(lambda value: isinstance(value, str) and value in allowed, ", ".join(allowed))


def is_number(value):
    """Say whether a value is a number; ``true`` is none.

    Parameters
    ----------
    value : object

    Returns
    -------
    bool
    """
    return type(value) in (int, float)


class ShapedFile:
    """A file while it is being held to its shape.

    Parameters
    ----------
    name : str
        What messages call the file.
    content : Lines or dict
    problems : list of Problem
        Gains what is wrong.
    shapes : dict, optional
        Shapes by name.

    Attributes
    ----------
    name, content, problems, shapes
        As above.
    """

    def __init__(self, name, content, problems, shapes=None):
        self.name, self.content, self.problems, self.shapes = name, content, problems, shapes or {}

    def problem(self, code, line, key=None, **details):
        """Note what is wrong under a key.

        Parameters
        ----------
        code : str
        line : int
        key : str, optional
        **details : object
            Values are shown as the file writes them (``true``, not ``True``).
        """
        for name, value in details.items():
            quoted = name == "value" and code == "yaml_value" and _QUOTED.fullmatch(str(value))
            if quoted or isinstance(value, dict | list | bool | None):
                details[name] = json.dumps(value, ensure_ascii=False, default=str)
        self.problems.append(Problem(code, self.name, line, key, details))

    def is_new(self, seen, value, line, key):
        """Say whether a value is there and no earlier block has it, which is noted.

        Parameters
        ----------
        seen : dict
            The line of each value; gains this one.
        value : object
        line : int
        key : str

        Returns
        -------
        bool
        """
        if value in seen:
            self.problem("duplicate", line, key, value=value, other=seen[value])
        elif value:
            seen[value] = line
            return True
        return False

    def hold(self, value, shape, line=0, place=()):
        """Hold a value to its shape.

        Parameters
        ----------
        value : object
        shape : Shape, dict, list, type, callable or str
            See :mod:`ntm_analysis.tables.shapes`.
        line : int
            Where the value stands.
        place : tuple
            Keys, and numbers of list items from 1, that lead to the value.

        Returns
        -------
        object
            The value with a stand-in for whatever is wrong or missing; a block has all its keys.
        """
        shape = self._shape(shape)
        if isinstance(shape, list) and isinstance(value, list):
            return [
                self.hold(item, shape[0], line, (*place, number))
                for number, item in enumerate(value, start=1)
            ]
        if isinstance(shape, dict) and isinstance(value, dict):
            return self._block(value, shape, place)
        if isinstance(shape, Shape) and shape.fits(value):
            return shape.read(value) if shape.read else value
        self.wrong(value, shape, line, place)
        return self._stand_in(shape, line)

    def wrong(self, value, shape, line, place, missing=False):
        """Note a value that does not fit, or that is missing.

        Parameters
        ----------
        value : object
        shape : Shape, dict or list
        line : int
        place : tuple
        missing : bool
        """
        code = shape.code if isinstance(shape, Shape) else "yaml_value"
        key = [step for step in place if isinstance(step, str)][-1]
        if missing and code == "yaml_value":
            self.problem("yaml_missing", line, value=key)
        else:
            self.problem(code, line, key, value=value, **self.details(shape, place))

    def unknown(self, name, lines, keys):
        """Note a key that a block does not have.

        Parameters
        ----------
        name : str
        lines : Lines
            The block.
        keys : iterable of str
            Those it has.
        """
        self.problem("yaml_key", lines.at(name), value=name, allowed=", ".join(keys))

    def details(self, shape, place):
        """Say what to write in the place of a wrong value.

        Parameters
        ----------
        shape : Shape, dict or list
        place : tuple

        Returns
        -------
        dict
            Details of the message.
        """
        if isinstance(shape, Shape):
            return {"allowed": shape.allowed}
        if isinstance(shape, list):
            return {"allowed": "- ..."}
        keys = ", ".join(key.removesuffix("?") or '...: "..."' for key in shape)
        return {"allowed": f"{{{keys}}}"}

    def _shape(self, shape):
        shape = self.shapes[shape] if isinstance(shape, str) else shape
        return shape if isinstance(shape, Shape | dict | list) else Shape(shape)

    def _block(self, block, shapes, place):
        keys = {key.removesuffix("?"): key for key in shapes}
        if "" in shapes:
            keys = dict.fromkeys(block, "")
        lines = block if isinstance(block, Lines) else Lines()
        held = Lines(lines.line, lines.lines)
        for name in block:
            if name not in keys:
                self.unknown(name, lines, keys)
        for name, key in keys.items():
            shape, value, line = self._shape(shapes[key]), block.get(name), lines.at(name)
            if value is None and key[-1:] == "?":
                held[name] = None
            elif name in block:
                held[name] = self.hold(value, shape, line, (*place, name))
            else:
                self.wrong("", shape, line, (*place, name), missing=True)
                held[name] = self._stand_in(shape, line)
        start, end = held.get("from"), held.get("to")
        if start and end and end < start:
            self.problem("yaml_value", lines.at("to"), "to", value=end, allowed=f">= {start}")
        return held

    def _stand_in(self, shape, line):
        if isinstance(shape, Shape):
            return shape.stand_in
        if isinstance(shape, list):
            return []
        block = Lines(line)
        for key, inner in shape.items():
            if key:
                stand_in = None if key[-1] == "?" else self._stand_in(self._shape(inner), line)
                block[key.removesuffix("?")] = stand_in
        return block
