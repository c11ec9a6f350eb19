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

"""Motion for speech of any length, from the exported generator."""

from __future__ import annotations

import os
from os import path as osp
from typing import Optional

import numpy as np
from omegaconf import DictConfig
from wgan_gp.models.networks.motion import STYLE
from wgan_gp.utils import exporting
from wgan_gp.utils.motion_data import MotionData
from wgan_gp.utils.motion_data import read_speech
from wgan_gp.utils.motion_representation import Representation

from ppsci.utils import logger
from ppsci_ext.data.motion import long_motion
from ppsci_ext.data.motion import write_bvh
from ppsci_ext.metric.motion import frame_envelope
from ppsci_ext.metric.motion import save_animation
from ppsci_ext.utils import UserError
from ppsci_ext.utils.files import writing


def infer_from_speech(
    cfg: DictConfig, data: MotionData, representation: Representation
) -> None:
    """Writes samples.npz, motion.gif and motion.bvh for INFER.audio and INFER.speaker.

    Window after window, each from the last frames of the one before; all have one style.

    Args:
        cfg (DictConfig): Configuration of the case.
        data (MotionData): What the generator was trained on.
        representation (Representation): Of its samples.

    Raises:
        UserError: No such speaker, a WAV file that can't be used, nothing exported, or a
            generator that was exported for other data.
    """
    speaker = data.speaker(cfg.INFER.speaker)
    predictor, description = exporting.load_exported(cfg)
    if "audio" not in description["inputs"]:
        raise UserError(
            "This generator was trained without sound: give windows by INFER.condition."
        )
    audio, frames = read_speech(data, cfg.INFER.audio)
    _, window, channels = description["inputs"]["z"][0]
    overlap = description["inputs"].get("seed_frames", [[0, 0]])[0][1]
    rng = np.random.default_rng(cfg.seed)
    style = rng.standard_normal((1, window, STYLE), dtype=np.float32)

    def step(heard: Optional[np.ndarray], seeds: np.ndarray) -> np.ndarray:
        noise = rng.standard_normal((1, window, channels), dtype=np.float32)
        noise[:, :, :STYLE] = style
        inputs = {"z": noise, "audio": heard, "speaker": np.array([speaker])}
        if overlap:
            inputs["seed_frames"] = representation.samples(seeds)
        samples = exporting.run_in_batches(predictor, inputs, 1)
        return representation.vectors(samples)

    motion, seams = long_motion(
        step, audio, frames, window, overlap, data.context, data.skeleton.num_bones
    )
    arrays = {"samples": motion[None], "speaker": np.array([speaker])}
    arrays["seams"] = np.array(seams, np.int64)[None]
    exporting.write_samples(cfg, arrays)
    bvh, picture = (osp.join(cfg.output_dir, f"motion.{end}") for end in ("bvh", "gif"))
    with writing(bvh):
        os.makedirs(cfg.output_dir, exist_ok=True)
        write_bvh(bvh, data.skeleton, motion, data.fps)
    envelope = frame_envelope(audio[None])[0]
    envelope = envelope[data.context : len(envelope) - data.context]
    with writing(picture):
        clips = {
            data.speakers[speaker] if speaker < len(data.speakers) else "mean": motion
        }
        save_animation(clips, data.skeleton, data.fps, picture, envelope)
    logger.message(f"{frames / data.fps:.1f} s of motion: {bvh}, {picture}")
