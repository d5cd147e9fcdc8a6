"""Estimators for river: a model learns one sample at a time, and stands in river's pipelines and evaluations.

    model = preprocessing.StandardScaler() | hdsl.Regressor("line.ham")
    evaluate.progressive_val_score(datasets.TrumpApproval(), model, metrics.MAE())

`predict_one` moves nothing; `learn_one` is one online step, states and all.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from river import base

from hdsl.adapters.features import Features, Places
from hdsl.api import Model, load, loads
from hdsl.model.outline import gives_probabilities, paired_outputs
from hdsl.runtime.nonfinite import NonFinite
from hdsl.runtime.sizes import below_of, sizes_of

TRIED = """model tried
dim m = 20, k = 7
input u[m]
{target}
param W[k, m] = 0
param b[k] = 0
output y = {output}
cost fit = {cost}
learn
    eta = 1
    beta = 0.01
"""
"""What river's own checks are made with; their features are not scaled, so the model does it."""


class _Estimator(base.Estimator):
    """What a regressor and a classifier share: the model, its module, and where features stand."""

    _takes_index: bool

    def __init__(
        self,
        model: str | Path | Model,
        settings: Mapping[str, float | str] | None = None,
        seed: int = 0,
        dtype: str = "float32",
        **dims: int,
    ) -> None:
        """Open the model.

        Parameters
        ----------
        model
            A .ham file, the name of a model that ships, or a loaded model.
        settings
            Settings and constants in place of those in the file, by name.
        seed
            The initial values are drawn for it.
        dtype
            Of every number: float32 or float64.
        dims
            Sizes by name. Where the size of the input vector has none, the first sample decides it.

        Raises
        ------
        hdsl.ModelError
            The model is wrong.
        ValueError
            It has not one target of the kind, predicted by its first output, or has several vectors as inputs.
        """
        self.model = model
        self.settings = settings
        self.seed = seed
        self.dtype = dtype
        self.dims = dims
        opened = model if isinstance(model, Model) else load(model)
        self._model = opened.resized(settings, **dims) if settings or dims else opened
        record = self._model.product("model")
        self._target = self._only_target()
        self._places = Places(record)
        if paired_outputs(record, self._target)[:1] != record.outputs[:1]:
            raise ValueError(f"the first output of {record.name} must predict the target `{self._target}`: be of its size, "
                             "and stand in one of its costs")
        self._net: Any = None
        self._size = 0  # of the vector; this and the next two are known once there is a module
        self._target_sizes: tuple[int, ...] = ()
        self._classes: int | None = None
        self._labels: dict[Hashable, int] = {}  # the numbers of those seen, where the target is an index

    def _only_target(self) -> str:
        record = self._model.product("model")
        targets = record.of_role("target")
        if len(targets) != 1 or (targets[0].below is not None) != self._takes_index:
            kind = "an index" if self._takes_index else "a real number"
            told = ", ".join(q.name for q in targets) or "none"
            raise ValueError(f"hdsl.{type(self).__name__} takes a model with one target, {kind}; {self._model.name} has {told}")
        name, sizes = str(targets[0].name), targets[0].sizes
        if any(size.subs({s: record.dims[str(s)] or s for s in size.free_symbols}) != 1 for size in sizes):
            told = f"{name}[{', '.join(map(str, sizes))}]"
            raise ValueError(f"hdsl.{type(self).__name__} predicts one number; the target `{name}` of {record.name} is {told}")
        return name

    @property
    def net(self) -> Any:
        """The module, to look into or to reset; None before the first sample where the samples decide its size."""
        if self._net is None and None not in self._model.product("model").dims.values():
            self._begin()
        return self._net

    def _begin(self, x: Features | None = None) -> None:
        """Make the module; the one size that is still open is the number of features of the first sample."""
        dims = self._model.product("model").dims
        unknown = [name for name, size in dims.items() if size is None]
        if unknown:
            vector = self._places.vector
            sizes = self._model.product("model").quantities[vector].sizes if vector else ()
            if [str(size) for size in sizes] != unknown or x is None:
                raise ValueError(f"the size `{unknown[0]}` of {self._model.name} has no default: give {unknown[0]}=…")
            count = len([name for name in x if name not in self._places.scalars])
            self._model = self._model.resized(**{unknown[0]: count})
        net = self._model.compile()(batch=1, seed=self.seed, dtype=getattr(torch, self.dtype))
        self._size = sizes_of(net, self._places.vector)[0] if self._places.vector else 0
        self._target_sizes, self._classes = sizes_of(net, self._target), below_of(net, self._target)
        self._net = net

    def _passed(self, x: Features) -> dict[str, Any]:
        return {self._net.arguments[name]: value for name, value in self._places.sample(x, self._size).items()}

    def _predicted(self, x: Features) -> Any:
        """The output for a sample, None where the module is still to be made."""
        return None if self.net is None else self._net.predict(**self._passed(x))[0]

    def _step(self, x: Features, target: Any) -> None:
        y, _ = self._net.step(**self._passed(x), **{self._net.arguments[self._target]: target})
        if not bool(torch.isfinite(y).all()):
            step, name = int(self._net.clock) - 1, self._net.outputs[0]
            raise NonFinite(
                f"the output `{name}` of {self._model.name} is not finite at sample {step}: scale the features before it "
                "(StandardScaler() | …), or learn more slowly (a smaller beta)", step, name, None,
            )

    def _learned(self, x: Features) -> None:
        """Have a module, and a place for every feature."""
        if self.net is None:
            self._begin(x)
        self._places.learn(x, self._size)


class Regressor(_Estimator, base.Regressor):
    """A model with one real target as an estimator of river."""

    _takes_index = False

    @classmethod
    def _unit_test_params(cls) -> Iterator[dict[str, Any]]:
        output = "(sum(W @ u) + b[0]) / (1 + norm2(u))"
        yield {"model": loads(TRIED.format(target="target v", output=output, cost="1/2*(y - v)^2"))}

    def learn_one(self, x: Features, y: float | None) -> None:
        """One online step; without a target the states move and nothing is learned."""
        self._learned(x)
        self._step(x, None if y is None else torch.full((1, *self._target_sizes), float(y), dtype=torch.float64))

    def predict_one(self, x: Features) -> float:
        """The output for the features, 0 before anything is known. Moves nothing."""
        y = self._predicted(x)
        return 0.0 if y is None else float(y.reshape(()))


class Classifier(_Estimator, base.Classifier):
    """A model with one index target as an estimator of river. Labels are numbered as they first appear."""

    _takes_index = True

    @classmethod
    def _unit_test_params(cls) -> Iterator[dict[str, Any]]:
        output = "(W @ u + b) / (1 + norm2(u))"
        yield {"model": loads(TRIED.format(target="target c : index(k)", output=output, cost="cross_entropy(y, c)"))}

    @cached_property
    def _probabilities(self) -> bool:
        record = self._model.product("model")
        return gives_probabilities(record, record.outputs[0])

    @property
    def _multiclass(self) -> bool:
        return True

    def learn_one(self, x: Features, y: Hashable | None) -> None:
        """One online step; without a label the states move and nothing is learned.

        Raises ValueError where a label is one more than the model has classes.
        """
        self._learned(x)
        if y is not None and y not in self._labels:
            if len(self._labels) == self._classes:
                raise ValueError(
                    f"the label {y!r} is one more than the {self._classes} classes of `{self._target}` of {self._model.name}"
                )
            self._labels[y] = len(self._labels)
        self._step(x, None if y is None else [self._labels[y]])

    def predict_proba_one(self, x: Features, **_: Any) -> dict[Hashable, float]:
        """The probability of each label seen so far: they sum to 1. Moves nothing."""
        y = self._predicted(x)
        if y is None or not self._labels:
            return {}
        seen = y[: len(self._labels)].double()
        chances = seen / seen.sum() if self._probabilities else torch.softmax(seen, 0)
        return dict(zip(self._labels, chances.tolist(), strict=True))
