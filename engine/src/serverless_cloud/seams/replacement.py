"""How a seam replaces moto's methods. By itself, this file replaces nothing."""

from __future__ import annotations

from types import FunctionType, SimpleNamespace
from typing import Any


class Replacement:
    """Methods that replace methods of the same names in a class of moto, `of`. `self` is moto's object.

    Attributes:
        moto: what was there before, by name: functions of moto's object, properties; None for a method that is new.
    """

    moto: Any
    _owner: Any

    def __init_subclass__(cls, of: Any) -> None:
        cls._owner = of

    @classmethod
    def install(cls, **needs: Any) -> None:
        """Replaces the methods. Args: needs: attributes of this class that its methods use."""
        ours = {name: it for name, it in vars(cls).items() if isinstance(it, FunctionType | property | staticmethod)}
        cls.moto = SimpleNamespace(**{name: getattr(cls._owner, name, None) for name in ours})
        for name, value in needs.items():
            setattr(cls, name, value)
        for name, value in ours.items():
            setattr(cls._owner, name, value)
