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

import shutil

import numpy as np
import pytest
from PIL import Image

from ppsci_ext.data.motion import Skeleton
from ppsci_ext.data.motion import SyntheticSpeech
from ppsci_ext.data.motion import skeleton
from ppsci_ext.metric.motion import save_animation
from ppsci_ext.metric.motion import save_histograms
from ppsci_ext.metric.motion import save_lagged_correlation
from ppsci_ext.metric.motion.animation import draw_frames
from ppsci_ext.utils.errors import UserError

LAW = SyntheticSpeech(skeleton("upper_body"), frames=10)


@pytest.fixture(scope="module")
def clips():
    motion, _ = LAW.sample(2, np.random.default_rng(0))
    return {"real": motion[0], "generated": motion[1]}


def test_gif(clips, tmp_path):
    path = str(tmp_path / "a.gif")
    save_animation(clips, LAW.skeleton, 15.0, path, envelope=np.arange(20.0))
    with Image.open(path) as image:
        assert image.n_frames == 10 and image.format == "GIF"
        durations = []
        for frame in range(10):
            image.seek(frame)
            durations.append(image.info["duration"])
    # hundredths of a second that add up: 67 alone would drift
    assert sum(durations) == pytest.approx(1000 * 10 / 15, abs=5)
    assert [p.name for p in tmp_path.iterdir()] == ["a.gif"]


def test_figures_stay_inside_and_move(clips):
    frames = list(draw_frames(clips, LAW.skeleton, 15.0))
    assert all(f.shape == frames[0].shape and f.dtype == np.uint8 for f in frames)
    assert frames[0].shape[0] % 2 == 0 and frames[0].shape[1] % 2 == 0
    for frame in frames:
        edge = np.concatenate([frame[0], frame[-1], frame[:, 0], frame[:, -1]])
        assert (edge == 255).all()
        halves = frame[30:, : frame.shape[1] // 2], frame[30:, frame.shape[1] // 2 :]
        assert all((half < 200).any() for half in halves)
    assert (frames[0] != frames[5]).any()
    still = {"real": np.repeat(clips["real"][:1], 3, axis=0)}
    first, second, _ = draw_frames(still, LAW.skeleton, 15.0)
    np.testing.assert_array_equal(first, second)


def test_sides_have_their_colours(clips):
    """Blue, the subject's left, is on the right of the picture."""
    rest = {"rest": np.repeat(LAW.skeleton.rest[None], 2, axis=0)}
    frame = next(draw_frames(rest, LAW.skeleton, 15.0)).astype(int)
    blue = (frame[..., 2] - frame[..., 0]) > 80
    orange = (frame[..., 0] - frame[..., 2]) > 80
    assert np.nonzero(blue)[1].mean() > np.nonzero(orange)[1].mean() + 50


def test_any_skeleton_can_be_drawn():
    plain = Skeleton("x", ("a", "b", "c"), ((0, 1), (1, 2)), [1, 1], np.eye(3)[:2])
    assert (
        len(list(draw_frames({"x": np.repeat(plain.rest[None], 2, 0)}, plain, 15))) == 2
    )


def test_mp4(clips, tmp_path, monkeypatch):
    path = str(tmp_path / "a.mp4")
    if shutil.which("ffmpeg"):
        save_animation(clips, LAW.skeleton, 15.0, path)
        with open(path, "rb") as file:
            assert file.read(12)[4:8] == b"ftyp"
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="needs ffmpeg, which is not installed"):
        save_animation(clips, LAW.skeleton, 15.0, path)


def test_other_endings(clips, tmp_path):
    with pytest.raises(UserError, match="neither .gif nor .mp4"):
        save_animation(clips, LAW.skeleton, 15.0, str(tmp_path / "a.png"))


def test_plots(tmp_path):
    rng = np.random.default_rng(1)
    lag, spread = str(tmp_path / "lag.png"), str(tmp_path / "spread.png")
    curves = {"real": rng.uniform(size=17), "generated": rng.uniform(size=17)}
    save_lagged_correlation(curves, np.array([[-0.1] * 17, [0.1] * 17]), 15.0, lag)
    values = {"Speed in m/s": {"real": rng.uniform(size=99), "still": np.zeros(99)}}
    values["Angle in radians"] = {"real": np.zeros(5)}
    places = np.linspace(0, 1, 5)
    save_histograms(values, spread, truth={"Speed in m/s": (places, np.ones(5))})
    for path in (lag, spread):
        with Image.open(path) as image:
            pixels = np.asarray(image.convert("RGB"))
        assert min(pixels.shape[:2]) > 300
        assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 20
