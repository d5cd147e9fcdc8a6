"""hdsl: a model and a cost functional in a small language; Hamilton's equations by sympy; torch steps that learn online.

    model = hdsl.load("models/sunspots.ham")
    net = model.compile()(batch=1, seed=0)
    y, costs = net.step(u=u, v=v)
"""

from hdsl.api import Model, load, loads
from hdsl.compiler import VERSION as __version__
from hdsl.diagnostics.diagnostic import Diagnostic, ModelError
from hdsl.extras import __getattr__ as __getattr__
from hdsl.notebook import load_ipython_extension

__all__ = ["Diagnostic", "Model", "ModelError", "__version__", "load", "load_ipython_extension", "loads"]
