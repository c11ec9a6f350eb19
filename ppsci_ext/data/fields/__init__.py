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

"""Fields: random ones whose truth is known exactly, and crops of own images and volumes."""

from ppsci_ext.data.fields.conditions import ConditionedField
from ppsci_ext.data.fields.conditions import NetworkFields
from ppsci_ext.data.fields.conditions import PointMeasurements
from ppsci_ext.data.fields.conditions import with_parameters
from ppsci_ext.data.fields.crops import FieldCrops
from ppsci_ext.data.fields.crops import load_crops
from ppsci_ext.data.fields.elliptic import EllipticProblem
from ppsci_ext.data.fields.elliptic import EllipticSnapshots
from ppsci_ext.data.fields.files import read_fields
from ppsci_ext.data.fields.kriging import Kriging
from ppsci_ext.data.fields.random_fields import FIELD_NAMES
from ppsci_ext.data.fields.random_fields import GaussianField
from ppsci_ext.data.fields.random_fields import LognormalField
from ppsci_ext.data.fields.random_fields import PorousField
from ppsci_ext.data.fields.random_fields import RandomField
from ppsci_ext.data.fields.random_fields import random_field
from ppsci_ext.data.fields.spectrum import SPECTRA
from ppsci_ext.data.fields.transform import FieldTransform

__all__ = [
    "FIELD_NAMES",
    "SPECTRA",
    "ConditionedField",
    "EllipticProblem",
    "EllipticSnapshots",
    "FieldCrops",
    "FieldTransform",
    "GaussianField",
    "Kriging",
    "LognormalField",
    "NetworkFields",
    "PointMeasurements",
    "PorousField",
    "RandomField",
    "load_crops",
    "random_field",
    "read_fields",
    "with_parameters",
]
