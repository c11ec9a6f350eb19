# Copyright (c) 2026 PaddlePaddle Authors. All Rights Reserved.
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""Scores of images from the command line: python -m ppsci_ext.metric A B."""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from os import path as osp
from typing import Any
from typing import Dict
from typing import Iterator
from typing import List
from typing import Optional
from typing import Tuple

import ppsci_ext  # noqa: F401  before paddle: it sets the CPU's environment

# isort: split

import numpy as np
from ppsci.utils import logger

from ppsci_ext.data import load_images
from ppsci_ext.data import read_images
from ppsci_ext.data import to_uint8
from ppsci_ext.metric.extractor import CLASSIFIERS
from ppsci_ext.metric.extractor import FeatureExtractor
from ppsci_ext.metric.extractor import build_extractor
from ppsci_ext.metric.reference import is_statistics
from ppsci_ext.metric.reference import read_statistics
from ppsci_ext.metric.reference import reference_features
from ppsci_ext.metric.scores import SCORES
from ppsci_ext.metric.scores import FeatureSet
from ppsci_ext.metric.scores import extract
from ppsci_ext.metric.scores import image_scores
from ppsci_ext.utils import UserError
from ppsci_ext.utils.files import write_atomically

DATA_SETS = {
    f"{name}-{split}": (name, split)
    for name in ("mnist", "cifar10")
    for split in ("train", "test")
}


def parse_arguments(arguments: Optional[List[str]] = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m ppsci_ext.metric",
        description="Scores images A, compared with real images B: Inception score, FID, KID, "
        "precision and recall.",
        epilog="A and B are folders of image files, .npy files, .npz files (array images, "
        f"samples or arr_0), or {', '.join(DATA_SETS)}; B can also be an .npz file of "
        "pytorch-fid with mu and sigma. Arrays are [N, H, W], [N, C, H, W] or [N, H, W, C].",
    )
    parser.add_argument("images", metavar="A", help="images to score")
    parser.add_argument(
        "reference", metavar="B", nargs="?", help="real images; not needed for --isc"
    )
    parser.add_argument("--isc", action="store_true", help="Inception score of A")
    parser.add_argument("--fid", action="store_true", help="Frechet distance")
    parser.add_argument("--kid", action="store_true", help="kernel distance")
    parser.add_argument("--prc", action="store_true", help="precision and recall")
    parser.add_argument("--json", metavar="FILE", help="write the result here")
    parser.add_argument(
        "--extractor", choices=tuple(CLASSIFIERS), default="inception_v3"
    )
    parser.add_argument(
        "--weights", metavar="FILE", help="path or address of its weights"
    )
    parser.add_argument(
        "--range",
        nargs=2,
        type=float,
        metavar=("LOW", "HIGH"),
        help="values of black and white in arrays of floats",
    )
    parser.add_argument("--data-root", default="./datasets", help="of the data sets")
    parser.add_argument("--cache", metavar="FOLDER", help="default: ~/.cache/ppsci_ext")
    parser.add_argument("--batch-size", type=int, default=100)
    parser.add_argument(
        "--seed",
        type=int,
        default=2020,
        help="of the order of the Inception score and of KID's subsets; torch-fidelity's by default",
    )
    return parser.parse_args(arguments)


def load(source: str, args: argparse.Namespace) -> Tuple[np.ndarray, str]:
    """Images uint8 [N, C, H, W], and their split."""
    if source in DATA_SETS and not osp.exists(source):
        name, split = DATA_SETS[source]
        return load_images(name, args.data_root, split).images, split
    images = read_images(source)
    if images.dtype == np.uint8:
        return images, "all"
    if args.range is None:
        raise UserError(
            f"{source} holds floats: give the values of black and white, for example "
            "--range -1 1."
        )
    return to_uint8(images, *args.range), "all"


def score(args: argparse.Namespace) -> Dict[str, Any]:
    """The result that is printed and written.

    Args:
        args (argparse.Namespace): Of `parse_arguments`.

    Raises:
        UserError: If the images or the weights can't be had, or don't fit.
    """
    wanted = [name for name in SCORES if getattr(args, name)]
    if not wanted:
        wanted = list(SCORES) if args.reference else ["isc"]
    if args.reference is None and wanted != ["isc"]:
        raise UserError("Only --isc can do without the real images B.")
    if args.batch_size < 1:
        raise UserError(f"--batch-size must be at least 1, not {args.batch_size}.")
    images, _ = load(args.images, args)
    extractor = build_extractor(args.extractor, args.weights, args.cache)
    reference = None if wanted == ["isc"] else load_reference(args, extractor)
    batches: Iterator[np.ndarray] = (
        images[start : start + args.batch_size]
        for start in range(0, len(images), args.batch_size)
    )
    keeps = reference is not None and reference.features is not None
    # a folder may be sorted by class, and the Inception score depends on the order
    generated = extract(
        batches, extractor, len(images), args.images, keeps, shuffle_seed=args.seed
    )
    return {
        "images": args.images,
        "num_images": len(images),
        "reference": args.reference,
        "num_reference": reference and reference.count,
        "extractor": {"name": extractor.name, "sha256": extractor.sha256},
        "metrics": image_scores(generated, reference, wanted, args.seed),
    }


def load_reference(args: argparse.Namespace, extractor: FeatureExtractor) -> FeatureSet:
    """Statistics of the real images B."""
    if is_statistics(args.reference):
        return read_statistics(args.reference, extractor)
    images, split = load(args.reference, args)
    return reference_features(images, extractor, split, args.cache)[0]


def main(arguments: Optional[List[str]] = None) -> None:
    args = parse_arguments(arguments)
    logger.init_logger("ppsci")
    for handler in logging.getLogger("ppsci").handlers:
        handler.setStream(sys.stderr)  # the result alone goes to stdout
    try:
        result = score(args)
        text = json.dumps(result, indent=2)
        if args.json:
            os.makedirs(osp.dirname(osp.abspath(args.json)), exist_ok=True)
            write_atomically(args.json, f"{text}\n".encode())
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    print(text)


if __name__ == "__main__":
    main()
