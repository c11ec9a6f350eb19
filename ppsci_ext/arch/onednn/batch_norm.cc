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

// Batch norm of float32 tensors [B, C, ...] by the moments of the batch at hand, with scales and
// offsets [C] or, for each sample, [B, C]; and its derivative.
//
// With y = (x - mean) r for r = (variance + epsilon)^(-1/2) and h = scale g for the derivative g of
// the result scale y + offset, the derivative with respect to x is
//
//     r (h - mean(h) - mean(h y) y).
//
// A channel of all samples is worked at from its moments to its results, while it is in the cache.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "paddle/extension.h"

namespace {

using paddle::Tensor;

Tensor Empty(const std::vector<int64_t>& shape) {
  return paddle::empty(shape, paddle::DataType::FLOAT32, paddle::CPUPlace());
}

// A tensor [B, C, ...] as planes of places, one for each sample and channel.
struct Planes {
  int64_t samples, channels, places;

  explicit Planes(const Tensor& x)
      : samples(x.shape()[0]), channels(x.shape()[1]), places(x.numel() / (samples * channels)) {}

  int64_t Start(int64_t sample, int64_t channel) const {
    return (sample * channels + channel) * places;
  }

  double Count() const { return static_cast<double>(samples) * places; }  // numbers of a channel

  template <class Function>
  void ForEachChannel(const Function& function) const {
#pragma omp parallel for schedule(static)
    for (int64_t channel = 0; channel < channels; ++channel) {
      function(channel);
    }
  }

  // Sum over a channel's samples of what a function has for the start of a plane.
  template <class Function>
  double Sum(int64_t channel, const Function& function) const {
    double sum = 0.0;
    for (int64_t sample = 0; sample < samples; ++sample) {
      sum += function(Start(sample, channel));
    }
    return sum;
  }
};

// Where a sample's parameter of a channel stands: there is one for all samples, or one for each.
int64_t IndexOf(const Tensor& parameter, int64_t sample, int64_t channel) {
  return parameter.shape().size() == 1 ? channel : sample * parameter.shape()[1] + channel;
}

float SumOf(const float* x, int64_t n) {
  float sum = 0.0f;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < n; ++i) {
    sum += x[i];
  }
  return sum;
}

// Sum of (a - a0) (b - b0).
float SumOfProducts(const float* a, float a0, const float* b, float b0, int64_t n) {
  float sum = 0.0f;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < n; ++i) {
    sum += (a[i] - a0) * (b[i] - b0);
  }
  return sum;
}

std::vector<Tensor> BatchNorm(const Tensor& x, const Tensor& scale, const Tensor& offset,
                              float epsilon) {
  const Planes planes(x);
  const int64_t n = planes.places;
  Tensor result = Empty(x.shape()), means = Empty({planes.channels}),
         rates = Empty({planes.channels});
  const float *from = x.data<float>(), *scales = scale.data<float>(),
              *offsets = offset.data<float>();
  float* to = result.data<float>();
  planes.ForEachChannel([&](int64_t channel) {
    const float mean = planes.Sum(channel, [&](int64_t start) { return SumOf(from + start, n); }) /
                       planes.Count();
    const double squares = planes.Sum(channel, [&](int64_t start) {
      return SumOfProducts(from + start, mean, from + start, mean, n);
    });
    const float rate = 1.0 / std::sqrt(squares / planes.Count() + epsilon);
    for (int64_t sample = 0; sample < planes.samples; ++sample) {
      const int64_t start = planes.Start(sample, channel);
      const float factor = rate * scales[IndexOf(scale, sample, channel)];
      const float term = offsets[IndexOf(offset, sample, channel)];
      for (int64_t i = start; i < start + n; ++i) {
        to[i] = (from[i] - mean) * factor + term;
      }
    }
    means.data<float>()[channel] = mean;
    rates.data<float>()[channel] = rate;
  });
  return {result, means, rates};
}

// Gradients of x, scale and offset for the gradient g of the result.
std::vector<Tensor> Gradient(const Tensor& x, const Tensor& scale, const Tensor& means,
                             const Tensor& rates, const Tensor& g) {
  const Planes planes(x);
  const int64_t n = planes.places;
  Tensor of_x = Empty(x.shape()), of_scale = Empty(scale.shape()), of_offset = Empty(scale.shape());
  std::fill_n(of_scale.data<float>(), scale.numel(), 0.0f);
  std::fill_n(of_offset.data<float>(), scale.numel(), 0.0f);
  const float *from = x.data<float>(), *slopes = g.data<float>(), *scales = scale.data<float>();
  float* to = of_x.data<float>();
  planes.ForEachChannel([&](int64_t channel) {
    const float mean = means.data<float>()[channel], rate = rates.data<float>()[channel];
    double sum = 0.0, sum_of_products = 0.0;  // of h, and of h y
    for (int64_t sample = 0; sample < planes.samples; ++sample) {
      const int64_t start = planes.Start(sample, channel), at = IndexOf(scale, sample, channel);
      const float offset = SumOf(slopes + start, n);
      const float product = rate * SumOfProducts(from + start, mean, slopes + start, 0.0f, n);
      of_offset.data<float>()[at] += offset;
      of_scale.data<float>()[at] += product;
      sum += static_cast<double>(scales[at]) * offset;
      sum_of_products += static_cast<double>(scales[at]) * product;
    }
    const float level = rate * sum / planes.Count();
    const float slope = rate * rate * sum_of_products / planes.Count();
    for (int64_t sample = 0; sample < planes.samples; ++sample) {
      const int64_t start = planes.Start(sample, channel);
      const float factor = rate * scales[IndexOf(scale, sample, channel)];
      for (int64_t i = start; i < start + n; ++i) {
        to[i] = factor * slopes[i] - level - slope * (from[i] - mean);
      }
    }
  });
  return {of_x, of_scale, of_offset};
}

}  // namespace

PD_BUILD_OP(batch_moments_norm)
    .Inputs({"X", "Scale", "Offset"})
    .Outputs({"Y", "Mean", "Rate"})
    .Attrs({"epsilon: float"})
    .SetKernelFn(PD_KERNEL(BatchNorm));

PD_BUILD_OP(batch_moments_norm_gradient)
    .Inputs({"X", "Scale", "Mean", "Rate", "G"})
    .Outputs({"DX", "DScale", "DOffset"})
    .SetKernelFn(PD_KERNEL(Gradient));
