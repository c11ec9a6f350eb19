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

from __future__ import annotations

import numpy as np
import pytest
from scipy.io import wavfile

from ppsci_ext.data.motion import at_rate
from ppsci_ext.data.motion import log_mel
from ppsci_ext.data.motion import read_wav
from ppsci_ext.data.motion.audio import SILENCE
from ppsci_ext.utils.errors import UserError


def tone(frequency, rate=16000, seconds=1.0, level=0.5):
    return level * np.sin(2 * np.pi * frequency * np.arange(int(seconds * rate)) / rate)


@pytest.mark.parametrize("kind", ["uint8", "int16", "int32", "float32", "stereo"])
def test_kinds_of_wav(tmp_path, kind):
    samples = tone(440)
    stored = {
        "uint8": lambda: np.round(128 + 128 * samples).astype(np.uint8),
        "int16": lambda: np.round(32768 * samples).astype(np.int16),
        "int32": lambda: np.round(2**31 * samples).astype(np.int32),
        "float32": lambda: samples.astype(np.float32),
        "stereo": lambda: np.stack([2 * samples, 0 * samples], 1).astype(np.float32),
    }[kind]()
    path = str(tmp_path / "a.wav")
    wavfile.write(path, 16000, stored)
    found, rate = read_wav(path)
    assert rate == 16000 and found.dtype == np.float64
    np.testing.assert_allclose(found, samples, atol=0.01 if kind == "uint8" else 1e-4)


@pytest.mark.parametrize("frequency", [100, 440, 1500, 6000])
def test_a_tone_is_loudest_in_its_band(frequency):
    mel = np.linspace(*(2595 * np.log10(1 + f / 700) for f in (60.0, 7600.0)), 29)
    centres = 700 * (10 ** (mel[1:-1] / 2595) - 1)
    energies = log_mel(tone(frequency), 16000)
    assert energies.shape == (41, 27) and energies.dtype == np.float32
    loudest = energies[20].argmax()
    assert abs(loudest - np.abs(centres - frequency).argmin()) <= 1


def test_level_is_in_decades_and_does_not_depend_on_the_rate():
    rng = np.random.default_rng(0)
    loud, quiet = (log_mel(tone(1000, level=level), 16000)[20] for level in (0.5, 0.05))
    band = loud.argmax()
    assert loud[band] - quiet[band] == pytest.approx(np.log(100), abs=1e-3)
    other = log_mel(tone(1000, 44100), 44100)[20]
    assert other[band] == pytest.approx(loud[band], abs=0.05)
    assert log_mel(np.zeros(8000), 16000) == pytest.approx(SILENCE)
    noise = log_mel(rng.standard_normal(32000) * 0.1, 16000)
    assert noise.min() > SILENCE and np.isfinite(noise).all()


def test_frames_are_about_their_moment():
    """A click half a second in is heard in the frames around it, and nowhere else."""
    samples = np.zeros(16000)
    samples[8000] = 1.0
    energies = log_mel(samples, 16000).max(axis=1)
    heard = np.flatnonzero(energies > SILENCE + 1)
    assert heard.tolist() == [20] or heard.tolist() == [19, 20, 21]
    assert energies.argmax() == 20


def test_long_sound_gives_the_same_as_its_parts():
    samples = np.random.default_rng(1).standard_normal(16000 * 120) * 0.1
    whole = log_mel(samples, 16000)
    part = log_mel(samples[16000 * 100 : 16000 * 102], 16000)
    np.testing.assert_allclose(whole[4002:4070], part[2:70], rtol=1e-4)


def test_at_rate():
    ramp = np.arange(11.0)[:, None] * [1.0, -2.0]
    moved = at_rate(ramp, 40.0, 30.0, 9)
    np.testing.assert_allclose(moved[:, 0], np.minimum(np.arange(9) * 4 / 3, 10))
    np.testing.assert_allclose(moved[:, 1], -2 * moved[:, 0])


def test_too_few_samples_a_second():
    with pytest.raises(UserError, match="speech.wav has 8000 samples a second.*15200"):
        log_mel(np.zeros(8000), 8000, "speech.wav")


@pytest.mark.parametrize(
    "content", [b"", b"RIFF", b"RIFF\x00\x00\x00\x00WAVE", b"x" * 99]
)
def test_what_is_no_wav(tmp_path, content):
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    with pytest.raises(UserError, match="a.wav"):
        read_wav(str(path))


def test_damaged_headers_are_told_or_harmless(tmp_path):
    path = str(tmp_path / "a.wav")
    wavfile.write(path, 16000, np.zeros(50, np.int16))
    content = open(path, "rb").read()
    rng = np.random.default_rng(0)
    for _ in range(150):
        damaged = bytearray(content)
        damaged[rng.integers(44)] = rng.integers(256)
        with open(path, "wb") as file:
            file.write(damaged)
        try:
            samples, _ = read_wav(path)
        except UserError as error:
            assert "a.wav" in str(error)
        else:
            assert np.isfinite(samples).all()


def test_empty_and_nan(tmp_path):
    path = str(tmp_path / "a.wav")
    wavfile.write(path, 16000, np.zeros(0, np.int16))
    with pytest.raises(UserError, match="holds no sound"):
        read_wav(path)
    wavfile.write(path, 16000, np.full(10, np.nan, np.float32))
    with pytest.raises(UserError, match="holds NaN"):
        read_wav(path)
