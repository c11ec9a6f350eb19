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

"""Pictures: valid PNGs of the expected size, atomic, and without a display."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import warnings

import numpy as np
import pytest
from PIL import Image
from wgan_gp.utils import visualization
from wgan_gp.utils.curves import save_curves
from wgan_gp.utils.curves import save_scores
from wgan_gp.utils.visualization import save_image_grid
from wgan_gp.utils.visualization import save_value_surface


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def pixels(path):
    with Image.open(path) as picture:
        assert picture.format == "PNG"
        picture.load()
        return np.asarray(picture)


def random_images(*shape):
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


# ------------------------------------------------------------------- grids


@pytest.mark.parametrize(
    "count, rows, columns",
    [(128, 8, 16), (100, 10, 10), (64, 8, 8), (7, 1, 7), (1, 1, 1), (12, 3, 4)],
)
def test_grid_shape(tmp_path, count, rows, columns):
    save_image_grid(random_images(count, 1, 28, 28), tmp_path / "a.png")
    got = pixels(tmp_path / "a.png")
    assert got.shape == (rows * 58 - 2, columns * 58 - 2)


def test_tiles_run_along_rows_and_are_doubled(tmp_path):
    images = random_images(6, 3, 4, 5)
    save_image_grid(images, tmp_path / "a.png")
    got = pixels(tmp_path / "a.png")
    assert got.shape == (2 * 10 - 2, 3 * 12 - 2, 3)
    for i in range(6):
        y, x = i // 3 * 10, i % 3 * 12
        tile = got[y : y + 8, x : x + 10]
        for dy in range(2):
            for dx in range(2):
                np.testing.assert_array_equal(
                    tile[dy::2, dx::2], images[i].transpose(1, 2, 0)
                )
    assert (got[8:10] == 235).all() and (got[:, 10:12] == 235).all()


def test_large_images_keep_their_size(tmp_path):
    images = random_images(2, 1, 64, 10)
    save_image_grid(images, tmp_path / "a.png")
    got = pixels(tmp_path / "a.png")
    np.testing.assert_array_equal(got[:, :10], images[0, 0])
    np.testing.assert_array_equal(got[:, 12:], images[1, 0])


def test_given_columns_leave_the_last_row_incomplete(tmp_path):
    save_image_grid(np.zeros((5, 1, 4, 4), np.uint8), tmp_path / "a.png", columns=3)
    got = pixels(tmp_path / "a.png")
    assert got.shape == (18, 28)
    assert (got[10:, 20:] == 235).all() and (got[10:, 10:18] == 0).all()


def test_transparent_images_are_drawn_over_white(tmp_path):
    images = np.zeros((1, 4, 64, 64), np.uint8)
    images[0, 0], images[0, 3, :, :32] = (
        200,
        255,
    )  # red on the left, nothing on the right
    save_image_grid(images, tmp_path / "a.png")
    pixels = np.asarray(Image.open(tmp_path / "a.png"))
    assert pixels[0, 0].tolist() == [200, 0, 0]
    assert pixels[0, 40].tolist() == [255, 255, 255]


def test_channels_of_another_number_lie_side_by_side(tmp_path):
    images = np.arange(2, dtype=np.uint8).reshape(1, 2, 1, 1) * 99
    save_image_grid(np.tile(images, (1, 1, 64, 64)), tmp_path / "a.png")
    pixels = np.asarray(Image.open(tmp_path / "a.png"))
    assert pixels.shape == (64, 128)
    assert (pixels[:, :64] == 0).all() and (pixels[:, 64:] == 99).all()


def test_each_term_of_the_losses_has_a_panel(tmp_path, figures):
    names = ("wasserstein", "bone_length", "bone_length_weight", "generator_acgan")
    records = [
        {
            "iteration": i,
            "seconds": 0.1 * i,
            "critic_lr": 0.1,
            **dict.fromkeys(names, 0.5),
        }
        for i in range(5)
    ]
    save_curves(records, tmp_path / "a.png")
    (figure,) = figures
    titles = [axes.get_ylabel() for axes in figure.axes]
    assert titles == ["Wasserstein estimate", *names[1:]]


@pytest.mark.parametrize(
    "images, columns",
    [
        (np.zeros((2, 3, 4, 4), np.float32), None),
        (np.zeros((3, 4, 4), np.uint8), None),
        (np.zeros((0, 3, 4, 4), np.uint8), None),
        (np.zeros((2, 3, 4, 4), np.uint8), 0),
    ],
)
def test_wrong_images(tmp_path, images, columns):
    with pytest.raises(ValueError):
        save_image_grid(images, tmp_path / "a.png", columns)
    assert not list(tmp_path.iterdir())


# ------------------------------------------------------------------- files


def test_folder_is_created_and_file_replaced(tmp_path):
    path = tmp_path / "samples" / "a.png"
    for count in (4, 9):
        save_image_grid(random_images(count, 1, 8, 8), str(path))
    assert pixels(path).shape == (52, 52)
    assert os.listdir(path.parent) == ["a.png"]
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask


def test_failure_leaves_the_old_file_and_no_rubbish(tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    path.write_bytes(b"old")

    def fail(*args):
        raise OSError("disk full")

    monkeypatch.setattr(visualization.os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        save_curves([], path)
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["a.png"]


# ------------------------------------------------------------------- figures


@pytest.fixture
def figures(monkeypatch):
    """The figures drawn, as they are written."""
    drawn = []
    write = visualization.write_figure

    def spy(figure, path):
        drawn.append(figure)
        write(figure, path)

    monkeypatch.setattr(visualization, "write_figure", spy)
    return drawn


def labels(figure):
    return [axes.get_ylabel() for axes in figure.axes]


def record(iteration, **values):
    full = {
        "iteration": iteration,
        "critic_loss": -1.0 / (iteration + 1),
        "wasserstein": 1.0,
        "gradient_penalty": 0.1,
        "slope": 0.9,
        "generator_loss": 0.5,
    }
    return {**full, **values}


def test_all_curves(tmp_path, figures):
    records = [record(i) for i in range(50)]
    records[0]["generator_loss"] = None
    records[30]["validation_critic_loss"] = -0.5
    records.append({"iteration": 50, "eval": {"metrics": {"FID": 3.0}}})
    save_curves(records, tmp_path / "curves.png")
    assert pixels(tmp_path / "curves.png").ndim == 3
    _, critic, slope, generator = figures[0].axes
    assert labels(figures[0]) == [
        "Wasserstein estimate",
        "Critic loss",
        "Gradient norm (slope)",
        "Generator loss",
    ]
    training, validation = critic.get_lines()
    np.testing.assert_array_equal(training.get_xdata(), range(50))
    assert training.get_ydata()[1] == -0.5
    assert list(validation.get_xdata()) == [30]
    assert len(generator.get_lines()[0].get_xdata()) == 49
    assert list(slope.get_lines()[1].get_ydata()) == [1.0, 1.0]
    assert slope.get_lines()[1].get_linestyle() == "--"


def test_panels_without_data_are_left_out(tmp_path, figures):
    records = [
        {"iteration": 1, "slope": float("nan"), "critic_loss": 1.0},
        {"iteration": 2, "slope": None, "critic_loss": float("inf")},
    ]
    save_curves(records, tmp_path / "a.png")
    assert labels(figures[0]) == ["Critic loss"]
    np.testing.assert_array_equal(
        figures[0].axes[0].get_lines()[0].get_ydata(), [1.0, np.nan]
    )


@pytest.mark.parametrize("records", [[], [{"iteration": 3, "eval": {}}]])
def test_no_values_at_all(tmp_path, records):
    save_curves(records, tmp_path / "a.png")
    assert pixels(tmp_path / "a.png").size


def test_scores_beside_those_of_real_data(tmp_path, figures):
    records = [record(i) for i in range(1, 30)]
    for i in (10, 20):
        scores = {"W2": 1.0 / i, "real_W2": 0.1, "FID": 20.0 - i, "total": 3}
        records.append({"iteration": i, "eval": scores})
    save_scores(records, ("FID", "W2", "recall"), tmp_path / "a.png")
    assert labels(figures[0]) == ["FID", "W2"]
    alone, beside = (axes.get_lines() for axes in figures[0].axes)
    assert list(alone[0].get_xdata()) == [10, 20]
    assert list(alone[0].get_ydata()) == [10.0, 0.0] and len(alone) == 1
    assert list(beside[0].get_ydata()) == [0.1, 0.05]
    assert list(beside[1].get_ydata()) == [0.1, 0.1]
    assert beside[1].get_linestyle() == "--"


@pytest.mark.parametrize("scores", [None, {}, {"recall": 0.5}])
def test_without_scores_nothing_is_drawn(tmp_path, scores):
    records = [record(1)]
    if scores is not None:
        records.append({"iteration": 1, "eval": scores})
    save_scores(records, ("FID",), tmp_path / "a.png")
    assert not list(tmp_path.iterdir())


def test_value_surface(tmp_path, figures):
    x = np.linspace(-3, 3, 20)
    values = x[None, :] + 0 * x[:, None]  # grows with x, as its rows are y
    real, fake = np.array([[1.0, 2.0], [9.0, 9.0]]), np.array([[-1.0, 0.0]])
    save_value_surface(values, (-3, 3), real, fake, tmp_path / "a.png")
    assert pixels(tmp_path / "a.png").ndim == 3
    axes = figures[0].axes[0]
    assert axes.get_xlim() == axes.get_ylim() == (-3, 3)
    assert axes.get_aspect() == 1
    assert [t.get_text() for t in axes.get_legend().get_texts()] == [
        "real",
        "generated",
    ]
    # Lines of equal value are vertical.
    lines = axes.collections[1].get_paths()
    for path in lines:
        assert np.ptp(path.vertices[:, 0]) < 1e-6 if len(path.vertices) else True


@pytest.mark.parametrize("value", [0.0, np.nan, 1e30])
def test_flat_or_missing_values(tmp_path, figures, value):
    values = np.full((8, 8), value)
    save_value_surface(values, (-1, 1), np.zeros((3, 2)), None, tmp_path / "a.png")
    assert pixels(tmp_path / "a.png").size
    assert len(figures[0].axes[0].get_legend().get_texts()) == 1


@pytest.mark.parametrize("shape", [(4, 5), (4,), (1, 1), (0, 0)])
def test_values_must_be_square(tmp_path, shape):
    with pytest.raises(ValueError, match="critic_values"):
        save_value_surface(
            np.zeros(shape), (-1, 1), np.zeros((1, 2)), None, tmp_path / "a.png"
        )


def test_works_without_display_and_backend(tmp_path):
    code = (
        "import sys\n"
        "from wgan_gp.utils.curves import save_curves\n"
        "save_curves([{'iteration': 1, 'slope': 1.0}], sys.argv[1])\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    hidden = ("MPLBACKEND", "DISPLAY", "WAYLAND_DISPLAY")
    environment = {k: v for k, v in os.environ.items() if k not in hidden}
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    command = [sys.executable, "-c", code, str(tmp_path / "a.png")]
    subprocess.run(command, env=environment, check=True)
    assert pixels(tmp_path / "a.png").size
