"""YAML read safely, with the line of every key, so that a problem can name its place."""

from pathlib import Path
from typing import Any

import yaml

from .problems import Problem


class Lines(dict):
    """A mapping that remembers the line (from 1) of itself and of each of its keys."""

    line: int = 0
    lines: dict[str, int]

    def at(self, key: str) -> int:
        """The line of ``key``, else of the mapping."""
        return self.lines.get(key, self.line)


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """Safe: a Python tag is refused, not obeyed. Repeated keys are refused too; plain YAML would drop one silently."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> Lines:
        made = Lines()
        made.line, made.lines = node.start_mark.line + 1, {}
        for key_node, value_node in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in made:
                raise yaml.constructor.ConstructorError(None, None, f"repeated key {key!r}", key_node.start_mark)
            made[key] = self.construct_object(value_node, deep=True)
            made.lines[key] = key_node.start_mark.line + 1
        return made


_Loader.add_constructor("tag:yaml.org,2002:map", lambda loader, node: loader.construct_mapping(node))


def read_yaml(path: Path, problems: list[Problem], name: str | None = None) -> Lines | None:
    """The mapping in a YAML file, or None after adding to ``problems`` why it cannot be read."""
    name = name or path.name
    try:
        text = path.read_bytes().decode("utf-8-sig")
        made: Any = yaml.load(text, Loader=_Loader)
    except FileNotFoundError:
        problems.append(Problem("missing_file", name, details={"header": "id: ..."}))
    except UnicodeDecodeError:
        problems.append(Problem("yaml", name, details={"detail": "UTF-8"}))
    except (yaml.YAMLError, ValueError) as error:  # ValueError: 2022-13-45 looks like a date and is none
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else None
        detail = getattr(error, "problem", None) or str(error)
        if "could not determine a constructor for the tag" in detail:
            tag = detail.split("tag ")[-1].strip("'\"")
            problems.append(Problem("yaml_tag", name, line, details={"value": tag}))
        else:
            problems.append(Problem("yaml", name, line, details={"detail": detail}))
    else:
        if isinstance(made, Lines):
            return made
        problems.append(Problem("empty_file", name, details={"header": "id: ..."}))
    return None
