// SPDX-License-Identifier: GPL-2.0-or-later
// Degrees of harmonics: how many a file may have, and loops over them.

#ifndef SCIML_DEGREES_H
#define SCIML_DEGREES_H

#include <type_traits>
#include <utility>

namespace sciml {

constexpr int MOST_DEGREES = 7;    // l = 0 .. 6

// Harmonics of so many degrees.
constexpr int components_of(int degrees) { return degrees * degrees; }

// Calls something with the number of degrees as a constant, so that loops over them are laid out
// when it is compiled.
template <typename Call> inline void with_degrees(int degrees, Call call)
{
  switch (degrees) {
    case 1: return call(std::integral_constant<int, 1>{});
    case 2: return call(std::integral_constant<int, 2>{});
    case 3: return call(std::integral_constant<int, 3>{});
    case 4: return call(std::integral_constant<int, 4>{});
    case 5: return call(std::integral_constant<int, 5>{});
    case 6: return call(std::integral_constant<int, 6>{});
    default: return call(std::integral_constant<int, MOST_DEGREES>{});
  }
}

// Calls something with each of the first degrees as a constant.
template <typename Call, int... DEGREE>
inline void each_of(Call call, std::integer_sequence<int, DEGREE...>)
{
  (call(std::integral_constant<int, DEGREE>{}), ...);
}
template <int DEGREES, typename Call> inline void each_degree(Call call)
{
  each_of(call, std::make_integer_sequence<int, DEGREES>{});
}

}    // namespace sciml

#endif
