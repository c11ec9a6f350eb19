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

"""The elliptic equation in one dimension with a variable coefficient."""

from __future__ import annotations

from typing import Optional
from typing import Tuple

from ppsci.equation.pde import base


class Elliptic(base.PDE):
    r"""Diffusion with a variable coefficient, the force that a solution and a coefficient imply.

    $$
    f = -c \frac{d}{dx} \left( k \frac{du}{dx} \right)
    $$

    Args:
        scale (float, optional): c. Defaults to 0.1, that of PI-GAN's stochastic problem (Yang,
            Zhang and Karniadakis 2018, arXiv 1811.02033, section 4.2).
        detach_keys (Optional[Tuple[str, ...]]): Keys whose gradient is cut, as in
            PaddleScience's equations. Defaults to None.

    Examples:
        >>> from ppsci_ext.equation import Elliptic
        >>> print(Elliptic())
        Elliptic
            f: -0.1*k(x)*Derivative(u(x), (x, 2)) - 0.1*Derivative(k(x), x)*Derivative(u(x), x)
    """

    def __init__(
        self, scale: float = 0.1, detach_keys: Optional[Tuple[str, ...]] = None
    ):
        super().__init__()
        self.detach_keys = detach_keys
        x = self.create_symbols("x")
        u = self.create_function("u", (x,))
        k = self.create_function("k", (x,))
        self.scale = scale
        self.add_equation("f", -scale * (k * u.diff(x)).diff(x))
        self._apply_detach()
