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


// Layer norm over the channels of each place of float32 tensors [B, C, ...], its derivative, and
// the derivative of that, each in one pass over memory.
//
// With n channels, y = (x - mean(x)) r for r = (var(x) + epsilon)^(-1/2), and h = scale g for the
// derivative g of the result scale y + shift, the derivative with respect to x is
//
//     r (h - a - b y),    a = mean(h), b = mean(h y).
//
// Of the sum of its products with v, with t = v - c - d y, c = mean(v), d = mean(v y) and
// e = mean(v h), the derivatives are r t with respect to h, and with respect to x
//
//     -r^2 ((e - a c - b d) y + d (h - a - b y) + b t).

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "omp.h"
#include "paddle/extension.h"

namespace {

using paddle::Tensor;

constexpr int64_t kLanes = 16;
using Vector = float __attribute__((vector_size(4 * kLanes)));

Tensor Empty(const std::vector<int64_t>& shape) {
  return paddle::empty(shape, paddle::DataType::FLOAT32, paddle::CPUPlace());
}

// All channels of up to kLanes neighbouring places of a sample.
struct Tile {
  int64_t first, width;  // its first number in the tensor, and how many places it has
};

// What a thread works with: vectors of the tensors' tiles, and sums over all of its tiles.
struct Workshop {
  std::vector<Vector> y, g, v, of_scale, of_shift;

  explicit Workshop(int64_t channels)
      : y(channels), g(channels), v(channels), of_scale(channels), of_shift(channels) {}
};

// A tensor [B, C, ...] as tiles.
struct Tiles {
  int64_t samples, channels, places;

  explicit Tiles(const Tensor& x)
      : samples(x.shape()[0]), channels(x.shape()[1]), places(x.numel() / (samples * channels)) {}

  // The rest of a vector is zeros.
  void Read(const Tensor& x, const Tile& tile, std::vector<Vector>& to) const {
    const float* from = x.data<float>() + tile.first;
    for (Vector& vector : to) {
      vector = Vector{};
      std::copy(from, from + tile.width, reinterpret_cast<float*>(&vector));
      from += places;
    }
  }

  void Write(const std::vector<Vector>& from, const Tile& tile, Tensor& x) const {
    float* to = x.data<float>() + tile.first;
    for (const Vector& vector : from) {
      const float* values = reinterpret_cast<const float*>(&vector);
      std::copy(values, values + tile.width, to);
      to += places;
    }
  }

  // Calls a function for all tiles, in threads with a workshop each; returns these, in an order
  // that only the number of threads decides.
  template <class Function>
  std::vector<Workshop> ForEach(const Function& function) const {
    std::vector<Workshop> workshops(omp_get_max_threads(), Workshop(channels));
#pragma omp parallel for schedule(static)
    for (int64_t sample = 0; sample < samples; ++sample) {
      for (int64_t place = 0; place < places; place += kLanes) {
        const Tile tile{sample * channels * places + place, std::min(kLanes, places - place)};
        function(tile, workshops[omp_get_thread_num()]);
      }
    }
    return workshops;
  }
};

// x to y, in place; returns r.
Vector Standardize(std::vector<Vector>& x, float epsilon) {
  const float n = x.size();
  Vector mean{}, variance{}, r{};
  for (const Vector& value : x) {
    mean += value;
  }
  mean /= n;
  for (Vector& value : x) {
    value -= mean;
    variance += value * value;
  }
  for (int64_t i = 0; i < kLanes; ++i) {
    r[i] = 1.0f / std::sqrt(variance[i] / n + epsilon);
  }
  for (Vector& value : x) {
    value *= r;
  }
  return r;
}

// Sums over all lanes and threads, [C].
Tensor Total(const std::vector<Workshop>& workshops, std::vector<Vector> Workshop::*sums) {
  const int64_t channels = (workshops[0].*sums).size();
  Tensor total = Empty({channels});
  for (int64_t c = 0; c < channels; ++c) {
    float value = 0.0f;
    for (const Workshop& workshop : workshops) {
      for (int64_t i = 0; i < kLanes; ++i) {
        value += (workshop.*sums)[c][i];
      }
    }
    total.data<float>()[c] = value;
  }
  return total;
}

std::vector<Tensor> Forward(const Tensor& x, const Tensor& scale, const Tensor& shift,
                            float epsilon) {
  const Tiles tiles(x);
  Tensor result = Empty(x.shape());
  const float *s = scale.data<float>(), *b = shift.data<float>();
  tiles.ForEach([&](const Tile& tile, Workshop& at) {
    tiles.Read(x, tile, at.y);
    Standardize(at.y, epsilon);
    for (int64_t c = 0; c < tiles.channels; ++c) {
      at.y[c] = at.y[c] * s[c] + b[c];
    }
    tiles.Write(at.y, tile, result);
  });
  return {result};
}

std::vector<Tensor> Gradient(const Tensor& x, const Tensor& scale, const Tensor& gradient,
                             float epsilon) {
  const Tiles tiles(x);
  Tensor result = Empty(x.shape());
  const float* s = scale.data<float>();
  const float n = tiles.channels;
  const auto workshops = tiles.ForEach([&](const Tile& tile, Workshop& at) {
    tiles.Read(x, tile, at.y);
    tiles.Read(gradient, tile, at.g);
    const Vector r = Standardize(at.y, epsilon);
    Vector a{}, b{};
    for (int64_t c = 0; c < tiles.channels; ++c) {
      at.of_shift[c] += at.g[c];
      at.of_scale[c] += at.g[c] * at.y[c];
      at.g[c] *= s[c];
      a += at.g[c];
      b += at.g[c] * at.y[c];
    }
    a /= n;
    b /= n;
    for (int64_t c = 0; c < tiles.channels; ++c) {
      at.g[c] = r * (at.g[c] - a - b * at.y[c]);
    }
    tiles.Write(at.g, tile, result);
  });
  return {result, Total(workshops, &Workshop::of_scale), Total(workshops, &Workshop::of_shift)};
}

std::vector<Tensor> Second(const Tensor& x, const Tensor& scale, const Tensor& gradient,
                           const Tensor& direction, float epsilon) {
  const Tiles tiles(x);
  Tensor of_x = Empty(x.shape()), of_gradient = Empty(x.shape());
  const float* s = scale.data<float>();
  const float n = tiles.channels;
  const auto workshops = tiles.ForEach([&](const Tile& tile, Workshop& at) {
    tiles.Read(x, tile, at.y);
    tiles.Read(gradient, tile, at.g);
    tiles.Read(direction, tile, at.v);
    const Vector r = Standardize(at.y, epsilon);
    Vector a{}, b{}, c{}, d{}, e{};
    for (int64_t i = 0; i < tiles.channels; ++i) {
      const Vector h = at.g[i] * s[i];
      a += h;
      b += h * at.y[i];
      c += at.v[i];
      d += at.v[i] * at.y[i];
      e += at.v[i] * h;
    }
    a /= n, b /= n, c /= n, d /= n, e /= n;
    for (int64_t i = 0; i < tiles.channels; ++i) {
      const Vector y = at.y[i], h = at.g[i] * s[i], t = at.v[i] - c - d * y;
      at.y[i] = -r * r * ((e - a * c - b * d) * y + d * (h - a - b * y) + b * t);
      at.of_scale[i] += at.g[i] * r * t;
      at.g[i] = s[i] * r * t;
    }
    tiles.Write(at.y, tile, of_x);
    tiles.Write(at.g, tile, of_gradient);
  });
  return {of_x, Total(workshops, &Workshop::of_scale), of_gradient};
}

}  // namespace

PD_BUILD_OP(channel_norm)
    .Inputs({"X", "Scale", "Shift"})
    .Outputs({"Y"})
    .Attrs({"epsilon: float"})
    .SetKernelFn(PD_KERNEL(Forward));

PD_BUILD_OP(channel_norm_gradient)
    .Inputs({"X", "Scale", "G"})
    .Outputs({"OfX", "OfScale", "OfShift"})
    .Attrs({"epsilon: float"})
    .SetKernelFn(PD_KERNEL(Gradient));

PD_BUILD_OP(channel_norm_second)
    .Inputs({"X", "Scale", "G", "V"})
    .Outputs({"OfX", "OfScale", "OfG"})
    .Attrs({"epsilon: float"})
    .SetKernelFn(PD_KERNEL(Second));
