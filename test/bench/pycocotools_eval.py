"""Runs pycocotools on two files and prints what it gives as JSON: times, memory, stats, and hashes of its arrays.

usage: python3 pycocotools_eval.py gt.json dt.json bbox|segm|keypoints
"""
import contextlib
import hashlib
import io
import json
import resource
import sys
import time

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

gt_file, dt_file, iou_type = sys.argv[1:4]
printed = io.StringIO()
with contextlib.redirect_stdout(printed):
    start = time.perf_counter()
    cpu = time.process_time()
    gt = COCO(gt_file)
    dt = gt.loadRes(dt_file)
    loaded = time.perf_counter()
    evaluation = COCOeval(gt, dt, iou_type)
    evaluation.evaluate()
    evaluation.accumulate()
    done = time.perf_counter()
    cpu = time.process_time() - cpu
    evaluation.summarize()


def digest(name):
    return hashlib.sha256(np.ascontiguousarray(evaluation.eval[name]).tobytes()).hexdigest()


print(
    json.dumps(
        {
            "numpy": np.__version__,
            "loadSeconds": loaded - start,
            "evaluateSeconds": done - loaded,
            "cpuSeconds": cpu,
            "maxRss": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
            "stats": [float(value) for value in evaluation.stats],
            "table": [line for line in printed.getvalue().splitlines() if "@[" in line],
            "hashes": {name: digest(name) for name in ("precision", "recall", "scores")},
        }
    )
)
