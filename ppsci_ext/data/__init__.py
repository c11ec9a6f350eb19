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

"""Data sets: loading, checking, and the endless stream of training batches."""

from ppsci_ext.data.batches import SequentialBatches
from ppsci_ext.data.condition import Condition
from ppsci_ext.data.condition import as_arrays
from ppsci_ext.data.condition import map_condition
from ppsci_ext.data.digest import data_digest
from ppsci_ext.data.image_dataset import ImageDataset
from ppsci_ext.data.images import IMAGE_DATA
from ppsci_ext.data.images import ImageSource
from ppsci_ext.data.images import load_images
from ppsci_ext.data.images import read_images
from ppsci_ext.data.reading import ImageArrays
from ppsci_ext.data.reading import ImageReading
from ppsci_ext.data.sources import ArrayDataset
from ppsci_ext.data.stream import BatchStream
from ppsci_ext.data.stream import LoaderStream
from ppsci_ext.data.toy import TOY_NAMES
from ppsci_ext.data.toy import ToyDistribution
from ppsci_ext.data.toy import toy_distribution
from ppsci_ext.data.toy import toy_training_source
from ppsci_ext.data.transform import ToFloat
from ppsci_ext.data.transform import check_range
from ppsci_ext.data.transform import to_uint8

__all__ = [
    "IMAGE_DATA",
    "TOY_NAMES",
    "ArrayDataset",
    "BatchStream",
    "Condition",
    "ImageArrays",
    "ImageDataset",
    "ImageReading",
    "ImageSource",
    "LoaderStream",
    "SequentialBatches",
    "ToFloat",
    "ToyDistribution",
    "as_arrays",
    "check_range",
    "data_digest",
    "load_images",
    "map_condition",
    "read_images",
    "to_uint8",
    "toy_distribution",
    "toy_training_source",
]
