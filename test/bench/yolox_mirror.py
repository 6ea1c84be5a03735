"""The yardstick of `npm run bench:train`: the YOLOX training step of mirror/yolox.py, timed on request.

A long-lived process: one JSON object per line on stdin, one answer per line on stdout. It refuses to time anything
before `check` has passed.

    {"cmd": "hello", "threads": 2}                       versions, threads
    {"cmd": "check", "golden": "<folder>"}               every loss of golden/yolox_nano, optimizer steps, counts
    {"cmd": "batch", "size": 320, "classes": 80, "targets": [[[class, cx, cy, w, h], ...], ...]}
    {"cmd": "step", "model": "yolox-nano", "layout": "nchw" | "channels_last", "steps": 3}    seconds of each whole step
    {"cmd": "forget"}                                    frees the models made so far
"""

import json
import os
import sys
import time

import torch

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "mirror"))
from check import Check  # noqa: E402
from yolox import Trainer, make_model  # noqa: E402

class Session:
    def __init__(self):
        self.proven, self.trainers, self.images, self.targets, self.classes = False, {}, None, None, 0

    def hello(self, threads=None):
        torch.set_num_threads(threads or os.cpu_count())
        return {"torch": torch.__version__, "python": sys.version.split()[0], "threads": torch.get_num_threads()}

    def check(self, golden):
        result = Check(golden).run()
        self.proven = True
        return result

    def batch(self, size, classes, targets):
        rows = max(max(len(image) for image in targets), 1)
        self.targets = torch.zeros(len(targets), rows, 5)
        for image, boxes in enumerate(targets):
            if boxes:
                self.targets[image, : len(boxes)] = torch.tensor(boxes)
        generator = torch.Generator().manual_seed(0)
        self.images = torch.randint(0, 256, (len(targets), 3, size, size), generator=generator).float()
        self.classes = classes
        return {"objects": int(sum(len(image) for image in targets))}

    def step(self, model, layout, steps):
        if not self.proven:
            raise ValueError("nothing is timed before check has passed")
        if self.images is None:
            raise ValueError("no batch; send batch first")
        key = (model, layout)
        if key not in self.trainers:
            torch.manual_seed(0)
            self.trainers[key] = Trainer(make_model(model, self.classes), layout)
        seconds, losses = [], {}
        for _ in range(steps):
            start = time.perf_counter()
            losses = self.trainers[key].step(self.images, self.targets)
            seconds.append(time.perf_counter() - start)
        return {"seconds": seconds, "losses": losses}

    def forget(self):
        self.trainers.clear()
        return {}


def main():
    session = Session()
    commands = {name: getattr(session, name) for name in ("hello", "check", "batch", "step", "forget")}
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = commands[request.pop("cmd")](**request)
        except Exception as error:  # the caller decides what to do; the process stays usable
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
