"""Holds the PyTorch mirror against the golden values of the original code, before anything is timed."""

import json
import math
import os

import numpy as np
import torch

from yolox import LAYOUTS, MODELS, Trainer, compute_loss, decode, make_model

class Golden:
    def __init__(self, folder):
        with open(os.path.join(folder, "manifest.json")) as file:
            manifest = json.load(file)
        self.tensors, self.scalars = manifest["tensors"], manifest["scalars"]
        self.data = np.fromfile(os.path.join(folder, "tensors.bin"), "<f4")

    def read(self, name):
        entry = self.tensors[name]
        start = entry["offset"] // 4
        return torch.from_numpy(self.data[start : start + math.prod(entry["shape"])].reshape(entry["shape"]).copy())

    def group(self, prefix):
        return {name[len(prefix) :]: self.read(name) for name in self.tensors if name.startswith(prefix)}


def differ(actual, expected):
    return abs(float(actual) - expected) / max(abs(expected), 1e-6)


def check_losses(where, actual, expected, worst):
    for name, value in expected.items():
        difference = differ(actual[name], value)
        worst["loss"] = max(worst["loss"], difference)
        if not difference <= 1e-4:
            raise ValueError(f"{where}: {name} is {float(actual[name])}, golden value {value}")


def check_tensors(where, actual, expected, limit, worst):
    """Largest difference, relative to the largest entry of each tensor."""
    for name, value in expected.items():
        difference = float((actual[name] - value).abs().max() / value.abs().max().clamp(min=1e-6))
        worst["tensor"] = max(worst["tensor"], difference)
        if not difference <= limit:
            raise ValueError(f"{where}: {name} differs by {difference:.2e} of its largest entry, limit {limit:.0e}")


class Check:
    """Compares this file with the golden values; every method raises ValueError at the first number that differs.

    The second and third optimizer steps of these golden values amplify rounding (a relative change of 1e-10 in the
    weights moves the third loss by 1e-5): other kernels, layouts or processors give other numbers, all of them right.
    They must therefore agree to 1e-4 or lie in the band that float64 runs from slightly moved weights span.
    """

    STEPS = "sgd_nesterov_lr1e-3_m.9_wd5e-4_three_steps"

    def __init__(self, folder):
        self.golden = Golden(folder)
        self.weights, self.steps = self.golden.group("weight/"), self.golden.scalars[self.STEPS]
        self.images, self.targets = self.golden.read("input"), self.golden.read("targets")
        self.worst = {"loss": 0.0, "tensor": 0.0}

    def make(self, layout):
        model = make_model("yolox-nano", 3)
        missing, unexpected = model.load_state_dict(self.weights, strict=False)
        missing = [name for name in missing if not name.endswith("num_batches_tracked")]
        if missing or unexpected:
            raise ValueError(f"state dict names differ: missing {missing[:3]}, unexpected {unexpected[:3]}")
        return model.to(memory_format=LAYOUTS[layout])

    def forward(self, layout):
        """Decoded output, losses with and without L1, the gradient of every parameter."""
        images = self.images.contiguous(memory_format=LAYOUTS[layout])
        with torch.no_grad():
            raw, cells, strides = self.make(layout).eval()(images)
            decoded = torch.cat([decode(raw, cells, strides), raw[..., 4:].sigmoid()], -1)
        expected = {"eval_output": self.golden.read("eval_output")}
        check_tensors(layout, {"eval_output": decoded}, expected, 1e-4, self.worst)
        for case in ("no_l1", "l1"):
            model = self.make(layout).train()
            losses = compute_loss(model(images), self.targets, case == "l1")
            check_losses(f"{layout}, {case}", losses, self.golden.scalars[case], self.worst)
            losses["total_loss"].backward()
            gradients = {name: value.grad for name, value in model.named_parameters()}
            expected = self.golden.group(f"grad_{case}/")
            check_tensors(f"{layout}, gradients {case}", gradients, expected, 1e-3, self.worst)

    def run_steps(self, layout, precise=False, seed=None):
        """Losses of three optimizer steps; `seed` moves every weight by about 1e-6 of itself, which moves the first
        losses about as much as float32 rounding does."""
        model = self.make(layout)
        images, targets = self.images, self.targets
        if precise:
            model, images, targets = model.double(), images.double(), targets.double()
        if seed is not None:
            generator = torch.Generator().manual_seed(seed)
            with torch.no_grad():
                for value in model.parameters():
                    value.mul_(1 + 1e-6 * torch.randn(value.shape, generator=generator, dtype=value.dtype))
        trainer = Trainer(model, layout, lr=1e-3, average=False)
        return [trainer.step(images, targets) for _ in self.steps], trainer.model

    def first_update(self, layout):
        """Weights after one step, worked out from the golden gradients: the parameter groups are right."""
        trainer = Trainer(self.make(layout), layout, lr=1e-3, average=False)
        trainer.step(self.images, self.targets)
        expected = {}
        for name, gradient in self.golden.group("grad_no_l1/").items():
            weight = self.weights[name]
            decay = 5e-4 if weight.dim() == 4 else 0.0
            expected[name] = weight - 1e-3 * 1.9 * (gradient + decay * weight)
        check_tensors(f"{layout}, first update", dict(trainer.model.named_parameters()), expected, 1e-3, self.worst)

    def three_steps(self):
        """Whether every step of the NCHW run is equal to the golden values (1e-4), not only in their band."""
        exact, _ = self.run_steps("nchw", precise=True)
        other, _ = self.run_steps("channels_last", precise=True)
        for number, (a, b) in enumerate(zip(exact, other)):
            for name in a:
                if not differ(b[name], a[name]) <= 1e-5:
                    raise ValueError(f"float64 step {number + 1}: {name} is {a[name]} in NCHW, {b[name]} channels_last")
        moved = [exact] + [self.run_steps("nchw", precise=True, seed=seed)[0] for seed in range(4)]
        equal = {}
        for layout in LAYOUTS:
            losses, model = self.run_steps(layout)
            check_losses(f"{layout}, step 1", losses[0], self.steps[0], self.worst)
            equal[layout] = True
            for number in (1, 2):
                for name, value in self.steps[number].items():
                    equal[layout] = equal[layout] and differ(losses[number][name], value) <= 1e-4
                    span = [run[number][name] for run in moved]
                    low, high = min(span), max(span)
                    margin = (high - low) / 2 + 1e-4 * abs(high)
                    for who, seen in (("golden value", value), (layout, losses[number][name])):
                        if not low - margin <= seen <= high + margin:
                            raise ValueError(f"step {number + 1}, {who}: {name} {seen} is outside {low}..{high}")
            if equal[layout]:
                expected = self.golden.group("after_three_steps/")
                check_tensors(f"{layout}, after three steps", model.state_dict(), expected, 1e-3, self.worst)
        return equal["nchw"]

    def counts(self):
        for name, (*_, expected) in MODELS.items():
            count = sum(value.numel() for value in make_model(name, 80).parameters())
            if count != expected:
                raise ValueError(f"{name} has {count} parameters with 80 classes, the original {expected}")

    def run(self):
        for layout in LAYOUTS:
            self.forward(layout)
            self.first_update(layout)
        equal = self.three_steps()
        self.counts()
        return {"worstLoss": self.worst["loss"], "worstTensor": self.worst["tensor"], "threeStepsEqual": equal}
