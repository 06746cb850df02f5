"""Patches are declared, checked, installed once, and taken back without a trace."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from serverless_cloud.core import current, patches
from serverless_cloud.core.installer import DuplicatePatch, Installer, SignatureChanged
from serverless_cloud.core.patches import DATA_PLANE, Change, NotInstalled, Patch, Service, signature_of

#: What stands for moto here: a service with a module of models, and one that has imported from it.
MODELS = """
class Base:
    def light(self, watts, *, color="warm"):
        return f"base {watts} {color}"

    def price(self):
        return 10

class Lamp(Base):
    price_list = {"bulb": 4}

    def price(self):
        return 12

    @property
    def name(self):
        return "lamp"

    @staticmethod
    def unit(count):
        return count

    @classmethod
    def make(cls, name="Hikari"):
        return cls.__name__ + name

def switch(lamp):
    return "off"

WATTS = 5
"""


@pytest.fixture
def moto(monkeypatch: pytest.MonkeyPatch) -> tuple[Any, Any]:
    """The two modules; the second has imported `switch` from the first."""
    models: Any = ModuleType("lamps.shop.models")
    exec(MODELS, models.__dict__)
    responses: Any = ModuleType("lamps.shop.responses")
    responses.turn = models.switch
    for module in (models, responses):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    return models, responses


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Service:
    """Declares patches of a service that exists in this test only."""
    monkeypatch.setattr(patches, "_declared", {})
    return Service("lamps")


@pytest.fixture
def installer() -> Iterator[Installer]:
    own = Installer()
    yield own
    own.undo()


def attributes(*owners: Any) -> list[dict[str, Any]]:
    """What owners have themselves."""
    return [dict(vars(owner)) for owner in owners]


def install(installer: Installer) -> tuple[Change, ...]:
    """Installs what the service has declared."""
    found = patches.declared("lamps")
    installer.apply(found)
    return found


def test_a_declared_function_replaces_motos(moto: Any, service: Service, installer: Installer) -> None:
    @service.replaces("lamps.shop.models:Lamp.price", expects="self")
    def price(lamp: Any) -> int:
        assert isinstance(lamp, moto[0].Lamp)
        return int(price.original(lamp)) + 1

    install(installer)
    assert moto[0].Lamp().price() == 13
    assert price(moto[0].Lamp()) == 13
    assert price.original(moto[0].Lamp()) == 12


def test_a_patch_says_what_it_is(service: Service) -> None:
    @service.replaces("lamps.shop.models:Lamp.price", expects="self", upstream="The price includes the tax.")
    def price(lamp: Any) -> int:
        return len(lamp)

    assert isinstance(price, Patch)
    assert (price.module, price.path, price.name) == ("lamps.shop.models", ["Lamp", "price"], "price")
    assert (price.service, price.defect, price.upstream) == ("lamps", DATA_PLANE, "The price includes the tax.")
    assert (price.moto, price.kind, price.everywhere) == (patches.MOTO, "function", False)
    assert patches.services() == ("lamps",)
    with pytest.raises(AttributeError):
        price.defect = ""  # type: ignore[misc]


@pytest.mark.parametrize(
    ("target", "expects", "has"),
    [
        ("Lamp.light", "self, watts", r"self, watts, \*, color='warm'"),
        ("Lamp.dim", "self", ""),
        ("Lamp.price", "", "self"),
        ("Lamp.price_list", "self", "a value"),
        ("switch", "lamp, force=False", "lamp"),
    ],
)
def test_a_changed_signature_is_named(
    moto: Any, service: Service, installer: Installer, target: str, expects: str, has: str
) -> None:
    service.replaces(f"lamps.shop.models:{target}", expects=expects)(lambda *_: None)
    before = attributes(moto[0], moto[0].Lamp)
    with pytest.raises(SignatureChanged, match=rf"lamps\.shop\.models:{target} is \({has}\), and the patch"):
        install(installer)
    assert attributes(moto[0], moto[0].Lamp) == before
    assert list(installer.changes) == []


def test_all_changed_signatures_are_named_and_nothing_is_changed(
    moto: Any, service: Service, installer: Installer
) -> None:
    for name, expects in (("price", "self"), ("light", "self"), ("make", "self")):
        service.replaces(f"lamps.shop.models:Lamp.{name}", expects=expects)(lambda *_: None)
    before = attributes(moto[0].Lamp)
    with pytest.raises(SignatureChanged, match=r"Lamp\.light.*Lamp\.make") as raised:
        install(installer)
    assert "Lamp.price" not in str(raised.value)
    assert attributes(moto[0].Lamp) == before


@pytest.mark.parametrize("target", ["lamps.shop.models:Bulb.price", "lamps.garden:Lamp.price"])
def test_a_class_or_a_module_that_is_gone_is_named(
    moto: Any, service: Service, installer: Installer, target: str
) -> None:
    assert moto
    service.replaces(target, expects="self")(lambda _: None)
    with pytest.raises(SignatureChanged, match=rf"{target} is gone: "):
        install(installer)


def test_signatures_are_written_with_stars_and_defaults() -> None:
    def all_kinds(a: int, b: str = "x", *c: int, d: int, e: None = None, **f: int) -> None: ...
    def keywords(a: int, *, b: int) -> None: ...

    assert signature_of(all_kinds) == "a, b='x', *c, d, e=None, **f"
    assert signature_of(keywords) == "a, *, b"
    assert signature_of(lambda: None) == "()"


def test_a_second_patch_of_a_target_is_refused_by_name(moto: Any, service: Service, installer: Installer) -> None:
    @service.replaces("lamps.shop.models:Lamp.price", expects="self")
    def price(lamp: Any) -> int:
        return len(lamp)

    install(installer)

    @Service("tax").replaces("lamps.shop.models:Lamp.price", expects="self")
    def with_tax(lamp: Any) -> int:
        return len(lamp)

    with pytest.raises(DuplicatePatch, match=r"Lamp\.price is changed by .*\.price and by .*\.with_tax\."):
        installer.apply(patches.declared("tax"))
    with pytest.raises(DuplicatePatch):
        Installer().apply([price, with_tax])
    assert vars(moto[0].Lamp)["price"] is price.function


def test_two_ways_to_one_place_are_one_target(moto: Any, service: Service, installer: Installer) -> None:
    moto[1].Shade = moto[0].Lamp
    for module in ("models:Lamp", "responses:Shade"):
        service.replaces(f"lamps.shop.{module}.price", expects="self")(lambda _: 1)
    with pytest.raises(DuplicatePatch):
        install(installer)


def declare_all_kinds(service: Service) -> None:
    """An own and an inherited method, a new one, a property, static and class methods, a function, a value, a key."""
    target = "lamps.shop.models:"
    service.replaces(f"{target}Lamp.price", expects="self")(lambda _: 1)
    service.replaces(f"{target}Lamp.light", expects="self, watts, *, color='warm'")(lambda _, watts: watts)
    service.replaces(f"{target}Lamp.dim", expects="")(lambda _: "dim")
    service.replaces(f"{target}Lamp.name", expects="self", kind="property")(lambda _: "ours")
    service.replaces(f"{target}Lamp.watts", expects="", kind="property")(lambda _: 7)
    service.replaces(f"{target}Lamp.unit", expects="count", kind="staticmethod")(lambda count: count + 1)
    service.replaces(f"{target}Lamp.make", expects="cls, name='Hikari'", kind="classmethod")(lambda cls: cls)
    service.replaces(f"{target}switch", expects="lamp", everywhere=True)(lambda _: "on")
    service.sets(f"{target}WATTS", 60, expects="5")
    service.adds(f"{target}Lamp.price_list", {"lamp": 20, "bulb": "lamps.shop.models:WATTS"})


def test_every_kind_is_put_in_and_taken_back(moto: Any, service: Service, installer: Installer) -> None:
    models, responses = moto
    kinds = (models, responses, models.Lamp, models.Base)
    before, prices = attributes(*kinds), dict(models.Lamp.price_list)
    declare_all_kinds(service)
    changes = install(installer)
    assert list(installer.changes) == list(changes)
    lamp = models.Lamp()
    assert (lamp.price(), lamp.light(3), lamp.dim(), lamp.name, lamp.watts) == (1, 3, "dim", "ours", 7)
    assert (models.Lamp.unit(2), lamp.unit(2), models.Lamp.make()) == (3, 3, models.Lamp)
    assert (models.switch(lamp), models.WATTS, models.Base().price()) == ("on", 60, 10)
    assert models.Lamp.price_list == {"bulb": 60, "lamp": 20}
    installer.undo()
    assert attributes(*kinds) == before
    assert models.Lamp.price_list == prices
    assert "light" not in vars(models.Lamp)
    assert list(installer.changes) == []


def test_it_can_be_installed_again(moto: Any, service: Service, installer: Installer) -> None:
    service.replaces("lamps.shop.models:Lamp.price", expects="self")(lambda _: 1)
    install(installer)
    installer.undo()
    install(installer)
    assert moto[0].Lamp().price() == 1


def test_the_original_is_there_only_while_the_patch_is_installed(
    moto: Any, service: Service, installer: Installer
) -> None:
    light = service.replaces("lamps.shop.models:Lamp.light", expects="self, watts, *, color='warm'")(lambda *_: "")
    name = service.replaces("lamps.shop.models:Lamp.name", expects="self", kind="property")(lambda _: "")
    unit = service.replaces("lamps.shop.models:Lamp.unit", expects="count", kind="staticmethod")(lambda _: 0)
    make = service.replaces("lamps.shop.models:Lamp.make", expects="cls, name='Hikari'", kind="classmethod")(repr)
    new = service.replaces("lamps.shop.models:Lamp.dim", expects="")(lambda _: "")
    with pytest.raises(NotInstalled, match=r"Lamp\.light"):
        light.original()
    install(installer)
    lamp: Any = moto[0].Lamp()
    assert light.original(lamp, 40) == "base 40 warm"
    assert (name.original(lamp), unit.original(3)) == ("lamp", 3)
    assert make.original(moto[0].Lamp) == "LampHikari"
    with pytest.raises(NotInstalled, match=r"Lamp\.dim"):
        new.original(lamp)
    installer.undo()
    with pytest.raises(NotInstalled):
        light.original(lamp)


def test_an_override_is_removed_and_comes_back(moto: Any, service: Service, installer: Installer) -> None:
    service.removes("lamps.shop.models:Lamp.price")
    own = vars(moto[0].Lamp)["price"]
    install(installer)
    assert moto[0].Lamp().price() == 10
    installer.undo()
    assert vars(moto[0].Lamp)["price"] is own
    service.removes("lamps.shop.models:Lamp.light")
    with pytest.raises(SignatureChanged, match=r"Lamp\.light"):
        install(installer)


def test_a_property_can_have_a_setter(moto: Any, service: Service, installer: Installer) -> None:
    @service.replaces(
        "lamps.shop.models:Lamp.watts",
        expects="",
        kind="property",
        setter=lambda lamp, value: setattr(lamp, "w", value),
    )
    def watts(lamp: Any) -> int:
        return int(lamp.w)

    install(installer)
    lamp = moto[0].Lamp()
    lamp.watts = 9
    assert lamp.watts == 9
    assert watts.kind == "property"


def test_everywhere_means_the_modules_that_have_imported_it(
    moto: Any, service: Service, installer: Installer, monkeypatch: pytest.MonkeyPatch
) -> None:
    models, responses = moto
    other: Any = ModuleType("lamps.tax.models")
    other.turn = models.switch
    monkeypatch.setitem(sys.modules, other.__name__, other)
    stock = models.switch
    service.replaces("lamps.shop.models:switch", expects="lamp", everywhere=True)(lambda _: "on")
    install(installer)
    late: Any = ModuleType("lamps.shop.late")
    late.turn = models.switch
    monkeypatch.setitem(sys.modules, late.__name__, late)
    assert (responses.turn(None), other.turn(None), late.turn(None)) == ("on", "off", "on")
    installer.undo()
    assert [module.turn for module in (responses, other, late)] == [stock] * 3


def test_one_function_can_replace_several_methods(moto: Any, service: Service, installer: Installer) -> None:
    seen = []

    @service.replaces_each(
        "lamps.shop.models:Lamp", ("price", "light"), expects={"price": "self", "light": "self, watts, *, color='warm'"}
    )
    def noted(patch: Patch[..., Any], lamp: Any, *args: Any) -> Any:
        seen.append(patch.name)
        return patch.original(lamp, *args)

    install(installer)
    lamp: Any = moto[0].Lamp()
    assert (lamp.price(), lamp.light(3)) == (12, "base 3 warm")
    assert seen == ["price", "light"]
    assert [patch.target for patch in noted] == ["lamps.shop.models:Lamp.price", "lamps.shop.models:Lamp.light"]


# ---- the data plane of this process


@pytest.fixture
def _nothing_started() -> Iterator[None]:
    current.reset()
    yield
    current.reset()


@pytest.mark.usefixtures("_nothing_started")
def test_the_data_plane_is_known_from_start_to_reset() -> None:
    plane: Any = object()
    with pytest.raises(current.NotStarted, match="no local cloud"):
        _ = current.plane
    current.start(plane)
    assert current.plane is plane
    with pytest.raises(current.AlreadyStarted):
        current.start(plane)
    current.parts[Installer] = part = Installer()
    assert current.parts[Installer] is part
    current.reset()
    with pytest.raises(current.NotStarted, match="no Installer"):
        _ = current.parts[Installer]
    with pytest.raises(current.NotStarted):
        _ = current.plane


def test_other_names_are_attribute_errors() -> None:
    with pytest.raises(AttributeError, match="no attribute 'planet'"):
        _ = current.planet  # type: ignore[attr-defined]
