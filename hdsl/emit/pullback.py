"""The text by which a generated module stands inside a larger torch model: asked for, since it makes the file longer."""

from __future__ import annotations

from hdsl.derive.pullback import Pullback
from hdsl.emit.facts import Facts

THROUGH = '''
class _Through(torch.autograd.Function):
    """`predict` for torch's autograd: what comes back from the output goes on to the inputs by `pullback`.

    Nothing is taped. Cells are kept by reference: autograd says so if a step has moved them in between.
    """

    @staticmethod
    def forward(context, module, *inputs):
        context.module, context.count = module, len(inputs)
        context.save_for_backward(*inputs, *module._cells(), module.clock, module.ended)
        return module.predict(*inputs)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(context, adjoint):
        inputs = context.saved_tensors[: context.count]
        gradients = context.module.pullback(*inputs, adjoint)
        names = context.module.arguments
        return None, *(
            gradients[name].to(value) if name in gradients and value.requires_grad else None
            for name, value in zip(context.module.inputs, inputs, strict=True)
        )

'''

METHODS = '''
def forward(self, {inputs}):
    """`predict`, through which torch's autograd goes to the inputs; moves nothing. The parameters get no gradient: `step`
    is what moves them, by the module's own equations, once autograd has been through."""
    return _Through.apply(self, {as_tensors})

def pullback(self, {inputs}, {adjoint}):
    """From the adjoint of {output} to the inputs: (∂{output}/∂{first})ᵀ {adjoint} of each stream, by name. Moves nothing.

    It is the derivative of what `predict` returns for this sample, states and parameters held.

        {adjoint}: what comes back from {output}, in its shape
    """
    with torch.no_grad():
        {adjoint} = self._real({adjoint}, "the adjoint of {output}", (){sizes})
        sample = self._sample({passed})
        cells = self._cells()
        if self.sequences:
            cells = self._begun(cells)
        made = self._pullback(cells, sample, self.tau, {adjoint})
    return {gradients}
'''


def stands_inside(pullback: Pullback, facts: Facts) -> str:
    """``forward`` and ``pullback``, the methods."""
    model, fields = facts.model, facts.method_fields()
    inputs = [facts.names[q.name] for q in model.of_role("input")]
    output = next(d for d in model.definitions if d.name == pullback.output)
    kept = [f'"{name}": made[{place}].contiguous()' for place, name in enumerate(pullback.gradients)]
    return METHODS.format(
        inputs=", ".join(inputs),
        as_tensors=", ".join(f"torch.as_tensor({name})" for name in inputs),
        passed=fields["predict_passed"],
        output=pullback.output,
        first=next(iter(pullback.gradients)),
        adjoint=facts.names[pullback.adjoint],
        sizes="".join(f", {facts.size(n, 'self.')}" for n in output.sizes),
        gradients="{" + ", ".join(kept) + "}",
    )
