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

"""Pictures of the motion case: poses during training, animations and curves after it."""

from __future__ import annotations

import io
import os
from os import path as osp
from typing import Dict

import numpy as np
from PIL import Image
from wgan_gp.utils.motion_data import MotionData

from ppsci.utils import logger
from ppsci_ext.data.motion import Skeleton
from ppsci_ext.metric.motion import MotionSet
from ppsci_ext.metric.motion import frame_envelope
from ppsci_ext.metric.motion import lagged_correlation
from ppsci_ext.metric.motion import movements
from ppsci_ext.metric.motion import permutation_band
from ppsci_ext.metric.motion import save_animation
from ppsci_ext.metric.motion import save_histograms
from ppsci_ext.metric.motion import save_lagged_correlation
from ppsci_ext.metric.motion import wrist_speed
from ppsci_ext.metric.motion.animation import draw_frames
from ppsci_ext.utils.files import write_atomically
from ppsci_ext.utils.files import writing

_SHOWN = 5  # poses of a clip
_LAGS = 8  # frames


def save_poses(vectors: np.ndarray, skeleton: Skeleton, path: str) -> None:
    """Draws some clips side by side, from their first to their last frame downwards.

    Args:
        vectors (np.ndarray): Along the bones, [n, T, N, 3].
        skeleton (Skeleton): Whose motion it is.
        path (str): PNG to write; its folder is created.
    """
    frames = np.linspace(0, vectors.shape[1] - 1, _SHOWN).round().astype(int)
    clips = {f"{number}": clip[frames] for number, clip in enumerate(vectors, start=1)}
    rows = np.concatenate(list(draw_frames(clips, skeleton, fps=1.0)))
    content = io.BytesIO()
    Image.fromarray(rows).quantize(64).save(content, format="PNG")
    with writing(path):
        os.makedirs(osp.dirname(osp.abspath(path)), exist_ok=True)
        write_atomically(path, content.getvalue())


def draw_scored(
    folder: str, data: MotionData, fake: MotionSet, real: MotionSet
) -> None:
    """Draws generated beside real motion: animation.gif, histograms.png, correlation.png.

    Args:
        folder (str): Folder to write into.
        data (MotionData): Data set.
        fake (MotionSet): Generated motion.
        real (MotionSet): Real motion for the same speech.
    """
    sets = {"real": real, "generated": fake}
    with writing(folder):
        os.makedirs(folder, exist_ok=True)
        _animate(osp.join(folder, "animation.gif"), data, sets)
        _histograms(osp.join(folder, "histograms.png"), data, sets)
        if real.audio is not None:
            _correlate(osp.join(folder, "correlation.png"), data, sets)
    logger.message(f"Pictures: {folder}/animation.gif, histograms.png")


def _animate(path: str, data: MotionData, sets: Dict[str, MotionSet]) -> None:
    clips = {name: one.motion[0] for name, one in sets.items()}
    audio, envelope = sets["real"].audio, None
    if audio is not None:
        envelope = frame_envelope(audio[:1])[0]
        envelope = envelope[data.context : len(envelope) - data.context]
    save_animation(clips, data.skeleton, data.fps, path, envelope)


def _histograms(path: str, data: MotionData, sets: Dict[str, MotionSet]) -> None:
    skeleton = data.skeleton
    save_histograms(
        {
            "Angle in radians": {
                name: skeleton.angles(one.motion) for name, one in sets.items()
            },
            "Speed in m/s": {
                name: movements(one.motion, skeleton, data.fps)["speed"]
                for name, one in sets.items()
            },
        },
        path,
    )


def _correlate(path: str, data: MotionData, sets: Dict[str, MotionSet]) -> None:
    envelope = frame_envelope(sets["real"].audio)
    lags = min(_LAGS, sets["real"].motion.shape[1] - 4)
    speeds = {
        name: wrist_speed(one.motion, data.skeleton, data.fps)
        for name, one in sets.items()
    }
    curves = {
        name: lagged_correlation(speed, envelope, lags)
        for name, speed in speeds.items()
    }
    band, _ = permutation_band(
        speeds["generated"], envelope, lags, np.random.default_rng(0)
    )
    save_lagged_correlation(curves, band, data.fps, path)
