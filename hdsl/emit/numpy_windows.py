"""The functions of a numpy reference that slide windows over images [..., channels, height, width]."""

from __future__ import annotations

WINDOWS = {
    "windows": '''
def windows(x, size, stride, pad, fill=0.0):
    """[..., rows of windows, columns of windows, height, width]"""
    border = [(0, 0)] * (x.ndim - 2) + [(pad, pad)] * 2
    x = np.pad(x, border, constant_values=fill)
    return np.lib.stride_tricks.sliding_window_view(x, size, (-2, -1))[..., ::stride, ::stride, :, :]

''',
    "laid_back": '''
def laid_back(x, shape, stride, pad):
    """The sum of windows on an image of a shape, each in its place."""
    (height, width), (rows, columns, high, wide) = shape, x.shape[-4:]
    made = np.zeros((*x.shape[:-4], height + 2 * pad, width + 2 * pad), x.dtype)
    for i in range(high):
        for j in range(wide):
            below, beside = i + stride * (rows - 1) + 1, j + stride * (columns - 1) + 1
            made[..., i:below:stride, j:beside:stride] += x[..., i, j]
    return made[..., pad : pad + height, pad : pad + width]

''',
    "first_largest": '''
def first_largest(x, size, stride, pad):
    """True in each window where the first of its largest entries stands."""
    x = windows(x, (size, size), stride, pad, -np.inf)
    chosen = x.reshape(*x.shape[:-2], -1).argmax(-1)
    return (np.arange(size * size) == chosen[..., None]).reshape(x.shape)

''',
    "convolved": '''
def convolved(x, kernel, stride, pad):
    return np.einsum("...cijpq,...ocpq->...oij", windows(x, kernel.shape[-2:], stride, pad), kernel)

''',
    "convolved_back": '''
def convolved_back(x, kernel, shape, stride, pad):
    return laid_back(np.einsum("...oij,...ocpq->...cijpq", x, kernel), shape, stride, pad)

''',
    "correlated": '''
def correlated(x, made, size, stride, pad):
    return np.einsum("...cijpq,...oij->...ocpq", windows(x, size, stride, pad), made)

''',
    "averaged": '''
def averaged(x, size, stride, pad):
    return windows(x, (size, size), stride, pad).mean((-2, -1))

''',
    "averaged_back": '''
def averaged_back(x, shape, size, stride, pad):
    return laid_back(np.broadcast_to(x[..., None, None] / size**2, (*x.shape, size, size)), shape, stride, pad)

''',
    "largest": '''
def largest(x, size, stride, pad):
    return windows(x, (size, size), stride, pad, -np.inf).max((-2, -1))

''',
    "to_largest": '''
def to_largest(x, image, shape, size, stride, pad):
    there = first_largest(image, size, stride, pad)
    return laid_back(np.where(there, x[..., None, None], np.zeros((), x.dtype)), shape, stride, pad)

''',
    "at_largest": '''
def at_largest(x, image, size, stride, pad):
    there = first_largest(image, size, stride, pad)
    return np.where(there, windows(x, (size, size), stride, pad), np.zeros((), x.dtype)).sum((-2, -1))

''',
}
