"""Every block as its article defines it, in PyTorch and float64. Reads a case from stdin, writes output and gradients.

A case: {block, params, shapes: {name: [..]}, feeds: {name: [..]}, weights: {shape, data}}; the loss is
sum(y * w) + .5 * sum(y * y * w).
"""
import json
import math
import sys

import torch
import torch.nn.functional as F

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)


def norm(y, t, name):
    """Batch norm with the batch's own statistics, eps 1e-5."""
    return F.batch_norm(y, None, None, t[name + '.weight'], t[name + '.bias'], True, 0.1, 1e-5)


ACTIVATIONS = {'silu': F.silu, 'relu': F.relu, 'none': lambda v: v, 'leaky-relu': lambda v: F.leaky_relu(v, 0.1)}


def finish(y, t, p):
    return ACTIVATIONS[p['activation']](norm(y, t, 'bn'))


def se(x, t, p):
    s = x.mean((2, 3))
    z = F.relu(F.linear(s, t['fc1.weight'][:, :, 0, 0], t['fc1.bias']))
    z = torch.sigmoid(F.linear(z, t['fc2.weight'][:, :, 0, 0], t['fc2.bias']))
    return x * z[:, :, None, None]


def eca(x, t, p):
    w = t['conv.weight']
    s = x.mean((2, 3))[:, None]
    z = torch.sigmoid(F.conv1d(s, w, padding=w.shape[2] // 2))
    return x * z[:, 0, :, None, None]


def spatial_gate(x, t, prefix, kernel):
    seen = torch.stack([x.max(1).values, x.mean(1)], 1)
    return torch.sigmoid(norm(F.conv2d(seen, t[prefix + 'conv.weight'], padding=kernel // 2), t, prefix + 'bn'))


def spatial_attention(x, t, p):
    return x * spatial_gate(x, t, '', p['kernel'])


def cbam(x, t, p):
    def mlp(v):
        hidden = F.relu(F.linear(v, t['channel.fc1.weight'][:, :, 0, 0], t['channel.fc1.bias']))
        return F.linear(hidden, t['channel.fc2.weight'][:, :, 0, 0], t['channel.fc2.bias'])

    gate = torch.sigmoid(mlp(F.adaptive_avg_pool2d(x, 1)[:, :, 0, 0]) + mlp(F.adaptive_max_pool2d(x, 1)[:, :, 0, 0]))
    x = x * gate[:, :, None, None]
    return x * spatial_gate(x, t, 'spatial.', p['kernel'])


def non_local(x, t, p):
    n, c, h, w = x.shape

    def embed(name, pool):
        y = F.conv2d(x, t[name + '.weight'], t[name + '.bias'])
        return (F.max_pool2d(y, 2) if pool else y).flatten(2)

    theta, phi, g = embed('theta', False), embed('phi', p['subsample']), embed('g', p['subsample'])
    weights = torch.einsum('nci,ncj->nij', theta, phi).softmax(2)
    z = torch.einsum('nij,ncj->nci', weights, g).reshape(n, -1, h, w)
    return x + norm(F.conv2d(z, t['out.weight']), t, 'bn')


def cross_attention(x, t, p):
    """torch.nn.MultiheadAttention on the places of the maps."""
    c = x.shape[1]
    other = t['context'] if 'context' in t else x
    made = torch.nn.MultiheadAttention(c, p['heads'], kdim=other.shape[1], vdim=other.shape[1], batch_first=True)
    tokens, heard = x.flatten(2).transpose(1, 2), other.flatten(2).transpose(1, 2)
    flat = lambda name: t[name + '.weight'][:, :, 0, 0]
    y, _ = F.multi_head_attention_forward(
        tokens.transpose(0, 1), heard.transpose(0, 1), heard.transpose(0, 1), c, p['heads'],
        None, torch.cat([t['query.bias'], t['key.bias'], t['value.bias']]), None, None, False, 0.0,
        flat('out'), t['out.bias'], use_separate_proj_weight=True,
        q_proj_weight=flat('query'), k_proj_weight=flat('key'), v_proj_weight=flat('value'))
    assert made.embed_dim == c
    return x + y.permute(1, 2, 0).reshape(x.shape)


def dynamic_conv(x, t, p):
    """Each image with its own mixed kernel, as the article has it."""
    hidden = F.relu(F.linear(x.mean((2, 3)), t['fc1.weight'][:, :, 0, 0]))
    share = (F.linear(hidden, t['fc2.weight'][:, :, 0, 0], t['fc2.bias']) / p['temperature']).softmax(1)
    k = p['kernels']
    kernels = t['weight'].reshape(k, -1, *t['weight'].shape[1:])
    mixed = torch.einsum('nk,koihw->noihw', share, kernels)
    y = torch.cat([F.conv2d(x[i:i + 1], mixed[i], stride=p['stride'], padding=p['kernel'] // 2) for i in range(len(x))])
    return finish(y, t, p)


def dilated_conv(x, t, p):
    pad = p['dilation'] * (p['kernel'] - 1) // 2
    return finish(F.conv2d(x, t['conv.weight'], None, p['stride'], pad, p['dilation']), t, p)


def grouped_conv(x, t, p):
    return finish(F.conv2d(x, t['conv.weight'], None, p['stride'], p['kernel'] // 2, 1, p['groups']), t, p)


def separable_conv(x, t, p):
    y = F.conv2d(x, t['depthwise.conv.weight'], None, p['stride'], p['kernel'] // 2, 1, x.shape[1])
    y = ACTIVATIONS[p['activation']](norm(y, t, 'depthwise.bn'))
    return finish(F.conv2d(y, t['pointwise.weight']), t, p)


def transposed_conv(x, t, p):
    k, s = p['kernel'], p['stride']
    pad = math.ceil((k - s) / 2)
    y = F.conv_transpose2d(x, t['conv.weight'], None, s, pad, 2 * pad + s - k, p['groups'])
    assert y.shape[2] == x.shape[2] * s
    return finish(y, t, p)


def deform(x, offset, mask, weight, p):
    """y(p) = sum over taps k of w_k m_k x(p s + d p_k + offset_k), zero outside, read by grid_sample."""
    n, c, h, w = x.shape
    k, s, d, groups = p['kernel'], p['stride'], p['dilation'], p['offsetGroups']
    pad = d * (k - 1) // 2
    ho, wo = offset.shape[2:]
    offset = offset.reshape(n, groups, k * k, 2, ho, wo)
    columns = []
    for g in range(groups):
        part = x[:, g * c // groups:(g + 1) * c // groups]
        for tap in range(k * k):
            rows = torch.arange(ho).reshape(1, ho, 1) * s - pad + (tap // k) * d + offset[:, g, tap, 0]
            cols = torch.arange(wo).reshape(1, 1, wo) * s - pad + (tap % k) * d + offset[:, g, tap, 1]
            # Pixel coordinates to -1..1 over the outer edges of the map.
            grid = torch.stack([(2 * cols + 1) / w - 1, (2 * rows + 1) / h - 1], 3)
            seen = F.grid_sample(part, grid, 'bilinear', 'zeros', align_corners=False)
            if mask is not None:
                seen = seen * mask.reshape(n, groups, k * k, 1, ho, wo)[:, g, tap]
            columns.append((g, tap, seen))
    # [N, C, taps, Ho, Wo]
    x = torch.cat([torch.stack([v for (i, _, v) in columns if i == g], 2) for g in range(groups)], 1)
    q = p['groups']
    x = x.reshape(n, q, c // q, k * k, ho, wo)
    weight = weight.reshape(q, -1, c // q, k * k)
    return torch.einsum('nqcthw,qoct->nqohw', x, weight).reshape(n, -1, ho, wo)


def deformable(x, t, p, mask):
    at = dict(stride=p['stride'], padding=p['dilation'] * (p['kernel'] - 1) // 2, dilation=p['dilation'])
    offset = F.conv2d(x, t['offset.weight'], t['offset.bias'], **at)
    if mask:
        mask = torch.sigmoid(F.conv2d(x, t['modulation.weight'], t['modulation.bias'], **at))
    return finish(deform(x, offset, mask if mask is not False else None, t['weight'], p), t, p)


def window_attention(x, t, p):
    """Each window by itself, cut out of a map that torch.roll has moved; padding and foreign edges are never part of it."""
    n, c, h, w = x.shape
    win, heads = p['window'], p['heads']
    wh, ww = min(win, h), min(win, w)
    sh, sw = (win // 2 if p['shift'] and h > win else 0), (win // 2 if p['shift'] and w > win else 0)

    def layer_norm(v, name):
        return F.layer_norm(v.permute(0, 2, 3, 1), (c,), t[name + '.weight'], t[name + '.bias'], 1e-5)

    def linear(v, name):
        return F.linear(v, t[name + '.weight'][:, :, 0, 0], t[name + '.bias'])

    qkv = linear(layer_norm(x, 'norm1'), 'attn.qkv')
    heard = torch.zeros(n, h, w, c)
    # Windows begin where the shifted grid begins; of each, the places inside the map.
    for top in range(sh - wh if sh else 0, h, wh):
        for left in range(sw - ww if sw else 0, w, ww):
            rows = [y for y in range(top, top + wh) if 0 <= y < h]
            cols = [v for v in range(left, left + ww) if 0 <= v < w]
            if not rows or not cols:
                continue
            ys, xs = torch.meshgrid(torch.tensor(rows), torch.tensor(cols), indexing='ij')
            ys, xs = ys.flatten(), xs.flatten()
            q, k, v = qkv[:, ys, xs].reshape(n, len(ys), 3, heads, c // heads).permute(2, 0, 3, 1, 4)
            index = (ys[:, None] - ys[None] + win - 1) * (2 * win - 1) + xs[:, None] - xs[None] + win - 1
            bias = t['attn.relative_position_bias_table'][index].permute(2, 0, 1)
            weights = (q @ k.transpose(-1, -2) * (c // heads) ** -.5 + bias).softmax(-1)
            cell = torch.zeros(n, h, w, c).index_put(
                (torch.arange(n)[:, None], ys[None], xs[None]),
                (weights @ v).transpose(1, 2).reshape(n, len(ys), c))
            heard = heard + cell
    y = x.permute(0, 2, 3, 1) + linear(heard, 'attn.proj')
    y = y + linear(F.gelu(linear(layer_norm(y.permute(0, 3, 1, 2), 'norm2'), 'mlp.fc1')), 'mlp.fc2')
    return y.permute(0, 3, 1, 2)


BLOCKS = {
    'window-attention': window_attention,
    'se': se, 'eca': eca, 'cbam': cbam, 'spatial-attention': spatial_attention, 'non-local': non_local,
    'cross-attention': cross_attention, 'dynamic-conv': dynamic_conv, 'dilated-conv': dilated_conv,
    'grouped-conv': grouped_conv, 'separable-conv': separable_conv, 'transposed-conv': transposed_conv,
    'deformable-conv': lambda x, t, p: deformable(x, t, p, False),
    'deformable-conv-v2': lambda x, t, p: deformable(x, t, p, True),
}


def run(case):
    t = {name: torch.tensor(case['feeds'][name]).reshape(shape).requires_grad_()
         for name, shape in case['shapes'].items()}
    y = BLOCKS[case['block']](t['x'], t, case['params'])
    w = torch.tensor(case['weights']).reshape(y.shape)
    loss = (y * w).sum() + .5 * (y * y * w).sum()
    loss.backward()
    return {'shape': list(y.shape), 'y': y.detach().flatten().tolist(), 'loss': loss.item(),
            'gradients': {name: v.grad.flatten().tolist() for name, v in t.items()}}


if __name__ == '__main__':
    json.dump([run(case) for case in json.load(sys.stdin)], sys.stdout)
