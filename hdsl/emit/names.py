"""The one table of names in generated text: what hdsl calls a thing, and its identifier in Python."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable

from hdsl.emit.numpy_windows import WINDOWS

PREFIXES = {
    "z": "z_",
    "w": "w_",
    "f": "f_",
    "F": "F_",
    "adj": "",
    "seed": "weight_",
    "present": "has_",
    "learn": "",
    "initial": "initial_",
    "begun": "begun_",
    "was": "was_",
    "rest": "rest_",
    "begins": "begins_",
    "size": "",
    "column": "",
    "turned": "",
    "view": "",
    "side": "",
    "row": "row_",
    "part": "",
    "old": "",
    "left": "",
    "stack": "",
    "told": "told_",
    "half": "",
    "dot": "slope_",
    "pull": "pull_",
    "back": "back_",
    "token": "token_",
    "P": "put_",
    "pair": "pair_",
    "motion": "motion_",
    "rate": "rate_",
    "robust": "robust_",
    "whole": "whole_",
    "begin": "begin_",
    "end": "end_",
    "mu": "mu_",
    "weight": "weight_of_",
    "above": "above_",
    "penalty": "penalty_",
    "constraint": "constraint_",
    "final": "final_",
    "given": "given_",
    "slope": "slope_by_",
    "choice": "chosen_",
    "moved": "",
    "change": "",
    "gap": "",
    "scale": "",
    "flow": "flow_",
    "power": "power_of_",
    "turn": "turn_of_",
    "rows": "",
    "block": "",
}
SUFFIXES = {
    "adj": "_bar",
    "column": "_column",
    "turned": "_t",
    "side": "_side",
    "part": "_part",
    "old": "_old",
    "left": "_rest",
    "stack": "_stack",
    "half": "_half",
    "moved": "_moved",
    "change": "_change",
    "gap": "_gap",
    "scale": "_scale",
    "rows": "_rows",
    "block": "_block",
}

# Names that the text of a generated module uses for itself.
TAKEN = frozenset(
    (
        *(
            "torch",
            "np",
            "math",
            "hashlib",
            "nn",
            "self",
            "dtype",
            "device",
            "batch",
            "seed",
            "cells",
            "sample",
            "share",
        ),
        *(
            "mean",
            "given",
            "made",
            "told",
            "costs",
            "body",
            "lead",
            "place",
            "left_over",
            "due",
            "tick",
            "moved",
            "chain",
            "room",
            "laid",
            "samples",
            "columns",
            "minus_one",
            "block",
            "list",
            "zip",
        ),
        *("sigmoid", "erf", "softmax", "logsumexp", "power_slope", "power_log"),
        *("placed", "diagonal_matrix", "scattered", "inverse", "solved", "matrix_exponential", *WINDOWS),
        *("matrix_phi1", "phi1_slope", "phi1_turned", "phi1_re", "phi1_im"),
        *("phi1_slope_turned", "phi1_slope_re", "phi1_slope_im"),
    )
)

# Attributes of torch.nn.Module, and of the generated module itself, that a parameter may not hide.
MODULE_NAMES = frozenset(
    [
        "T_destination",
        "add_module",
        "apply",
        "bfloat16",
        "buffers",
        "call_super_init",
        "children",
        "choice",
        "compile",
        "cpu",
        "cuda",
        "double",
        "dump_patches",
        "eval",
        "extra_repr",
        "float",
        "forward",
        "get_buffer",
        "get_extra_state",
        "get_parameter",
        "get_submodule",
        "half",
        "ipu",
        "load_state_dict",
        "modules",
        "mtia",
        "named_buffers",
        "named_children",
        "named_modules",
        "named_parameters",
        "parameters",
        "register_backward_hook",
        "register_buffer",
        "register_forward_hook",
        "register_forward_pre_hook",
        "register_full_backward_hook",
        "register_full_backward_pre_hook",
        "register_load_state_dict_post_hook",
        "register_load_state_dict_pre_hook",
        "register_module",
        "register_parameter",
        "register_state_dict_post_hook",
        "register_state_dict_pre_hook",
        "requires_grad_",
        "set_extra_state",
        "set_submodule",
        "share_memory",
        "state_dict",
        "to",
        "to_empty",
        "train",
        "training",
        "type",
        "xpu",
        "zero_grad",
        "state",
        "costate",
        "control",
        "initial",
        "clock",
        "ticks",
        "ended",
        "waits",
        "replays",
        "tokens",
        "cycle",
        "kept_states",
        "drift",
        "shared_states",
        "finish",
        "offset",
        "sequences",
        "inputs",
        "targets",
        "arguments",
        "outputs",
        "costs",
        "shared_costs",
        "content",
        "sample",
        "cells",
        "numbers",
        "beside",
        "advance_reads",
        "advance_marks",
        "share",
        "given",
        "column",
        "tick",
        "halved",
        "step",
        "predict",
        "pullback",
        "reset",
        "run",
        "origin",
        "source",
        "equations",
        "place",
        "save_parameters",
        "load_parameters",
        "export_predictor",
    ]
)


class Names:
    """Gives every name of a model one identifier, the user's own names first. ``reserved`` are further taken words."""

    def __init__(self, own: Iterable[str], reserved: Iterable[str] = ()) -> None:
        self._taken = set(TAKEN) | set(reserved)
        self._given: dict[str, str] = {}
        for name in own:
            self[name]

    def __getitem__(self, name: str) -> str:
        """The identifier of a name, the same one at every call."""
        if name not in self._given:
            wish = escape(spell(name))
            while wish in self._taken:
                wish += "_"
            self._taken.add(wish)
            self._given[name] = wish
        return self._given[name]

    @property
    def given(self) -> frozenset[str]:
        """Every identifier that was given away."""
        return frozenset(self._given.values())


def spell(name: str) -> str:
    """``z:h`` → ``z_h``, ``w:W`` → ``w_W``, ``adj:a`` → ``a_bar``, ``a+`` → ``a_new``, ``a@2`` → ``a_2``."""
    if name.startswith(("[", "(")):  # a literal list, which is named by what it says
        return "listed"
    new = "_new" if name.endswith("+") else ""
    kind, _, rest = name.removesuffix("+").rpartition(":")
    kinds = kind.split(":") if kind else []
    text = "".join(PREFIXES[k] for k in kinds) + rest.replace("+", "_new")
    text += "".join(SUFFIXES.get(k, "") for k in kinds) + new
    return re.sub(r"\W", "_", text)


def escape(word: str) -> str:
    """A word that Python keeps for itself gets an underscore; one that begins with an underscore, an x before it."""
    word = f"x{word}" if word.startswith("_") else word
    return f"{word}_" if keyword.iskeyword(word) else word


def harmless(text: str) -> str:
    """A user's words as they may stand in a comment or a docstring of generated text: one line, nothing that ends it."""
    shown = "".join(letter if letter.isprintable() else " " for letter in text)
    return shown.replace("\\", "/").replace('"', "'")


def class_name(model: str) -> str:
    """``iris_mlp`` → ``IrisMlp``."""
    words = re.split(r"[\W_]+", model)
    joined = "".join(word[:1].upper() + word[1:] for word in words if word) or "Model"
    return escape(joined if joined[0].isalpha() else f"Model{joined}")
