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

"""The command line and the configuration, checked as a whole before any work is done."""

from __future__ import annotations

import itertools
import os
import re
import sys
from os import path as osp
from typing import Any
from typing import Callable
from typing import Dict
from typing import List
from typing import Optional
from typing import Sequence
from typing import Type

import yaml
from hydra import compose
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from pydantic import BaseModel
from pydantic import ValidationError
from wgan_gp.utils.run_weights import named_entry
from wgan_gp.utils.schema import CaseConfig

from ppsci_ext.data.names import nearest_name
from ppsci_ext.solver import Diverged
from ppsci_ext.utils import UserError
from ppsci_ext.utils.errors import shown
from ppsci_ext.utils.signals import end_in_one_sentence

GROUPS = ("paper", "preset", "ablation", "experiment")  # of files in conf/

_diverged: List[Diverged] = []  # jobs of a multirun, whose others have had their turn


def check_config(cfg: DictConfig, model: Type[CaseConfig]) -> None:
    """Check types, ranges and choices of a whole configuration.

    Args:
        cfg (DictConfig): Composed configuration.
        model (Type[CaseConfig]): Schema of the case.

    Raises:
        UserError: Naming the first key that is wrong, its value and what it may be.
    """
    try:
        values = OmegaConf.to_container(cfg, resolve=True, throw_on_missing=True)
    except OmegaConfBaseException as error:
        raise _unresolved(error) from error
    try:
        model.model_validate(values)
    except ValidationError as error:
        raise _refusal(error, model) from error


def _refusal(error: ValidationError, model: Type[BaseModel]) -> UserError:
    """One sentence on the first mistake; a misspelt key goes before the one it leaves out."""
    first = min(error.errors(), key=lambda e: e["type"] != "extra_forbidden")
    key = ".".join(map(str, first["loc"]))
    message = first["msg"].replace("Value error, ", "")
    if first["type"] == "extra_forbidden":
        return _unknown_key(key, _schema_keys(model))
    if first["type"] == "missing":
        return UserError(f"{key} is missing: give it a value.")
    if first["type"] in ("bool_type", "int_type", "float_type"):
        message += ", not text" if isinstance(first["input"], str) else ""
    if first["type"] == "model_type":
        message = "it should be a group of keys"
    if not key:  # of several keys; the message names them
        return UserError(f"{message}.")
    value = _shown(first["input"])
    return UserError(f"{key}={value} is refused: {message[0].lower()}{message[1:]}.")


def _schema_keys(model: Type[BaseModel], prefix: str = "") -> List[str]:
    keys = []
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(
            field.annotation, BaseModel
        ):
            keys += _schema_keys(field.annotation, f"{prefix}{name}.")
        else:
            keys.append(f"{prefix}{name}")
    return keys


def _unknown_key(key: str, known: Sequence[str]) -> UserError:
    return UserError(
        f"There is no key '{key}'; the nearest one is '{nearest_name(key, known)}'."
    )


def _shown(value: Any) -> str:
    """A value as one would write it in the YAML file."""
    text = yaml.safe_dump(
        value, default_flow_style=True, sort_keys=False, width=1 << 20
    )
    return text.split("\n...")[0].strip()


def check_overrides(
    known: DictConfig, overrides: List[str], several: bool = False
) -> None:
    """Check that every argument gives a value to a key that there is.

    Args:
        known (DictConfig): Configuration without overrides.
        overrides (List[str]): Arguments of the command line.
        several (bool): Whether an argument may hold several values, each for a job.

    Raises:
        UserError: Naming the unknown key and the nearest known one, or what else is wrong
            with the argument.
    """
    keys = _leaf_keys(OmegaConf.to_container(known, resolve=False))
    for argument in overrides:
        override = _parse(argument)
        key = override.key_or_group
        if key in GROUPS or key.startswith(("hydra.", "hydra/", "wandb_config.")):
            continue
        inside = [name for name in keys if name.startswith(f"{key}.")]
        if inside:
            raise UserError(
                f"{argument} is refused: {key} is a group of keys; set the keys in it one by "
                f"one, such as {inside[0]}."
            )
        if key not in keys:
            raise _unknown_key(key, keys)
        if override.is_delete():
            raise UserError(
                f"{argument} is refused: the case reads {key}; give it another value instead."
            )
        if override.is_sweep_override() and not several:
            raise UserError(
                f"{argument} is refused: it holds several values; give one, or run all of them "
                "with --multirun."
            )
        if override.is_interval_sweep():
            raise UserError(f"{argument} is refused: list the values, as in {key}=0,1.")


def _known_keys(experiment: Any, overrides: List[str]) -> DictConfig:
    """The configuration without overrides, but with the files that they choose.

    Of several files, each for a job, it is the first one.
    """
    files = []
    for argument in overrides:
        override = _parse(argument)
        if override.key_or_group in GROUPS:
            if override.is_sweep_override():
                first = next(override.sweep_string_iterator())
                argument = f"{override.get_key_element()}={first}"
            files.append(argument)
    return compose(experiment.name, overrides=files)


def _parse(argument: str) -> Override:
    try:
        (override,) = OverridesParser.create().parse_overrides([argument])
    except HydraException:
        override = None
    if override is None or not override.key_or_group:
        raise UserError(
            f"'{argument}' is not of the form KEY=VALUE; a value with special characters needs "
            "quotes of its own, as in \"KEY='VALUE'\"."
        )
    return override


def _leaf_keys(tree: Dict[str, Any], prefix: str = "") -> List[str]:
    keys = []
    for name, value in tree.items():
        # n_critic may be a schedule or a rule, as one value
        if isinstance(value, dict) and name not in ("n_critic", "wandb_config"):
            keys += _leaf_keys(value, f"{prefix}{name}.")
        else:
            keys.append(f"{prefix}{name}")
    return keys


def _unresolved(error: OmegaConfBaseException) -> UserError:
    """A key whose value refers to one that is missing, or to itself."""
    return UserError(f"{error.full_key} has no value: {_first_line(error)}")


def _first_line(error: BaseException) -> str:
    while not str(error) and error.__cause__ is not None:
        error = error.__cause__
    line, *more = str(error).splitlines()
    if line.endswith(":") and more:
        line = f"{line} {more[0]}"
    return f"{line.rstrip('.')}."


def compose_case(experiment: Any, overrides: List[str]) -> DictConfig:
    """The configuration of a case, with the paper's values for its networks and its loss.

    Hydra has to be initialised.

    Args:
        experiment (Any): Case, with `name` and `paper`.
        overrides (List[str]): Arguments of the command line.
    """
    overrides = with_entry(experiment, overrides)
    cfg = compose(experiment.name, overrides=overrides)
    choice = _paper(experiment, cfg)
    given = any(override.startswith("paper=") for override in overrides)
    if choice is not None and not given:
        cfg = compose(experiment.name, overrides=[*overrides, f"paper={choice}"])
    entry = named_entry(cfg)
    if entry is not None:
        own = compose_case(experiment, entry.arguments(experiment.name, cfg.mode))
        entry.check(own, cfg, experiment.schema.beside_the_course)
    return cfg


def _paper(experiment: Any, cfg: DictConfig) -> Optional[str]:
    """The file of conf/paper that fits a configuration, None where there is none."""
    if experiment.paper is None:
        return None
    choice = re.sub(
        r"{([\w.]+)}", lambda key: str(OmegaConf.select(cfg, key[1])), experiment.paper
    )
    # of a name that is none, the schema is going to say so
    options = GlobalHydra.instance().config_loader().get_group_options("paper")
    return choice if choice in options else None


def with_entry(experiment: Any, overrides: List[str]) -> List[str]:
    """The arguments, after those of the trained generator that they name.

    Hydra has to be initialised.

    Args:
        experiment (Any): Case.
        overrides (List[str]): Arguments of the command line.

    Raises:
        UserError: If there is none of this name, or it is one of another case.
    """
    if not any("pretrained_model_path" in override for override in overrides):
        return overrides
    cfg = compose(experiment.name, overrides=overrides)
    entry = named_entry(cfg)
    first = [] if entry is None else entry.arguments(experiment.name, cfg.mode)
    return overrides if overrides[: len(first)] == first else [*first, *overrides]


def compose_job(experiment: Any, cfg: DictConfig) -> DictConfig:
    """The same for the job that Hydra has started, of which there may be several (-m).

    Args:
        experiment (Any): Case.
        cfg (DictConfig): What Hydra has composed.
    """
    if not HydraConfig.initialized():  # composed by a test or a tool
        return cfg
    return compose_case(experiment, list(HydraConfig.get().overrides.task))


def launch(experiment: Any, main: Callable[[], None], config_dir: str) -> None:
    """Check the command line and the configuration, then hand over to Hydra.

    Args:
        experiment (Any): Case, a subclass of wgan_gp.utils.experiment.Experiment.
        main (Callable[[], None]): Function under @hydra.main.
        config_dir (str): Folder of the YAML files.
    """
    end_in_one_sentence()
    flags = [argument for argument in sys.argv[1:] if argument.startswith("-")]
    overrides = [argument for argument in sys.argv[1:] if argument not in flags]
    several = {"-m", "--multirun"}.issuperset(flags) and len(flags) > 0
    if several or not flags:  # others are Hydra's
        try:
            with initialize_config_dir(osp.abspath(config_dir), version_base=None):
                known = _known_keys(experiment, overrides)
                if several:
                    sys.argv += check_jobs(experiment, known, overrides)
                else:
                    check_overrides(known, overrides)
                    overrides = with_entry(experiment, overrides)
                    cfg = compose_case(experiment, overrides)
                    check_config(cfg, experiment.chosen_by(cfg).schema)
                    _make_folder(cfg.output_dir)
                    sys.argv[1:] = overrides  # by which Hydra chooses folder and seed
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            reason = " ".join(str(error).split())
            fail(UserError(f"The configuration is not valid YAML: {reason}."))
        except HydraException as error:
            fail(UserError(_first_line(error)))
        except UserError as error:
            fail(error)
    _diverged.clear()
    main()
    if _diverged:
        sys.exit(Diverged.status)


def check_jobs(experiment: Any, known: DictConfig, overrides: List[str]) -> List[str]:
    """Check the jobs of a multirun, and give each of them a folder of its own.

    It is named by the values in which the jobs differ, `seed-1` or `GAN.penalty-one_sided`:
    the same jobs find their runs again, in whatever mode.

    Args:
        experiment (Any): Case.
        known (DictConfig): Configuration without overrides.
        overrides (List[str]): Arguments of the command line, without flags.

    Returns:
        List[str]: Arguments to add; none where the output_dir of the jobs differ already.

    Raises:
        UserError: If one of the jobs is refused.
    """
    check_overrides(known, overrides, several=True)
    parsed = [_parse(argument) for argument in overrides]
    choices = [
        [f"{o.get_key_element()}={value}" for value in o.sweep_string_iterator()]
        if o.is_sweep_override()
        else [argument]
        for o, argument in zip(parsed, overrides)
    ]
    for job in itertools.product(*choices):
        cfg = compose_case(experiment, list(job))
        check_config(cfg, experiment.chosen_by(cfg).schema)
    swept = [o.key_or_group for o in parsed if o.is_sweep_override()]
    if not swept or "output_dir" in swept:
        return []
    shared = [o.key_or_group for o in parsed if o.key_or_group not in swept]
    unnamed = ",".join(dict.fromkeys(["mode", "output_dir", *shared]))
    quoted = cfg.output_dir.replace("\\", "\\\\").replace("'", "\\'")
    return [
        f"hydra.job.config.override_dirname.exclude_keys=[{unnamed}]",
        f"hydra.sweep.dir='{quoted}'",
        f"output_dir='{quoted}/${{hydra:sweep.subdir}}'",
    ]


def _make_folder(path: str) -> None:
    """Before Hydra does, which has a traceback for one that can't be made."""
    try:
        os.makedirs(path, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"output_dir={shown(path)} is refused: the folder can't be made ({error.strerror})."
        ) from error


def end_job(error: UserError) -> None:
    """Say in one sentence what has ended a job, and exit; but the jobs of a multirun that come
    after a training that has diverged get their turn before.

    Args:
        error (UserError): What has ended it.
    """
    several = HydraConfig.initialized() and HydraConfig.get().mode == RunMode.MULTIRUN
    if not (several and isinstance(error, Diverged)):
        fail(error)
    print(f"error: {error}", file=sys.stderr)
    _diverged.append(error)


def fail(error: UserError) -> None:
    """Say in one sentence what the user has to mend, and exit with the error's status."""
    print(f"error: {error}", file=sys.stderr)
    sys.exit(error.status)
