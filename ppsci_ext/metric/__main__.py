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

import ppsci_ext  # noqa: F401  before paddle: it sets the CPU's environment

# isort: split

import numpy as np

from ppsci.utils import logger
from ppsci_ext.data.transform import check_ends
from ppsci_ext.metric.extractor import EXTRACTORS
from ppsci_ext.metric.extractor import FeatureExtractor
from ppsci_ext.metric.extractor import build_extractor
from ppsci_ext.metric.extractor import extractor_names
from ppsci_ext.metric.features import Batch
from ppsci_ext.metric.features import FeatureSet
from ppsci_ext.metric.features import extract
from ppsci_ext.metric.reference import is_statistics
from ppsci_ext.metric.reference import read_statistics
from ppsci_ext.metric.reference import reference_features
from ppsci_ext.metric.scores import SCORES
from ppsci_ext.metric.scores import Option
from ppsci_ext.metric.scores import image_scores
from ppsci_ext.metric.scores import keeps_features
from ppsci_ext.metric.scores import select_scores
from ppsci_ext.metric.sources import DATA_SETS
from ppsci_ext.metric.sources import Images
from ppsci_ext.metric.sources import check_exists
from ppsci_ext.metric.sources import read_source
from ppsci_ext.utils import UserError
from ppsci_ext.utils.files import write_atomically
from ppsci_ext.utils.files import writing
from ppsci_ext.utils.signals import end_in_one_sentence

_NUMBERS = {
    "isc_splits": Option(10, 1, "parts of the Inception score"),
    "batch_size": Option(100, 1, "images at a time"),
    # torch-fidelity's by default
    "seed": Option(2020, 0, "of the order of the Inception score and of KID's subsets"),
}


def build_parser() -> argparse.ArgumentParser:
    """The command's arguments; those of scores and extractors are read from their tables."""
    parser = argparse.ArgumentParser(
        prog="python -m ppsci_ext.metric",
        description="Scores images A, compared with real images B, the reference. Without a "
        "choice of scores, all that can be computed.",
        epilog="A and B are folders of image files (in sub-folders too; read as they are "
        "stored, whatever orientation a camera has noted), .npy files, .npz files (array "
        f"images, samples or arr_0), or {', '.join(DATA_SETS)}; B can also be an .npz file "
        "of pytorch-fid with mu and sigma. Arrays are [N, H, W], [N, C, H, W] or "
        "[N, H, W, C]. Labels, of a data set or the array labels of an .npz file, are the "
        "classes that were asked for.",
    )
    parser.add_argument("images", metavar="A", help="images to score")
    parser.add_argument("reference", metavar="B", nargs="?", help="real images")
    for name, score in SCORES.items():
        better = "less" if score.less_is_better else "more"
        parser.add_argument(
            _flag(name),
            action="store_true",
            help=_help(f"{score.description}; {better} is better"),
        )
    for name, option in _options().items():
        default = "" if option.default is None else f" (default: {option.default})"
        parser.add_argument(
            _flag(name),
            type=int,
            metavar="N",
            default=option.default,
            help=_help(option.description + default),
        )
    names = extractor_names("images")
    parser.add_argument(
        "--extractor",
        choices=names,
        default=names[0],
        help=_help("; ".join(f"{n}: {EXTRACTORS[n].description}" for n in names)),
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
    parser.add_argument("--json", metavar="FILE", help="write the result here")
    return parser


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _help(text: str) -> str:
    return text.replace("%", "%%")  # argparse formats it


def _options() -> Dict[str, Option]:
    of_scores = {key: o for s in SCORES.values() for key, o in s.options.items()}
    return {**of_scores, **_NUMBERS}


def _check(args: argparse.Namespace) -> None:
    """Refuse numbers and files of which nothing can become, before any work."""
    for name, option in _options().items():
        value = getattr(args, name)
        if value is not None and not option.minimum <= value < 2**32:
            raise UserError(
                f"{_flag(name)} must be at least {option.minimum} and below 2^32, not "
                f"{value}."
            )
    for source in filter(None, (args.images, args.reference)):
        check_exists(source)
    if args.range is not None:
        check_ends(*args.range)
    if args.json:
        if osp.isdir(args.json):
            raise UserError(f"--json {args.json} is a folder: give a file.")
        with writing(args.json):
            os.makedirs(osp.dirname(osp.abspath(args.json)), exist_ok=True)


def score(args: argparse.Namespace) -> Dict[str, Any]:
    """The result that is printed and written.

    Args:
        args (argparse.Namespace): Of `build_parser`.

    Raises:
        UserError: If the images or the weights can't be had, or don't fit, or a score that
            was asked for can't be computed.
    """
    _check(args)
    wanted = [name for name in SCORES if getattr(args, name)] or None
    parts, parts_of_reference = ("moments", "features", "logits"), ()
    if args.reference is not None:
        parts_of_reference = ("moments", "features")
        if is_statistics(args.reference):
            parts_of_reference = ("moments",)
    if wanted is not None:  # before anything is fetched
        select_scores(wanted, (*parts, "labels"), parts_of_reference)
    images = read_source(args.images, args.data_root, args.range)
    extractor = build_extractor(args.extractor, args.weights, args.cache)
    labels = _labels(images, extractor, wanted)
    if labels is not None:
        parts = (*parts, "labels")
    scores = select_scores(wanted, parts, parts_of_reference)
    compares = any(SCORES[name].compares for name in scores)
    reference = load_reference(args, extractor) if compares else None
    generated = extract(
        _batches(images.pixels, labels, args.batch_size),
        extractor,
        len(images.pixels),
        args.images,
        keeps_features(scores),
        # a folder may be sorted by class, and the Inception score depends on the order
        shuffle_seed=args.seed,
        splits=args.isc_splits,
    )
    options = {key: getattr(args, key) for key in _options() if key not in _NUMBERS}
    return {
        "images": args.images,
        "num_images": len(images.pixels),
        "reference": args.reference,
        "num_reference": reference and reference.count,
        "extractor": {"name": extractor.name, "sha256": extractor.sha256},
        "metrics": image_scores(generated, reference, wanted, args.seed, **options),
    }


def _labels(
    images: Images, extractor: FeatureExtractor, wanted: Optional[List[str]]
) -> Optional[np.ndarray]:
    """Labels that number the extractor's classes, None where none are known to.

    By asking for a score of labels, the user vouches for those of a file.
    """
    vouched = any(SCORES[name].needs == "labels" for name in wanted or ())
    if images.labels is None or (wanted is not None and not vouched):
        return None
    known = (extractor.data_set, None) if vouched else (extractor.data_set,)
    if extractor.data_set is not None and images.data_set in known:
        return images.labels
    logger.info(
        f"The labels of A are passed over: they may not number {extractor.name}'s classes."
    )
    return None


def _batches(
    pixels: np.ndarray, labels: Optional[np.ndarray], size: int
) -> Iterator[Batch]:
    for start in range(0, len(pixels), size):
        part = slice(start, start + size)
        # a copy, since images may lie on the disk, read-only, in any order
        batch = np.array(pixels[part], order="C")
        yield batch if labels is None else (batch, labels[part])


def load_reference(args: argparse.Namespace, extractor: FeatureExtractor) -> FeatureSet:
    """What is known of the real images B."""
    if is_statistics(args.reference):
        return read_statistics(args.reference, extractor)
    images = read_source(args.reference, args.data_root, args.range)
    return reference_features(images.pixels, extractor, images.split, args.cache)[0]


def main(arguments: Optional[List[str]] = None) -> None:
    args = build_parser().parse_args(arguments)
    logger.init_logger("ppsci")
    for handler in logging.getLogger("ppsci").handlers:
        handler.setStream(sys.stderr)  # the result alone goes to stdout
    try:
        text = json.dumps(score(args), indent=2, allow_nan=False)
        print(text)
        if args.json:
            with writing(args.json):
                write_atomically(args.json, f"{text}\n".encode())
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    end_in_one_sentence()
    main()
