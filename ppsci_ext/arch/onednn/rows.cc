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

// Convolutions with circular margins: the margins, for oneDNN, which hasn't any but of zeros; and
// the three kernels of one of few channels, for shapes that kernels.py beside this file has looked
// at.

#include <algorithm>
#include <tuple>
#include <vector>

#include "paddle/extension.h"
#include "rows.h"

namespace {

using paddle::Tensor;
using Shape = std::vector<int64_t>;

Tensor Empty(const Shape& shape) {
  return paddle::empty(shape, paddle::DataType::FLOAT32, paddle::CPUPlace());
}

// Margins of a periodic tensor, copies of its other end.
class Circle {
 public:
  Circle(const Shape& shape, const std::vector<int>& margins)  // before and after each axis, if any
      : whole_(shape), planes_(shape[0] * shape[1]) {
    for (size_t i = 0; i < margins.size() / 2; ++i) {
      const size_t axis = 3 - margins.size() / 2 + i;  // of three, the first with one place
      size_[axis] = shape[2 + i];
      before_[axis] = margins[2 * i];
      after_[axis] = margins[2 * i + 1];
      whole_[2 + i] += before_[axis] + after_[axis];
    }
  }

  const Shape& Whole() const { return whole_; }  // shape with the margins

  Tensor Wrapped(const Tensor& x) const {
    if (whole_ == x.shape()) {
      return x;
    }
    Tensor whole = Empty(whole_);
    const auto [n, before, after] = Rows();
    float* to = whole.data<float>();
    EachRow(x.data<float>(), [&, n = n, before = before, after = after](const float* row) {
      to = std::copy(row + n - before, row + n, to);
      to = std::copy(row, row + n, to);
      to = std::copy(row, row + after, to);
    });
    return whole;
  }

  // Its transpose: margins are added to the places that they are copies of.
  Tensor Folded(const Tensor& whole, const Shape& shape) const {
    if (whole_ == shape) {
      return whole;
    }
    Tensor x = Empty(shape);
    std::fill_n(x.data<float>(), x.numel(), 0.0f);
    const auto [n, before, after] = Rows();
    const float* from = whole.data<float>();
    EachRow(x.data<float>(), [&, n = n, before = before, after = after](float* row) {
      const auto add = [&](float* to, int64_t count) {
        for (int64_t i = 0; i < count; ++i) {
          to[i] += *from++;
        }
      };
      add(row + n - before, before);
      add(row, n);
      add(row, after);
    });
    return x;
  }

 private:
  std::tuple<int64_t, int64_t, int64_t> Rows() const { return {size_[2], before_[2], after_[2]}; }

  // Calls `visit` with the row of x that each row of the whole tensor is a copy of.
  template <typename Float, typename Visit>
  void EachRow(Float* x, Visit visit) const {
    for (int64_t plane = 0; plane < planes_; ++plane, x += size_[0] * size_[1] * size_[2]) {
      for (int64_t i = -before_[0]; i < size_[0] + after_[0]; ++i) {
        const int64_t slice = Around(i, size_[0]);
        for (int64_t j = -before_[1]; j < size_[1] + after_[1]; ++j) {
          visit(x + (slice * size_[1] + Around(j, size_[1])) * size_[2]);
        }
      }
    }
  }

  static int64_t Around(int64_t i, int64_t size) { return (i + size) % size; }

  Shape whole_;
  int64_t planes_, size_[3] = {1, 1, 1}, before_[3] = {}, after_[3] = {};
};

std::vector<Tensor> Wrap(const Tensor& x, const std::vector<int>& margins) {
  return {Circle(x.shape(), margins).Wrapped(x)};
}

std::vector<Tensor> Fold(const Tensor& whole, const std::vector<int64_t>& shape,
                         const std::vector<int>& margins) {
  return {Circle(shape, margins).Folded(whole, shape)};
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

PD_BUILD_OP(circular_wrap)
    .Inputs({"X"})
    .Outputs({"Whole"})
    .Attrs({"margins: std::vector<int>"})
    .SetKernelFn(PD_KERNEL(Wrap));

PD_BUILD_OP(circular_fold)
    .Inputs({"Whole"})
    .Outputs({"X"})
    .Attrs({"shape: std::vector<int64_t>", "margins: std::vector<int>"})
    .SetKernelFn(PD_KERNEL(Fold));

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
