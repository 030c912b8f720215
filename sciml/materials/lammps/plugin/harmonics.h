// SPDX-License-Identifier: GPL-2.0-or-later
// Real spherical harmonics of unit vectors: see `harmonics` in the header of a file.
//
// With x + iy to the power m = a + ib, those of degree l and order m are Q_lm(z) a and Q_lm(z) b,
// and the polynomials Q follow from one another. All loops are laid out when this is compiled.

#ifndef SCIML_HARMONICS_H
#define SCIML_HARMONICS_H

#include "degrees.h"
#include "simd.h"

#include <cmath>

namespace sciml {

// Q_mm by order, and u and d of Q_(l+1) = u_lm z Q_l - d_lm Q_(l-1).
template <typename Number> struct Steps {
  Number first[MOST_DEGREES] = {}, up[MOST_DEGREES][MOST_DEGREES] = {},
         down[MOST_DEGREES][MOST_DEGREES] = {};

  Steps()
  {
    for (int m = 0; m < MOST_DEGREES; m++) {
      double start = size(m, m);
      for (int odd = 1; odd < 2 * m; odd += 2) start *= odd;
      first[m] = Number(start);
      for (int l = m; l < MOST_DEGREES; l++) {
        const double share = size(l + 1, m) / (l + 1 - m);
        up[l][m] = Number((2 * l + 1) * share / size(l, m));
        if (l > m) down[l][m] = Number((l + m) * share / size(l - 1, m));
      }
    }
  }

 private:
  static double size(int degree, int order)
  {
    double square = order == 0 ? 1.0 : 2.0;
    for (int i = degree - order + 1; i <= degree + order; i++) square /= i;
    return std::sqrt(square);
  }
};

template <typename Number> const Steps<Number> &steps()
{
  static const Steps<Number> found;
  return found;
}

// Harmonics of some unit vectors, to rows that are `row` apart.
template <int DEGREES> inline void fill_harmonics(vec x, vec y, vec z, double *found, int row)
{
  const Steps<double> &by = steps<double>();
  vec a = vec{} + 1.0, b = {};
#pragma GCC unroll 7
  for (int m = 0; m < DEGREES; m++) {
    vec q = vec{} + by.first[m], before = {};
#pragma GCC unroll 7
    for (int l = m; l < DEGREES; l++) {
      if (m > 0) at(found + (l * l + l - m) * row) = q * b;
      at(found + (l * l + l + m) * row) = q * a;
      const vec next = by.up[l][m] * z * q - by.down[l][m] * before;
      before = q;
      q = next;
    }
    const vec turned = x * a - y * b;
    b = x * b + y * a;
    a = turned;
  }
}

// Slopes by the directions of vectors from those by their harmonics, `slopes`; coordinates are of
// type Number, a vector or a number that vectors are multiplied with.
template <int DEGREES, typename Scalar, typename Number, typename Slope>
inline void turn_harmonics(Number x, Number y, Number z, const Slope *slopes, Slope *found)
{
  const Steps<Scalar> &by = steps<Scalar>();
  Slope gx = {}, gy = {}, gz = {};
  Number a = Number{} + Scalar(1), b = {}, a_before = {}, b_before = {};
#pragma GCC unroll 7
  for (int m = 0; m < DEGREES; m++) {
    Number q = Number{} + by.first[m], before = {}, steep = {}, steep_before = {};
    Slope by_a = {}, by_b = {}, along_a = {}, along_b = {};
#pragma GCC unroll 7
    for (int l = m; l < DEGREES; l++) {
      const Slope &to_a = slopes[l * l + l + m], &to_b = slopes[l * l + l - m];
      if (m > 0) {
        by_a += q * to_a;
        by_b += q * to_b;
      }
      if (l > m) along_a += steep * to_a;
      if (l > m && m > 0) along_b += steep * to_b;
      const Number flat_next = by.up[l][m] * z * q - by.down[l][m] * before;
      const Number steep_next = by.up[l][m] * (q + z * steep) - by.down[l][m] * steep_before;
      before = q;
      q = flat_next;
      steep_before = steep;
      steep = steep_next;
    }
    gz += a * along_a;
    if (m > 0) {
      gz += b * along_b;
      gx += Scalar(m) * (a_before * by_a + b_before * by_b);
      gy += Scalar(m) * (a_before * by_b - b_before * by_a);
    }
    a_before = a;
    b_before = b;
    a = x * a_before - y * b_before;
    b = x * b_before + y * a_before;
  }
  found[0] = gx;
  found[1] = gy;
  found[2] = gz;
}

}    // namespace sciml

#endif
