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

"""The git checkouts on both sides."""

from __future__ import annotations

import subprocess
from os import path as osp
from typing import List

from ppsci_ext.utils.errors import UserError


class Checkout:
    """A git checkout.

    Args:
        folder (str): Its root.

    Raises:
        UserError: If it is none.
    """

    def __init__(self, folder: str):
        self.folder = osp.abspath(folder)
        if not osp.exists(osp.join(folder, ".git")):
            raise UserError(f"{folder} is no git checkout: give the root of one.")

    def git(self, *arguments: str) -> str:
        """What a git command prints.

        Raises:
            UserError: If it fails, with the last line of what it says.
        """
        done = subprocess.run(
            ["git", "-C", self.folder, *arguments], capture_output=True, text=True
        )
        if done.returncode:
            said = (done.stderr or done.stdout).strip().splitlines()
            raise UserError(
                f"git {' '.join(arguments[:2])} failed in {self.folder}: "
                f"{said[-1] if said else done.returncode}"
            )
        return done.stdout

    def require_clean(self) -> None:
        """Refuse changes that are not committed.

        Raises:
            UserError: Naming the first of them.
        """
        changed = self.git("status", "--porcelain").splitlines()
        if changed:
            raise UserError(
                f"{self.folder} has changes that are not committed, such as {changed[0].strip()}: "
                "commit or stash them first."
            )

    def begin(self, branch: str, base: str) -> None:
        """Check out a new branch.

        Args:
            branch (str): Its name.
            base (str): Where it begins.

        Raises:
            UserError: If it is there already, or the base isn't.
        """
        if self.git("branch", "--list", branch).strip():
            raise UserError(
                f"{self.folder} has a branch {branch} already: rename it, or delete it by "
                f"git branch -D {branch}."
            )
        self.git("checkout", "-q", "-b", branch, base)

    def commit(self, message: str) -> None:
        """Commit everything."""
        self.git("add", "-A")
        self.git("commit", "-q", "--no-verify", "-m", message)

    def changed(self) -> List[str]:
        """Files of the newest commit that are there."""
        return self.git(
            "diff", "--name-only", "--diff-filter=d", "HEAD~1", "HEAD"
        ).splitlines()

    def diffstat(self) -> str:
        """Of the newest commit."""
        return self.git("diff", "--stat=100", "HEAD~1", "HEAD")
