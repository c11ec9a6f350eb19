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


"""The folder of a run: its lock, its records, its checkpoints, its final weights."""

from __future__ import annotations

import contextlib
import json
import os
from os import path as osp
from typing import Any
from typing import Dict
from typing import List
from typing import Mapping
from typing import Optional
from typing import Sequence
from typing import Tuple
from typing import Union

import numpy as np
from paddle import nn

from ppsci.utils import logger
from ppsci_ext.solver import parallel
from ppsci_ext.solver.record import MetricsLog
from ppsci_ext.utils import UserError
from ppsci_ext.utils import checkpoint
from ppsci_ext.utils.files import remove_leftovers
from ppsci_ext.utils.files import write_atomically
from ppsci_ext.utils.files import writing
from ppsci_ext.utils.lock import locked
from ppsci_ext.utils.weights import save_paddle_weights


class RunFolder:
    """All that a run keeps on the disk. Without a path it keeps its records in memory only.

    With several processes each of them calls these methods, and the first one alone reads and
    writes.

    Args:
        path (Optional[str], optional): Folder; made if missing. Defaults to None.
        keep (int, optional): Number of newest checkpoints to keep. Defaults to 2.
        keep_every (Optional[int]): Keep checkpoints of its multiples (iterations), too.
        resume (Union[bool, str], optional): Go on from the newest checkpoint; True warns where
            there is none, "auto" takes that for a new run. Defaults to False.
        resume_from (Optional[str]): Go on from this checkpoint instead.
        course (Optional[Mapping[str, Any]]): Settings by which the training would take another
            course, as JSON can hold them. A checkpoint is taken up under the same ones only.
        may_differ (Sequence[str], optional): Settings that may be others on purpose; what they
            were and are is recorded. Defaults to none.
        allow_other_data (bool, optional): Go on with other data. Defaults to False.
        names (Optional[Mapping[str, str]]): What messages call these arguments, where the user
            sets them otherwise than by a call: {"resume": "TRAIN.resume"}.
    """

    def __init__(
        self,
        path: Optional[str] = None,
        keep: int = 2,
        keep_every: Optional[int] = None,
        resume: Union[bool, str] = False,
        resume_from: Optional[str] = None,
        course: Optional[Mapping[str, Any]] = None,
        may_differ: Sequence[str] = (),
        allow_other_data: bool = False,
        names: Optional[Mapping[str, str]] = None,
    ):
        if not isinstance(resume, bool) and resume != "auto":
            raise UserError(
                f"resume={resume!r} is refused: give True, False or 'auto'."
            )
        self.path = None if path is None else os.fspath(path)
        self.keep = keep
        self.keep_every = keep_every
        self.resume = resume
        self.resume_from = resume_from
        self.course = _plain(course)
        self.may_differ = tuple(may_differ)
        self.allow_other_data = allow_other_data
        self.metrics = MetricsLog()
        self._names = dict(names or {})
        self._place: Optional[Tuple[int, int]] = None

    def name_of(self, argument: str) -> str:
        """What the user calls an argument."""
        return self._names.get(argument, argument)

    def setting(self, argument: str, value: Any) -> str:
        """How the user gives an argument a value: `resume=True`, or `TRAIN.resume=true`."""
        if argument not in self._names:
            return f"{argument}={value!r}"
        plain = json.dumps(value, separators=(",", ":")).replace('"', "")
        return f"{self._names[argument]}={plain}"

    def file(self, *parts: str) -> str:
        """Path of a file of the run."""
        return osp.join(self.path, *parts)

    @property
    def checkpoint_root(self) -> str:
        """Folder of the checkpoints."""
        return self.file("checkpoints")

    # taking the folder

    def refuse_if_in_use(self) -> None:
        """Before anything is logged into it.

        Raises:
            UserError: If another process trains in it.
        """

        def check() -> None:
            if self.path is not None and osp.isdir(self.path):
                with locked(self.path):
                    pass

        parallel.on_first(check)

    def lock(self, stack: contextlib.ExitStack) -> None:
        """Keep other runs out until the stack is closed.

        Raises:
            UserError: If another process trains in it, or it can't be written to.
        """
        if self.path is not None:
            parallel.on_first(lambda: stack.enter_context(locked(self.path)))

    def open(self) -> Optional[checkpoint.Checkpoint]:
        """Find out how the run begins.

        Returns:
            Optional[checkpoint.Checkpoint]: Checkpoint to go on from; None for a new run.

        Raises:
            UserError: If the folder holds a run that is not to be resumed, or a checkpoint
                can't be used.
        """
        return parallel.on_first(self._open)

    def _open(self) -> Optional[checkpoint.Checkpoint]:
        if self.path is None:
            return self._named_checkpoint()
        self._place = _place_of(self.path)
        records = self.file("metrics.jsonl")
        if not (self.resume or self.resume_from):
            self._refuse_another_run(records)
        with writing(self.path):
            remove_leftovers(self.path)
        begun = osp.exists(records)
        self.metrics = MetricsLog(records)
        saved = self._named_checkpoint() or self._newest()
        if (
            saved is None and begun
        ):  # of a run that was killed before its first checkpoint
            self.metrics.truncate(0, 0)
        return saved

    def _named_checkpoint(self) -> Optional[checkpoint.Checkpoint]:
        if self.resume_from is None:
            return None
        return checkpoint.load_checkpoint(self.resume_from)

    def _newest(self) -> Optional[checkpoint.Checkpoint]:
        if not self.resume:
            return None
        saved = checkpoint.load_newest(self.checkpoint_root)
        if saved is None:
            say = logger.message if self.resume == "auto" else logger.warning
            say(
                f"{self.checkpoint_root} holds no checkpoint to go on from: the training "
                "starts from the beginning."
            )
        return saved

    def _refuse_another_run(self, records: str) -> None:
        if checkpoint.list_checkpoints(self.checkpoint_root) or osp.exists(records):
            raise UserError(
                f"{self.path} already holds a run: go on with it by "
                f"{self.setting('resume', True)}, or choose another folder by output_dir=..."
            )

    # going on

    def changes_since(
        self,
        saved: checkpoint.Checkpoint,
        other_data: Optional[Tuple[str, str]] = None,
    ) -> Dict[str, List[Any]]:
        """What differs on purpose from what a checkpoint was made with, {name: [was, is]}.

        Args:
            saved (checkpoint.Checkpoint): Checkpoint to go on from.
            other_data (Optional[Tuple[str, str]]): What its data were and what they are; None
                if they are the same.

        Raises:
            UserError: If other settings differ than those that may, or the data do and may not;
                it says what was and what is.
        """
        changed = self._changed_settings(saved)
        if other_data is None:
            return changed
        was, now = other_data
        if not self.allow_other_data:
            raise UserError(
                f"The checkpoint {saved.folder} was made with other data, {was}, and these are "
                f"{now}: go on with the data it was made with, or allow others by "
                f"{self.setting('allow_other_data', True)}."
            )
        return {**changed, "data": [was, now]}

    def _changed_settings(self, saved: checkpoint.Checkpoint) -> Dict[str, List[Any]]:
        before = saved.state.get("course")
        if before is None or self.course is None:
            return {}
        changed = {
            key: [before.get(key), self.course.get(key)]
            for key in sorted({*before, *self.course})
            if before.get(key) != self.course.get(key)
        }
        refused = [key for key in changed if key not in self.may_differ]
        if refused:
            told = "; ".join(
                f"{key} was {_shown(before, key)} and is {_shown(self.course, key)}"
                for key in refused
            )
            raise UserError(
                f"The checkpoint {saved.folder} was made under another configuration ({told}): "
                "go on with the values it was made with, allow them to differ by "
                f"{self.setting('may_differ', refused)}, or train anew in another "
                "output_dir."
            )
        return changed

    def go_back(self, saved: checkpoint.Checkpoint) -> None:
        """Bring the files to where they were when a checkpoint was written.

        Args:
            saved (checkpoint.Checkpoint): Of this run, or of one like it.
        """

        def go() -> None:
            checkpoint.make_latest(saved.folder, self.checkpoint_root)
            self.metrics.truncate(saved.state["records"], saved.state["iteration"])

        if self.path is not None:
            parallel.on_first(go)

    # writing

    def require_in_place(self) -> None:
        """Notice that somebody has removed or renamed the folder.

        Raises:
            UserError: If it is gone, or another one stands in its place.
        """
        if self._place is not None and _place_of(self.path) != self._place:
            raise UserError(
                f"{self.path} was removed or renamed while the training wrote into it: it "
                "stops here; to go on from a renamed folder, give its new name by output_dir "
                f"and {self.setting('resume', True)}."
            )

    def append(self, record: Dict[str, Any]) -> None:
        """Add a line to metrics.jsonl.

        Args:
            record (Dict[str, Any]): Line with a key "iteration".
        """

        def add() -> None:
            self.require_in_place()
            self.metrics.append(record)

        parallel.on_first(add)

    def write(self, name: str, content: str) -> None:
        """Write a text file of the run.

        Args:
            name (str): Name within the folder.
            content (str): Text.
        """

        def write() -> None:
            self.require_in_place()
            with writing(self.file(name)):
                write_atomically(self.file(name), content.encode())

        if self.path is not None:
            parallel.on_first(write)

    def save_checkpoint(
        self, iteration: int, arrays: Dict[str, np.ndarray], state: Dict[str, Any]
    ) -> Optional[str]:
        """Write a checkpoint; returns its folder.

        Args:
            iteration (int): Finished iterations.
            arrays (Dict[str, np.ndarray]): Arrays by name.
            state (Dict[str, Any]): What JSON can hold.
        """
        state = {
            **state,
            "iteration": iteration,
            "records": len(self.metrics.records),
            "course": self.course,
        }

        def save() -> str:
            self.require_in_place()
            return checkpoint.save_checkpoint(
                self.checkpoint_root,
                iteration,
                arrays,
                state,
                self.keep,
                self.keep_every,
            )

        return None if self.path is None else parallel.on_first(save)

    def save_weights(self, name: str, network: nn.Layer) -> None:
        """Write the weights of a network, for paddle.load.

        Args:
            name (str): File without its ending.
            network (nn.Layer): Network.
        """

        def save() -> None:
            self.require_in_place()
            save_paddle_weights(network, self.file(name))

        if self.path is not None:
            parallel.on_first(save)


def _place_of(path: str) -> Optional[Tuple[int, int]]:
    """What identifies a folder under whatever name, None if it isn't there."""
    try:
        found = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found.st_dev, found.st_ino


def _plain(settings: Optional[Mapping[str, Any]]) -> Optional[Dict[str, Any]]:
    """As JSON gives it back (a schedule's keys become text)."""
    return None if settings is None else json.loads(json.dumps(dict(settings)))


def _shown(values: Mapping[str, Any], key: str) -> str:
    return json.dumps(values[key]) if key in values else "not set"
