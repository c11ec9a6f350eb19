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

// Convolutions of few channels with circular margins, of which vectors are made of neighbouring places of a row; oneDNN
// makes them of channels, and fills up with zeros where there aren't enough.
//
// Everything is a sum over taps: at each of them a row of the source, shifted, is multiplied by a
// number for every channel of the result. Sources are copied with their margins first, and rows
// that a stride leaps over are taken apart, so that the places it meets lie side by side.

#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>
#include <vector>

namespace rows {

constexpr int64_t kLanes = 16;
using Vector = float __attribute__((vector_size(4 * kLanes), aligned(4), may_alias));
using Axes = std::array<int64_t, 3>;  // depth, height, width; those that are lacking have one place

// A convolution's geometry; `size` is the result's, and the source has size * stride places.
struct Geometry {
  int64_t batch, in, out;
  Axes kernel, stride, before, size;
};

// A tensor [B, C, D, H, W] with circular margins, and its rows taken apart.
struct Source {
  int64_t channels;
  Axes whole, step;  // places with margins (of width: of one part); distance between neighbours
  int64_t part;      // distance between the parts of a row
  std::vector<float> values;

  Source(const float* x, int64_t batch, int64_t channels, const Axes& size, const Axes& before,
         const Axes& after, int64_t parts)
      : channels(channels) {
    for (int i = 0; i < 3; ++i) {
      whole[i] = size[i] + before[i] + after[i];
    }
    const int64_t width = whole[2];
    whole[2] = (width + parts - 1) / parts;
    part = whole[2];
    step = {whole[1] * parts * part, parts * part, 1};
    values.assign(batch * channels * whole[0] * step[0], 0.0f);
    const int64_t planes = batch * channels;
#pragma omp parallel for
    for (int64_t plane = 0; plane < planes; ++plane) {
      const float* from = x + plane * size[0] * size[1] * size[2];
      float* to = values.data() + plane * whole[0] * step[0];
      for (int64_t i = 0; i < whole[0]; ++i) {
        for (int64_t j = 0; j < whole[1]; ++j, to += step[1]) {
          const int64_t z = Around(i - before[0], size[0]), y = Around(j - before[1], size[1]);
          const float* row = from + (z * size[1] + y) * size[2];
          for (int64_t k = 0; k < before[2]; ++k) {
            to[k % parts * part + k / parts] = row[Around(k - before[2], size[2])];
          }
          if (parts == 1) {
            std::copy(row, row + size[2], to + before[2]);
          } else {
            for (int64_t k = 0; k < size[2]; ++k) {
              const int64_t at = k + before[2];
              to[at % parts * part + at / parts] = row[k];
            }
          }
          for (int64_t k = before[2] + size[2]; k < width; ++k) {
            to[k % parts * part + k / parts] = row[Around(k - before[2], size[2])];
          }
        }
      }
    }
  }

  int64_t Channel() const { return whole[0] * step[0]; }
  int64_t Sample() const { return channels * Channel(); }

 private:
  static int64_t Around(int64_t i, int64_t size) { return (i % size + size) % size; }
};

// Where the source is read, and what it is multiplied by, [taps, channels of the result].
struct Taps {
  std::vector<int64_t> offsets;
  std::vector<float> weights;
};

template <int Channels, int Vectors>
inline void SumOfTaps(const float* source, const Taps& taps, int64_t first, int64_t channels,
                      const float* bias, float* result, int64_t width) {
  const float* weights = taps.weights.data() + first;
  Vector sum[Channels][Vectors];
#pragma GCC unroll 16
  for (int c = 0; c < Channels; ++c) {
#pragma GCC unroll 16
    for (int v = 0; v < Vectors; ++v) {
      sum[c][v] = Vector{} + (bias ? bias[first + c] : 0.0f);
    }
  }
  for (const int64_t offset : taps.offsets) {
    const Vector* at = reinterpret_cast<const Vector*>(source + offset);
    Vector x[Vectors];
#pragma GCC unroll 16
    for (int v = 0; v < Vectors; ++v) {
      x[v] = at[v];
    }
#pragma GCC unroll 16
    for (int c = 0; c < Channels; ++c) {
#pragma GCC unroll 16
      for (int v = 0; v < Vectors; ++v) {
        sum[c][v] += weights[c] * x[v];
      }
    }
    weights += channels;
  }
#pragma GCC unroll 16
  for (int c = 0; c < Channels; ++c) {
    Vector* to = reinterpret_cast<Vector*>(result + (first + c) * width);
#pragma GCC unroll 16
    for (int v = 0; v < Vectors; ++v) {
      to[v] = sum[c][v];
    }
  }
}

template <int Channels>
inline void RowOfSums(const float* source, const Taps& taps, int64_t first, int64_t channels,
                      const float* bias, float* result, int64_t width) {
  int64_t x = 0;
  for (; x + 2 * kLanes <= width; x += 2 * kLanes) {
    SumOfTaps<Channels, 2>(source + x, taps, first, channels, bias, result + x, width);
  }
  if (x < width) {
    SumOfTaps<Channels, 1>(source + x, taps, first, channels, bias, result + x, width);
  }
}

// One row of all channels of the result, [channels, width].
inline void Row(const float* source, const Taps& taps, int64_t channels,
                             const float* bias, float* result, int64_t width) {
  int64_t first = 0;
  for (; first + 8 <= channels; first += 8) {
    RowOfSums<8>(source, taps, first, channels, bias, result, width);
  }
  for (; first + 4 <= channels; first += 4) {
    RowOfSums<4>(source, taps, first, channels, bias, result, width);
  }
  for (; first < channels; ++first) {
    RowOfSums<1>(source, taps, first, channels, bias, result, width);
  }
}

inline Source SourceOf(const float* x, const Geometry& g) {
  Axes size, after;
  for (int i = 0; i < 3; ++i) {
    size[i] = g.size[i] * g.stride[i];
    after[i] = g.kernel[i] - g.stride[i] - g.before[i];
  }
  return Source(x, g.batch, g.in, size, g.before, after, g.stride[2]);
}

inline std::vector<int64_t> Offsets(const Source& source, const Geometry& g) {
  std::vector<int64_t> offsets;
  for (int64_t c = 0; c < g.in; ++c) {
    for (int64_t z = 0; z < g.kernel[0]; ++z) {
      for (int64_t y = 0; y < g.kernel[1]; ++y) {
        for (int64_t x = 0; x < g.kernel[2]; ++x) {
          offsets.push_back(c * source.Channel() + z * source.step[0] + y * source.step[1] +
                            x % g.stride[2] * source.part + x / g.stride[2]);
        }
      }
    }
  }
  return offsets;
}

// x [B, in, ...], w [out, in, ...], b [out] or null, to y [B, out, ...].
inline void Forward(const float* x, const float* w, const float* b, float* y, const Geometry& g) {
  const Source source = SourceOf(x, g);
  Taps taps{Offsets(source, g), {}};
  const int64_t count = taps.offsets.size();
  for (int64_t tap = 0; tap < count; ++tap) {
    for (int64_t k = 0; k < g.out; ++k) {
      taps.weights.push_back(w[k * count + tap]);
    }
  }
  const auto [depth, height, width] = g.size;
#pragma omp parallel for collapse(2)
  for (int64_t sample = 0; sample < g.batch; ++sample) {
    for (int64_t i = 0; i < depth; ++i) {
      std::vector<float> rows(g.out * width);
      for (int64_t j = 0; j < height; ++j) {
        const float* from = source.values.data() + sample * source.Sample() +
                            i * g.stride[0] * source.step[0] + j * g.stride[1] * source.step[1];
        Row(from, taps, g.out, b, rows.data(), width);
        for (int64_t k = 0; k < g.out; ++k) {
          float* to = y + (((sample * g.out + k) * depth + i) * height + j) * width;
          std::copy_n(rows.data() + k * width, width, to);
        }
      }
    }
  }
}

// y [B, out, ...], w [out, in, ...], b [in] or null, to x [B, in, ...].
//
// A place of x gets what its remainder by the stride lets it get of the kernel: each remainder is
// a convolution of y by a part of the kernel.
inline void Transpose(const float* y, const float* w, const float* b, float* x,
                      const Geometry& g) {
  Axes before, after, size;
  for (int i = 0; i < 3; ++i) {
    before[i] = (g.kernel[i] - 1) / g.stride[i];
    after[i] = (g.stride[i] - 1 + g.before[i]) / g.stride[i];
    size[i] = g.size[i] * g.stride[i];
  }
  const Source source(y, g.batch, g.out, g.size, before, after, 1);
  const int64_t kernel = g.kernel[0] * g.kernel[1] * g.kernel[2];
  const auto taps_of = [&](const Axes& remainder) {
    Taps taps;
    Axes first, shift;
    for (int i = 0; i < 3; ++i) {
      first[i] = (remainder[i] + g.before[i]) % g.stride[i];
      shift[i] = (remainder[i] + g.before[i]) / g.stride[i] + before[i];
    }
    for (int64_t k = 0; k < g.out; ++k) {
      for (int64_t dz = first[0]; dz < g.kernel[0]; dz += g.stride[0]) {
        for (int64_t dy = first[1]; dy < g.kernel[1]; dy += g.stride[1]) {
          for (int64_t dx = first[2]; dx < g.kernel[2]; dx += g.stride[2]) {
            taps.offsets.push_back(k * source.Channel() +
                                   (shift[0] - dz / g.stride[0]) * source.step[0] +
                                   (shift[1] - dy / g.stride[1]) * source.step[1] + shift[2] -
                                   dx / g.stride[2]);
            for (int64_t c = 0; c < g.in; ++c) {
              taps.weights.push_back(
                  w[(k * g.in + c) * kernel + (dz * g.kernel[1] + dy) * g.kernel[2] + dx]);
            }
          }
        }
      }
    }
    return taps;
  };
  std::vector<Taps> all;
  for (int64_t i = 0; i < g.stride[0]; ++i) {
    for (int64_t j = 0; j < g.stride[1]; ++j) {
      for (int64_t k = 0; k < g.stride[2]; ++k) {
        all.push_back(taps_of({i, j, k}));
      }
    }
  }
  const int64_t width = g.size[2], step = g.stride[2];
#pragma omp parallel for collapse(2)
  for (int64_t sample = 0; sample < g.batch; ++sample) {
    for (int64_t i = 0; i < size[0]; ++i) {
      std::vector<float> rows(g.in * width);
      for (int64_t j = 0; j < size[1]; ++j) {
        const float* from = source.values.data() + sample * source.Sample() +
                            i / g.stride[0] * source.step[0] + j / g.stride[1] * source.step[1];
        for (int64_t part = 0; part < step; ++part) {
          const int64_t remainders = i % g.stride[0] * g.stride[1] + j % g.stride[1];
          Row(from, all[remainders * step + part], g.in, b, rows.data(), width);
          for (int64_t c = 0; c < g.in; ++c) {
            float* to = x + (((sample * g.in + c) * size[0] + i) * size[1] + j) * size[2] + part;
            for (int64_t k = 0; k < width; ++k) {
              to[k * step] = rows[c * width + k];
            }
          }
        }
      }
    }
  }
}

template <int Channels, int Count>
inline void SumOfProducts(const Source& source, const int64_t* offsets, const float* y, float* w,
                          int64_t taps, const Geometry& g) {
  const auto [depth, height, width] = g.size;
  const int64_t channel = depth * height * width;
  double total[Channels][Count] = {};
  for (int64_t sample = 0; sample < g.batch; ++sample) {
    Vector sum[Channels][Count] = {};
    for (int64_t i = 0; i < depth; ++i) {
      for (int64_t j = 0; j < height; ++j) {
        const float* from = source.values.data() + sample * source.Sample() +
                            i * g.stride[0] * source.step[0] + j * g.stride[1] * source.step[1];
        const float* row = y + sample * g.out * channel + (i * height + j) * width;
        for (int64_t x = 0; x < width; x += kLanes) {
          Vector of_y[Channels];
#pragma GCC unroll 16
          for (int k = 0; k < Channels; ++k) {
            of_y[k] = *reinterpret_cast<const Vector*>(row + k * channel + x);
          }
#pragma GCC unroll 16
          for (int t = 0; t < Count; ++t) {
            const Vector of_x = *reinterpret_cast<const Vector*>(from + offsets[t] + x);
#pragma GCC unroll 16
            for (int k = 0; k < Channels; ++k) {
              sum[k][t] += of_y[k] * of_x;
            }
          }
        }
      }
    }
#pragma GCC unroll 16
    for (int k = 0; k < Channels; ++k) {
#pragma GCC unroll 16
      for (int t = 0; t < Count; ++t) {
        for (int lane = 0; lane < kLanes; ++lane) {
          total[k][t] += sum[k][t][lane];
        }
      }
    }
  }
#pragma GCC unroll 16
  for (int k = 0; k < Channels; ++k) {
#pragma GCC unroll 16
    for (int t = 0; t < Count; ++t) {
      w[k * taps + t] = total[k][t];
    }
  }
}

template <int Channels, int Together>
inline void ProductsOf(const Source& source, const int64_t* offsets, int64_t count, const float* y,
                       float* w, int64_t taps, const Geometry& g) {
  int64_t t = 0;
  for (; t + Together <= count; t += Together) {
    SumOfProducts<Channels, Together>(source, offsets + t, y, w + t, taps, g);
  }
  for (; t < count; ++t) {
    SumOfProducts<Channels, 1>(source, offsets + t, y, w + t, taps, g);
  }
}

// Derivatives with respect to the weights of 8 channels of y, or one, at all taps of one of x's.
inline void Products(const Source& source, const int64_t* offsets, int64_t count,
                                  const float* y, int64_t channels, float* w, int64_t taps,
                                  const Geometry& g) {
  if (channels == 8) {
    ProductsOf<8, 3>(source, offsets, count, y, w, taps, g);
  } else {
    ProductsOf<1, 8>(source, offsets, count, y, w, taps, g);
  }
}

// x [B, in, ...] and y [B, out, ...] to w [out, in, ...] and b [out].
inline void Weight(const float* x, const float* y, float* w, float* b, const Geometry& g) {
  const Source source = SourceOf(x, g);
  const std::vector<int64_t> offsets = Offsets(source, g);
  const int64_t taps = offsets.size(), kernel = taps / g.in;
  const int64_t places = g.size[0] * g.size[1] * g.size[2];
  std::vector<std::pair<int64_t, int64_t>> blocks;  // first channel of y, and how many
  for (int64_t k = 0; k < g.out;) {
    blocks.push_back({k, g.out - k >= 8 ? 8 : 1});
    k += blocks.back().second;
  }
  const int64_t count = blocks.size();
#pragma omp parallel for collapse(2)
  for (int64_t block = 0; block < count; ++block) {
    for (int64_t c = 0; c < g.in; ++c) {
      const auto [first, channels] = blocks[block];
      Products(source, offsets.data() + c * kernel, kernel, y + first * places, channels,
               w + first * taps + c * kernel, taps, g);
    }
  }
#pragma omp parallel for
  for (int64_t k = 0; k < g.out; ++k) {
    double total = 0.0;
    for (int64_t sample = 0; sample < g.batch; ++sample) {
      const float* plane = y + (sample * g.out + k) * places;
      float lanes[kLanes] = {};
      for (int64_t i = 0; i < places; ++i) {
        lanes[i % kLanes] += plane[i];
      }
      for (const float lane : lanes) {
        total += lane;
      }
    }
    b[k] = total;
  }
}

}  // namespace rows
