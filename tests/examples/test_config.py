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

import copy
import functools
import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys
from os import path as osp
from pathlib import Path

import pytest
from hydra import initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf
from wgan_gp.cases import wgan_gp_cifar
from wgan_gp.cases import wgan_gp_fields
from wgan_gp.cases import wgan_gp_mnist
from wgan_gp.cases import wgan_gp_motion
from wgan_gp.cases import wgan_gp_toy
from wgan_gp.utils import config
from wgan_gp.utils import schema
from wgan_gp.utils.course import flat_keys
from wgan_gp.utils.pigan_experiment import PIGAN

import ppsci  # noqa: F401  registers the default groups
from ppsci_ext.utils import UserError

ROOT = osp.dirname(osp.dirname(osp.dirname(osp.abspath(__file__))))
EXAMPLE = osp.join(ROOT, "examples", "wgan_gp")
CASES = {
    case.name: case
    for case in (
        wgan_gp_toy.Toy,
        wgan_gp_mnist.MNIST,
        wgan_gp_cifar.CIFAR,
        wgan_gp_fields.Fields,
        wgan_gp_motion.Motion,
    )
}


def load(case, *overrides):
    with initialize_config_dir(osp.join(EXAMPLE, "conf"), version_base=None):
        return config.compose_case(CASES[case], list(overrides))


shipped = functools.lru_cache(load)


def with_values(case, overrides):
    """What `load` gives, without composing the files anew, which takes a while."""
    named = [o for o in overrides if re.match(r"(GAN|MODEL)\.name=", o)]
    if named and "???" not in str(overrides):
        try:
            cfg = copy.deepcopy(shipped(case, *named))
        except Exception:  # a name that is wrong
            cfg = copy.deepcopy(shipped(case))
    else:
        cfg = copy.deepcopy(shipped(case))
    for override in OverridesParser.create().parse_overrides(list(overrides)):
        OmegaConf.update(cfg, override.key_or_group, override.value(), merge=False)
    return cfg


def check(case, *overrides):
    """What `launch` does before any work."""
    config.check_overrides(shipped(f"wgan_gp_{case}"), list(overrides))
    cfg = with_values(f"wgan_gp_{case}", overrides)
    config.check_config(cfg, CASES[f"wgan_gp_{case}"].schema)


@pytest.mark.parametrize("case", CASES)
def test_shipped_configurations_are_valid(case):
    cfg = load(case)
    config.check_config(cfg, CASES[case].schema)
    assert cfg.mode == "train"
    assert CASES[case].paper is None or cfg.GAN.n_critic == 5  # of the paper


@pytest.mark.parametrize(
    "case, overrides, expected",
    [
        ("wgan_gp_toy", [], (100000, 256, 1e-4, 0.5, 0.9, "adam", False, 0.1)),
        ("wgan_gp_toy", ["GAN.name=wgan"], (100000, 256, 5e-5, 0.5, 0.9, "rmsprop", False, 0.1)),
        ("wgan_gp_mnist", [], (200000, 50, 1e-4, 0.5, 0.9, "adam", False, 10)),
        ("wgan_gp_mnist", ["GAN.name=wgan"], (200000, 50, 5e-5, 0.5, 0.9, "rmsprop", False, 10)),
        ("wgan_gp_cifar", [], (100000, 64, 2e-4, 0.0, 0.9, "adam", True, 10)),
        ("wgan_gp_cifar", ["MODEL.name=dcgan"], (200000, 64, 1e-4, 0.5, 0.9, "adam", False, 10)),
        ("wgan_gp_cifar", ["MODEL.name=dcgan", "GAN.name=wgan"], (200000, 64, 5e-5, 0.5, 0.9, "rmsprop", False, 10)),
    ],
)  # fmt: skip
def test_defaults_are_those_of_the_authors_scripts(case, overrides, expected):
    cfg = load(case, *overrides)
    config.check_config(cfg, CASES[case].schema)
    train = cfg.TRAIN
    assert train.generator_lr == train.critic_lr
    found = (
        train.epochs * train.iters_per_epoch,
        train.batch_size,
        train.critic_lr,
        train.beta1,
        train.beta2,
        train.optimizer,
        train.lr_decay,
        cfg.GAN.lambda_gp,
    )
    assert found == expected


def test_architecture_of_cifar_brings_its_own_data_scaling():
    resnet, dcgan = load("wgan_gp_cifar"), load("wgan_gp_cifar", "MODEL.name=dcgan")
    assert (resnet.DATA.levels, resnet.DATA.dequantize) == (256, True)
    assert (dcgan.DATA.levels, dcgan.DATA.dequantize) == (255, False)
    assert (resnet.MODEL.conditional, dcgan.MODEL.conditional) == (True, False)
    assert (
        resnet.GAN.generator_batch_multiple,
        dcgan.GAN.generator_batch_multiple,
    ) == (2, 1)
    assert load("wgan_gp_mnist").MODEL.critic_norm == "none"
    assert load("wgan_gp_mnist", "GAN.name=wgan").MODEL.critic_norm == "batch"
    assert dcgan.MODEL.critic_norm == resnet.MODEL.critic_norm == "none"
    clipped = load("wgan_gp_cifar", "MODEL.name=dcgan", "GAN.name=wgan")
    assert clipped.MODEL.critic_norm == "batch"


# what is wrong, and what the one sentence about it says; ALL stands for the override itself
ALL = "{} is refused"
# fmt: off
BAD = [
    # the run as a whole
    ("toy", "mode=sample", "mode=sample is refused: input should be 'train', 'eval'"),
    ("toy", "mode=null", ALL),
    ("toy", "seed=-3", "seed=-3 is refused: input should be greater than or equal to 0"),
    ("toy", "seed=4294967296", "less than 4294967296"),
    ("toy", "seed=1.5", "seed=1.5 is refused: input should be a valid integer"),
    ("toy", "seed=true", ALL),
    ("toy", "seed=null", ALL),
    ("toy", "seed='7'", "seed='7' is refused: input should be a valid integer, not text"),
    ("toy", "output_dir=", "output_dir='' is refused"),
    ("toy", "output_dir=null", ALL),
    ("toy", "output_dir=[a]", ALL),
    ("toy", f"output_dir={__file__}", "test_config.py is no folder that can be written to"),
    ("toy", f"output_dir={__file__}/run", "test_config.py is no folder that can be written to"),
    ("toy", "log_freq=0", ALL),
    ("toy", "log_freq=2.0", ALL),
    ("toy", "log_level=loud", ALL),
    ("toy", "device=tpu", ALL),
    ("toy", "device=gpu:0", ALL),
    ("toy", "use_vdl=yes", "use_vdl='yes' is refused: input should be a valid boolean"),
    ("toy", "use_amp=1", ALL),
    ("toy", "amp_level=O3", ALL),
    ("toy", "amp_level=O0", ALL),
    ("toy", "amp_level=O2", "the penalty needs the weights in float32"),
    ("toy", "to_static=true", "loses the gradient of the penalty"),
    ("toy", "prim=2", ALL),
    ("toy", "wandb_config=3", ALL),
    # data
    ("toy", "DATA.name=9gaussians", ALL),
    ("toy", "DATA.name=mnist", ALL),
    ("mnist", "DATA.name=8gaussians", ALL),
    ("mnist", "DATA.name=null", ALL),
    ("mnist", "DATA.root=", "DATA.root='' is refused"),
    ("mnist", "DATA.root=null", ALL),
    ("mnist", "DATA.root=5", ALL),
    ("mnist", "DATA.root=[data]", ALL),
    ("mnist", "DATA.root=???", "DATA.root has no value"),
    ("mnist", "DATA.download=maybe", "input should be a valid boolean, not text"),
    ("mnist", "DATA.num_samples=0", ALL),
    ("mnist", ["DATA.name=npz", "DATA.download=true"], "DATA.name=npz stands for your own data"),
    ("mnist", "DATA.range=[1,0]", "the first number should be below the second"),
    ("mnist", "DATA.range=[0,0]", "the first number should be below the second"),
    ("mnist", "DATA.range=[100000,100000.000001]", "the first number should be below the second"),
    ("mnist", "DATA.range=[0,inf]", "DATA.range.1=.inf is refused: input should be a finite number"),
    ("mnist", "DATA.range=[nan,1]", "DATA.range.0=.nan is refused"),
    ("mnist", "DATA.range=[0,1e300]", "DATA.range.1=1.0e+300 is refused"),
    ("mnist", "DATA.range=[0]", "DATA.range=[0] is refused: list should have at least 2 items"),
    ("mnist", "DATA.range=[0,1,2]", "at most 2 items"),
    ("mnist", "DATA.range=0", ALL),
    ("mnist", "DATA.range=[a,b]", "DATA.range.0=a is refused"),
    ("mnist", "DATA.range=null", ALL),
    ("mnist", "DATA.levels=100", ALL),
    ("mnist", "DATA.levels=256.0", ALL),
    ("mnist", "DATA.dequantize=null", ALL),
    # networks
    ("mnist", "MODEL.image_shape=null", ALL),
    ("mnist", "MODEL.image_shape=[28,28]", "MODEL.image_shape=[28, 28] is refused"),
    ("mnist", "MODEL.image_shape=[1,28,28,1]", "at most 3 items"),
    ("mnist", "MODEL.image_shape=28", ALL),
    ("mnist", "MODEL.image_shape=[1,0,28]", "MODEL.image_shape.1=0 is refused"),
    ("mnist", "MODEL.image_shape=[1,28.5,28]", "MODEL.image_shape.1=28.5 is refused"),
    ("mnist", "MODEL.image_shape=[0,28,28]", "MODEL.image_shape.0=0 is refused"),
    ("mnist", "MODEL.image_shape=[1,28,10000]", "less than or equal to 4096"),
    ("cifar", "MODEL.image_shape=[3,30,32]", "multiples of 8; use MODEL.name=dcgan"),
    ("cifar", "MODEL.name=vit", "MODEL.name=vit is refused: input should be 'dcgan' or 'resnet'"),
    ("cifar", "MODEL.name=null", ALL),
    ("toy", "MODEL.dim=0", ALL),
    ("toy", "MODEL.dim=1.5", ALL),
    ("toy", "MODEL.dim=64.0", ALL),
    ("toy", "MODEL.dim='64'", "not text"),
    ("toy", "MODEL.dim=true", ALL),
    ("toy", "MODEL.dim=[64]", ALL),
    ("toy", "MODEL.dim=1000000000", "less than or equal to 16384"),
    ("toy", "MODEL.latent_dim=-2", ALL),
    ("mnist", "MODEL.generator_batch_norm=2", ALL),
    ("mnist", "MODEL.critic_norm=batch", "penalty is per sample"),
    ("mnist", "MODEL.critic_norm=instance", "'none', 'layer' or 'batch'"),
    ("mnist", "MODEL.critic_norm=true", ALL),
    ("mnist", "MODEL.critic_norm=null", ALL),
    ("mnist", "MODEL.critic_batch_norm=true", "There is no key 'MODEL.critic_batch_norm'"),
    ("cifar", "MODEL.conditioning=concat", "'acgan' or 'projection'"),
    ("cifar", ["MODEL.conditional=false", "MODEL.conditioning=projection"], "needs MODEL.conditional=true"),
    ("mnist", "MODEL.conditional=true", "There is no key 'MODEL.conditional'"),
    ("cifar", ["MODEL.name=dcgan", "MODEL.conditional=true"], "dcgan takes no labels"),
    ("cifar", "MODEL.num_classes=0", "needs MODEL.num_classes"),
    ("cifar", "MODEL.num_classes=1", "2 or more"),
    ("cifar", "MODEL.num_classes=null", ALL),
    # losses
    ("toy", "GAN.name=wgan_pg", "GAN.name=wgan_pg is refused: input should be 'wgan_gp', 'wgan' or 'gan'"),
    ("toy", "GAN.name=null", ALL),
    ("toy", "GAN.lambda_gp=-1", ALL),
    ("toy", "GAN.lambda_gp=ten", "GAN.lambda_gp=ten is refused: input should be a valid number, not text"),
    ("toy", "GAN.lambda_gp=inf", "GAN.lambda_gp=.inf is refused: input should be a finite number"),
    ("toy", "GAN.lambda_gp=nan", "GAN.lambda_gp=.nan is refused"),
    ("toy", "GAN.lambda_gp=[10]", ALL),
    ("toy", "GAN.lambda_gp=null", ALL),
    ("toy", "GAN.lambda_gp=true", ALL),
    ("toy", "GAN.lambda_gp=1e300", "less than or equal to 1000000"),
    ("toy", "GAN.penalty=twosided", ALL),
    ("toy", "GAN.penalty=r1", "'two_sided', 'one_sided' or 'zero_centred'"),
    ("toy", "GAN.penalty_at=around", ALL),
    ("toy", "GAN.penalty_target=-1", ALL),
    ("toy", "GAN.penalty_target=inf", "finite"),
    ("toy", "GAN.penalty_interval=0", ALL),
    ("toy", "GAN.penalty_interval=1.5", ALL),
    ("toy", "GAN.drift=-0.001", ALL),
    ("toy", "GAN.drift=nan", "finite"),
    ("toy", "GAN.spectral_norm=1", ALL),
    ("toy", ["GAN.penalty=zero_centred", "GAN.penalty_target=2.0"], "the target of GAN.penalty=zero_centred is 0"),
    ("toy", ["GAN.name=wgan", "GAN.penalty_interval=16"], "GAN.penalty_interval=16 is refused: GAN.name=wgan has no penalty"),
    ("mnist", ["GAN.name=wgan", "GAN.penalty=one_sided"], "set GAN.name=wgan_gp"),
    ("mnist", ["GAN.name=wgan", "GAN.penalty_at=real"], "leave it at interpolates"),
    ("cifar", ["GAN.name=wgan", "GAN.spectral_norm=true"], "GAN.spectral_norm=True is refused"),
    ("toy", "GAN.clip_value=0", ALL),
    ("toy", "GAN.n_critic=0", "GAN.n_critic=0 is refused: it should be a positive integer"),
    ("toy", "GAN.n_critic=1.5", ALL),
    ("toy", "GAN.n_critic=true", ALL),
    ("toy", "GAN.n_critic=null", ALL),
    ("toy", "GAN.n_critic=[5]", ALL),
    ("toy", "GAN.n_critic={}", "begin at iteration 0"),
    ("toy", "GAN.n_critic={5: 2}", "begin at iteration 0"),
    ("toy", "GAN.n_critic={0: 0}", ALL),
    ("toy", "GAN.n_critic={0: 5, -1: 2}", ALL),
    ("toy", "GAN.n_critic={0: 5, 1.5: 2}", ALL),
    ("toy", "GAN.n_critic={0: 5, late: 2}", ALL),
    ("toy", "GAN.n_critic={0: 5.5}", ALL),
    ("toy", "GAN.n_critic={adaptive: 5}", "{adaptive: {'min': 1, 'max': 20, 'ratio': 1.0}}"),
    ("toy", "GAN.n_critic={adaptive: {}, 5: 2}", "it may hold no more than"),
    ("toy", "GAN.n_critic={adaptive: {mni: 1}}", "it may hold no more than"),
    ("toy", "GAN.n_critic={adaptive: {min: 0}}", "1 <= min <= max"),
    ("toy", "GAN.n_critic={adaptive: {min: 3, max: 2}}", "1 <= min <= max"),
    ("toy", "GAN.n_critic={adaptive: {max: 2.0}}", "should be integers"),
    ("toy", "GAN.n_critic={adaptive: {ratio: 0}}", "ratio should be a positive number"),
    ("toy", "GAN.n_critic={adaptive: {ratio: nan}}", "ratio should be a positive number"),
    ("toy", ["GAN.n_critic={adaptive: {}}", "GAN.fixed_generator=true"], "leaves an adaptive GAN.n_critic without a generator"),
    ("toy", "GAN.generator_batch_multiple=0", ALL),
    ("toy", "GAN.fixed_generator=2", ALL),
    ("toy", ["GAN.fixed_generator=true", "mode=infer"], "leaves mode=infer without a generator"),
    ("toy", ["GAN.fixed_generator=true", "TRAIN.eval_during_train=true"], "leaves TRAIN.eval_during_train=true without a generator"),
    ("toy", ["GAN.fixed_generator=true", "TRAIN.ema.use_ema=true"], "leaves TRAIN.ema.use_ema=true without a generator"),
    ("cifar", "GAN.acgan_scale=-1", ALL),
    ("cifar", "GAN.acgan_scale=inf", "finite"),
    ("cifar", "GAN.acgan_scale_generator=nan", "finite"),
    # training
    ("toy", "TRAIN.epochs=0", ALL),
    ("toy", "TRAIN.epochs=", "TRAIN.epochs='' is refused: input should be a valid integer, not text"),
    ("toy", "TRAIN.epochs=1e3", "TRAIN.epochs=1000.0 is refused: input should be a valid integer"),
    ("toy", "TRAIN.epochs=[1]", ALL),
    ("toy", "TRAIN.epochs=???", "TRAIN.epochs has no value"),
    ("toy", "TRAIN.epochs=${nope}", "TRAIN.epochs has no value: Interpolation key 'nope' not found"),
    ("toy", "TRAIN.epochs=${oc.env:NO_SUCH_VARIABLE}", "TRAIN.epochs has no value"),
    ("toy", "TRAIN.epochs=${TRAIN.epochs}", "TRAIN.epochs has no value: Recursive interpolation"),
    ("toy", "TRAIN.iters_per_epoch=-1", ALL),
    ("toy", "TRAIN.iters_per_epoch=null", ALL),
    ("toy", "TRAIN.batch_size=0", ALL),
    ("toy", "TRAIN.batch_size=100000000000000000000", "less than or equal to 1048576"),
    ("toy", "TRAIN.update_freq=0", ALL),
    ("toy", "TRAIN.update_freq=2.0", ALL),
    ("toy", "TRAIN.optimizer=sgd", ALL),
    ("toy", "TRAIN.beta1=1", ALL),
    ("toy", "TRAIN.beta1=-0.1", ALL),
    ("toy", "TRAIN.beta2=1.0", ALL),
    ("toy", "TRAIN.generator_lr=0", ALL),
    ("toy", "TRAIN.generator_lr=inf", "finite"),
    ("toy", "TRAIN.critic_lr=nan", "finite"),
    ("toy", "TRAIN.critic_lr=-0.1", ALL),
    ("toy", "TRAIN.critic_lr='1e-4'", "TRAIN.critic_lr=1e-4 is refused: input should be a valid number, not text"),
    ("toy", "TRAIN.lr_decay=linear", ALL),
    ("toy", "TRAIN.log_freq=0", ALL),
    ("toy", "TRAIN.save_freq=-1", ALL),
    ("toy", "TRAIN.save_freq=0.5", ALL),
    ("toy", "TRAIN.keep_checkpoints=0", ALL),
    ("toy", "TRAIN.keep_every=0", ALL),
    ("toy", "TRAIN.on_nan=ignore", ALL),
    ("toy", "TRAIN.resume=maybe", ALL),
    ("toy", "TRAIN.resume=null", ALL),
    ("toy", "TRAIN.may_differ=TRAIN.batch_size", ALL),
    ("toy", "TRAIN.may_differ=[3]", "TRAIN.may_differ.0=3 is refused"),
    ("toy", "TRAIN.allow_other_data=maybe", ALL),
    ("mnist", "DATA.resize=[28]", ALL),
    ("mnist", "DATA.resize=[28,0]", "DATA.resize.1=0 is refused"),
    ("mnist", "DATA.crop=middle", ALL),
    ("mnist", "DATA.channels=0", ALL),
    ("mnist", "DATA.background=[0,0,300]", "DATA.background"),
    ("toy", "INFER.labels=[]", ALL),
    ("toy", "INFER.labels=[a]", "INFER.labels.0=a is refused"),
    ("toy", ["INFER.labels=[1]", "INFER.condition=x.npz"], "are both given"),
    ("toy", "TRAIN.checkpoint_path=", "TRAIN.checkpoint_path='' is refused"),
    ("toy", "TRAIN.checkpoint_path=3", ALL),
    ("toy", "TRAIN.pretrained_model_path=[a]", ALL),
    ("toy", "TRAIN.eval_during_train=5", ALL),
    ("toy", "TRAIN.start_eval_epoch=0", ALL),
    ("toy", "TRAIN.eval_freq=0", ALL),
    ("toy", "TRAIN.ema.use_ema=3", ALL),
    ("toy", "TRAIN.ema.decay=1", ALL),
    ("toy", "TRAIN.ema.decay=0", ALL),
    ("toy", "TRAIN.ema.decay=nan", "finite"),
    ("toy", "TRAIN.ema.avg_freq=0", ALL),
    ("toy", "TRAIN.swa.use_swa=true", "use TRAIN.ema.use_ema"),
    ("toy", "TRAIN.swa.avg_range=[2,1]", "no such average is taken here"),
    ("mnist", "TRAIN.validation_size=0", ALL),
    ("mnist", "TRAIN.validation_size=1.5", ALL),
    # evaluation and inference
    ("toy", "EVAL.num_samples=1", ALL),
    ("toy", "EVAL.num_samples=100000", "less than or equal to 20000"),
    ("toy", "EVAL.num_samples=null", ALL),
    ("mnist", "EVAL.num_samples=9", "greater than or equal to 10"),
    ("mnist", "EVAL.num_samples=100000000000000", "less than or equal to 1000000"),
    ("toy", "EVAL.batch_size=0", ALL),
    ("toy", "EVAL.batch_size=null", ALL),
    ("toy", "EVAL.pretrained_model_path=", "EVAL.pretrained_model_path='' is refused"),
    ("toy", "EVAL.eval_with_no_grad=4", ALL),
    ("mnist", "EVAL.extractor.name=inceptoin", ALL),
    ("mnist", "EVAL.extractor.weights=7", ALL),
    ("toy", "INFER.num_samples=0", ALL),
    ("toy", "INFER.num_samples=10000000000000000", "less than or equal to 1000000"),
    ("toy", "INFER.batch_size=0", ALL),
    ("toy", "INFER.export_path=", "INFER.export_path='' is refused"),
    ("toy", "INFER.export_path=out/", "it should end in a name for the files"),
    ("toy", f"INFER.export_path={__file__}/generator", "test_config.py is no folder"),
    ("toy", "INFER.pdmodel_path=null", ALL),
    ("toy", "INFER.pdiparams_path=null", ALL),
    ("toy", "INFER.onnx_path=model.onnx", "there is no export to ONNX"),
    ("toy", "INFER.device=tpu", ALL),
    ("toy", "INFER.device=xpu", ALL),
    ("toy", "INFER.engine=tensorrt", "there is no engine but native"),
    ("toy", "INFER.precision=fp16", "there is no precision but fp32"),
    ("toy", "INFER.ir_optim=7", ALL),
    ("toy", "INFER.gpu_mem=0", ALL),
    ("toy", "INFER.gpu_id=-1", ALL),
    # keys that there are not, and the nearest one
    ("toy", "outputdir=x", "There is no key 'outputdir'; the nearest one is 'output_dir'"),
    ("toy", "sede=1", "nearest one is 'seed'"),
    ("mnist", "DATA.rot=x", "nearest one is 'DATA.root'"),
    ("toy", "+DATA.nmae=x", "nearest one is 'DATA.name'"),
    ("toy", "DATA.root=x", "There is no key 'DATA.root'"),
    ("toy", "MODEL.image_shape=[1,28,28]", "There is no key 'MODEL.image_shape'"),
    ("mnist", "GAN.fixed_generator=true", "There is no key 'GAN.fixed_generator'"),
    ("cifar", "MODEL.num_clases=10", "nearest one is 'MODEL.num_classes'"),
    ("toy", "GAN.lamda_gp=1", "nearest one is 'GAN.lambda_gp'"),
    ("toy", "++GAN.ncritic=1", "nearest one is 'GAN.n_critic'"),
    ("toy", "GAN.n_critic.0=100", "nearest one is 'GAN.n_critic'"),
    ("toy", "TRAIN.epoch=1", "nearest one is 'TRAIN.epochs'"),
    ("toy", "epochs=1", "nearest one is 'TRAIN.epochs'"),
    ("toy", "train.EPOCHS=1", "nearest one is 'TRAIN.epochs'"),
    ("toy", "TRAIN.ema.dekay=0.9", "nearest one is 'TRAIN.ema.decay'"),
    ("toy", "EVAL.numsamples=5", "nearest one is 'EVAL.num_samples'"),
    ("mnist", "EVAL.extractor.weight=x", "nearest one is 'EVAL.extractor.weights'"),
    ("toy", "INFER.exportpath=x", "nearest one is 'INFER.export_path'"),
    # whole groups, and what is not KEY=VALUE
    ("toy", "GAN=null", "GAN=null is refused: GAN is a group of keys"),
    ("toy", "GAN={lamda_gp: 1}", "such as GAN.name"),
    ("toy", "TRAIN=fast", "TRAIN is a group of keys"),
    ("toy", "EVAL=", "EVAL is a group of keys"),
    ("toy", "TRAIN.ema=null", "TRAIN.ema is a group of keys"),
    ("toy", "~GAN", "~GAN is refused"),
    ("toy", "~GAN.lambda_gp", "~GAN.lambda_gp is refused: the case reads GAN.lambda_gp"),
    ("toy", "~mode", "~mode is refused"),
    ("toy", "~GAN.lamda_gp", "nearest one is 'GAN.lambda_gp'"),
    ("toy", "TRAIN.epochs", "'TRAIN.epochs' is not of the form KEY=VALUE"),
    ("toy", "=3", "'=3' is not of the form KEY=VALUE"),
    ("toy", "[", "'[' is not of the form KEY=VALUE"),
    ("toy", "", "'' is not of the form KEY=VALUE"),
    ("toy", "TRAIN.epochs={", "not of the form KEY=VALUE"),
    ("toy", "TRAIN.epochs=[1", "not of the form KEY=VALUE"),
    ("toy", "TRAIN.epochs='1", "not of the form KEY=VALUE"),
    ("toy", "TRAIN.epochs=${", "not of the form KEY=VALUE"),
    ("toy", "TRAIN.epochs==1", "not of the form KEY=VALUE"),
    ("toy", "output_dir=~/run", "needs quotes of its own"),
    ("toy", "TRAIN.epochs=1,2", "it holds several values"),
    ("toy", "TRAIN.epochs=range(1,3)", "with --multirun"),
]

GOOD = [
    ("toy", "GAN.n_critic={0: 100, 25: 5}"),
    ("toy", "GAN.n_critic={adaptive: {}}"),
    ("toy", "GAN.n_critic={adaptive: {min: 2, max: 8, ratio: 10}}"),
    ("toy", "GAN.penalty=zero_centred"),
    ("toy", "GAN.penalty_at=both"),
    ("toy", "GAN.penalty_target=0"),
    ("toy", "GAN.penalty_interval=16"),
    ("toy", "GAN.drift=1e-3"),
    ("toy", "GAN.spectral_norm=true"),
    ("toy", "TRAIN.update_freq=4"),
    ("toy", "GAN.lambda_gp=0"),
    ("toy", "GAN.lambda_gp=10"),
    ("toy", "GAN.name=wgan"),
    ("toy", "GAN.clip_value=0.5"),
    ("toy", "GAN.penalty=one_sided"),
    ("toy", "GAN.fixed_generator=true"),
    ("toy", "seed=0"),
    ("toy", "seed=4294967295"),
    ("toy", "device=cpu"),
    ("toy", "device=null"),
    ("toy", "+mode=eval"),
    ("toy", "++TRAIN.epochs=1"),
    ("toy", "TRAIN.beta1=0"),
    ("toy", "TRAIN.save_freq=0"),
    ("toy", "TRAIN.generator_lr=1e-3"),
    ("toy", "TRAIN.ema.decay=0.9"),
    ("toy", "TRAIN.batch_size=1"),
    ("toy", "EVAL.num_samples=2"),
    ("toy", "INFER.export_path=model"),
    ("toy", "output_dir='~/run'"),
    ("toy", "output_dir=results/a/b"),
    ("toy", "hydra.run.dir=x"),
    ("toy", "hydra/job_logging=default"),
    ("toy", "+wandb_config.project=gans"),
    ("mnist", "DATA.range=[-1,1]"),
    ("mnist", "DATA.name=npz"),
    ("mnist", "DATA.download=true"),
    ("mnist", "MODEL.image_shape=[3,7,9]"),
    ("mnist", "MODEL.image_shape=[5,28,28]"),
    ("mnist", "DATA.resize=[28,28]"),
    ("mnist", "DATA.background=[0,0,255]"),
    ("toy", "TRAIN.resume=auto"),
    ("toy", "TRAIN.may_differ=[TRAIN.batch_size]"),
    ("toy", "INFER.labels=[3,3,7]"),
    ("toy", "wandb_config=null"),
    ("mnist", "TRAIN.validation_size=null"),
    ("mnist", "EVAL.extractor.name=cifar10_resnet56"),
    ("mnist", "GAN.name=wgan"),
    ("cifar", "MODEL.image_shape=[1,64,16]"),
    ("cifar", "MODEL.conditional=false"),
    ("cifar", "MODEL.conditioning=projection"),
    ("cifar", "MODEL.critic_norm=layer"),
    ("mnist", "MODEL.critic_norm=layer"),
    ("cifar", "MODEL.name=dcgan"),
]
# fmt: on


@pytest.mark.parametrize("case, overrides, says", BAD)
def test_bad_configurations_are_refused_in_one_sentence(case, overrides, says):
    overrides = [overrides] if isinstance(overrides, str) else overrides
    with pytest.raises(UserError) as caught:
        check(case, *overrides)
    sentence = str(caught.value)
    says = says.format(overrides[0]) if says is ALL else says
    assert says.replace(" ", "") in sentence.replace(" ", "")
    assert sentence.endswith(".") and "\n" not in sentence


@pytest.mark.parametrize("case, override", GOOD)
def test_good_configurations_are_accepted(case, override):
    config.check_overrides(shipped(f"wgan_gp_{case}"), [override])
    if not override.startswith(("hydra", "+wandb_config")):
        cfg = with_values(f"wgan_gp_{case}", [override])
        config.check_config(cfg, CASES[f"wgan_gp_{case}"].schema)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("group", ["preset=cpu", "preset=none"])
def test_presets(case, group):
    config.check_overrides(shipped(case), [group])
    cfg = load(case, group)
    config.check_config(cfg, CASES[case].schema)
    paper = load(case)
    short = cfg.TRAIN.epochs * cfg.TRAIN.iters_per_epoch
    assert (cfg == paper) == (group == "preset=none")
    whole = paper.TRAIN.epochs * paper.TRAIN.iters_per_epoch
    assert (short < whole) == (group == "preset=cpu") and short <= max(10000, whole)


def test_each_ablation_leaves_something_out():
    whole = load("wgan_gp_motion", "preset=cpu")
    for file in os.listdir(osp.join(EXAMPLE, "conf", "ablation")):
        name = osp.splitext(file)[0]
        cfg = load("wgan_gp_motion", "preset=cpu", f"ablation={name}")
        config.check_config(cfg, CASES["wgan_gp_motion"].schema)
        assert (cfg == whole) == (name == "none")


def test_the_users_values_win_over_those_of_the_paper():
    cfg = load("wgan_gp_cifar", "TRAIN.batch_size=7", "GAN.name=wgan", "preset=cpu")
    assert (cfg.TRAIN.batch_size, cfg.TRAIN.optimizer, cfg.MODEL.dim) == (
        7,
        "rmsprop",
        32,
    )
    chosen = load("wgan_gp_cifar", "paper=dcgan_wgan_gp")
    assert (chosen.DATA.levels, chosen.MODEL.name) == (255, "resnet")


def test_overrides_that_the_page_on_penalties_names_are_accepted():
    with open(osp.join(ROOT, "docs", "penalties.md"), encoding="utf-8") as file:
        named = re.findall(r"`('?(?:GAN|TRAIN|MODEL|use_amp)[^`]*=[^`]+)`", file.read())
    assert len(named) > 25
    for overrides in named:
        check("cifar", *shlex.split(overrides))


def test_of_a_key_given_twice_the_last_value_holds():
    assert load("wgan_gp_toy", "seed=1", "seed=2").seed == 2
    check("toy", "seed=1", "seed=2")
    with pytest.raises(UserError, match="seed=-2"):
        check("toy", "seed=1", "seed=-2")


@pytest.mark.parametrize("package", ["visualdl", "tensorboardX", "wandb"])
def test_loggers_that_are_not_installed_are_refused(monkeypatch, package):
    switch = {"visualdl": "vdl", "tensorboardX": "tbd", "wandb": "wandb"}[package]
    monkeypatch.setattr(schema.importlib.util, "find_spec", lambda name: name)
    check("toy", f"use_{switch}=true")
    monkeypatch.setattr(schema.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=f"pip install {package}"):
        check("toy", f"use_{switch}=true")


def test_output_folder_that_may_not_be_written_to_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(schema.os, "access", lambda path, _: path != str(tmp_path))
    with pytest.raises(UserError, match="is no folder that can be written to"):
        check("toy", f"output_dir={tmp_path}/run")


@pytest.mark.parametrize("case", CASES)
def test_schema_has_every_key_of_the_files_and_no_other(case):
    keys = config._leaf_keys(OmegaConf.to_container(shipped(case), resolve=False))
    assert set(config._schema_keys(CASES[case].schema)) == set(keys)


@pytest.mark.parametrize("case", CASES)
def test_keys_beside_the_course_are_keys(case):
    keys = flat_keys(OmegaConf.to_container(shipped(case), resolve=False))
    for name in CASES[case].schema.beside_the_course:
        assert any(k == name or k.startswith(f"{name}.") for k in keys), name


def test_schema_has_every_key_that_the_code_reads():
    read = set()
    for path in Path(EXAMPLE).rglob("*.py"):
        read |= set(re.findall(r"cfg\.([A-Z]+\.[a-z_0-9]+)", path.read_text()))
    experiments = [*CASES.values(), PIGAN]
    known = sum((config._schema_keys(each.schema) for each in experiments), [])
    groups = {"DATA.sensors", "DATA.unseen", "EVAL.extractor", "GAN.curriculum"}
    groups |= {"TRAIN.ema"}
    assert len(read) > 30 and read - set(known) <= groups


# as a user starts them


@pytest.fixture
def start(tmp_path, monkeypatch, capsys):
    """Run a case script in tmp_path, in this process; returns exit status and stderr."""
    monkeypatch.chdir(tmp_path)

    def run(case, *arguments):
        script = osp.join(EXAMPLE, "cases", f"wgan_gp_{case}.py")
        monkeypatch.setattr(sys, "argv", [script, *arguments])
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(script, run_name="__main__")
        return ended.value.code, capsys.readouterr().err

    return run


@pytest.mark.parametrize(
    "case, argument, says",
    [
        ("toy", "GAN.lambda_gp=inf", "finite"),
        ("toy", "TRAIN.iters_per_epoch=", "TRAIN.iters_per_epoch=''"),
        ("toy", "TRAIN=fast", "group of keys"),
        ("toy", "+seed=1", "already at 'seed'"),
        ("toy", "hydra.run.dri=x", "hydra.run.dri"),
        ("mnist", "[", "KEY=VALUE"),
        ("mnist", "MODEL.image_shape=[0,28,28]", "greater than or equal to 1"),
        ("toy", "preset=gpu", "preset/gpu"),
        ("toy", "GAN.name=wgan_pg", "GAN.name=wgan_pg is refused"),
        ("cifar", "MODEL.image_shape=[3,33,32]", "multiples of 8"),
    ],
)  # fmt: skip
def test_scripts_say_one_sentence(start, tmp_path, case, argument, says):
    # data that are not there would be the next mistake
    data = ["DATA.root=nowhere"] if case != "toy" else []
    code, stderr = start(case, "output_dir=run", *data, argument)
    (line,) = stderr.splitlines()
    assert code == 2 and line.startswith("error: ") and says in line
    assert os.listdir(tmp_path) == []


@pytest.fixture
def launch_edited(tmp_path, monkeypatch, capsys):
    """Launch a case whose YAML file was edited; returns exit status and stderr."""
    monkeypatch.setattr(sys, "argv", ["case"])

    def launch(old, new):
        conf = tmp_path / "conf"
        shutil.rmtree(conf, ignore_errors=True)
        shutil.copytree(Path(EXAMPLE, "conf"), conf)
        found = 0
        for path in (conf / "wgan_gp_toy.yaml", conf / "shared" / "case.yaml"):
            text = path.read_text()
            found += old in text
            edited = text.replace(old, new).encode("utf-8", "surrogateescape")
            path.write_bytes(edited)
        assert found
        code = 0
        try:
            config.launch(wgan_gp_toy.Toy, lambda: None, str(conf))
        except SystemExit as ended:
            code = ended.code
        return code, capsys.readouterr().err

    return launch


@pytest.mark.parametrize(
    "old, new, says",
    [
        ("lambda_gp: 0.1", "lamda_gp: 0.1", "There is no key 'GAN.lamda_gp'; the nearest one is 'GAN.lambda_gp'"),
        ("  dim: 512\n", "", "MODEL.dim is missing"),
        ("lambda_gp: 0.1", "lambda_gp: 0.1\n  lambda_gp: 1", "found duplicate key lambda_gp"),
        ("  dim: 512", "\tdim: 512", "not valid YAML"),
        ("  dim: 512", "  dim: \udcff", "not valid YAML"),
        ("dim: 512", "dim: ${", "no viable alternative"),
        ("MODEL:\n  dim: 512\n  latent_dim: 2\n  initialization: paper # initial weights: paper/framework (PyTorch's default)\n", "MODEL: 5\n", "it should be a group of keys"),
        ("- /ppsci_default", "- /ppsci_defalt", "ppsci_defalt"),
        ("chdir: false", "chdri: false", "chdri"),
    ],
)  # fmt: skip
def test_mistakes_in_the_yaml_file(launch_edited, old, new, says):
    code, stderr = launch_edited(old, new)
    (line,) = stderr.splitlines()
    assert code == 2 and line.startswith("error: ") and says in line


def test_schedule_in_the_yaml_file_is_accepted(launch_edited):
    assert launch_edited("n_critic: 5", "n_critic: {0: 100, 25: 5}") == (0, "")
    assert launch_edited("n_critic: 5", "n_critic: {adaptive: {max: 8}}") == (0, "")


@pytest.mark.parametrize(
    "arguments",
    [
        ["-m", "TRAIN.epochs=1,2"],
        ["-m", "preset=cpu,none", "seed=1,2"],
        ["--cfg", "job"],
        ["-c", "job", "-m", "seed=1,2"],
    ],
)  # fmt: skip
def test_flags_are_left_to_hydra(monkeypatch, arguments):
    ran = []
    monkeypatch.setattr(sys, "argv", ["case", *arguments])
    config.launch(wgan_gp_toy.Toy, lambda: ran.append(1), osp.join(EXAMPLE, "conf"))
    assert ran == [1]


@pytest.mark.parametrize(
    "arguments, says",
    [
        (["-m", "sed=1,2"], "no key 'sed'; the nearest one is 'seed'"),
        (["--multirun", "GAN.penalty=two_sided,three_sided"], "GAN.penalty=three_sided is refused"),
        (["-m", "preset=cpu,none", "MODEL.dim=0"], "MODEL.dim=0 is refused"),
        (["-m", "seed=1,2", "MODEL.dim=0"], "MODEL.dim=0 is refused"),
        (["-m", "seed=interval(0,1)"], "seed=0,1"),
    ],
)  # fmt: skip
def test_every_job_is_checked_before_the_first_begins(
    monkeypatch, capsys, arguments, says
):
    monkeypatch.setattr(sys, "argv", ["case", *arguments])
    with pytest.raises(SystemExit) as ended:
        config.launch(wgan_gp_toy.Toy, pytest.fail, osp.join(EXAMPLE, "conf"))
    (line,) = capsys.readouterr().err.splitlines()
    assert ended.value.code == 2 and line.startswith("error: ") and says in line


def test_command_line_says_one_sentence_and_touches_nothing(tmp_path):
    done = subprocess.run(
        [
            sys.executable,
            osp.join(EXAMPLE, "cases", "wgan_gp_toy.py"),
            "GAN.lamda_gp=1",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1 and "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []
