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

"""From physical fields to a network's values and back."""

from __future__ import annotations

from dataclasses import asdict
from dataclasses import dataclass
from typing import Any
from typing import Dict
from typing import List
from typing import Tuple

import numpy as np

from ppsci_ext.data.fields.random_fields import LognormalField
from ppsci_ext.data.fields.random_fields import RandomField
from ppsci_ext.data.names import unknown_name
from ppsci_ext.utils.errors import UserError

# what the physical values are, and the activation with which a generator ends
OUTPUTS = {
    "continuous": "linear",
    "positive": "linear",
    "binary": "tanh",
    "facies": "softmax",
}


@dataclass(frozen=True)
class FieldTransform:
    """A data set's standardisation and its inverse.

    | kind | physical values | network's values | generator's output |
    |---|---|---|---|
    | continuous | any | (x - shift) / scale | linear |
    | positive | above 0 | (log x - shift) / scale | linear |
    | binary | 0, 1 | -1, 1 | tanh |
    | facies | one-hot channels | the same | softmax |

    Attributes:
        kind (str): A row of the table.
        shift (Tuple[float, ...]): One a channel; of use to the first two kinds only.
        scale (Tuple[float, ...]): One a channel, positive.
    """

    kind: str
    shift: Tuple[float, ...] = (0.0,)
    scale: Tuple[float, ...] = (1.0,)

    def __post_init__(self):
        if self.kind not in OUTPUTS:
            raise unknown_name("kind of field", self.kind, tuple(OUTPUTS))
        if len(self.shift) != len(self.scale):
            raise UserError("a field's shift and scale must have one value a channel")
        if not all(0 < scale < np.inf for scale in self.scale):
            raise UserError(
                f"the scale of a field is {list(self.scale)}: a constant field cannot be "
                "standardised; give data that vary"
            )

    @property
    def output(self) -> str:
        """Activation of the generator's last layer: "linear", "tanh" or "softmax"."""
        return OUTPUTS[self.kind]

    @classmethod
    def of(cls, field: RandomField) -> FieldTransform:
        """The transform of a random field, from its exact mean and variance."""
        if field.binary:
            return cls("binary")
        if isinstance(field, LognormalField):
            variance = field.log_variance
            return cls("positive", (-variance / 2,), (float(np.sqrt(variance)),))
        return cls("continuous", (field.mean,), (float(np.sqrt(field.variance)),))

    @classmethod
    def from_state(cls, state: Dict[str, Any]) -> FieldTransform:
        """The transform whose `state` this is.

        Raises:
            UserError: It is not one.
        """
        try:
            shift, scale = (tuple(map(float, state[key])) for key in ("shift", "scale"))
            return cls(state["kind"], shift, scale)
        except (KeyError, TypeError, ValueError) as error:
            raise UserError(
                f"the state of the fields' transform cannot be used ({error}); use the "
                "one that was written with the run"
            ) from error

    def state(self) -> Dict[str, Any]:
        """All there is to know, for JSON."""
        lists: Dict[str, List[float]] = {
            key: list(value) for key, value in asdict(self).items() if key != "kind"
        }
        return {"kind": self.kind, **lists}

    def forward(self, fields: np.ndarray) -> np.ndarray:
        """Physical fields to network's values.

        Args:
            fields (np.ndarray): [n, C, *shape].

        Returns:
            np.ndarray: float32 [n, C, *shape].

        Raises:
            UserError: Values that the kind doesn't have, or another number of channels.
        """
        if self.kind == "facies":
            return fields.astype(np.float32, copy=False)
        if self.kind == "binary":
            return 2 * fields.astype(np.float32, copy=False) - 1
        if self.kind == "positive":
            if fields.min() <= 0:
                raise UserError(
                    f"a field to take the logarithm of holds {fields.min()}; give values "
                    "above 0, or treat it as continuous"
                )
            fields = np.log(fields)
        shift, scale = self._columns(fields)
        return ((fields - shift) / scale).astype(np.float32, copy=False)

    def inverse(self, values: np.ndarray) -> np.ndarray:
        """Network's values to physical fields: phases are told apart, not left grey.

        Args:
            values (np.ndarray): [n, C, *shape].

        Returns:
            np.ndarray: float32 [n, C, *shape].

        Raises:
            UserError: Another number of channels.
        """
        if self.kind == "binary":
            return (values > 0).astype(np.float32)
        if self.kind == "facies":
            phases = np.arange(values.shape[1]).reshape(1, -1, *[1] * (values.ndim - 2))
            largest = values.argmax(axis=1)[:, np.newaxis]
            return (largest == phases).astype(np.float32)
        shift, scale = self._columns(values)
        fields = values * scale + shift
        if self.kind == "positive":
            fields = np.exp(fields)
        return fields.astype(np.float32, copy=False)

    def _columns(self, fields: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        """Shift and scale, float32 [C, 1, ...]."""
        if fields.shape[1] != len(self.shift):
            raise UserError(
                f"a field has {fields.shape[1]} channels, but its transform is one of "
                f"{len(self.shift)}; use the transform of the same data"
            )
        shape = (-1, *[1] * (fields.ndim - 2))
        shift, scale = np.float32(self.shift), np.float32(self.scale)
        return shift.reshape(shape), scale.reshape(shape)
