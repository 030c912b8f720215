// SPDX-License-Identifier: GPL-2.0-or-later

#include "kernel.h"

#include "harmonics.h"

#include <algorithm>
#include <cmath>

namespace sciml {

namespace {

double silu(double h, double &bend)
{
  const double gate = 1.0 / (1.0 + std::exp(-h));
  bend = gate * (1.0 + h * (1.0 - gate));
  return h * gate;
}

// The switch of a repulsion and its slope by the distance.
double switched(double r, double inner, double outer, double &slope)
{
  const double t = (r - inner) / (outer - inner);
  slope = 0.0;
  if (t <= 0) return 1.0;
  if (t >= 1) return 0.0;
  slope = -30.0 * t * t * (1 - t) * (1 - t) / (outer - inner);
  return 1 - t * t * t * (10 - 15 * t + 6 * t * t);
}

// All degrees: found[c][p] (+)= sum over s of left[c][s] tables[l of c][s][p].
template <int DEGREES>
inline void mix(const double *left, int left_row, const double *tables, size_t table, int steps,
                int columns, double *found, int found_row, bool add)
{
  each_degree<DEGREES>([&](auto degree) {
    constexpr int FROM = degree * degree, ROWS = 2 * degree + 1;
    tall_product<ROWS>(left + FROM * left_row, left_row, 1, tables + degree * table, columns, steps,
                       columns, found + FROM * found_row, found_row, add);
  });
}

// Adds what a neighbour's strength means for the components of one degree.
template <int DEGREE>
inline void add_degree(vec *found, vec strength, const double *harmonic, int row)
{
#pragma GCC unroll 13
  for (int c = DEGREE * DEGREE; c < (DEGREE + 1) * (DEGREE + 1); c++)
    found[c] += harmonic[c * row] * strength;
}

// The transpose: slopes by harmonics, by the charge, and by how steep the radial part is.
template <int DEGREE>
inline void turn_degree(vec *turned, vec charge, const double *radial, const double *steepness,
                        const double *by_channel, int wide, const double *harmonic, int row,
                        vec &by_charge, vec &change)
{
  const vec here = at(radial + DEGREE * wide), strength = charge * here;
  vec whole = {};
#pragma GCC unroll 13
  for (int c = DEGREE * DEGREE; c < (DEGREE + 1) * (DEGREE + 1); c++) {
    const vec by = at(by_channel + c * wide);
    whole += harmonic[c * row] * by;
    turned[c] += strength * by;
  }
  by_charge += here * whole;
  change += at(steepness + DEGREE * wide) * whole;
}

}    // namespace

Kernel::Kernel(const Model &model) : model(model)
{
  const auto &member = model.members[0];
  const int widest = std::max(member.near.padding, member.far.padding);
  const size_t components = model.components();
  moments.fit(components * model.moments);
  by_moment.fit(components * model.moments);
  channels.fit(components * member.near.padding);
  far_channels.fit(components * member.far.padding);
  by_channel.fit(components * widest);
  nodes.fit(size_t(model.couplings.nodes()) * 2 * LANES);
  by_node.fit(size_t(model.couplings.nodes()) * 2 * LANES);
  charge_sums.fit(member.near.padding);
  charge_slopes.fit(member.near.padding);
  scratch.fit(4 * size_t(model.hidden_padding) + sum_size());
}

int Kernel::sum_size() const
{
  return model.members[0].near.padding + model.members[0].far.padding;
}

double Kernel::bytes() const
{
  double total = 0;
  for (const Buffer *one : {&x, &y, &z, &distance, &harmonics, &values, &steepness, &by_place,
                            &moments, &channels, &far_channels, &slopes_x, &slopes_y, &slopes_z,
                            &nodes, &by_node, &by_moment, &by_channel, &level, &steep, &radial,
                            &radial_slopes})
    total += double(one->bytes());
  return total;
}

Neighbourhood Kernel::neighbourhood() const
{
  return {starts.data(), capacity,  x,        y,            z,      distance,     harmonics,
          values,        steepness, channels, far_channels, radial, radial_slopes};
}

void Kernel::begin()
{
  pairs.clear();
}

void Kernel::add(int kind, int number, double dx, double dy, double dz, double r)
{
  pairs.push_back({kind, number, dx, dy, dz, r});
}

void Kernel::reserve(int places)
{
  if (places <= capacity) return;
  capacity = padded(places + places / 4);
  for (Buffer *one : {&x, &y, &z, &distance, &slopes_x, &slopes_y, &slopes_z}) one->fit(capacity);
  for (Buffer *one : {&harmonics, &level, &steep}) one->fit(size_t(model.components()) * capacity);
  for (Buffer *one : {&values, &steepness}) one->fit(size_t(model.functions) * capacity);
  by_place.fit(size_t(model.function_padding) * capacity);
  const size_t wide = size_t(model.degrees) * model.members[0].far.padding;
  radial.fit(wide * capacity);
  radial_slopes.fit(wide * capacity);
}

double Kernel::arrange(int element)
{
  const int kinds = model.elements();
  std::vector<int> counts(kinds, 0);
  for (const Pair &pair : pairs) counts[pair.kind]++;
  starts.assign(1, 0);
  for (const int count : counts) starts.push_back(starts.back() + padded(count));
  const int total = starts.back();
  reserve(total);
  numbers.assign(total, -1);
  std::vector<int> next(starts.begin(), starts.end() - 1);
  // What fills up a vector is at the cutoff, where all radial functions and their slopes are zero.
  for (int p = 0; p < total; p++) {
    x[p] = y[p] = 0.0;
    z[p] = 1.0;
    distance[p] = model.cutoff;
  }
  for (const Pair &pair : pairs) {
    const int p = next[pair.kind]++;
    numbers[p] = pair.number;
    x[p] = pair.x / pair.distance;
    y[p] = pair.y / pair.distance;
    z[p] = pair.z / pair.distance;
    distance[p] = pair.distance;
  }
  with_degrees(model.degrees, [&](auto degrees) {
    for (int p = 0; p < total; p += LANES)
      fill_harmonics<degrees>(at(x + p), at(y + p), at(z + p), harmonics + p, capacity);
  });
  fill_radial(total);
  double repulsion = 0.0;
  if (model.core.present)
    for (int kind = 0; kind < kinds; kind++)
      for (int p = starts[kind]; p < starts[kind + 1]; p++) {
        if (numbers[p] < 0 || distance[p] >= model.core.reach) continue;
        const double inner = model.core.inner[element * kinds + kind];
        const double outer = model.core.outer[element * kinds + kind];
        double fall;
        const double share = switched(distance[p], inner, outer, fall);
        if (share == 0.0) continue;
        for (int f = 0; f < model.functions; f++) {
          double &value = values[f * capacity + p], &steepest = steepness[f * capacity + p];
          steepest = steepest * (1 - share) - value * fall;
          value *= 1 - share;
        }
        double slope;
        repulsion += 0.5 * nuclear_repulsion(element, kind, distance[p], slope);
      }
  for (int p = 0; p < total; p++)
    for (int f = 0; f < model.functions; f++)
      by_place[p * model.function_padding + f] = values[f * capacity + p];
  add_moments();
  return repulsion;
}

// Radial functions and their slopes; benchmarks/materials_lammps.py repeats the call to time it.
void Kernel::fill_radial(int total)
{
  const double c = model.crowding, span = c > 0 ? 1 - std::exp(-c) : 1.0;
  for (int p = 0; p < total; p += LANES) {
    const vec u = at(distance + p) / model.cutoff, rest = 1.0 - u;
    const vec envelope = rest * rest * rest * (1.0 + 3.0 * u + 6.0 * u * u);
    const vec envelope_slope = -30.0 / model.cutoff * u * u * rest * rest;
    vec s = 1.0 - 2.0 * u, slope = vec{} - 2.0 / model.cutoff;
    if (c > 0) {
      const vec decay = exponential(-c * u);
      s = 1.0 - 2.0 / span * (1.0 - decay);
      slope = -2.0 * c / (span * model.cutoff) * decay;
    }
    const vec steep_envelope = slope * envelope;
    vec value = vec{} + 1.0, value_next = s, rise = vec{}, rise_next = vec{} + 1.0;
    for (int f = 0; f < model.functions; f++) {
      at(values + f * capacity + p) = value * envelope;
      at(steepness + f * capacity + p) = rise * steep_envelope + value * envelope_slope;
      const vec value_after = 2.0 * s * value_next - value;
      const vec rise_after = 2.0 * value_next + 2.0 * s * rise_next - rise;
      value = value_next;
      value_next = value_after;
      rise = rise_next;
      rise_next = rise_after;
    }
  }
}

// Z_a Z_b e² / r screened and switched off, eV, and its slope, eV/Å.
double Kernel::nuclear_repulsion(int element, int kind, double r, double &slope) const
{
  const Core &core = model.core;
  const double a = model.numbers[element], b = model.numbers[kind];
  const double d = core.length / (std::pow(a, core.power) + std::pow(b, core.power));
  double screening = 0.0, bend = 0.0;
  for (size_t i = 0; i < core.shares.size(); i++) {
    const double term = core.shares[i] * std::exp(-core.rates[i] * r / d);
    screening += term;
    bend -= core.rates[i] / d * term;
  }
  const int place = element * model.elements() + kind;
  double fall;
  const double share = switched(r, core.inner[place], core.outer[place], fall);
  const double bare = core.coulomb * a * b / r;
  const double energy = bare * screening, steepest = bare * bend - energy / r;
  slope = steepest * share + energy * fall;
  return energy * share;
}

void Kernel::add_moments()
{
  const int wide = model.function_padding;
  for (int kind = 0; kind < model.elements(); kind++) {
    const int start = starts[kind], count = starts[kind + 1] - start;
    with_degrees(model.degrees, [&](auto degrees) {
      tall_product<components_of(degrees)>(harmonics + start, capacity, 1, by_place + start * wide,
                                           wide, count, wide, moments + kind * wide, model.moments,
                                           false);
    });
  }
}

void Kernel::vector(int place, double *found) const
{
  found[0] = x[place] * distance[place];
  found[1] = y[place] * distance[place];
  found[2] = z[place] * distance[place];
}

void Kernel::slope(int place, double *found) const
{
  found[0] = slopes_x[place];
  found[1] = slopes_y[place];
  found[2] = slopes_z[place];
}

void Kernel::clear_slopes()
{
  for (int p = 0; p < places(); p += LANES)
    at(slopes_x + p) = at(slopes_y + p) = at(slopes_z + p) = vec{};
}

void Kernel::add_repulsion(int element)
{
  if (!model.core.present) return;
  for (int kind = 0; kind < model.elements(); kind++)
    for (int p = starts[kind]; p < starts[kind + 1]; p++) {
      if (numbers[p] < 0 || distance[p] >= model.core.outer[element * model.elements() + kind])
        continue;
      double slope;
      nuclear_repulsion(element, kind, distance[p], slope);
      slopes_x[p] += 0.5 * slope * x[p];
      slopes_y[p] += 0.5 * slope * y[p];
      slopes_z[p] += 0.5 * slope * z[p];
    }
}

// The components of some channels, and the products that others need.
template <int WIDTH> void Kernel::lay_nodes(const double *given, int row)
{
  vec(*node)[WIDTH] = reinterpret_cast<vec(*)[WIDTH]>(static_cast<double *>(nodes));
  const int components = model.couplings.components;
  for (int c = 0; c < components; c++)
    for (int w = 0; w < WIDTH; w++) node[c][w] = at(given + c * row + w * LANES);
  vec(*next)[WIDTH] = node + components;
  for (const auto &[left, right] : model.couplings.products) {
    for (int w = 0; w < WIDTH; w++) (*next)[w] = node[left][w] * node[right][w];
    next++;
  }
}

// Invariants of some channels: what is linear in them, sums of channels, and sums for charges.
template <int WIDTH>
void Kernel::forward_block(const LayerWeights &weights, const Buffer &linear, const double *given,
                           const Buffer *charge, double *sums, int k, vec &energy)
{
  const int wide = weights.padding;
  const Couplings &lists = model.couplings;
  vec(*node)[WIDTH] = reinterpret_cast<vec(*)[WIDTH]>(static_cast<double *>(nodes));
  lay_nodes<WIDTH>(given + k, wide);
  vec whole[WIDTH], charged[WIDTH] = {};
  for (int w = 0; w < WIDTH; w++) whole[w] = at(weights.share_offset + k + w * LANES);
  for (int v = 0; v < lists.invariants(); v++) {
    vec found[WIDTH] = {};
    for (int t = lists.first[v]; t < lists.first[v + 1]; t++) {
      const auto &[left, right, coefficient] = lists.terms[t];
      if (right < 0)
        for (int w = 0; w < WIDTH; w++) found[w] += coefficient * node[left][w];
      else
        for (int w = 0; w < WIDTH; w++) found[w] += coefficient * node[left][w] * node[right][w];
    }
    const int place = v * wide + k;
    for (int w = 0; w < WIDTH; w++) {
      energy += at(linear + place + w * LANES) * found[w];
      whole[w] += at(weights.share + place + w * LANES) * found[w];
      if (charge) charged[w] += at(*charge + place + w * LANES) * found[w];
    }
  }
  for (int w = 0; w < WIDTH; w++) at(sums + k + w * LANES) = whole[w];
  if (charge)
    for (int w = 0; w < WIDTH; w++) at(charge_sums + k + w * LANES) = charged[w];
}

double Kernel::forward(const LayerWeights &weights, int element, const double *given,
                       const Buffer *charge, double *sums)
{
  vec energy = {};
  int k = 0;
  for (; k + 2 * LANES <= weights.padding; k += 2 * LANES)
    forward_block<2>(weights, weights.linear[element], given, charge, sums, k, energy);
  for (; k < weights.padding; k += LANES)
    forward_block<1>(weights, weights.linear[element], given, charge, sums, k, energy);
  return sum(energy);
}

template <int WIDTH>
void Kernel::backward_block(const LayerWeights &weights, const Buffer &linear, const double *given,
                            const double *by_sum, const Buffer *charge, const double *by_charge_sum,
                            int k)
{
  const int wide = weights.padding;
  const Couplings &lists = model.couplings;
  vec(*node)[WIDTH] = reinterpret_cast<vec(*)[WIDTH]>(static_cast<double *>(nodes));
  vec(*by)[WIDTH] = reinterpret_cast<vec(*)[WIDTH]>(static_cast<double *>(by_node));
  lay_nodes<WIDTH>(given + k, wide);
  for (int n = 0; n < lists.nodes(); n++)
    for (int w = 0; w < WIDTH; w++) by[n][w] = vec{};
  for (int v = 0; v < lists.invariants(); v++) {
    vec slope[WIDTH];
    const int place = v * wide + k;
    for (int w = 0; w < WIDTH; w++) {
      slope[w] = at(linear + place + w * LANES);
      slope[w] += at(weights.share + place + w * LANES) * at(by_sum + k + w * LANES);
      if (charge) slope[w] += at(*charge + place + w * LANES) * at(by_charge_sum + k + w * LANES);
    }
    for (int t = lists.first[v]; t < lists.first[v + 1]; t++) {
      const auto &[left, right, coefficient] = lists.terms[t];
      if (right < 0) {
        for (int w = 0; w < WIDTH; w++) by[left][w] += coefficient * slope[w];
        continue;
      }
      for (int w = 0; w < WIDTH; w++) {
        const vec part = coefficient * slope[w];
        by[left][w] += part * node[right][w];
        by[right][w] += part * node[left][w];
      }
    }
  }
  for (int n = lists.nodes() - 1; n >= lists.components; n--) {
    const auto &[left, right] = lists.products[n - lists.components];
    for (int w = 0; w < WIDTH; w++) {
      const vec part = by[n][w];
      by[left][w] += part * node[right][w];
      by[right][w] += part * node[left][w];
    }
  }
  for (int c = 0; c < lists.components; c++)
    for (int w = 0; w < WIDTH; w++) at(by_channel + c * wide + k + w * LANES) = by[c][w];
}

void Kernel::backward(const LayerWeights &weights, const Buffer &linear, const double *given,
                      const double *by_sum, const Buffer *charge, const double *by_charge_sum)
{
  int k = 0;
  for (; k + 2 * LANES <= weights.padding; k += 2 * LANES)
    backward_block<2>(weights, linear, given, by_sum, charge, by_charge_sum, k);
  for (; k < weights.padding; k += LANES)
    backward_block<1>(weights, linear, given, by_sum, charge, by_charge_sum, k);
}

double Kernel::near(const Member &member, int element, double *sums)
{
  const LayerWeights &weights = member.near;
  const int wide = weights.padding;
  const size_t table = size_t(model.moments) * wide;
  for (int kind = 0; kind < model.elements(); kind++) {
    const int start = kind * model.function_padding;
    with_degrees(model.degrees, [&](auto degrees) {
      mix<degrees>(moments + start, model.moments, weights.mixing[element] + size_t(start) * wide,
                   table, model.functions, wide, channels, wide, kind > 0);
    });
  }
  const Buffer *charge = member.far.channels ? &member.charge_share : nullptr;
  return forward(weights, element, channels, charge, sums);
}

void Kernel::charges(const Member &member, int element, double *found)
{
  const int wide = member.far.padding, channels_here = member.near.channels;
  for (int k = 0; k < channels_here; k++) charge_sums[k] += member.charge_offset[k];
  for (int m = 0; m < wide; m += LANES) at(scratch + m) = at(member.charge_bias[element] + m);
  product<1>(charge_sums, 0, 1, member.charge, wide, channels_here, wide, scratch, 0, true);
  for (int m = 0; m < member.far.channels; m++) found[m] = scratch[m];
}

void Kernel::near_slopes(const Member &member, int element, const double *by_sum,
                         const double *by_charge)
{
  const LayerWeights &weights = member.near;
  const int wide = weights.padding;
  const Buffer *charge = nullptr;
  if (by_charge) {
    charge = &member.charge_share;
    product<1>(by_charge, 0, 1, member.charge_back, wide, member.far.channels, wide, charge_slopes,
               0, false);
  }
  backward(weights, weights.linear[element], channels, by_sum, charge, charge_slopes);
  with_degrees(model.degrees, [&](auto degrees) {
    mix<degrees>(by_channel, wide, weights.mixing_back[element],
                 size_t(weights.channels) * model.moments, weights.channels, model.moments,
                 by_moment, model.moments, false);
    spread_out<degrees>();
  });
}

// Slopes by harmonics and distances from those by the moments, and what follows for the vectors.
template <int DEGREES> void Kernel::spread_out()
{
  constexpr int COMPONENTS = components_of(DEGREES);
  for (int kind = 0; kind < model.elements(); kind++) {
    const int start = starts[kind], count = starts[kind + 1] - start;
    const double *rows = by_moment + kind * model.function_padding;
    if (count == 0) continue;
    tall_product<COMPONENTS>(rows, model.moments, 1, values + start, capacity, model.functions,
                             count, level + start, capacity, false);
    tall_product<COMPONENTS>(rows, model.moments, 1, steepness + start, capacity, model.functions,
                             count, steep + start, capacity, false);
  }
  for (int p = 0; p < places(); p += LANES) {
    vec along = {};
    for (int c = 0; c < COMPONENTS; c++)
      along += at(steep + c * capacity + p) * at(harmonics + c * capacity + p);
    turn<DEGREES>(p, along);
  }
}

// Adds slopes by the vectors of some places, from those by harmonics and by the distance.
template <int DEGREES> void Kernel::turn(int p, vec along)
{
  constexpr int COMPONENTS = components_of(DEGREES);
  const vec x = at(this->x + p), y = at(this->y + p), z = at(this->z + p);
  vec s[COMPONENTS], g[3];
  for (int c = 0; c < COMPONENTS; c++) s[c] = at(level + c * capacity + p);
  turn_harmonics<DEGREES, double>(x, y, z, s, g);
  const vec outward = g[0] * x + g[1] * y + g[2] * z, inverse = 1.0 / at(distance + p);
  at(slopes_x + p) += (g[0] - outward * x) * inverse + along * x;
  at(slopes_y + p) += (g[1] - outward * y) * inverse + along * y;
  at(slopes_z + p) += (g[2] - outward * z) * inverse + along * z;
}

double Kernel::far(const Member &member, int element, const double *given, int stride, double *sums)
{
  const int wide = member.far.padding, row = model.degrees * wide;
  for (int kind = 0; kind < model.elements(); kind++) {
    const double *table = member.message[element * model.elements() + kind];
    for (int p = starts[kind]; p < starts[kind + 1]; p += LANES)
      product<LANES>(values + p, 1, capacity, table, row, model.functions, row,
                     radial + size_t(p) * row, row, false);
  }
  with_degrees(model.degrees, [&](auto degrees) { gather<degrees>(wide, given, stride); });
  return forward(member.far, element, far_channels, nullptr, sums + member.near.padding);
}

// The far layer's channels from the charges of neighbours.
template <int DEGREES> void Kernel::gather(int wide, const double *given, int stride)
{
  for (int m = 0; m < wide; m += LANES) {
    vec found[components_of(DEGREES)] = {};
    for (int p = 0; p < places(); p++) {
      if (numbers[p] < 0) continue;
      const vec charge = at(given + size_t(numbers[p]) * stride + m);
      const double *here = radial + size_t(p) * DEGREES * wide + m, *harmonic = harmonics + p;
      each_degree<DEGREES>([&](auto degree) {
        add_degree<degree>(found, charge * at(here + degree * wide), harmonic, capacity);
      });
    }
    for (int c = 0; c < components_of(DEGREES); c++) at(far_channels + c * wide + m) = found[c];
  }
}

void Kernel::far_slopes(const Member &member, int element, const double *by_sum,
                        const double *given, int stride, double *by_charges)
{
  const int wide = member.far.padding, row = model.degrees * wide;
  backward(member.far, member.far.linear[element], far_channels, by_sum + member.near.padding,
           nullptr, nullptr);
  for (int kind = 0; kind < model.elements(); kind++) {
    const double *table = member.message[element * model.elements() + kind];
    for (int p = starts[kind]; p < starts[kind + 1]; p += LANES)
      product<LANES>(steepness + p, 1, capacity, table, row, model.functions, row,
                     radial_slopes + size_t(p) * row, row, false);
  }
  with_degrees(model.degrees,
               [&](auto degrees) { hand_back<degrees>(wide, given, stride, by_charges); });
}

// Slopes by the vectors to neighbours and by their charges from those by the far layer's channels.
template <int DEGREES>
void Kernel::hand_back(int wide, const double *given, int stride, double *by_charges)
{
  constexpr int COMPONENTS = components_of(DEGREES);
  for (int p = 0; p < places(); p++) {
    if (numbers[p] < 0) {
      for (int c = 0; c < COMPONENTS; c++) level[c * capacity + p] = 0.0;
      steep[p] = 0.0;
      continue;
    }
    vec turned[COMPONENTS] = {}, along = {};
    const double *harmonic = harmonics + p;
    for (int m = 0; m < wide; m += LANES) {
      const vec charge = at(given + size_t(numbers[p]) * stride + m);
      const double *here = radial + size_t(p) * DEGREES * wide + m, *by = by_channel + m;
      const double *steepest = radial_slopes + size_t(p) * DEGREES * wide + m;
      vec by_charge = {}, change = {};
      each_degree<DEGREES>([&](auto degree) {
        turn_degree<degree>(turned, charge, here, steepest, by, wide, harmonic, capacity, by_charge,
                            change);
      });
      along += charge * change;
      at(by_charges + size_t(numbers[p]) * stride + m) += by_charge;
    }
    for (int c = 0; c < COMPONENTS; c++) level[c * capacity + p] = sum(turned[c]);
    steep[p] = sum(along);
  }
  for (int p = 0; p < places(); p += LANES) turn<DEGREES>(p, at(steep + p));
}

double Kernel::hidden(const Member &member, int element, const double *sums, double *by_sum)
{
  const int wide = model.hidden_padding, count = model.hidden, size = sum_size();
  double *first = scratch, *second = scratch + wide, *bend = scratch + 2 * wide,
         *back = scratch + 3 * wide;
  for (int h = 0; h < wide; h += LANES) at(first + h) = at(member.first_bias[element] + h);
  product<1>(sums, 0, 1, member.first, wide, size, wide, first, 0, true);
  for (int h = 0; h < wide; h++) first[h] = silu(first[h], bend[h]);
  for (int h = 0; h < wide; h += LANES) at(second + h) = at(member.second_bias + h);
  product<1>(first, 0, 1, member.second, wide, count, wide, second, 0, true);
  double energy = 0.0;
  for (int h = 0; h < count; h++) {
    double slope;
    energy += member.last[h] * silu(second[h], slope);
    second[h] = member.last[h] * slope;
  }
  product<1>(second, 0, 1, member.second_back, wide, count, wide, back, 0, false);
  for (int h = 0; h < count; h++) back[h] *= bend[h];
  product<1>(back, 0, 1, member.first_back, size, count, size, by_sum, 0, false);
  return energy;
}

double Kernel::grade(const Member &member, int element, const double *sums) const
{
  const int near = member.near.channels, count = near + member.far.channels;
  const double *whitening = member.grade_whitening[element].data();
  std::vector<double> found(count, 0.0);
  for (int k = 0; k < count; k++) {
    const double given = k < near ? sums[k] : sums[member.near.padding + k - near];
    const double gap = given - member.grade_centre[element][k];
    for (int i = 0; i < count; i++) found[i] += gap * whitening[k * count + i];
  }
  double total = 0.0;
  for (const double part : found) total += part * part;
  return std::sqrt(total);
}

}    // namespace sciml
