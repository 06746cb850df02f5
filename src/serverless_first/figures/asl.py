"""Reads a definition in the Amazon States Language as a graph, from which pictures and their alt texts are made.

Source of the fields: Amazon States Language, https://states-language.net/spec.html, and AWS's Step Functions Developer
Guide for JSONata, ItemReader and the service integrations.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

START, END, JOIN = "Start", "End", "Join"
KINDS = ("Task", "Pass", "Choice", "Wait", "Parallel", "Map", "Succeed", "Fail")
_CONTAINERS = ("Parallel", "Map")
_LABEL_LETTERS = 44
_SAID_LETTERS = 40

_SIGNS = {
    "Equals": "=", "LessThan": "<", "GreaterThan": ">", "LessThanEquals": "≤", "GreaterThanEquals": "≥",
    "Matches": "like",
}  # fmt: skip
_COMPARISON = re.compile(r"(?:String|Numeric|Boolean|Timestamp)(\w+?)(?:Path)?")


@dataclass(frozen=True)
class Node:
    """A state, the start, the end, or the point where a state's branches meet again.

    Attributes:
        key: unique among the nodes of a graph.
        name: the state's name, as in the definition and in histories.
        kind: the state's Type, or "Start", "End" or "Join".
        says: short lines about what the state does.
        frames: the keys of the Parallel and Map states around the node, the outermost first. A Parallel or Map
            state is the head of its frame, so the last key is the state's key.
    """

    key: str
    name: str
    kind: str
    says: tuple[str, ...] = ()
    frames: tuple[str, ...] = ()


@dataclass(frozen=True)
class Edge:
    """A transition.

    Attributes:
        source, target: keys of nodes.
        kind: "next", "choice" or "default" from a Choice, or "catch" from an error.
        label: the condition or the errors in short form; "" if there are none.
    """

    source: str
    target: str
    kind: str
    label: str = ""


@dataclass
class Graph:
    """All nodes, in the order of the definition, and all transitions."""

    nodes: dict[str, Node] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)


def graph_of(definition: str | Mapping[str, Any]) -> Graph:
    """The graph of a state machine.

    Args:
        definition: in the Amazon States Language, as JSON text or parsed by json.loads.

    Raises:
        ValueError: the definition is not JSON or not in the Amazon States Language. For example, States is missing, a
            state has an unknown Type, or a transition leads to a state that doesn't exist.
    """
    if isinstance(definition, str):
        try:
            definition = json.loads(definition)
        except ValueError as error:
            raise ValueError(f"This is not JSON, so it cannot be the definition of a state machine: {error}.") from None
    if not isinstance(definition, Mapping):
        raise ValueError(f"A definition must be an object with StartAt and States, not {type(definition).__name__}.")
    graph = Graph()
    graph.nodes[START] = Node(START, START, START)
    first, ends = _add_machine(graph, definition, (), "")
    graph.edges.append(Edge(START, first, "next"))
    graph.nodes[END] = Node(END, END, END)
    graph.edges += [Edge(end, END, "next") for end in ends]
    return graph


def _add_machine(graph: Graph, machine: Mapping[str, Any], frames: tuple[str, ...], path: str) -> tuple[str, list[str]]:
    """Adds the states of a machine, a branch or a Map's processor. Returns the keys of its first and last states."""
    states = machine.get("States")
    where = f" in {path.rstrip('/')}" if path else ""
    if not isinstance(states, Mapping) or not states:
        raise ValueError(f"There are no States{where}, so this is not the definition of a state machine.")
    if machine.get("StartAt") not in states:
        raise ValueError(f"StartAt{where} is {machine.get('StartAt')!r}, but the states are {', '.join(states)}.")
    out_of = {name: _add_state(graph, str(name), state, frames, path) for name, state in states.items()}
    ends = []
    for name, state in states.items():
        for target, kind, label in _transitions(state):
            if target not in states:
                raise ValueError(f"{name!r} leads to {target!r}, but there is no such state{where}.")
            # A transition out of a Parallel or a Map leaves from its end, and otherwise from the state itself.
            graph.edges.append(Edge(out_of[name], path + target, kind, label))
        if state.get("End") is True or state["Type"] in ("Succeed", "Fail"):
            ends.append(out_of[name])
    return path + str(machine["StartAt"]), ends


def _add_state(graph: Graph, name: str, state: Any, frames: tuple[str, ...], path: str) -> str:
    """Adds a state and everything in it. Returns the key of the node that its transitions leave from."""
    kind = state.get("Type") if isinstance(state, Mapping) else None
    if kind not in KINDS:
        raise ValueError(f"{name!r} has the Type {kind!r}. Use one of {', '.join(KINDS)}.")
    key = path + name
    within = (*frames, key) if kind in _CONTAINERS else frames
    graph.nodes[key] = Node(key, name, kind, tuple(_says(state)), within)
    if kind not in _CONTAINERS:
        return key
    machines = (
        state.get("Branches") or [] if kind == "Parallel" else [state.get("ItemProcessor", state.get("Iterator")) or {}]
    )
    if not machines:
        raise ValueError(f"{name!r} has no Branches.")
    join = Node(f"{key}/", name, JOIN, frames=within)
    for machine in machines:
        first, ends = _add_machine(graph, machine, within, f"{key}/")
        graph.edges.append(Edge(key, first, "next"))
        graph.edges += [Edge(end, join.key, "next") for end in ends]
    graph.nodes[join.key] = join
    return join.key


def _transitions(state: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """The target, kind and label of each transition out of a state."""
    for rule in state.get("Choices") or []:
        yield str(rule.get("Next")), "choice", shortened(condition(rule), _LABEL_LETTERS)
    if "Default" in state:
        yield str(state["Default"]), "default", "otherwise"
    if "Next" in state and state["Type"] != "Choice":
        yield str(state["Next"]), "next", ""
    for catcher in state.get("Catch") or []:
        yield str(catcher.get("Next")), "catch", shortened(errors(catcher), _LABEL_LETTERS)


def errors(rule: Mapping[str, Any]) -> str:
    """The errors of a catcher or retrier as text."""
    names = [str(name) for name in rule.get("ErrorEquals") or []]
    return ", ".join("any error" if name == "States.ALL" else name for name in names)


def condition(rule: Mapping[str, Any]) -> str:
    """A choice rule as short text: `$.total > 10000`, `not ($.paid = true)`, or the JSONata expression itself."""
    if "Condition" in rule:
        return bare(str(rule["Condition"]))
    for word in ("And", "Or"):
        if word in rule:
            parts = [condition(part) for part in rule[word]]
            return f" {word.lower()} ".join(f"({p})" if " and " in p or " or " in p else p for p in parts)
    if "Not" in rule:
        return f"not ({condition(rule['Not'])})"
    variable = str(rule.get("Variable", "?"))
    for name, value in rule.items():
        if name.startswith("Is"):
            what = "there" if name == "IsPresent" else name.removeprefix("Is").lower()
            return f"{variable} is {'' if value else 'not '}{what}"
        comparison = _COMPARISON.fullmatch(name)
        if comparison and comparison[1] in _SIGNS:
            operand = value if isinstance(value, str) else json.dumps(value)
            return f"{variable} {_SIGNS[comparison[1]]} {operand}"
    return variable


def bare(text: str) -> str:
    """An expression without JSONata's delimiters."""
    match = re.fullmatch(r"\s*\{%\s*(.*?)\s*%\}\s*", text, re.DOTALL)
    return " ".join((match[1] if match else text).split())


def shortened(text: str, letters: int) -> str:
    """The text, cut to at most this many characters."""
    return text if len(text) <= letters else text[: letters - 1].rstrip() + "…"


def integration(resource: str) -> str:
    """A Task's Resource in short form: "Lambda price", "batch:submitJob.sync", "s3:listObjectsV2", "activity pack"."""
    if match := re.search(r":lambda:[^:]*:[^:]*:function:(.+)$", resource):
        return f"Lambda {match[1]}"
    if match := re.search(r":states:[^:]*:[^:]*:activity:(.+)$", resource):
        return f"activity {match[1]}"
    if ":states:::" in resource:
        return resource.split(":states:::", 1)[1].removeprefix("aws-sdk:")
    return resource.rsplit(":", 1)[-1] or "?"


def _says(state: Mapping[str, Any]) -> Iterator[str]:
    """Short lines about what a state does: its action, then its retries."""
    kind = state["Type"]
    says = {"Task": _task, "Wait": _wait, "Fail": _fail, "Map": _map, "Parallel": _parallel}.get(kind)
    yield shortened(says(state), _SAID_LETTERS) if says else kind
    retriers = [rule for rule in state.get("Retry") or [] if rule.get("MaxAttempts", 3) != 0]
    if retriers:
        most = max(rule.get("MaxAttempts", 3) for rule in retriers)
        yield shortened(f"↻ retry {most}× on {', '.join(errors(rule) for rule in retriers)}", _SAID_LETTERS)


def _fail(state: Mapping[str, Any]) -> str:
    return f"Fail: {state.get('Error') or state.get('ErrorPath') or 'no name'}"


def _parallel(state: Mapping[str, Any]) -> str:
    return f"Parallel: {len(state.get('Branches') or [])} branches"


def _task(state: Mapping[str, Any]) -> str:
    called = integration(str(state.get("Resource", "?")))
    arguments = state.get("Parameters") or state.get("Arguments")
    name = arguments.get("FunctionName") if isinstance(arguments, Mapping) else None
    if called.startswith("lambda:invoke") and isinstance(name, str):
        suffix = called.removeprefix("lambda:invoke").removeprefix(".")
        return f"Lambda {name.split(':function:')[-1]}" + (f" ({suffix})" if suffix else "")
    return called


def _wait(state: Mapping[str, Any]) -> str:
    for name, form in (("Seconds", "Wait {} s"), ("Timestamp", "Wait until {}"), ("SecondsPath", "Wait {} s"),
                       ("TimestampPath", "Wait until {}")):  # fmt: skip
        if name in state:
            return form.format(bare(str(state[name])))
    return "Wait"


def _map(state: Mapping[str, Any]) -> str:
    processor = state.get("ItemProcessor") or {}
    mode = (processor.get("ProcessorConfig") or {}).get("Mode", "INLINE")
    over = state.get("ItemsPath") or state.get("Items")
    if "ItemReader" in state:
        over = integration(str(state["ItemReader"].get("Resource", "S3")))
    words = "Distributed map" if mode == "DISTRIBUTED" else "Map"
    if isinstance(over, str):
        words += f" over {bare(over)}"
    if most := state.get("MaxConcurrency"):
        words += f", {bare(str(most))} at once"
    return words


def describe(graph: Graph) -> str:
    """The graph in sentences, for readers who can't see the picture."""
    texts = []
    for node in graph.nodes.values():
        if node.kind in (JOIN, END):
            continue
        ways = [_way(graph, edge) for edge in graph.edges if edge.source == node.key]
        if node.kind in _CONTAINERS:
            inside = _list([w.removeprefix("then ") for w in ways])
            after = [_way(graph, edge) for edge in graph.edges if edge.source == f"{node.key}/"]
            texts.append(f"{node.name} ({'; '.join(node.says)}) starts {inside}; once it has finished, {_list(after)}")
        elif node.kind == START:
            texts.append(f"It starts with {_list([w.removeprefix('then ') for w in ways])}")
        else:
            texts.append(f"{node.name} ({'; '.join(node.says)}): {_list(ways)}")
    return ". ".join(texts) + "."


def _way(graph: Graph, edge: Edge) -> str:
    target = graph.nodes[edge.target]
    name = {END: "the end", JOIN: f"the end of {target.name}"}.get(target.kind, target.name)
    return {"next": "then ", "default": "otherwise "}.get(edge.kind, f"on {edge.label} " if edge.kind == "catch" else
            f"if {edge.label} ") + name  # fmt: skip


def _list(parts: Sequence[str]) -> str:
    return ", ".join(parts) if parts else "nothing"
