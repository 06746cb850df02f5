"""Templates as texts: JSON, or YAML with CloudFormation's short forms (`!Ref`, `!Sub`)."""

from __future__ import annotations

import json
from typing import Any

import yaml
from samtranslator.yaml_helper import intrinsics_multi_constructor

from serverless_cloud.stacks.errors import StackError


class _Loader(yaml.SafeLoader):
    """YAML as CloudFormation reads it: the date in `Version: 2012-10-17` stays a text, and no key comes twice."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.tag != "tag:yaml.org,2002:merge" and isinstance(key.value, str):
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"found duplicate key {key.value}", key.start_mark
                    )
                seen.add(key.value)
        made: dict[Any, Any] = super().construct_mapping(node, deep)
        return made


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_multi_constructor("!", intrinsics_multi_constructor)


def parse(text: str) -> dict[str, Any]:
    """A template from its text, the short forms of functions written out.

    Raises:
        StackError: it is neither JSON nor YAML, or no object.
    """
    try:
        document = json.loads(text) if text.lstrip()[:1] == "{" else yaml.load(text, _Loader)
    except ValueError:  # YAML's flow style begins with a brace as well
        try:
            document = yaml.load(text, _Loader)
        except yaml.YAMLError as error:
            raise StackError(f"Template format error: JSON not well-formed. {_place(error)}".strip()) from error
    except yaml.YAMLError as error:
        raise StackError(f"Template format error: YAML not well-formed. {_place(error)}".strip()) from error
    if not isinstance(document, dict):
        raise StackError("Template format error: unsupported structure.")
    return document


def dump(document: Any) -> str:
    """A template as the text that is stored and sent: JSON."""
    return json.dumps(document, indent=1, default=str)


def _place(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = getattr(error, "problem", None) or ""
    return f"(line {mark.line + 1}, column {mark.column + 1}) {problem}".strip() if mark else str(error)
