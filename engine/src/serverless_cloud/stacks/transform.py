"""SAM templates become CloudFormation templates, by AWS's own translator; no network, no AWS session.

The words of refusals are the translator's, as CloudFormation hands them on.
"""

from __future__ import annotations

import copy
import json
import threading
from collections.abc import Callable, Mapping
from typing import Any

from serverless_cloud.stacks.errors import StackError
from serverless_cloud.stacks.intrinsics import LANGUAGE_EXTENSIONS
from serverless_cloud.stacks.template import SERVERLESS, check_shape, transforms_of

#: The translator keeps the Region in a class.
_one_at_a_time = threading.Lock()


def transformed(
    document: Mapping[str, Any],
    parameters: Mapping[str, Any],
    region: str,
    managed_policies: Callable[[], dict[str, str]],
) -> dict[str, Any]:
    """A template without SAM: a copy, if there is none in it.

    Args:
        document: the template as it was given.
        parameters: the caller's values, with or without the template's defaults.
        managed_policies: the ARNs of AWS's own policies by their names; called only if one is named.

    Raises:
        StackError: it is not a template, SAM refuses it, or it declares an unsupported transform.
    """
    check_shape(document)
    declared = transforms_of(document)
    if unknown := [name for name in declared if name not in (SERVERLESS, LANGUAGE_EXTENSIONS)]:
        raise StackError(
            f"The local cloud doesn't support the transform {', '.join(unknown)} (docs/fidelity.md). Leave it out."
        )
    if "Fn::ForEach" in (text := json.dumps(document, default=str)):
        raise StackError("The local cloud doesn't support Fn::ForEach (docs/fidelity.md). Write out each copy.")
    if '"Fn::Transform"' in text:
        raise StackError("The local cloud doesn't support Fn::Transform (docs/fidelity.md). Write out its result.")
    found = copy.deepcopy(dict(document))
    return _serverless(found, dict(parameters), region, managed_policies) if SERVERLESS in declared else found


def _serverless(
    document: dict[str, Any], parameters: dict[str, Any], region: str, managed_policies: Callable[[], dict[str, str]]
) -> dict[str, Any]:
    import boto3  # this and the translator take seconds to import, and only templates with SAM need them
    from samtranslator.model.exceptions import InvalidDocumentException
    from samtranslator.parser.parser import Parser
    from samtranslator.translator.translator import Translator
    from samtranslator.utils.py27hash_fix import to_py27_compatible_template, undo_mark_unicode_str_in_template

    try:
        with _one_at_a_time:
            to_py27_compatible_template(document, parameters)
            # A session for its Region's name, nothing else.
            translator = Translator(None, Parser(), boto_session=boto3.session.Session(region_name=region))
            try:
                made = translator.translate(document, parameters, get_managed_policy_map=managed_policies)
            finally:
                translator.metrics.publish()  # to nowhere; it would complain
            found: dict[str, Any] = undo_mark_unicode_str_in_template(made)
    except InvalidDocumentException as error:
        causes = " ".join(str(cause.message) for cause in error.causes)
        raise StackError(f"Transform {SERVERLESS} failed with: {error.message} {causes}".strip()) from error
    except (
        AttributeError,
        IndexError,
        KeyError,
        TypeError,
        ValueError,
    ) as error:  # of a template that it doesn't expect
        raise StackError(f"Transform {SERVERLESS} failed with: Internal transform failure. ({error!r})") from error
    left = [name for name in transforms_of(document) if name != SERVERLESS]
    found.pop("Transform", None)
    if left:
        found["Transform"] = left
    return json.loads(json.dumps(found))  # type: ignore[no-any-return]  # plain objects, no subclasses
