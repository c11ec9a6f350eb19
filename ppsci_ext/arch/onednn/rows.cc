// Copyright (c) 2026 PaddlePaddle Authors. All Rights Reserved.
//
// Licensed under the Apache License, Version 2.0 (the "License");
// you may not use this file except in compliance with the License.
// You may obtain a copy of the License at
//
//     http://www.apache.org/licenses/LICENSE-2.0
//
// Unless required by applicable law or agreed to in writing, software
// distributed under the License is distributed on an "AS IS" BASIS,
// WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
// See the License for the specific language governing permissions and
// limitations under the License.

// The three kernels of a convolution with circular margins and few channels as operators of
// Paddle's; for shapes that kernels.py beside this file has looked at.

#include <vector>

#include "paddle/extension.h"
#include "rows.h"

namespace {

using paddle::Tensor;
using Shape = std::vector<int64_t>;

Tensor Empty(const Shape& shape) {
  return paddle::empty(shape, paddle::DataType::FLOAT32, paddle::CPUPlace());
}

rows::Geometry Described(const Shape& x, const Shape& w, const std::vector<int>& strides,
                         const std::vector<int>& padding) {  // before and after each axis
  rows::Geometry geometry{x[0], w[1], w[0], {1, 1, 1}, {1, 1, 1}, {0, 0, 0}, {1, 1, 1}};
  for (size_t i = 0; i < strides.size(); ++i) {
    const size_t axis = 3 - strides.size() + i;
    geometry.kernel[axis] = w[2 + i];
    geometry.stride[axis] = strides[i];
    geometry.before[axis] = padding[2 * i];
    geometry.size[axis] = x[2 + i] / strides[i];
  }
  return geometry;
}

const float* Data(const paddle::optional<Tensor>& bias) {
  return bias ? bias->data<float>() : nullptr;
}

std::vector<Tensor> Forward(const Tensor& x, const Tensor& w, const paddle::optional<Tensor>& b,
                            const std::vector<int>& strides, const std::vector<int>& padding) {
  const auto geometry = Described(x.shape(), w.shape(), strides, padding);
  Shape shape{x.shape()[0], w.shape()[0]};
  for (size_t i = 0; i < strides.size(); ++i) {
    shape.push_back(x.shape()[2 + i] / strides[i]);
  }
  Tensor y = Empty(shape);
  rows::Forward(x.data<float>(), w.data<float>(), Data(b), y.data<float>(), geometry);
  return {y};
}

std::vector<Tensor> Transpose(const Tensor& y, const Tensor& w, const paddle::optional<Tensor>& b,
                              const std::vector<int64_t>& x_shape,
                              const std::vector<int>& strides, const std::vector<int>& padding) {
  const auto geometry = Described(x_shape, w.shape(), strides, padding);
  Tensor x = Empty(x_shape);
  rows::Transpose(y.data<float>(), w.data<float>(), Data(b), x.data<float>(), geometry);
  return {x};
}

std::vector<Tensor> Weight(const Tensor& x, const Tensor& y, const std::vector<int64_t>& w_shape,
                           const std::vector<int>& strides, const std::vector<int>& padding) {
  const auto geometry = Described(x.shape(), w_shape, strides, padding);
  Tensor w = Empty(w_shape), b = Empty({w_shape[0]});
  rows::Weight(x.data<float>(), y.data<float>(), w.data<float>(), b.data<float>(), geometry);
  return {w, b};
}

}  // namespace

PD_BUILD_OP(rows_convolution)
    .Inputs({"X", "W", paddle::Optional("B")})
    .Outputs({"Y"})
    .Attrs({"strides: std::vector<int>", "padding: std::vector<int>"})
    .SetKernelFn(PD_KERNEL(Forward));

PD_BUILD_OP(rows_convolution_transpose)
    .Inputs({"Y", "W", paddle::Optional("B")})
    .Outputs({"X"})
    .Attrs({"x_shape: std::vector<int64_t>", "strides: std::vector<int>",
            "padding: std::vector<int>"})
    .SetKernelFn(PD_KERNEL(Transpose));

PD_BUILD_OP(rows_convolution_weight)
    .Inputs({"X", "Y"})
    .Outputs({"W", "B"})
    .Attrs({"w_shape: std::vector<int64_t>", "strides: std::vector<int>",
            "padding: std::vector<int>"})
    .SetKernelFn(PD_KERNEL(Weight));
