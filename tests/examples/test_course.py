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

"""Which configurations may go on from which."""

from __future__ import annotations

import json

import pytest
from omegaconf import OmegaConf
from wgan_gp.utils.course import course_of
from wgan_gp.utils.schema import CaseConfig

from ppsci_ext.solver import RunFolder
from ppsci_ext.utils import UserError
from ppsci_ext.utils.checkpoint import Checkpoint

NAMES = {"may_differ": "TRAIN.may_differ", "allow_other_data": "TRAIN.allow_other_data"}


def configuration(**changes):
    cfg = OmegaConf.create(
        {
            "output_dir": "a",
            "seed": 1,
            "MODEL": {"dim": 8},
            "GAN": {"n_critic": {0: 3, 5: 2}},
            "TRAIN": {"epochs": 2, "lr_decay": False, "log_freq": 5, "batch_size": 4},
            "EVAL": {"num_samples": 5},
            "INFER": {"num_samples": 5},
        }
    )
    for key, value in changes.items():
        OmegaConf.update(cfg, key.replace("__", "."), value, merge=False)
    return cfg


def course(cfg):
    return course_of(cfg, CaseConfig.beside_the_course)


def made_under(cfg):
    state = json.loads(json.dumps({"course": course(cfg)}))
    return Checkpoint("iter_00000001", {}, state)


def changes(before, after, **options):
    folder = RunFolder(course=course(after), names=NAMES, **options)
    return folder.changes_since(made_under(before))


@pytest.mark.parametrize(
    "others",
    [
        {},
        {"output_dir": "b", "TRAIN__log_freq": 1, "EVAL__num_samples": 9},
        {"TRAIN__epochs": 5},
        {"TRAIN__resume": True, "TRAIN__keep_every": 3, "INFER__num_samples": 7},
        {"TRAIN__resume": "auto", "TRAIN__may_differ": ["seed"]},
        {"TRAIN__eval_during_train": True, "device": "cpu", "mode": "train"},
    ],
)
def test_what_may_differ(others):
    assert changes(configuration(), configuration(**others)) == {}
    assert changes(configuration(**others), configuration()) == {}


DIFFERENT = [
    ({"seed": 2}, "seed was 1 and is 2"),
    ({"TRAIN__batch_size": 8}, "TRAIN.batch_size was 4 and is 8"),
    ({"TRAIN__beta1": 0.5}, "TRAIN.beta1 was not set and is 0.5"),
    ({"MODEL__name": "dcgan"}, 'MODEL.name was not set and is "dcgan"'),
    ({"GAN__n_critic": {0: 3, 5: 1}}, "GAN.n_critic.5 was 2 and is 1"),
    ({"MODEL__dim": None}, "MODEL.dim was 8 and is null"),
]


@pytest.mark.parametrize("others, says", DIFFERENT)
def test_what_may_not_differ_unless_it_is_named(others, says):
    (key,) = (name.replace("__", ".") for name in others)
    key = says.split(" was ")[0]
    before, after = configuration(), configuration(**others)
    with pytest.raises(UserError) as refused:
        changes(before, after)
    told = str(refused.value)
    assert f"iter_00000001 was made under another configuration ({says}): go" in told
    assert f"by TRAIN.may_differ=[{key}], or" in told
    course_before, course_after = course(before), course(after)
    recorded = changes(before, after, may_differ=[key, "another"])
    assert recorded == {key: [course_before.get(key), course_after.get(key)]}


def test_all_that_differs_is_told_at_once_and_has_to_be_named():
    others = configuration(MODEL__dim=16, TRAIN__batch_size=8, seed=1)
    both = r"MODEL.dim was 8 and is 16; TRAIN.batch_size was 4 and is 8\).*"
    with pytest.raises(UserError, match=both + r"=\[MODEL.dim,TRAIN.batch_size\]"):
        changes(configuration(), others)
    with pytest.raises(
        UserError, match=r"\(TRAIN.batch_size was .*=\[TRAIN.batch_size"
    ):
        changes(configuration(), others, may_differ=["MODEL.dim"])


def test_epochs_may_not_differ_where_the_learning_rates_go_by_them():
    before = configuration(TRAIN__lr_decay=True)
    assert changes(before, configuration(TRAIN__lr_decay=True)) == {}
    with pytest.raises(UserError, match=r"\(TRAIN.epochs was 2 and is 3\)"):
        changes(before, configuration(TRAIN__lr_decay=True, TRAIN__epochs=3))


def test_steps_of_a_schedule_survive_json():
    """Whose keys are text there."""
    steps = {"GAN__n_critic": {0: 100, 25: 5}}
    assert changes(configuration(**steps), configuration(**steps)) == {}


def test_other_data():
    then, now = "10 samples (digest a)", "10 samples (digest b)"
    saved = made_under(configuration())

    def folder(**options):
        return RunFolder(course=course(configuration()), names=NAMES, **options)

    with pytest.raises(UserError) as refused:
        folder().changes_since(saved, (then, now))
    told = str(refused.value)
    assert then in told and now in told and "TRAIN.allow_other_data=true." in told
    allowed = folder(allow_other_data=True)
    assert allowed.changes_since(saved, (then, now)) == {"data": [then, now]}
    assert allowed.changes_since(saved, None) == {}
    with pytest.raises(UserError, match="other data"):  # a call's argument, by its name
        RunFolder(may_differ=["data"]).changes_since(saved, (then, now))
    with pytest.raises(UserError, match="others by allow_other_data=True[.]"):
        RunFolder().changes_since(saved, (then, now))
