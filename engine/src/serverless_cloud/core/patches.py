"""Everything that the local cloud changes in moto, declared: the target, the function that replaces it, and the reason.

A file declares its patches like this, and its functions stay ordinary functions of the module:

    patches = Service("lambda")

    @patches.replaces(
        "moto.awslambda.models:LambdaBackend.publish_version",
        defect="engine/tests/services/test_moto_patches.py::test_stock_moto_still_has_the_defect[a_number_comes_back]",
    )
    def publish_version(backend: LambdaBackend, function_name: str, description: str = "") -> LambdaFunction: ...

`publish_version(...)` then calls this function, and `publish_version.original(...)` what moto had. A patch expects that
moto's function has the same parameters as ours, unless it names others. A target is a text, so a declaration imports
nothing of moto. `installer.Installer` puts them into moto, and takes them back.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Concatenate, Generic, Literal, NoReturn, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

#: The version of moto that all patches were written for.
MOTO = "5.2.5"
#: The expectation of a patch that takes any parameters, because it refuses the call or passes all of them on.
ANY = "*"
#: Why a patch exists that corrects nothing in moto: it connects moto to the part that does the work.
DATA_PLANE = "data plane"

Kind = Literal["function", "property", "staticmethod", "classmethod"]
_WRAPPERS: dict[Kind, Callable[[Callable[..., object]], object]]
_WRAPPERS = {"staticmethod": staticmethod, "classmethod": classmethod}


def signature_of(function: Callable[..., object]) -> str:
    """The parameters of a function with their defaults: "self, arn, *, tags=None"; "()" if there are none."""
    texts, after_star = [], False
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY and not after_star:
            texts.append("*")
        after_star = after_star or parameter.kind in (parameter.KEYWORD_ONLY, parameter.VAR_POSITIONAL)
        stars = "*" * ((parameter.kind is parameter.VAR_POSITIONAL) + 2 * (parameter.kind is parameter.VAR_KEYWORD))
        default = "" if parameter.default is parameter.empty else f"={parameter.default!r}"
        texts.append(f"{stars}{parameter.name}{default}")
    return ", ".join(texts) or "()"


class NotInstalled(Exception):
    """The original is known only while the patch is installed, and only if moto had something."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """One change of moto.

    Args:
        target: Module and path of what is changed, "moto.sqs.models:Queue.add_message".
        service: The service whose installation makes the change.
        defect: The test that shows what moto does wrong, or `DATA_PLANE`.
        upstream: What moto's authors could change, as a sentence; "" if the change is of use only here.
        everywhere: Whether other modules of the same moto service have imported the target by name, so that it must be
            replaced there too.
    """

    target: str
    service: str
    defect: str = DATA_PLANE
    upstream: str = ""
    everywhere: bool = False

    @property
    def module(self) -> str:
        """The module of moto that has the target."""
        return self.target.partition(":")[0]

    @property
    def path(self) -> list[str]:
        """The names that lead from the module to the target; the last one is the attribute that is changed."""
        return self.target.partition(":")[2].split(".")

    @property
    def name(self) -> str:
        """The last name of the target: "add_message"."""
        return self.path[-1]

    @property
    def moto(self) -> str:
        """The version of moto that it was written for."""
        return MOTO


@dataclass(frozen=True, kw_only=True)
class Patch(Change, Generic[P, R]):
    """A function of moto that is replaced, or added, by a function of ours. Calling the patch calls ours.

    Args:
        function: Ours. Its first parameter is moto's object if the target is a method or a property.
        expects: The parameters of moto's function as `signature_of` writes them, or `ANY`; "" if moto has none of that
            name; None if our function has the same, except for "self" or "cls".
        kind: What moto's class gets.
        setter: The setter of a property.

    Attributes:
        original: What moto had: a function, or the getter of a property. It raises `NotInstalled` while the patch isn't
            installed.
    """

    function: Callable[P, R]
    expects: str | None = None
    kind: Kind = "function"
    setter: Callable[..., None] | None = None
    original: Callable[P, R] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self.keep(None)
        if self.expects is None:
            own, first = signature_of(self.function), "cls" if self.kind == "classmethod" else "self"
            bound = len(self.path) > 1 and self.kind != "staticmethod"
            object.__setattr__(self, "expects", ", ".join([first, *own.split(", ")[1:]]) if bound else own)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.function(*args, **kwargs)

    @functools.cached_property
    def replacement(self) -> object:
        """The value that replaces the target."""
        if self.kind == "property":
            return property(self.function, self.setter, doc=self.function.__doc__)
        return _WRAPPERS[self.kind](self.function) if self.kind in _WRAPPERS else self.function

    def keep(self, original: Callable[..., object] | None) -> None:
        """Notes what moto had; None: nothing. Only the installer calls this."""

        def missing(*_: object, **__: object) -> NoReturn:
            raise NotInstalled(f"{self.target} isn't replaced at the moment, or moto has nothing of that name.")

        object.__setattr__(self, "original", original or missing)


@dataclass(frozen=True, kw_only=True)
class Setting(Change):
    """A value of moto that is replaced. Args: value: ours. expects: moto's, as `repr` writes it; "" if it varies."""

    value: object
    expects: str = ""

    @property
    def replacement(self) -> object:
        """The value that replaces the target."""
        return self.value


@dataclass(frozen=True, kw_only=True)
class Removal(Change):
    """A method that moto's class overrides and shouldn't, so it is removed, and the class inherits the method."""


@dataclass(frozen=True, kw_only=True)
class Entry(Change):
    """An entry of a dictionary that is added or replaced; the target is the dictionary.

    Args:
        key: Of the entry.
        value: Of the entry, or the target of an attribute of moto, "moto.sqs.responses:SQSResponse.dispatch", whose
            value it gets.
    """

    key: str
    value: object


_declared: dict[str, list[Change]] = {}


def declared(service: str) -> tuple[Change, ...]:
    """The changes that the files imported so far declare for a service, in the order of their declaration."""
    return tuple(_declared.get(service, ()))


def services() -> tuple[str, ...]:
    """The services for which the files imported so far declare something."""
    return tuple(sorted(_declared))


class Service:
    """Declares the changes that the installation of one service makes.

    Args:
        name: Of the service.
        defect, upstream: Of the changes that name none themselves.
    """

    def __init__(self, name: str, defect: str = DATA_PLANE, upstream: str = "") -> None:
        self.name, self.defect, self.upstream = name, defect, upstream

    def replaces(
        self,
        target: str,
        *,
        expects: str | None = None,
        defect: str = "",
        upstream: str = "",
        kind: Kind = "function",
        setter: Callable[..., None] | None = None,
        everywhere: bool = False,
    ) -> Callable[[Callable[P, R]], Patch[P, R]]:
        """Declares that the decorated function replaces a function of moto. Args: as `Patch` and `Change`."""

        def declare(function: Callable[P, R]) -> Patch[P, R]:
            patch = Patch(
                target=target,
                service=self.name,
                defect=defect or self.defect,
                upstream=upstream or self.upstream,
                everywhere=everywhere,
                function=function,
                expects=expects,
                kind=kind,
                setter=setter,
            )
            self._declare(patch)
            return patch

        return declare

    def replaces_each(
        self,
        owner: str,
        names: Iterable[str],
        *,
        expects: str | Mapping[str, str],
        defect: str = "",
        upstream: str = "",
    ) -> Callable[[Callable[Concatenate[Patch[..., R], P], R]], tuple[Patch[P, R], ...]]:
        """Declares that the decorated function replaces several methods of a class.

        Args:
            owner: The class, "moto.sqs.models:Queue".
            names: The methods. The function gets the patch of the method that is called as its first argument, for
                `patch.original` and `patch.name`.
            expects: The parameters of all, or by name.
            defect, upstream: As for `Change`.
        """

        def declare(function: Callable[Concatenate[Patch[..., R], P], R]) -> tuple[Patch[P, R], ...]:
            return tuple(make_patch(name, function) for name in names)

        def make_patch(name: str, function: Callable[Concatenate[Patch[..., R], P], R]) -> Patch[P, R]:
            def call(*args: P.args, **kwargs: P.kwargs) -> R:
                return function(patch, *args, **kwargs)

            call.__name__, call.__module__, call.__doc__ = name, function.__module__, function.__doc__
            call.__qualname__ = function.__qualname__
            target, parameters = f"{owner}.{name}", expects if isinstance(expects, str) else expects[name]
            patch = self.replaces(target, expects=parameters, defect=defect, upstream=upstream)(call)
            return patch

        return declare

    def sets(self, target: str, value: object, *, expects: str = "", defect: str = "", upstream: str = "",
             everywhere: bool = False) -> None:  # fmt: skip
        """Declares that a value of moto is replaced. Args: as `Setting` and `Change`."""
        self._declare(
            Setting(
                target=target,
                service=self.name,
                defect=defect or self.defect,
                upstream=upstream or self.upstream,
                everywhere=everywhere,
                value=value,
                expects=expects,
            )
        )

    def removes(self, target: str, *, defect: str = "", upstream: str = "") -> None:
        """Declares that a class of moto inherits a method that it overrides. Args: as `Change`."""
        self._declare(
            Removal(target=target, service=self.name, defect=defect or self.defect, upstream=upstream or self.upstream)
        )

    def adds(self, target: str, entries: Mapping[str, object], *, defect: str = "", upstream: str = "") -> None:
        """Declares entries of a dictionary of moto, by key. Args: as `Entry` and `Change`."""
        for key, value in entries.items():
            self._declare(
                Entry(
                    target=target,
                    service=self.name,
                    defect=defect or self.defect,
                    upstream=upstream,
                    key=key,
                    value=value,
                )
            )

    def _declare(self, change: Change) -> None:
        _declared.setdefault(self.name, []).append(change)
