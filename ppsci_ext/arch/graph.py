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

"""What a second backward pass would meet, read off Paddle's graph before it runs."""

from __future__ import annotations

from typing import Any
from typing import Dict
from typing import List

import paddle

_CONV3D = "Conv3dDoubleGradNode"
_LEAF = "GradNodeAccumulation"


class IncompleteDerivative(RuntimeError):
    """An operator leaves out a part of its second derivative that others wait for.

    Attributes:
        operator (str): Its name in Paddle.
    """

    def __init__(self, operator: str):
        super().__init__(f"The second derivative of {operator} is incomplete.")
        self.operator = operator


def _edges(value: paddle.Tensor) -> Dict[Any, List[Any]]:
    """The nodes that a backward pass from a tensor reaches, each with those after it."""
    edges: Dict[Any, List[Any]] = {}
    waiting = [value.grad_fn]
    while waiting:
        node = waiting.pop()
        if node is not None and node not in edges:
            edges[node] = node.next_functions
            waiting.extend(edges[node])
    return edges


def refuse_incomplete(penalty: paddle.Tensor) -> None:
    """Refuse a graph whose backward pass could end the process.

    The derivative of Paddle's conv3d leaves out its part with respect to its input. If
    nothing else reaches what computed that input, then this runs with a null pointer: an
    exception for some operators, a segmentation fault for most. Inputs of the network
    itself (the graph's leaves) take no harm, and `ppsci_ext.arch.convolution.conv3d` sees to
    it that zeros arrive, by a product of means.

    Args:
        penalty (paddle.Tensor): What was made of the gradients; a scalar.

    Raises:
        IncompleteDerivative: If such a convolution is in the graph.
    """
    edges = _edges(penalty)
    products = (after for node, after in edges.items() if "Multiply" in node.name())
    filled = {
        node
        for after in products
        for mean in after
        if mean is not None and mean.name() == "MeanGradNode"
        for node in edges[mean]
    }
    for node, after in edges.items():
        if node.name() != _CONV3D:
            continue
        source = after[0]
        if source is not None and source.name() != _LEAF and source not in filled:
            raise IncompleteDerivative("conv3d")
