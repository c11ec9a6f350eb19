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


"""Speech: WAV files, log mel energies, and bringing them to the rate of the motion."""

from __future__ import annotations

import warnings
from typing import Tuple

import numpy as np
from scipy.io import wavfile

from ppsci_ext.utils.errors import UserError

AUDIO_PER_FRAME = 2  # frames of audio, in a data set, for each of the motion
LOG_MEL_RATE = 40.0  # frames a second
NUM_BANDS = 27
_WINDOW, _HOP = 0.05, 1.0 / LOG_MEL_RATE  # seconds
_LOWEST, _HIGHEST = 60.0, 7600.0  # Hz
_FLOOR = 1e-8
_BLOCK = 2048  # windows transformed at once

SILENCE = float(np.log(_FLOOR))


def read_wav(path: str) -> Tuple[np.ndarray, int]:
    """Reads a WAV file.

    Args:
        path (str): The file.

    Returns:
        Tuple[np.ndarray, int]: Samples from -1 to 1, the mean of all channels, float64
            [N]; and samples a second.

    Raises:
        UserError: The file can't be read, or holds nothing or NaN.
    """
    try:
        with warnings.catch_warnings():
            # of chunks after the sound, such as tags
            warnings.simplefilter("ignore", wavfile.WavFileWarning)
            rate, samples = wavfile.read(path)
    except Exception as error:  # SciPy's parser raises whatever a damaged file leads it to
        raise UserError(
            f"{path} cannot be read as WAV ({error}); save it as uncompressed WAV"
        ) from error
    if not samples.size or rate < 1:
        raise UserError(f"{path} holds no sound; record it again or remove it")
    if samples.dtype.kind == "u":
        samples = (samples.astype(np.float64) - 128.0) / 128.0
    elif samples.dtype.kind == "i":
        samples = samples / -float(np.iinfo(samples.dtype).min)
    samples = samples.astype(np.float64)
    if not np.isfinite(samples).all():
        raise UserError(f"{path} holds NaN or infinite samples; record it again")
    return (samples.mean(axis=1) if samples.ndim == 2 else samples), int(rate)


def log_mel(samples: np.ndarray, rate: int, name: str = "the recording") -> np.ndarray:
    """Logarithms of the energies in 27 mel bands from 60 to 7600 Hz, 40 times a second.

    Frame i is about the moment i / 40 seconds: a periodic Hann window of 50 ms around it,
    beyond the recording silence. The power spectrum is divided by the squared sum of the
    window, so that levels don't depend on the rate, and summed by triangles that are
    evenly spaced on the mel scale 2595 log10(1 + f / 700); energies are cut off below at
    1e-8.

    Args:
        samples (np.ndarray): From -1 to 1, [N].
        rate (int): Samples a second.
        name (str): What messages call it.

    Returns:
        np.ndarray: float32 [ceil(40 N / rate) + 1, 27].

    Raises:
        UserError: Fewer than 15200 samples a second, which hold no 7600 Hz.
    """
    if rate < 2 * _HIGHEST:
        raise UserError(
            f"{name} has {rate} samples a second; record it with {2 * _HIGHEST:.0f} or more"
        )
    length = int(round(_WINDOW * rate))
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)
    frames = int(np.ceil(len(samples) / (_HOP * rate))) + 1
    starts = np.round(np.arange(frames) * _HOP * rate).astype(int)
    padded = np.pad(samples, (length // 2, length + int(_HOP * rate) + 1))
    filters = _mel_filters(length, rate).T / np.sum(window) ** 2
    energies = [
        np.abs(np.fft.rfft(padded[block[:, None] + np.arange(length)] * window)) ** 2
        @ filters
        for block in np.split(starts, range(_BLOCK, frames, _BLOCK))
    ]
    return np.log(np.maximum(np.concatenate(energies), _FLOOR)).astype(np.float32)


def _mel_filters(length: int, rate: int) -> np.ndarray:
    """Triangles over the frequencies of a transform, [27, length // 2 + 1]."""
    lowest, highest = (2595.0 * np.log10(1.0 + f / 700.0) for f in (_LOWEST, _HIGHEST))
    mel = np.linspace(lowest, highest, NUM_BANDS + 2)
    corners = 700.0 * (10.0 ** (mel / 2595.0) - 1.0)
    frequency = np.fft.rfftfreq(length, 1.0 / rate)
    rising = (frequency - corners[:-2, None]) / np.diff(corners)[:-1, None]
    falling = (corners[2:, None] - frequency) / np.diff(corners)[1:, None]
    return np.maximum(np.minimum(rising, falling), 0.0)


def at_rate(values: np.ndarray, old_rate: float, rate: float, count: int) -> np.ndarray:
    """Values [N, ...] at `count` moments 0, 1 / rate, ..., between neighbours linearly.

    After the end the last value goes on.
    """
    position = np.minimum(np.arange(count) * (old_rate / rate), len(values) - 1)
    lower = np.floor(position).astype(int)
    upper = np.minimum(lower + 1, len(values) - 1)
    share = (position - lower).reshape(-1, *[1] * (values.ndim - 1))
    return values[lower] * (1 - share) + values[upper] * share
