"""The order of summands and factors is people's."""

from __future__ import annotations

from hdsl.terms.ordering import Ordering, is_setting
from hdsl.terms.product import Unfolding
from hdsl.terms.term import Definition, Elementwise, indices, size, slot

(ROW,) = indices(1)
N = size("n")
DEFINITIONS = {
    name: Definition(name, Elementwise(slot("u", (ROW,))), (N,), roots=roots)
    for name, roots in {"c": (), "c2": ("h",), "c10": ("fit",), "s": (), "g": ()}.items()
}
ORDERING = Ordering(DEFINITIONS, {"W": 0, "h": 1, "b": 2}, {"h"})


def at(name):
    return slot(name, (ROW,))


def summands(expression, of=""):
    definition = Definition(of, Elementwise(expression), (N,)) if of else None
    products = Unfolding(DEFINITIONS, (), lambda d: False).sum(expression)
    ordered = ORDERING.summands(products, definition)
    return ["".join("-" if p.number < 0 else "+") + str((*p.scalars, *p.tensors, p.number)[0]) for p in ordered]


def test_numbered_parts_then_defined_then_given():
    assert summands(at("b") + at("s") + at("c2") + at("c") + at("h")) == ["+c[i]", "+c2[i]", "+s[i]", "+h[i]", "+b[i]"]


def test_what_is_positive_leads():
    assert summands(at("s") - at("c")) == ["+s[i]", "-c[i]"]
    assert summands(-at("s") - at("c")) == ["-c[i]", "-s[i]"]


def test_numbers_lead_or_trail_by_their_sign():
    assert summands(1 - at("s")) == ["+1", "-s[i]"]
    assert summands(at("s") - 1) == ["+s[i]", "--1"]


def test_a_costates_equation():
    """Costs, then dynamics, then −z, then −ηz: by roots, whatever the numbers of the parts."""
    z = at("z:h")
    rate = at("c2") + at("c10") - z - slot("learn:eta") * z
    assert summands(rate, "dot:z:h") == ["+c10[i]", "+c2[i]", "-z:h[i]", "-learn:eta"]


def test_the_old_value_leads_in_a_step():
    z, tau = at("z:h"), slot("tau")
    assert summands(tau * at("c10") + z, "z:h+") == ["+z:h[i]", "+tau"]
    assert summands(tau * at("c10") - slot("learn:eta") * z, "z:h+") == ["+tau", "-learn:eta"]


def test_what_holds_the_old_value_among_others_is_not_the_old_value():
    assert summands(at("z:h") + at("c2") * at("z:h") + slot("learn:phi") * at("s"), "z:h+")[0] == "+z:h[i]"


def test_factors():
    given = [at("z:h"), 1 - at("s"), at("s"), *map(slot, ("tau", "learn:phi", "learn:eta.h", "alpha", "present:v"))]
    ordered = [str(f) for f in ORDERING.factors(given)]
    assert ordered == ["tau", "learn:phi", "present:v", "learn:eta.h", "s[i]", "1 - s[i]", "alpha", "z:h[i]"]


def test_settings():
    assert all(map(is_setting, ["tau", "learn:eta.h", "learn:beta.W", "learn:phi", "seed:fit", "present:v", "learn:first"]))
    assert not any(map(is_setting, ["h", "z:h", "eta_h", "t", "first", "eta", "beta.W"]))
