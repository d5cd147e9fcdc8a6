"""The sentences of optimal control and of mechanics, as `tests.proofs.sentences` has those of learning."""

from __future__ import annotations

from tests.proofs.sentences import S

CONTROL = (
    S("a control is declared with its sizes", "control a[k] given 0",
      "control:25 duplicate-name; control:26 size-expression"),
    S("its bounds are optional, scalars, and may be infinite",
      "control a in [-1, inf] given 0\ncontrol b in [-inf, 2*pi] given 0",
      "control:17 control; control:18 control; control:19 control; control:20 control; control:21 not-constant"),
    S("a rule may choose it",
      "costate p of h\ncontrol a[n] given clip(-p + w, -1, 1)", "control:22 control; control:23 control"),
    S("a rule reads what is there before the step", "control a given t", "reads:11 reads; reads:12 reads"),
    S("stationarity chooses it where H is quadratic and convex in it", "control a[n]\ncost q = squared(a) + dot(a, h)",
      "stationarity:14 non-convex-control; stationarity:16 non-convex-control; stationarity:21 not-quadratic-control"),
    S("where H is linear in it a rule is asked for", "control a[n] given -h",
      "stationarity:11 bang-bang; stationarity:12 singular-control; stationarity:13 singular-control"),
    S("entries are coupled by a matrix of consts at most, without bounds",
      "const R[n, n] = [[2, 1, 0], [1, 2, 0], [0, 0, 1]]\ncontrol a[n]\ncost q = dot(a, R @ a)",
      "stationarity:17 coupled-control; stationarity:18 coupled-control; stationarity:19 coupled-control"),
    S("it does not depend on targets", "control a gradient\ncost q = squared(a - v)", "stationarity_target:7 reads"),
    S("it may follow the gradient, at a rate of its own",
      "control a gradient\nlearn\n beta.a = 0.1", "control:33 unknown-setting"),
    S("a costate may have a name", "costate p of h", "control:12 control; control:13 control; control:15 control"),
    S("costates are read by rules alone", "costate p of h\ncontrol a[n] given -p",
      "reads:16 reads; reads:17 reads; reads:19 reads"),
    S("a terminal cost is a scalar of where the states end", "terminal goal = squared(h)\nhorizon 5",
      "ends:13 ends; reads:22 reads; reads:23 reads; ends_final:9 ends"),
    S("nothing reads a terminal cost or a constraint", "terminal goal = squared(h)\nhorizon 5", "reads:21 reads"),
    S("T is read by terminal and final", "terminal goal = T\nfinal h == T\nhorizon 5", "reads:20 reads"),
    S("the end of time is above 0, and one", "horizon 5", "ends:14 ends; ends:15 ends; horizon:8 ends"),
    S("it may be free, from a guess, within bounds", "horizon free = 2 in [0.5, 10]",
      "horizon_bounds:8 ends; horizon_guess:8 ends"),
    S("a condition at the end is an equality", "final h[0] == 1\nfinal h == [1, 2, 3]\nhorizon 5",
      "ends:16 ends; ends:17 ends; reads:24 reads; reads:25 reads"),
    S("a path constraint is an inequality", "constraint cap = h <= 1/9 soft 100", "ends:19 constraint; ends:20 constraint"),
    S("its weight is above 0", "constraint cap = h >= 0 soft 100", "ends:21 constraint"),
    S("a penalty is raised by the solver of a boundary problem",
      "constraint cap = h <= 1 penalty\nhorizon 5\nlearn\n schedule = boundary", "ends:18 ends"),
    S("a beginning may be free", "state q = free\nhorizon 5\nlearn\n schedule = boundary",
      "ends:6 free; ends:7 free; ends:8 free; ends_final:11 free"),
    S("a boundary problem has an end, and one eta", "horizon 5\nlearn\n schedule = boundary\n eta = 0.1",
      "ends_missing:12 ends; ends_missing:14 ends"),
    S("tol is above 0", "learn\n tol = 1e-6", "ends:25 setting-value"),
)  # fmt: skip

MECHANICAL = """ham 1
dim n = 2
const k = 4
state q[n] = 1
costate p of q = 0
"""

MECHANICS = (
    S(
        "a hamiltonian moves states and momenta",
        "hamiltonian H = squared(p)/2 + k*squared(q)/2",
        "not_mechanical:4 not-mechanical",
    ),
    S(
        "every state has a momentum of its own",
        "state x = 1\ncostate y of x = 0.5\nhamiltonian H = squared(p) + y^2",
        "mechanics:8 no-momentum; mechanics:10 momentum-twice; mechanics:11 momentum-twice; mechanics:12 not-a-state",
    ),
    S("a hamiltonian is a scalar", "hamiltonian H = sum(p)", "mechanics:14 hamiltonian-shape"),
    S("a system has one hamiltonian", "let V = squared(q)\nhamiltonian H = squared(p) + V", "mechanics:15 hamiltonian-twice"),
    S(
        "it may have outputs, and read t",
        "output e = q - p\nhamiltonian H = squared(p)*(2 + sin(t)) + squared(q)",
        "nothing_moves:4 no-momentum",
    ),
    S(
        "leapfrog and yoshida4 are for H = T(p) + V(q)",
        "hamiltonian H = squared(p) + squared(q)\nlearn\n step = leapfrog\n tau = 0.1",
        "not_separable:7 not-separable; mechanical_step:12 mechanical-step",
    ),
    S(
        "implicit-midpoint takes any H",
        "hamiltonian H = dot(p, q)\nlearn\n step = implicit-midpoint",
        "mechanical_step:12 mechanical-step",
    ),
    S("a momentum that H does not read is warned of", "", "idle_momentum:6 idle-momentum"),
)
"""Their good lines stand below `MECHANICAL`."""
