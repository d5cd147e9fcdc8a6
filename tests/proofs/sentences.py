"""The language, sentence by sentence: what it allows, with good lines, and what it forbids, with bad models.

A row says one thing of the language in our own words. ``good`` are lines that may be added to `GOOD` and are accepted;
``bad`` are places in ``tests/bad`` that break it: file, line and code. What a later version will have stands in `LATER`.
"""

from __future__ import annotations

from dataclasses import dataclass

GOOD = """ham 1
dim n = 3, m = 2, k = 4
input u[m]
input w[n]
input tok : index(k)
target v[n]
target c : index(k)
param A[n, m] = 0.1
param S[n, n] = 0.1
param E[k, n] = 0.1
param K[2, 1, 2, 2] = 0.1
const table[n] = [1, 2, 3]
state h[n] = 0
component dense(x[p], size, gain = 1) {
    param W[size, p] = normal(0, gain)
    return W @ x
}
component block(x[p]) { return x + tanh(dense(x, p)) }
def swish(x, s = 1) = x * sigmoid(s*x)
h' = -h + A @ u
output o = A @ u
"""


@dataclass(frozen=True)
class Sentence:
    """One thing that the language allows or forbids."""

    says: str
    good: str = ""
    bad: str = ""


S = Sentence
SHAPE_OF_A_FILE = (
    S("one statement a line", "let q = 1", "semicolon:5 semicolon; comma:6 syntax"),
    S("an open bracket continues a line", "let q = (1 +\n  2)", "continued:7 unknown-statement; unclosed:7 unclosed"),
    S("lines inside braces are statements", "component a(x) {\n let y = x\n return y\n}", "component:22 component"),
    S("# begins a comment, ## a doc comment of the next declaration", "# words\n## of q\nlet q = 1 # more"),
    S("statements stand in any order", "let q = r\nlet r = 1", "cycle:8 cycle"),
    S("= only defines", "let q = 1", "equals:5 equals; equals:9 equals"),
    S("a file is UTF-8", "let größe = 1", "not_utf8:4 not-utf8"),
    S("Greek letters and subscripts may stand in names", "let α₁ = 1", "character:6 character; character:18 character"),
    S(
        "every letter has an ASCII spelling, which is the same name",
        "let β = 1\nlet q = beta",
        "sentences:8 duplicate-name",
    ),
    S(
        "reserved names are not declared",
        "let times = 1",
        "reserved_name:4 reserved-name; reserved_words:6 reserved-name",
    ),
    S("t and tau may be read", "let q = t*tau", "reserved_words:21 not-constant"),
    S("the first line is the version", "", "version:2 version; version_unknown:1 version"),
    S("numbers are real", "let q = 2", "sentences:12 number"),
    S("there are no loops", "let q = repeat(2, block, w)", "python:11 python"),
)

DECLARATIONS = (
    S("a file may name its model, once", "model named", "model_twice:3 model-twice"),
    S("a size has a default or none", "dim q = 2\ndim r\ninput x[r]", "list_shape:9 list-shape"),
    S("sizes match by name, not by value", "let q = A @ u", "shape:11 shape; functions_shape:16 shape"),
    S("a literal may be a size", "input x[3]\nlet q = x[2]", "size_value:6 size-value"),
    S(
        "sums, differences and products of sizes are sizes",
        "input x[n*m - 1, n + m]",
        "size_expression:5 size-expression",
    ),
    S("they are compared as polynomials", "input x[n + m]\nlet q = concat(w, u) + x", "instance_sizes:26 shape"),
    S("a size may abbreviate an expression, and divide", "dim q = (n - 1)/2 + 1", "size_value:4 size-value"),
    S("an input arrives with each sample", "input x[n]", "value_here:4 value-here"),
    S(
        "an index is a whole number below its bound",
        "input x : index(n)",
        "index_here:4 index-here; index_here:5 index-here",
    ),
    S("an index is no number to calculate with", "let q = one_hot(tok)", "index_read:8 index-read"),
    S(
        "a target arrives with each sample",
        "cost q = squared(h - v)",
        "value_here:5 value-here; target_read:10 target-read",
    ),
    S("a state has an initial value", "state q[n] = 1", "no_value:4 no-value"),
    S("a state begins at no random value", "state q[n] = ones", "initial_random:5 initial-random"),
    S(
        "a state may begin from others that begin with it",
        "state q[n] = A @ u\nstate r[n] = tanh(q) + h",
        "beginning:10 beginning; beginning:39 beginning; beginning:43 beginning",
    ),
    S("a state may begin from the input", "state q[n] = A @ u", "beginning:11 beginning; beginning:16 beginning"),
    S("a param has an initial value", "param q = 0.5", "no_value:5 no-value; not_constant:6 not-constant"),
    S("zeros, ones", "param q[n] = zeros\nparam r[n] = ones", "functions_count:49 arity; functions_count:50 arity"),
    S("eye", "param q[n, n] = eye", "initial_rank:7 initial-rank"),
    S("normal(mean, std)", "param q[n] = normal(0, 1/sqrt(n))", "setting_value:7 setting-value; arity:5 arity"),
    S("uniform(a, b)", "param q[n] = uniform(-1, 1)", "setting_value:8 setting-value; arity:7 arity"),
    S("orthogonal(gain)", "param q[n, m] = orthogonal(2)", "sentences:9 arity; initial_rank:6 initial-rank"),
    S("glorot, he", "param q[n, m] = glorot\nparam r[n, m, 3, 3] = he", "initial_rank:5 initial-rank; arity:6 arity"),
    S("initial values are no functions of a formula", "param q[n] = ones", "sentences:17 function-value"),
    S(
        "a const has a value, and a shape if it likes",
        "const q[2] = [1, 2]",
        "no_value:6 no-value; list_shape:7 list-shape",
    ),
    S("a const does not depend on the stream", "const q = 1/n", "not_constant:9 not-constant"),
)

DEFINITIONS = (
    S("a let is a definition", "let q = A @ u", "missing_keyword:6 missing-keyword"),
    S("a let may name its indices", "let q[i, j] = A[j, i]", "index_name:9 index-name; index_use:9 index-use"),
    S("named indices are plain", "let q[i] = w[i]", "sentences:13 syntax; sentences:14 syntax; index_use:7 index-use"),
    S("definitions do not need one another in a circle", "let q = 1\nlet r = q", "cycle:8 cycle; cycle:11 cycle"),
    S(
        "h' = is the dynamics of a state",
        "state q[n] = 0\nq' = -q",
        "not_a_state:7 not-a-state; dynamics_shape:8 dynamics-shape",
    ),
    S("next h = is instantaneous propagation", "state q[n] = 0\nnext q = h", "not_a_state:8 not-a-state"),
    S("a state has one dynamics", "state q = 0\nq' = 1", "duplicate_dynamics:6 duplicate-dynamics"),
    S("outputs are named", "output q = h", "target_read:10 target-read; duplicate_name:7 duplicate-name"),
    S("any number of costs, each with a name", "cost q = 1\ncost r = sum(h)", "statements_wrong:23 syntax"),
    S("a cost is a scalar", "cost q = squared(h)", "cost_shape:7 cost-shape; sentences:22 cost-shape"),
    S("a cost is only added up", "cost q = 1", "cost_read:8 cost-read"),
    S("a reset says when", "state q = 0\nreset q each sample\nreset h never", "statements_wrong:28 syntax"),
    S("a state has one reset", "reset h each sequence", "duplicate_reset:7 duplicate-reset; not_a_state:9 not-a-state"),
    S("a constraint puts a param back", "project S = S / norm2(S) every 10", "project:13 project; project:16 project"),
    S("a projection reads what is there between two steps", "project S = S*table", "project_reads:18 project-reads"),
    S("every is a whole number", "project S = S every 2", "project_every:14 project-every"),
    S("def is a pure function", "def f(x, y) = x*y\nlet q = f(1, 2)", "not_pure:8 not-pure; not_pure:9 not-pure"),
    S("nothing is made of itself", "def f(x) = swish(x)", "calls_itself:4 calls-itself; calls_itself:5 calls-itself"),
)

COMPONENTS = (
    S(
        "an instance has params of its own",
        "let q = dense(u, n)\ncost r = squared(q.W)",
        "dotted_unknown:15 unknown-name",
    ),
    S(
        "arguments may have names and defaults",
        "let q = dense(u, size=n, gain=2)",
        "instance:15 instance; sentences:18 instance",
    ),
    S("a component ends with return", "component a(x) { return x }", "component:8 component; component:30 component"),
    S("a component has a body", "component a(x) { return x }", "component:6 component"),
    S(
        "repeat makes copies, each with its own",
        "let q = repeat(2, block, w)\nlet r = q.1.W",
        "sentences_names:19 unknown-name",
    ),
    S("0 copies are the identity", "let q = repeat(0, block, w) + w", "sentences:16 repeat; repeat:16 repeat"),
    S(
        "an instance has the name of its definition",
        "let q = tanh(dense(u, n))\nlet r = q.W",
        "dotted_unknown:18 unknown-name",
    ),
    S(
        "a second one is numbered",
        "let q = block(w) + block(w)\nlet r = q.block_2.W",
        "sentences_names:13 unknown-name",
    ),
    S("an instance in return adds no name", "let q = block(w)\nlet r = q.W", "sentences_names:12 unknown-name"),
    S("an instance in dynamics, outputs and costs has their name", "output q = dense(u, n)\nlet r = q.W"),
    S("scope is closed", "component a(x) { return swish(x) }", "closed:7 closed; closed:10 closed"),
    S(
        "sizes in shapes are bound at the call",
        "let q = dense(u, n) + dense(w, n)",
        "instance:17 instance; instance:18 instance",
    ),
    S("a delay's state is a.delay", "let q = delay(w)\nlet r = q.delay", "sentences_names:17 unknown-name"),
    S("dotted names are read, not declared", "let q = dense(u, n)\nlet r = q.W", "dotted_name:4 dotted-name"),
    S(
        "use brings in components and functions",
        'use "cells.ham"',
        "use:2 use; use:3 use; use:5 use; statements_wrong:32 syntax",
    ),
)

LEARN = (
    S(
        "settings stand below learn",
        "learn\n tau = 1",
        "outside_learn:8 outside-learn; unknown_setting:11 unknown-setting",
    ),
    S("a setting is given once", "learn\n eta = 1", "duplicate_setting:11 duplicate-setting"),
    S("step", "learn\n step = rk4\n eta = 1", "statements_wrong:62 setting-value"),
    S(
        "a step of several stages moves all cells at once",
        "learn\n step = midpoint\n order = simultaneous\n eta = 1",
        "step_order:12 step-order",
    ),
    S(
        "a state that is linear in itself may move exactly",
        "learn\n step.h = exact",
        "exact_step:16 exact-step; exact_step:20 exact-step; step_of_one:13 setting-value; step_of_one:14 unknown-setting",
    ),
    S(
        "two states that turn one another move exactly as one",
        "state x = 1\nstate y = 0\nx' = S[0, 0]*y\ny' = -S[0, 0]*x\nlearn\n step.x = exact\n step.y = exact",
        "exact_step:22 exact-step",
    ),
    S("dissipation", "learn\n dissipation = exact\n eta = 1", "statements_wrong:64 setting-value"),
    S("order", "learn\n order = semi-implicit", "setting_value:13 setting-value; statements_wrong:60 setting-value"),
    S("schedule", "learn\n schedule = online", "statements_wrong:63 setting-value"),
    S("tau is above 0", "learn\n tau = 0.5", "setting_value:15 setting-value; statements_wrong:54 not-constant"),
    S(
        "eta, by group or by name",
        "learn\n eta.state = 0\n eta.h = 1\n eta.A = 1",
        "unknown_setting:12 unknown-setting",
    ),
    S("eta is 0 or more", "learn\n eta = 0", "setting_value:16 setting-value; unknown_setting:13 unknown-setting"),
    S("phi reads t", "learn\n phi = exp(-t)/tau", "not_constant:15 not-constant; setting_value:18 setting-value"),
    S("eta and beta do not", "learn\n eta = 1/tau", "not_constant:14 not-constant"),
    S("first", "learn\n first = undamped", "setting_value:14 setting-value"),
    S(
        "beta, by name; 0 freezes",
        "learn\n beta = 0\n beta.A = 0.01",
        "setting_value:17 setting-value; unknown_setting:14 unknown-setting",
    ),
    S("replay", "learn\n schedule = replay\n eta.param = 1/tau", "replay_settings:16 lasting-gradients"),
    S("replay of r tokens", "learn\n schedule = replay(20)\n eta.param = 1/tau", "replay_tokens:14 setting-value"),
    S(
        "a leapfrog in time, for replays",
        "learn\n schedule = replay\n step = two-step\n eta.param = 1/tau",
        "two_step_forward:10 step-schedule",
    ),
    S(
        "states are stored for a replay, or recomputed where each step can be undone",
        "learn\n schedule = replay\n step = two-step\n states = recomputed\n eta.param = 1/tau",
        "recomputed:15 recomputed; recomputed_forward:10 recomputed",
    ),
    S("order is not used with replay", "", "replay_settings:17 unused-order"),
    S("simultaneous without eta is warned of", "", "no_dissipation:11 no-dissipation"),
)

TOKENS = (
    S("NAME' is one token", "state q = 0\nq' = 1", "prime:13 prime; prime:12 prime; prime:9 prime"),
    S("a dotted path is one token", "let q = repeat(1, block, w)\nlet r = q.1.W.T", "sentences:15 syntax"),
    S("reals need digits on both sides of the point", "let q = 0.5 + 5.0", "number:4 number; number:5 number"),
    S("a last .T is the transpose", "let q = A.T", "dotted_unknown:17 unknown-name; sentences_names:14 unknown-name"),
)

EXPRESSIONS = (
    S("+ - * / entry by entry", "let q = w + h - w*h/2", "shape:12 shape; functions_shape:37 shape"),
    S("@ is a contraction", "let q = A @ u + w @ S", "shape:11 shape; shape:16 shape"),
    S("^ and ** are powers", "let q = w^2 + w**2", "functions_shape:38 shape; expressions_wrong:15 syntax"),
    S("comparisons", "let q = (w < h)*(w != 0)", "condition:10 shape; chained_comparison:5 chained-comparison"),
    S(
        "a if c else b",
        "let q = w if h > 0 else 1",
        "condition:11 shape; expressions_wrong:19 syntax; functions_shape:41 shape",
    ),
    S("x[0]", "let q = w[0] + w[-1]", "position:7 position; subscripts:6 subscripts"),
    S("x[1:n]", "let q = w[1:n]", "position:9 position; position:10 position; range_length:6 range-length"),
    S(
        "x[:, 0], x[:, None]",
        "let q = A[:, 0] + w[:, None][:, 0]",
        "functions_shape:39 subscripts; functions_shape:40 subscripts",
    ),
    S("a scalar meets anything", "let q = 2*A", "shape:16 shape"),
    S(
        "a vector meets the last axis of a matrix, and no other",
        "let q = A + u",
        "functions_shape:36 shape; shape:13 shape",
    ),
    S("an axis of size 1 broadcasts", "let q = w[:, None] * u[None]", "condition:12 shape"),
    S(
        "elementwise functions of one value",
        "let q = tanh(w) + sigmoid(w) + relu(w) + gelu(w) + silu(w) + softplus(w) + exp(w) + log(w) + sqrt(w)\n"
        "let r = sin(w) + cos(w) + abs(w) + sign(w) + erf(w)",
        "functions_count:9 arity; functions_count:22 arity; arity:11 arity",
    ),
    S(
        "min, max, clip",
        "let q = min(w, h) + max(w, 0) + clip(w, -1, 1)",
        "functions_shape:11 shape; functions_count:25 arity",
    ),
    S(
        "reductions, with an axis",
        "let q = sum(A) + mean(A) + norm2(w) + logsumexp(w) + dot(w, h) + sum(softmax(w))\n"
        "let r = sum(A, 1) + mean(A, axis=1) + norm2(A, 1) + logsumexp(A, -1)",
        "axis:6 axis; functions_shape:16 shape; functions_count:26 arity; argument:5 argument",
    ),
    S(
        "sum[i, j](…)",
        "let q = sum[i, j](A[i, j]*u[j])",
        "index_sizes:8 index-sizes; index_name:12 index-name; argument:8 argument",
    ),
    S(
        "concat, stack",
        "let q = concat(w, u) @ concat(w, u)\nlet r = stack(w, h)",
        "functions_shape:22 shape; functions_shape:23 shape",
    ),
    S(
        "reshape, permute",
        "let q = reshape(A, n*m) @ reshape(A, m*n)\nlet r = permute(A, 1, 0)",
        "functions_shape:24 arrangement",
    ),
    S(
        "outer, diag, eye",
        "let q = outer(w, u)\nlet r = diag(w) + eye(n)",
        "functions_shape:26 arrangement; functions_shape:28 size-expression",
    ),
    S(
        "embed, one_hot",
        "let q = embed(E, tok) + one_hot(tok) @ E",
        "functions_shape:29 position; functions_shape:30 arrangement",
    ),
    S(
        "conv2d, avgpool2d, maxpool2d",
        "let q = conv2d(S[None], K, stride=1, pad=1)\n"
        "let r = avgpool2d(S[None], 2, stride=1) + maxpool2d(S[None], 2, stride=1)",
        "sentences:23 window; window:15 shape; window:18 window; window_count:8 window-count",
    ),
    S(
        "expm, inv, solve",
        "let q = expm(S) + inv(S)\nlet r = solve(S, w)",
        "square:9 square; square:10 square; square:11 square",
    ),
    S("no unary plus", "let q = -w^2", "unary_plus:5 unary-plus; unary_plus:6 unary-plus"),
    S(
        "a literal list meets a named size by value",
        "let q = w + [1, 2, 3]",
        "list_length:8 list-length; list_here:4 list-here",
    ),
    S(
        "cross_entropy(logits, target)",
        "cost q = cross_entropy(E @ w, c)",
        "functions_shape:20 shape; functions_shape:21 shape; sentences:21 shape",
    ),
    S("squared(e)", "cost q = squared(w - v)", "functions_count:32 arity"),
    S("delay(e), delay(e, k)", "let q = delay(w) + delay(w, 2)", "delay:7 delay; delay:8 delay; delay:9 delay"),
    S("previous(u) is of an input", "let q = previous(u)", "delay:11 delay; delay:12 delay"),
    S("names are declared", "let q = w", "unknown_name:9 unknown-name; unknown_function:5 unknown-function"),
    S("functions are called", "let q = tanh(w)", "function_value:6 function-value; not_a_function:6 not-a-function"),
)

WARNINGS = (
    S("a param that reaches no cost is warned of", "", "no_cost:6 no-cost; no_cost_at_all:5 no-cost"),
    S("a state without dynamics is warned of", "", "no_dynamics:4 no-dynamics"),
    S("a size that is never used is warned of", "", "unused:5 unused"),
    S("a reset each sample under another order than sequential is warned of", "", "reset_order:10 reset-order"),
    S("depth is bounded", "let q = ((1))", "nested_too_deep:4 nested-too-deep; nested_too_deep:5 nested-too-deep"),
    S("sizes are bounded", "dim q = 1000", "too_large:4 too-large; too_large:5 too-large; bounds:9 too-large"),
    S("powers are bounded", "let q = 2^60", "exponent_too_large:5 exponent-too-large; expressions_wrong:66 not-real"),
    S("copies and delays are bounded", "let q = delay(w, 3)", "bounds:14 repeat; bounds:15 delay"),
)

ALL = (
    *SHAPE_OF_A_FILE, *DECLARATIONS, *DEFINITIONS, *COMPONENTS, *LEARN, *TOKENS, *EXPRESSIONS, *WARNINGS
)

# What the language has and this version has not: lines to add, the code, and in which words it is refused.
LATER = {
    "let q = boundary": "reserved",
    "learn\n schedule = layerwise": "later-setting",
}
