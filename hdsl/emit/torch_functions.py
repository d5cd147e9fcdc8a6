"""Functions that some rows are spelt with in torch: a generated module holds those that it uses."""

from __future__ import annotations

import re

FUNCTIONS = {
    "matrix_phi1": '''
def matrix_phi1(x):
    """∫₀¹ e^{sx} ds of square matrices, with or without inverses: a block of e^{[[x, 1], [0, 0]]}."""
    size = x.shape[-1]
    block = x.new_zeros((*x.shape[:-2], 2 * size, 2 * size))
    block[..., :size, :size] = x
    block[..., :size, size:].diagonal(dim1=-2, dim2=-1).fill_(1)
    return torch.linalg.matrix_exp(block)[..., :size, size:]

''',
    "phi1_slope": '''
def phi1_slope(x):
    """The derivative of (e^x − 1)/x, near 0 by its power series."""
    near = x.abs() < 1
    k = torch.arange(20, dtype=x.dtype, device=x.device)
    series = (torch.where(near, x, 0).unsqueeze(-1) ** k) @ ((k + 1) * torch.exp(-torch.lgamma(k + 3)))
    far = torch.where(near, 1, x)
    return torch.where(near, series, (torch.exp(far) * (far - 1) + 1) / far**2)

''',
    "phi1_turned": '''
def phi1_turned(a, b):
    """(e^z − 1)/z at z = a + ib, its real and its imaginary part; right at z = 0."""
    square = a * a + b * b
    near = square < 1e-16
    part, turn = torch.expm1(a) * torch.cos(b) - 2 * torch.sin(b / 2) ** 2, torch.exp(a) * torch.sin(b)
    far = torch.where(near, 1, square)
    return torch.where(near, 1 + a / 2, (part * a + turn * b) / far), torch.where(near, b / 2, (turn * a - part * b) / far)

''',
    "phi1_re": '''
def phi1_re(a, b):
    return phi1_turned(a, b)[0]

''',
    "phi1_im": '''
def phi1_im(a, b):
    return phi1_turned(a, b)[1]

''',
    "phi1_slope_turned": '''
def phi1_slope_turned(a, b):
    """The derivative of (e^z − 1)/z at z = a + ib, its parts, near 0 by its power series."""
    square = a * a + b * b
    near = square < 1
    k = torch.arange(20, dtype=square.dtype, device=square.device)
    weights = (k + 1) * torch.exp(-torch.lgamma(k + 3))  # (k + 1)/(k + 2)!
    powers = torch.where(near, square, 0).sqrt().unsqueeze(-1) ** k * weights
    angles = torch.atan2(b, a).unsqueeze(-1) * k
    far, grown = torch.where(near, 1, square), torch.exp(a)
    part = grown * ((a - 1) * torch.cos(b) - b * torch.sin(b)) + 1  # of e^z (z − 1) + 1, which is divided by z²
    turn = grown * ((a - 1) * torch.sin(b) + b * torch.cos(b))
    real, imaginary = a * a - b * b, 2 * a * b
    return (
        torch.where(near, (powers * torch.cos(angles)).sum(-1), (part * real + turn * imaginary) / far**2),
        torch.where(near, (powers * torch.sin(angles)).sum(-1), (turn * real - part * imaginary) / far**2),
    )

''',
    "phi1_slope_re": '''
def phi1_slope_re(a, b):
    return phi1_slope_turned(a, b)[0]

''',
    "phi1_slope_im": '''
def phi1_slope_im(a, b):
    return phi1_slope_turned(a, b)[1]

''',
}


def used(text: str) -> str:
    """The functions that a text calls, and those that these call, which stand above them."""
    found: list[str] = []
    for name, function in reversed(FUNCTIONS.items()):
        if any(_calls(name, part) for part in (text, *found)):
            found.insert(0, function)
    return "".join(found)


def _calls(name: str, text: str) -> bool:
    return f"{name}(" in text and re.search(rf"\b{name}\(", text) is not None
