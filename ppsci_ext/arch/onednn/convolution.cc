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

// Convolutions of float32 tensors [B, C, ...] with one to three axes of places, on the CPU by
// oneDNN's primitives.
//
// A convolution y = conv(x, w) is linear in x and in w. Its three kernels, forward, transpose (to
// x) and weight (to w), are each other's derivatives, so that derivatives of every order are made
// of them; function.py beside this file says how. All of that holds for circular margins, too,
// which are copied here, as oneDNN has margins of zeros only.

#include <algorithm>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "direct.h"
#include "oneapi/dnnl/dnnl.hpp"
#include "paddle/extension.h"

namespace {

using dnnl::memory;
using paddle::Tensor;
using Shape = std::vector<int64_t>;
using Layout = memory::format_tag;

dnnl::engine& Engine() {
  static dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

dnnl::stream& Stream() {
  static dnnl::stream stream(Engine());
  return stream;
}

Tensor Empty(const Shape& shape) {
  return paddle::empty(shape, paddle::DataType::FLOAT32, paddle::CPUPlace());
}

memory::desc Described(const Shape& shape, Layout layout) {
  return {shape, memory::data_type::f32, layout};
}

memory::desc AsStored(const Shape& shape) {
  static const Layout layouts[] = {Layout::a,   Layout::ab,   Layout::abc,
                                   Layout::abcd, Layout::abcde};
  return Described(shape, layouts[shape.size() - 1]);
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

// One convolution's geometry, and the primitives that compute it.
struct Convolution {
  Circle circle;
  Shape x, w, y;  // x with circular margins
  memory::dims strides, between, before, after;  // between: places passed over inside of a kernel

  Convolution(const Shape& x_shape, const Shape& w_shape, const std::vector<int>& stride,
              const std::vector<int>& dilation,
              const std::vector<int>& padding,  // before and after each axis
              bool circular)
      : circle(x_shape, circular ? padding : std::vector<int>()),
        x(circle.Whole()),
        w(w_shape),
        y{x_shape[0], w_shape[0]},
        strides(stride.begin(), stride.end()) {
    for (size_t i = 0; i < strides.size(); ++i) {
      before.push_back(circular ? 0 : padding[2 * i]);
      after.push_back(circular ? 0 : padding[2 * i + 1]);
      between.push_back(dilation[i] - 1);
      const int64_t extent = (w[2 + i] - 1) * dilation[i] + 1;
      y.push_back((x[2 + i] + before[i] + after[i] - extent) / strides[i] + 1);
    }
  }

  // Which layouts are fastest was measured: channels last where a stride leaves vectors of
  // pixels apart, or where there are too few channels for a vector of them.
  dnnl::convolution_forward::primitive_desc Forward(bool bias) const {
    return Forward(bias, strides.back() > 1 && x[1] > 1 ? ChannelsLast() : Layout::any);
  }

  dnnl::convolution_backward_data::primitive_desc Transpose() const {
    return {Engine(), dnnl::algorithm::convolution_direct, Described(x, Layout::any),
            Described(w, Layout::any), Described(y, Layout::any), strides, between, before, after,
            Forward(false, Layout::any)};
  }

  dnnl::convolution_backward_weights::primitive_desc Weight(bool bias) const {
    const Layout layout = x[1] == 1 ? ChannelsLast() : Layout::any;
    return {Engine(), dnnl::algorithm::convolution_direct, Described(x, layout),
            Described(w, Layout::any), Bias(bias), Described(y, layout), strides, between, before,
            after, Forward(false, layout)};
  }

 private:
  Layout ChannelsLast() const {
    static const Layout layouts[] = {Layout::nwc, Layout::nhwc, Layout::ndhwc};
    return layouts[strides.size() - 1];
  }

  memory::desc Bias(bool bias) const { return bias ? AsStored({w[0]}) : memory::desc(); }

  dnnl::convolution_forward::primitive_desc Forward(bool bias, Layout layout) const {
    return {Engine(), dnnl::prop_kind::forward_training, dnnl::algorithm::convolution_direct,
            Described(x, layout), Described(w, Layout::any), Bias(bias), Described(y, layout),
            strides, between, before, after};
  }
};

// Arguments of one primitive; tensors are laid out anew where it wants another layout.
class Arguments {
 public:
  void Read(int name, const Tensor& tensor, const memory::desc& wanted) {
    memory stored(AsStored(tensor.shape()), Engine(), const_cast<float*>(tensor.data<float>()));
    memory argument = stored;
    if (wanted != stored.get_desc()) {
      argument = Scratch(wanted);
      dnnl::reorder(stored, argument).execute(Stream(), stored, argument);
    }
    arguments_.insert({name, argument});
  }

  Tensor Write(int name, const Shape& shape, const memory::desc& wanted) {
    Tensor tensor = Empty(shape);
    memory stored(AsStored(shape), Engine(), tensor.data<float>());
    memory argument = stored;
    if (wanted != stored.get_desc()) {
      argument = Scratch(wanted);
      written_.emplace_back(argument, stored);
    }
    arguments_.insert({name, argument});
    return tensor;
  }

  void Execute(const dnnl::primitive& primitive) {
    primitive.execute(Stream(), arguments_);
    for (auto& [argument, stored] : written_) {
      dnnl::reorder(argument, stored).execute(Stream(), argument, stored);
    }
    Stream().wait();
  }

 private:
  memory Scratch(const memory::desc& wanted) {  // from Paddle's allocator, which keeps memory
    const int64_t floats = (wanted.get_size() + sizeof(float) - 1) / sizeof(float);
    scratch_.push_back(Empty({floats}));
    return {wanted, Engine(), scratch_.back().data<float>()};
  }

  std::unordered_map<int, memory> arguments_;
  std::vector<std::pair<memory, memory>> written_;
  std::vector<Tensor> scratch_;
};

// The same for the loops over rows, which need circular margins, rows of whole vectors, and as many
// places of x as the strides pass over. Where they are faster than oneDNN was measured: where x or
// y has few channels, each kernel with a bound of its own.
class Direct {
 public:
  Direct(const Shape& x, const Shape& w, const std::vector<int>& strides,
         const std::vector<int>& dilation, const std::vector<int>& padding, bool circular)
      : geometry{x[0], w[1], w[0], {1, 1, 1}, {1, 1, 1}, {0, 0, 0}, {1, 1, 1}},
        fits_(circular) {
    for (size_t i = 0; i < strides.size(); ++i) {
      const size_t axis = 3 - strides.size() + i;
      geometry.kernel[axis] = w[2 + i];
      geometry.stride[axis] = strides[i];
      geometry.before[axis] = padding[2 * i];
      geometry.size[axis] = x[2 + i] / strides[i];
      fits_ &= dilation[i] == 1 && x[2 + i] % strides[i] == 0 && w[2 + i] >= strides[i] &&
               padding[2 * i] + padding[2 * i + 1] == w[2 + i] - strides[i];
      leaps_ |= strides[i] > 1;
    }
    fits_ &= geometry.size[2] % direct::kLanes == 0;
  }

  bool Forward() const { return fits_ && !leaps_ && Narrowest() <= 16; }
  bool Transpose() const { return fits_ && Narrowest() <= 16; }
  bool Weight() const { return fits_ && !leaps_ && geometry.out <= 8; }

  direct::Geometry geometry;

 private:
  int64_t Narrowest() const { return std::min(geometry.in, geometry.out); }

  bool fits_, leaps_ = false;
};

std::vector<Tensor> Forward(const Tensor& x, const Tensor& w, const paddle::optional<Tensor>& b,
                            const std::vector<int>& strides, const std::vector<int>& dilation,
                            const std::vector<int>& padding, bool circular) {
  const Convolution convolution(x.shape(), w.shape(), strides, dilation, padding, circular);
  const Direct direct(x.shape(), w.shape(), strides, dilation, padding, circular);
  if (direct.Forward()) {
    Tensor y = Empty(convolution.y);
    direct::Forward(x.data<float>(), w.data<float>(), b ? b->data<float>() : nullptr,
                    y.data<float>(), direct.geometry);
    return {y};
  }
  const auto primitive = convolution.Forward(static_cast<bool>(b));
  const Tensor whole = convolution.circle.Wrapped(x);
  Arguments arguments;
  arguments.Read(DNNL_ARG_SRC, whole, primitive.src_desc());
  arguments.Read(DNNL_ARG_WEIGHTS, w, primitive.weights_desc());
  if (b) {
    arguments.Read(DNNL_ARG_BIAS, b.get(), primitive.bias_desc());
  }
  Tensor y = arguments.Write(DNNL_ARG_DST, convolution.y, primitive.dst_desc());
  arguments.Execute(dnnl::convolution_forward(primitive));
  return {y};
}

std::vector<Tensor> Transpose(const Tensor& y, const Tensor& w, const paddle::optional<Tensor>& b,
                              const std::vector<int64_t>& x_shape, const std::vector<int>& strides,
                              const std::vector<int>& dilation, const std::vector<int>& padding,
                              bool circular) {
  const Convolution convolution(x_shape, w.shape(), strides, dilation, padding, circular);
  const Direct direct(x_shape, w.shape(), strides, dilation, padding, circular);
  if (direct.Transpose()) {
    Tensor x = Empty(x_shape);
    direct::Transpose(y.data<float>(), w.data<float>(), b ? b->data<float>() : nullptr,
                      x.data<float>(), direct.geometry);
    return {x};
  }
  const auto primitive = convolution.Transpose();
  Arguments arguments;
  arguments.Read(DNNL_ARG_DIFF_DST, y, primitive.diff_dst_desc());
  arguments.Read(DNNL_ARG_WEIGHTS, w, primitive.weights_desc());
  Tensor whole = arguments.Write(DNNL_ARG_DIFF_SRC, convolution.x, primitive.diff_src_desc());
  arguments.Execute(dnnl::convolution_backward_data(primitive));
  Tensor x = convolution.circle.Folded(whole, x_shape);
  if (b) {
    const int64_t channels = x_shape[1], pixels = x.numel() / (x_shape[0] * channels);
    float* value = x.data<float>();
    for (int64_t i = 0; i < x_shape[0] * channels; ++i) {
      const float bias = b->data<float>()[i % channels];
      for (int64_t pixel = 0; pixel < pixels; ++pixel) {
        *value++ += bias;
      }
    }
  }
  return {x};
}

std::vector<Tensor> Weight(const Tensor& x, const Tensor& y, const std::vector<int64_t>& w_shape,
                           const std::vector<int>& strides, const std::vector<int>& dilation,
                           const std::vector<int>& padding, bool circular) {
  const Convolution convolution(x.shape(), w_shape, strides, dilation, padding, circular);
  const Direct direct(x.shape(), w_shape, strides, dilation, padding, circular);
  if (direct.Weight()) {
    Tensor w = Empty(w_shape), b = Empty({w_shape[0]});
    direct::Weight(x.data<float>(), y.data<float>(), w.data<float>(), b.data<float>(),
                   direct.geometry);
    return {w, b};
  }
  const auto primitive = convolution.Weight(true);
  const Tensor whole = convolution.circle.Wrapped(x);
  Arguments arguments;
  arguments.Read(DNNL_ARG_SRC, whole, primitive.src_desc());
  arguments.Read(DNNL_ARG_DIFF_DST, y, primitive.diff_dst_desc());
  Tensor w = arguments.Write(DNNL_ARG_DIFF_WEIGHTS, w_shape, primitive.diff_weights_desc());
  Tensor b = arguments.Write(DNNL_ARG_DIFF_BIAS, {w_shape[0]}, primitive.diff_bias_desc());
  arguments.Execute(dnnl::convolution_backward_weights(primitive));
  return {w, b};
}

}  // namespace

// 1 where the headers that this was compiled with describe the library that it runs with.
extern "C" int onednn_headers_fit() {
  const auto* version = dnnl_version();
  return version->major == DNNL_VERSION_MAJOR && version->minor == DNNL_VERSION_MINOR;
}

PD_BUILD_OP(onednn_convolution)
    .Inputs({"X", "W", paddle::Optional("B")})
    .Outputs({"Y"})
    .Attrs({"strides: std::vector<int>", "dilation: std::vector<int>",
            "padding: std::vector<int>", "circular: bool"})
    .SetKernelFn(PD_KERNEL(Forward));

PD_BUILD_OP(onednn_convolution_transpose)
    .Inputs({"Y", "W", paddle::Optional("B")})
    .Outputs({"X"})
    .Attrs({"x_shape: std::vector<int64_t>", "strides: std::vector<int>",
            "dilation: std::vector<int>", "padding: std::vector<int>", "circular: bool"})
    .SetKernelFn(PD_KERNEL(Transpose));

PD_BUILD_OP(onednn_convolution_weight)
    .Inputs({"X", "Y"})
    .Outputs({"W", "B"})
    .Attrs({"w_shape: std::vector<int64_t>", "strides: std::vector<int>",
            "dilation: std::vector<int>", "padding: std::vector<int>", "circular: bool"})
    .SetKernelFn(PD_KERNEL(Weight));
