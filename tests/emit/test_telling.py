"""How a step tells its costs."""

import pytest
import torch

import hdsl

HEAD = "ham 1\nmodel one\ndim n = 3\ninput u[n]\ntarget v[n]\ntarget c : index(n)\nparam W[n, n] = normal(0, 0.5)\n"
HEAD += "output y = W @ u\n"
COSTS = {
    "cost fit = squared(y - v)": "self._mean_square(made[1], sample[3])",
    "cost fit = 1/2*squared(y - v)": 'self._mean_square(made[1], sample[3]).mul_(self._buffers["halved"])',
    "cost right = cross_entropy(y, c)": "self._mean_entropy(made[1], sample[2], sample[4])",
    "cost fit = 0.3*squared(y - v)": "self._mean(told[0], sample[3])",
    "cost both = squared(y - v) + cross_entropy(y, c)": "self._mean(told[0], sample[3], sample[4])",
    "cost small = squared(W)": "told[0].clone()",
    "cost low = squared(y)": "self._mean_square(made[1])",
}


@pytest.mark.parametrize("cost", COSTS)
def test_a_step_tells_the_mean_of_the_streams_that_have_the_targets(cost):
    made = hdsl.loads(f"{HEAD}{cost}\nlearn\n    beta = 0\n").compile(dtype=torch.float64)
    assert f'{{"{cost.split()[1]}": {COSTS[cost]}}}' in made.source
    u = torch.tensor([[0.5, -1.0, 2.0], [1.0, 0.3, -0.7]], dtype=torch.float64)
    v, c = torch.ones(2, 3, dtype=torch.float64), torch.tensor([2, 0])
    gaps = v.clone()
    gaps[0, 1] = torch.nan
    for rows, target, chosen in (
        (2, v, c),
        (1, v, c),
        (2, gaps, torch.tensor([2, -1])),
        (2, None, None),
        (1, None, None),
    ):
        stream = {"u": u[None, :rows], "v": target, "c": chosen}
        stream = {name: x if x is None or name == "u" else x[None, :rows] for name, x in stream.items()}
        _, each = made(batch=rows).run(stream).values()
        _, told = made(batch=rows).step(u[:rows], *(x if x is None else x[:rows] for x in (target, chosen)))
        (mean,) = told.values()
        assert mean.shape == () and not mean.is_inference()
        torch.testing.assert_close(mean, each.nanmean(), equal_nan=True, rtol=1e-14, atol=0)


def test_half_precision_does_not_overflow_where_a_mean_does_not():
    made = hdsl.loads(f"{HEAD}cost fit = squared(y - v)\nlearn\n    beta = 0\n").compile(dtype=torch.float16)
    _, told = made(batch=64).step(torch.zeros(64, 3), torch.full((64, 3), 40.0))
    assert told["fit"].item() == 4800
