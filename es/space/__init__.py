"""Named parameters in place of coordinates."""

from .categories import Choice, Ordinal
from .numeric import Integer, Linear, Log
from .parameter import Fixed, Parameter
from .space import Space

__all__ = ["Choice", "Fixed", "Integer", "Linear", "Log", "Ordinal", "Parameter", "Space"]
