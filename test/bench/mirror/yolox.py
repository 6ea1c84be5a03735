"""YOLOX (nano, tiny, s) as ordinary eager PyTorch, written from the published description (Ge et al. 2021,
arXiv:2107.08430): CSPDarknet, PAFPN, decoupled head, SimOTA, IoU + BCE + late L1 losses, SGD with Nesterov momentum in
three groups, exponential average of the weights. Parameter names are those of the original state dict.
"""

import math
from copy import deepcopy

import torch
import torch.nn as nn
import torch.nn.functional as F

STRIDES = (8, 16, 32)
CENTER_RADIUS = 1.5
MODELS = {  # depth, width, depth-wise, parameters with 80 classes
    "yolox-nano": (0.33, 0.25, True, 912159),
    "yolox-tiny": (0.33, 0.375, False, 5055855),
    "yolox-s": (0.33, 0.50, False, 8968255),
}
LAYOUTS = {"nchw": torch.contiguous_format, "channels_last": torch.channels_last}


# Network ------------------------------------------------------------------------------------------------------------


class ConvUnit(nn.Module):
    """Convolution without bias, batch norm, SiLU."""

    def __init__(self, inputs, outputs, kernel, stride=1, groups=1):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, (kernel - 1) // 2, groups=groups, bias=False)
        self.bn = nn.BatchNorm2d(outputs, eps=1e-3, momentum=0.03)
        self.act = nn.SiLU(inplace=True)

    def forward(self, x):
        return self.act(self.bn(self.conv(x)))


class SeparableUnit(nn.Module):
    """Depth-wise convolution followed by a 1x1 convolution, each with batch norm and SiLU."""

    def __init__(self, inputs, outputs, kernel, stride=1):
        super().__init__()
        self.dconv = ConvUnit(inputs, inputs, kernel, stride, groups=inputs)
        self.pconv = ConvUnit(inputs, outputs, 1)

    def forward(self, x):
        return self.pconv(self.dconv(x))


class Focus(nn.Module):
    """Space to depth by 2 in the order (even, even), (odd row), (odd column), (odd, odd), then a convolution."""

    def __init__(self, outputs):
        super().__init__()
        self.conv = ConvUnit(12, outputs, 3)

    def forward(self, x):
        even, odd = x[..., ::2, :], x[..., 1::2, :]
        return self.conv(torch.cat([even[..., ::2], odd[..., ::2], even[..., 1::2], odd[..., 1::2]], 1))


class Bottleneck(nn.Module):
    def __init__(self, channels, shortcut, unit):
        super().__init__()
        self.conv1 = ConvUnit(channels, channels, 1)
        self.conv2 = unit(channels, channels, 3)
        self.shortcut = shortcut

    def forward(self, x):
        y = self.conv2(self.conv1(x))
        return x + y if self.shortcut else y


class CspLayer(nn.Module):
    """Half of the channels pass through the bottlenecks, half go around them."""

    def __init__(self, inputs, outputs, repeats, shortcut, unit):
        super().__init__()
        hidden = outputs // 2
        self.conv1 = ConvUnit(inputs, hidden, 1)
        self.conv2 = ConvUnit(inputs, hidden, 1)
        self.conv3 = ConvUnit(2 * hidden, outputs, 1)
        self.m = nn.Sequential(*[Bottleneck(hidden, shortcut, unit) for _ in range(repeats)])

    def forward(self, x):
        return self.conv3(torch.cat([self.m(self.conv1(x)), self.conv2(x)], 1))


class PyramidPooling(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv1 = ConvUnit(channels, channels // 2, 1)
        self.m = nn.ModuleList([nn.MaxPool2d(k, 1, k // 2) for k in (5, 9, 13)])
        self.conv2 = ConvUnit(2 * channels, channels, 1)

    def forward(self, x):
        x = self.conv1(x)
        return self.conv2(torch.cat([x] + [pool(x) for pool in self.m], 1))


class CspDarknet(nn.Module):
    def __init__(self, depth, width, unit):
        super().__init__()
        c, n = int(64 * width), max(round(3 * depth), 1)
        self.stem = Focus(c)
        self.dark2 = nn.Sequential(unit(c, 2 * c, 3, 2), CspLayer(2 * c, 2 * c, n, True, unit))
        self.dark3 = nn.Sequential(unit(2 * c, 4 * c, 3, 2), CspLayer(4 * c, 4 * c, 3 * n, True, unit))
        self.dark4 = nn.Sequential(unit(4 * c, 8 * c, 3, 2), CspLayer(8 * c, 8 * c, 3 * n, True, unit))
        self.dark5 = nn.Sequential(
            unit(8 * c, 16 * c, 3, 2), PyramidPooling(16 * c), CspLayer(16 * c, 16 * c, n, False, unit)
        )

    def forward(self, x):
        third = self.dark3(self.dark2(self.stem(x)))
        fourth = self.dark4(third)
        return third, fourth, self.dark5(fourth)


class Pafpn(nn.Module):
    """Top-down, then bottom-up path aggregation over strides 8, 16, 32."""

    def __init__(self, depth, width, unit):
        super().__init__()
        self.backbone = CspDarknet(depth, width, unit)
        small, middle, large = (int(c * width) for c in (256, 512, 1024))
        n = round(3 * depth)
        self.lateral_conv0 = ConvUnit(large, middle, 1)
        self.C3_p4 = CspLayer(2 * middle, middle, n, False, unit)
        self.reduce_conv1 = ConvUnit(middle, small, 1)
        self.C3_p3 = CspLayer(2 * small, small, n, False, unit)
        self.bu_conv2 = unit(small, small, 3, 2)
        self.C3_n3 = CspLayer(2 * small, middle, n, False, unit)
        self.bu_conv1 = unit(middle, middle, 3, 2)
        self.C3_n4 = CspLayer(2 * middle, large, n, False, unit)
        self.upsample = nn.Upsample(scale_factor=2, mode="nearest")

    def forward(self, x):
        third, fourth, fifth = self.backbone(x)
        lateral = self.lateral_conv0(fifth)
        reduced = self.reduce_conv1(self.C3_p4(torch.cat([self.upsample(lateral), fourth], 1)))
        out3 = self.C3_p3(torch.cat([self.upsample(reduced), third], 1))
        out4 = self.C3_n3(torch.cat([self.bu_conv2(out3), reduced], 1))
        out5 = self.C3_n4(torch.cat([self.bu_conv1(out4), lateral], 1))
        return out3, out4, out5


class Head(nn.Module):
    """Decoupled head: class tower, box tower; objectness comes from the box tower."""

    def __init__(self, width, classes, unit):
        super().__init__()
        h = int(256 * width)
        tower = lambda: nn.ModuleList([nn.Sequential(unit(h, h, 3), unit(h, h, 3)) for _ in STRIDES])
        preds = lambda outputs: nn.ModuleList([nn.Conv2d(h, outputs, 1) for _ in STRIDES])
        self.stems = nn.ModuleList([ConvUnit(int(c * width), h, 1) for c in (256, 512, 1024)])
        self.cls_convs, self.reg_convs = tower(), tower()
        self.cls_preds, self.reg_preds, self.obj_preds = preds(classes), preds(4), preds(1)
        for conv in [*self.cls_preds, *self.obj_preds]:
            nn.init.constant_(conv.bias, -math.log((1 - 1e-2) / 1e-2))

    def forward(self, features):
        """[B, A, 5 + classes] raw, cells [A, 2] (x, y), strides [A]."""
        raw, cells, strides = [], [], []
        for level, x in enumerate(features):
            x = self.stems[level](x)
            box_features = self.reg_convs[level](x)
            parts = [
                self.reg_preds[level](box_features),
                self.obj_preds[level](box_features),
                self.cls_preds[level](self.cls_convs[level](x)),
            ]
            raw.append(torch.cat(parts, 1).flatten(2).transpose(1, 2))
            rows, columns = x.shape[2:]
            y, x_ = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
            cells.append(torch.stack([x_, y], 2).reshape(-1, 2).to(x.dtype))
            strides.append(x.new_full((rows * columns,), STRIDES[level]))
        return torch.cat(raw, 1), torch.cat(cells), torch.cat(strides)


class Yolox(nn.Module):
    def __init__(self, depth, width, depthwise, classes):
        super().__init__()
        unit = SeparableUnit if depthwise else ConvUnit
        self.backbone = Pafpn(depth, width, unit)
        self.head = Head(width, classes, unit)

    def forward(self, images):
        return self.head(self.backbone(images))


def decode(raw, cells, strides):
    """Boxes [B, A, 4] as (cx, cy, w, h) in pixels."""
    s = strides[:, None]
    return torch.cat([(raw[..., :2] + cells) * s, raw[..., 2:4].exp() * s], -1)


# Assignment and losses ----------------------------------------------------------------------------------------------


def pairwise_iou(a, b):
    """IoU [n, m] of boxes [n, 4] and [m, 4] given as (cx, cy, w, h)."""
    low = torch.max(a[:, None, :2] - a[:, None, 2:] / 2, b[:, :2] - b[:, 2:] / 2)
    high = torch.min(a[:, None, :2] + a[:, None, 2:] / 2, b[:, :2] + b[:, 2:] / 2)
    inter = (high - low).clamp(min=0).prod(2)
    return inter / (a[:, 2:].prod(1)[:, None] + b[:, 2:].prod(1) - inter)


@torch.no_grad()
def assign(truth, boxes, obj, cls, cells, strides):
    """SimOTA for one image: foreground [A] (bool), and for each foreground anchor its object's row and their IoU."""
    centers = (cells + 0.5) * strides[:, None]
    reach = CENTER_RADIUS * strides
    in_center = ((centers - truth[:, None, 1:3]).abs() < reach[:, None]).all(2)
    candidate = in_center.any(0)
    foreground = torch.zeros_like(candidate)
    if not candidate.any():
        return foreground, torch.zeros(0, dtype=torch.long), boxes.new_zeros(0)
    in_center = in_center[:, candidate]

    iou = pairwise_iou(truth[:, 1:], boxes[candidate])
    score = (cls[candidate].sigmoid() * obj[candidate].sigmoid()).sqrt()
    onehot = F.one_hot(truth[:, 0].long(), cls.shape[1]).to(cls.dtype)
    shape = (len(truth), *score.shape)
    pairs = F.binary_cross_entropy(score[None].expand(shape), onehot[:, None].expand(shape), reduction="none")
    cost = pairs.sum(2) - 3 * (iou + 1e-8).log() + 1e6 * ~in_center

    top = iou.topk(min(10, iou.shape[1]), 1).values
    chosen = torch.zeros_like(cost, dtype=torch.bool)
    for row, k in enumerate(top.sum(1).int().clamp(min=1).tolist()):
        chosen[row, cost[row].topk(k, largest=False).indices] = True
    shared = chosen.sum(0) > 1
    if shared.any():
        best = cost[:, shared].argmin(0)
        chosen[:, shared] = False
        chosen[best, shared.nonzero()[:, 0]] = True

    taken = chosen.any(0)
    foreground[candidate.nonzero()[taken, 0]] = True
    matched = chosen[:, taken].int().argmax(0)
    return foreground, matched, iou[matched, taken.nonzero()[:, 0]]


def compute_loss(output, targets, use_l1):
    """Losses of a batch: targets [B, M, 5] (class, cx, cy, w, h), rows of zeros are padding."""
    raw, cells, strides = output
    boxes, obj, cls = decode(raw, cells, strides), raw[..., 4], raw[..., 5:]
    masks, matched_boxes, class_targets, offsets = [], [], [], []
    objects = 0
    for image in range(len(raw)):
        truth = targets[image][targets[image].sum(1) > 0]
        objects += len(truth)
        if len(truth) == 0:
            masks.append(torch.zeros(raw.shape[1], dtype=torch.bool))
            continue
        foreground, matched, iou = assign(
            truth, boxes[image].detach(), obj[image, :, None].detach(), cls[image].detach(), cells, strides
        )
        masks.append(foreground)
        box = truth[matched, 1:]
        matched_boxes.append(box)
        class_targets.append(F.one_hot(truth[matched, 0].long(), cls.shape[2]) * iou[:, None])
        if use_l1:
            s = strides[foreground][:, None]
            offsets.append(torch.cat([box[:, :2] / s - cells[foreground], (box[:, 2:] / s + 1e-8).log()], 1))

    mask = torch.stack(masks)
    count = max(int(mask.sum()), 1)
    zero = raw.sum() * 0
    iou_loss, cls_loss, l1_loss = zero, zero, zero
    if matched_boxes:
        a, b = boxes[mask], torch.cat(matched_boxes)
        low = torch.max(a[:, :2] - a[:, 2:] / 2, b[:, :2] - b[:, 2:] / 2)
        high = torch.min(a[:, :2] + a[:, 2:] / 2, b[:, :2] + b[:, 2:] / 2)
        inter = (high - low).prod(1) * (low < high).all(1)
        iou = inter / (a[:, 2:].prod(1) + b[:, 2:].prod(1) - inter + 1e-16)
        iou_loss = (1 - iou**2).sum() / count
        cls_loss = F.binary_cross_entropy_with_logits(cls[mask], torch.cat(class_targets), reduction="sum") / count
        if use_l1:
            l1_loss = (raw[..., :4][mask] - torch.cat(offsets)).abs().sum() / count
    obj_loss = F.binary_cross_entropy_with_logits(obj, mask.to(obj.dtype), reduction="sum") / count
    return {
        "total_loss": 5 * iou_loss + obj_loss + cls_loss + l1_loss,
        "iou_loss": 5 * iou_loss,
        "l1_loss": l1_loss,
        "conf_loss": obj_loss,
        "cls_loss": cls_loss,
        "num_fg": count / max(objects, 1),
    }


# Training step ------------------------------------------------------------------------------------------------------


def make_optimizer(model, lr):
    """SGD with Nesterov momentum; weight decay on convolution weights only."""
    biases, norms, weights = [], [], []
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            norms.append(module.weight)
        elif isinstance(module, nn.Conv2d):
            weights.append(module.weight)
        if getattr(module, "bias", None) is not None:
            biases.append(module.bias)
    optimizer = torch.optim.SGD(norms, lr=lr, momentum=0.9, nesterov=True)
    optimizer.add_param_group({"params": weights, "weight_decay": 5e-4})
    optimizer.add_param_group({"params": biases})
    return optimizer


class Average:
    """Exponential average of every floating tensor of the state dict, with a decay that grows over 2000 steps."""

    def __init__(self, model):
        self.model = deepcopy(model).eval()
        self.steps = 0

    @torch.no_grad()
    def update(self, model):
        self.steps += 1
        decay = 0.9998 * (1 - math.exp(-self.steps / 2000))
        current = model.state_dict()
        for name, value in self.model.state_dict().items():
            if value.dtype.is_floating_point:
                value.mul_(decay).add_(current[name], alpha=1 - decay)


class Trainer:
    def __init__(self, model, layout, lr=0.00125, average=True):
        self.layout = LAYOUTS[layout]
        self.model = model.to(memory_format=self.layout).train()
        self.optimizer = make_optimizer(self.model, lr)
        self.average = Average(self.model) if average else None

    def step(self, images, targets, use_l1=False):
        losses = compute_loss(self.model(images.contiguous(memory_format=self.layout)), targets, use_l1)
        self.optimizer.zero_grad()
        losses["total_loss"].backward()
        self.optimizer.step()
        if self.average:
            self.average.update(self.model)
        return {name: float(value) for name, value in losses.items()}


def make_model(name, classes):
    depth, width, depthwise, _ = MODELS[name]
    return Yolox(depth, width, depthwise, classes)
