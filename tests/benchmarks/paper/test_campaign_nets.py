"""The references against torch's own modules: what hdsl's nets are compared with is what its name says."""

from __future__ import annotations

import torch
from torch import nn

from benchmarks.paper import campaign_nets as nets


def test_the_transformer_is_torchs_encoder_layer_between_patches_and_logits() -> None:
    torch.manual_seed(0)
    net = nets.Transformer(64, 10).double()
    layer = nn.TransformerEncoderLayer(30, 1, 30, dropout=0, batch_first=True, norm_first=True).double()
    attention = layer.self_attn
    with torch.no_grad():
        for name in ("query", "value"):
            getattr(net, name).bias.normal_()
        attention.in_proj_weight.copy_(torch.cat([net.query.weight, net.key.weight, net.value.weight]))
        attention.in_proj_bias.copy_(torch.cat([net.query.bias, torch.full((30,), 5.0), net.value.bias]))  # of keys: any
    attention.out_proj, layer.linear1, layer.linear2, layer.norm1, layer.norm2 = net.mixed, net.hidden, net.code, net.p, net.q
    u = torch.rand(64, dtype=torch.float64)
    image = u.reshape(8, 8)
    patches = torch.stack([image[i : i + 2, j : j + 2].flatten() for i in range(0, 8, 2) for j in range(0, 8, 2)])
    expected = net.logits(net.last(layer.train()(net.token(patches)[None] + net.position))[0].flatten())
    assert torch.allclose(net(u), expected, rtol=0, atol=1e-13)


def test_the_residual_net_is_affine_where_its_blocks_add_nothing() -> None:
    torch.manual_seed(0)
    net = nets.Residual(64, 10).double()
    u, v = torch.rand(2, 64, dtype=torch.float64)
    with torch.no_grad():
        bent = (net(u) + net(v) - 2 * net((u + v) / 2)).abs().max()
        for outer in net.outer:
            outer.weight.zero_()
        flat = (net(u) + net(v) - 2 * net((u + v) / 2)).abs().max()
    assert float(bent) > 1e-4 and float(flat) < 1e-13
    assert len(net.outer) == 4


def test_a_recurrent_net_learns_one_bias() -> None:
    for made, states in ((nets.rnn, 1), (nets.lstm, 4)):
        net = made(12, 9)
        learned = sum(p.numel() for p in net.parameters() if p.requires_grad)
        assert learned == states * 30 * (12 + 30 + 1) + 9 * 31
        assert set(net.named()) == {"W", "R", "b", "logits.W", "logits.b"}
