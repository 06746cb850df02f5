"""Puts declared changes into moto, and takes them back."""

from __future__ import annotations

import functools
import importlib
import inspect
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from serverless_cloud.core.patches import ANY, MOTO, Change, Entry, Patch, Removal, Setting, signature_of


class SignatureChanged(Exception):
    """moto's code isn't the code that a patch was written for."""


class DuplicatePatch(Exception):
    """Two declarations change the same thing in moto. Merge them into one function with visible steps."""


_NOTHING = object()


class _Place:
    """Where a change is made: an attribute of a class or a module, or a key of a dictionary.

    Attributes:
        where: The same for two targets that lead to one place.
        own: What is there itself, as the class's dictionary has it; `_NOTHING` if it is inherited or missing.
        stock: What is found there, inherited or not, without calling a descriptor; `_NOTHING` if it is missing.
    """

    def __init__(self, change: Change) -> None:
        self.change = change
        self._owner: Any = importlib.import_module(change.module)
        for name in change.path if isinstance(change, Entry) else change.path[:-1]:
            self._owner = self._owner[name] if isinstance(self._owner, dict) else getattr(self._owner, name)
        if isinstance(change, Entry):
            self.own = self.stock = self._owner.get(change.key, _NOTHING)
        else:
            self.own = vars(self._owner).get(change.name, _NOTHING)
            self.stock = inspect.getattr_static(self._owner, change.name, _NOTHING)
        self.where = id(self._owner), change.key if isinstance(change, Entry) else change.name

    def change_to(self, value: object, old: object) -> None:
        """Puts a value there, or removes what is there for `_NOTHING`. Args: old: the value of its copies now."""
        if isinstance(self.change, Entry):
            if value is _NOTHING:
                del self._owner[self.change.key]
            else:
                self._owner[self.change.key] = value
        elif value is _NOTHING:
            delattr(self._owner, self.change.name)
        else:
            setattr(self._owner, self.change.name, value)
        if self.change.everywhere:
            self._swap_copies(value, old)

    def _swap_copies(self, new: object, old: object) -> None:
        """Other modules have imported it by name, and some of them only since it was replaced."""
        package = ".".join(self.change.module.split(".")[:2])
        for name, module in list(sys.modules.items()):
            if name == package or name.startswith(f"{package}."):
                for attribute in [key for key, it in vars(module).items() if it is old]:
                    setattr(module, attribute, new)

    @property
    def replacement(self) -> object:
        """The value that the change puts there."""
        change = self.change
        if isinstance(change, Entry):
            return _look_up(change.value) if isinstance(change.value, str) and ":" in change.value else change.value
        return change.replacement if isinstance(change, Patch | Setting) else _NOTHING

    @property
    def original(self) -> Any:
        """The function that is there: of a property its getter, of a static method what it wraps."""
        stock = self.stock
        if isinstance(stock, property):
            return stock.fget
        return stock.__func__ if isinstance(stock, staticmethod | classmethod) else stock

    def problem(self) -> str:
        """How moto differs from what the change was written for; "" if it doesn't."""
        change, text = self.change, ""
        if isinstance(change, Patch):
            text = "" if self.stock is _NOTHING else "a value"
            if callable(self.original) and self.stock is not _NOTHING:
                text = ANY if change.expects == ANY else signature_of(self.original)
            expected = change.expects
        elif isinstance(change, Setting):
            text, expected = repr(self.stock) if change.expects else "", change.expects
            text = "nothing" if self.stock is _NOTHING else text
        else:
            text, expected = "nothing" if isinstance(change, Removal) and self.own is _NOTHING else "", ""
        return "" if text == expected else f"{change.target} is ({text}), and the patch expects ({expected})"


def _look_up(target: str) -> object:
    module, _, path = target.partition(":")
    return functools.reduce(getattr, path.split("."), importlib.import_module(module))


def problem_of(change: Change) -> str:
    """How moto differs now from what a change was written for; "" if it doesn't."""
    place = _find(change)
    return place if isinstance(place, str) else place.problem()


def _find(change: Change) -> _Place | str:
    """The place of a change, or a sentence if moto has no such module or class."""
    try:
        return _Place(change)
    except (ImportError, AttributeError, KeyError) as error:
        return f"{change.target} is gone: {error}"


class Installer:
    """Puts changes into moto, and takes them all back."""

    def __init__(self) -> None:
        self._places: dict[tuple[int, str], _Place] = {}

    @property
    def changes(self) -> Iterator[Change]:
        """The installed changes, in the order of the installation."""
        return (place.change for place in self._places.values())

    def apply(self, changes: Iterable[Change]) -> None:
        """Makes all these changes, or none of them.

        Raises:
            DuplicatePatch: two of them have one target, or a target is changed already.
            SignatureChanged: with all that differs in moto.
        """
        outcomes = [_find(change) for change in changes]
        places: dict[tuple[int, str], _Place] = {}
        for place in [outcome for outcome in outcomes if isinstance(outcome, _Place)]:
            if (first := self._places.get(place.where) or places.get(place.where)) is not None:
                who = f"{_who(first.change)} and by {_who(place.change)}"
                raise DuplicatePatch(f"{place.change.target} is changed by {who}.")
            places[place.where] = place
        if problems := [
            text for outcome in outcomes if (text := outcome if isinstance(outcome, str) else outcome.problem())
        ]:
            raise SignatureChanged(f"moto isn't moto {MOTO}: {'; '.join(problems)}.")
        for where, place in places.items():
            if isinstance(place.change, Patch):
                place.change.keep(None if place.stock is _NOTHING else place.original)
            place.change_to(place.replacement, place.stock)
            self._places[where] = place

    def undo(self) -> None:
        """Restores moto, attribute by attribute."""
        while self._places:
            _, place = self._places.popitem()
            place.change_to(place.own, place.replacement)
            if isinstance(place.change, Patch):
                place.change.keep(None)


def _who(change: Change) -> str:
    """The function of a patch, or the service of another change."""
    if isinstance(change, Patch):
        return f"{change.function.__module__}.{change.function.__qualname__}"
    return f"a declaration of {change.service}"
