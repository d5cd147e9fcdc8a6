"""Models whose matrices meet vectors alone, so that native code can hold their moves back."""

from __future__ import annotations

DEEP = """ham 1
dim n = 37, m = 21, d = 3
input u[m]
target v[d]
state h[n] = 0
state g[m] = 0
param U[n, m] = normal(0, 1/sqrt(m))
param W[n, n] = normal(0, 1/sqrt(n))
param V[m, n] = normal(0, 1/sqrt(n))
param R[m, m] = normal(0, 1/sqrt(m))
param C[d, m] = normal(0, 1/sqrt(m))
h' = -h + tanh(W @ h + U @ u)
g' = -g + R @ tanh(g) + V @ h
output y = C @ g
cost fit = 1/2 * squared(y - v)
learn
    order = {order}
    tau = 0.5
    eta = {eta}
    beta = 0.02
"""
"""W is met at h and at h⁺, R at a function of the state, V at another layer's."""
