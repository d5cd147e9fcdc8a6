"""Layered: under ``schedule = layerwise`` a new value is taken at the tick of its layer, and at every other the old one stays.

This is the paper's eq. 10 on a stream: with the input held for L ticks, tick k of a cycle has the gate of layer k open and all
others shut. A layer is a place of its own: its states, their costates, and the parameters of its dynamics move together. What
a tick reads of other layers are the values that these have at that tick.
"""

from __future__ import annotations

import sympy

from hdsl.model.model import Model
from hdsl.terms.elementwise import where_equal
from hdsl.terms.term import Scalar, indices, setting_name, slot

LAYER = setting_name("layer")
"""The layer that a tick moves, from 1; one number for all streams, told by the clock."""


def gated(model: Model, cell: str, value: Scalar) -> Scalar:
    """The new value of a cell (``h``, ``z:h``, ``w:W``, ``W``): ``value`` at the tick of its layer, else what it is."""
    quantity = model.quantities[cell.rpartition(":")[2]]
    if quantity.name not in model.layers or model.cycle == 1:
        return value
    layer = sympy.Integer(model.layers[quantity.name])
    return where_equal(slot(LAYER), layer, value, slot(cell, indices(len(quantity.sizes))))
