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

import os
import time
from typing import Optional

import requests
import tqdm
import urllib3

from ppsci_ext.utils.digest import file_digest
from ppsci_ext.utils.errors import UserError

ATTEMPTS = 4
SECONDS_BETWEEN_ATTEMPTS = 2.0

_TIMEOUT = (10, 60)  # seconds to connect, and between two packets
_CHUNK = 1 << 16


def download(url: str, path: str, checksum: Optional[str]) -> str:
    """Fetches a file whose checksum is known.

    The bytes go to `path + ".part"`, which a later call goes on with if the transfer
    breaks off, and are moved to `path` in one step only when they are complete, checked
    and on the disk: there never is a damaged file at `path`. Nothing is unpacked; readers
    take the data out of the archive in place.

    Args:
        url (str): http or https address.
        path (str): Where to put the file; folders are made. A file that is there already
            is kept if its checksum is right and replaced if not.
        checksum (Optional[str]): Published checksum of the file: "md5:" or "sha256:" and
            its hexadecimal digits, all or the first ones; None where nothing is
            published: then a file that is there already is kept.

    Returns:
        str: `path`.

    Raises:
        UserError: The address can't be reached, what it gives is not the file, or the
            file can't be written.
    """
    part = f"{path}.part"
    try:
        if os.path.isfile(path) and _has(path, checksum):
            return path
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        _fetch(url, path, part)
        if not _has(part, checksum):
            found = file_digest(part, checksum.split(":")[0])
            os.remove(part)
            raise UserError(
                f"what {url} gives is not the published file: its checksum is {found}, "
                f"expected {checksum}; try again, or put the right file at {path} by hand"
            )
        os.replace(part, path)
    except OSError as error:
        raise UserError(
            f"cannot write {path}: {error}; free space, or choose another folder"
        ) from error
    return path


def _has(path: str, checksum: Optional[str]) -> bool:
    """Whether a file has the checksum; any file has the checksum None."""
    if checksum is None:
        return True
    algorithm, expected = checksum.split(":")
    return file_digest(path, algorithm).startswith(expected)


def _fetch(url: str, path: str, part: str) -> None:
    """Fills `part`, going on where it ends, in a few attempts."""
    for attempt in range(ATTEMPTS):
        time.sleep(attempt * SECONDS_BETWEEN_ATTEMPTS)
        try:
            _transfer(url, part)
            return
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            failure = error
    reason = failure
    if isinstance(failure.args[0], urllib3.exceptions.MaxRetryError):
        reason = "no connection"  # the error repeats the address in many words
    raise UserError(
        f"cannot download {url} ({reason}); try again, or put the file at {path} by hand"
    ) from failure


def _transfer(url: str, part: str) -> None:
    have = os.path.getsize(part) if os.path.exists(part) else 0
    # a server must not compress what is compressed: lengths and md5 are of the file
    headers = {"Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    with requests.get(url, headers=headers, stream=True, timeout=_TIMEOUT) as response:
        if have and response.status_code == requests.codes.range_not_satisfiable:
            return  # nothing follows what is there; whether it is right, md5 tells
        response.raise_for_status()
        content_range = response.headers.get("Content-Range", "")
        if response.status_code != requests.codes.partial_content or (
            not content_range.startswith(f"bytes {have}-")
        ):
            have = 0  # the server ignores ranges and sends the whole file
        length = response.headers.get("Content-Length")
        total = have + int(length) if length else None
        with open(part, "ab" if have else "wb") as file, tqdm.tqdm(
            total=total,
            initial=have,
            unit="B",
            unit_scale=True,
            desc=os.path.basename(url),
        ) as bar:
            for chunk in response.raw.stream(_CHUNK, decode_content=False):
                file.write(chunk)
                bar.update(len(chunk))
            file.flush()
            os.fsync(file.fileno())
            size = file.tell()
    if total is not None and size != total:
        raise requests.ConnectionError(f"it ended after {size} of {total} bytes")
