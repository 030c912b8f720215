// SPDX-License-Identifier: GPL-2.0-or-later

#include "heads.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace sciml {

namespace {

const float R3 = std::sqrt(3.0f), R15 = std::sqrt(15.0f), R58 = std::sqrt(5.0f / 8),
            R38 = std::sqrt(3.0f / 8);

#if defined(__AVX512VL__)
constexpr int REGISTERS = 32;    // of a batch
#elif defined(__AVX__)
constexpr int REGISTERS = 16;
#else
constexpr int REGISTERS = 16;
#endif

constexpr int FUNCTIONS = 4;    // that are filled up to

int filled(int count, int whole) { return (count + whole - 1) / whole * whole; }

constexpr int width(int degree) { return 2 * degree + 1; }

// As many functions at a time as leave room for what they are multiplied with.
constexpr int at_once(int degree)
{
  const int most = (REGISTERS - 2) / width(degree);
  return most >= 4 ? 4 : most >= 2 ? 2 : 1;
}

// A product of matrices whose right side has all components of a degree for each head:
// found[f][c] = sum over k of left[k][f] right[k][c].
template <int DEGREE>
inline void fold(const float *left, int left_row, const float *right, int steps, float *found)
{
  constexpr int WIDE = width(DEGREE), MANY = at_once(DEGREE);
  for (int f = 0; f < left_row; f += MANY) {
    batch sums[MANY][WIDE] = {};
    for (int k = 0; k < steps; k++) {
      const float *row = left + k * left_row + f, *column = right + k * WIDE * BATCH;
      for (int c = 0; c < WIDE; c++) {
        const batch here = heads_at(column + c * BATCH);
        for (int m = 0; m < MANY; m++) sums[m][c] += row[m] * here;
      }
    }
    for (int m = 0; m < MANY; m++)
      for (int c = 0; c < WIDE; c++)
        heads_at(found + ((f + m) * COMPONENTS + c) * BATCH) = sums[m][c];
  }
}

// Slopes by the components of one channel for a batch of heads.
template <int DEGREE, typename Supports>
inline void pull_degree(const Supports &supports, const float *deviation, const float *slopes,
                        float *found)
{
  constexpr int WIDE = width(DEGREE);
  batch sums[WIDE] = {};
  for (const auto &[invariant, row] : supports) {
    const batch weight = heads_at(deviation + invariant * BATCH);
    for (int c = 0; c < WIDE; c++) sums[c] += slopes[(row + c) * BLOCK] * weight;
  }
  for (int c = 0; c < WIDE; c++) heads_at(found + c * BATCH) = sums[c];
}

// Slopes by the harmonics of some neighbours, and by their distance, from those by the moments.
template <int PLACES>
inline void spread_out(const float *by_moment, const float *values, const float *steepness,
                       int functions, const float (*harmonics)[COMPONENTS],
                       batch (*level)[COMPONENTS], batch *along)
{
  constexpr int MANY = REGISTERS >= 16 ? 4 : 2;
  for (int p = 0; p < PLACES; p++) along[p] = batch{};
  for (int start = 0; start < COMPONENTS; start += MANY) {
    batch flat[PLACES][MANY] = {}, steep[PLACES][MANY] = {};
    for (int f = 0; f < functions; f++) {
      const float *row = by_moment + (f * COMPONENTS + start) * BATCH;
      for (int c = 0; c < MANY; c++) {
        const batch here = heads_at(row + c * BATCH);
        for (int p = 0; p < PLACES; p++) {
          flat[p][c] += values[p * functions + f] * here;
          steep[p][c] += steepness[p * functions + f] * here;
        }
      }
    }
    for (int p = 0; p < PLACES; p++)
      for (int c = 0; c < MANY; c++) {
        level[p][start + c] = flat[p][c];
        along[p] += harmonics[p][start + c] * steep[p][c];
      }
  }
}

// What a neighbour's charges mean for the components of one degree, the other way round: slopes by
// its harmonics, its distance and its charges. Strengths are [3][degree][message]: charge times
// radial function, the function, and charge times its slope.
template <int DEGREE>
inline void weigh(const float *by_channel, int padding, const float *strengths, int messages,
                  const float *harmonics, batch *level, batch &along, float *by_charge, int row)
{
  constexpr int FIRST = DEGREE * DEGREE, WIDE = width(DEGREE);
  const float *by = by_channel + FIRST * padding * BATCH;
  const float *strength = strengths + DEGREE * messages;
  const float *radial = strength + DEGREES * messages, *change = radial + DEGREES * messages;
  batch sums[WIDE] = {}, total = {};
  for (int m = 0; m < messages; m++) {
    batch whole = {};
    for (int c = 0; c < WIDE; c++) {
      const batch here = heads_at(by + (m * WIDE + c) * BATCH);
      whole += harmonics[FIRST + c] * here;
      sums[c] += strength[m] * here;
    }
    total += change[m] * whole;
    heads_at(by_charge + m * row) += radial[m] * whole;
  }
  for (int c = 0; c < WIDE; c++) level[FIRST + c] = sums[c];
  along += total;
}

// Slopes by the vector to a neighbour from those by its harmonics and its distance.
inline void turn(const Neighbourhood &neighbours, int place, const batch *s, const batch &along,
                 batch *found)
{
  const float x = float(neighbours.x[place]), y = float(neighbours.y[place]),
              z = float(neighbours.z[place]), inverse = float(1.0 / neighbours.distance[place]);
  const float flat = x * x - y * y, high = R38 * (5.0f * z * z - 1.0f);
  const float x3 = R3 * x, y3 = R3 * y, z3 = R3 * z, mixed = 6.0f * R58 * x * y;
  const float even = 3.0f * R58 * flat, yz = R15 * y * z, xz = R15 * x * z, xy = R15 * x * y;
  const float steeper = 10.0f * R38 * z;
  batch gx = s[3] + y3 * s[4] + z3 * s[7] + x3 * s[8] + high * s[13];
  gx += mixed * s[9] + even * s[15] + yz * s[10] + xz * s[14];
  batch gy = s[1] + x3 * s[4] + z3 * s[5] - y3 * s[8] + high * s[11];
  gy += even * s[9] - mixed * s[15] + xz * s[10] - yz * s[14];
  batch gz = s[2] + y3 * s[5] + x3 * s[7] + (3.0f * z) * s[6];
  gz += (1.5f * (5.0f * z * z - 1.0f)) * s[12] + (steeper * y) * s[11] + (steeper * x) * s[13];
  gz += xy * s[10] + (0.5f * R15 * flat) * s[14];
  const batch outward = along - inverse * (gx * x + gy * y + gz * z);
  found[0] = inverse * gx + x * outward;
  found[1] = inverse * gy + y * outward;
  found[2] = inverse * gz + z * outward;
}

}    // namespace

Heads::Heads(const Model &model) : model(model)
{
  const int count = static_cast<int>(model.near_deviation.size());
  batches = filled(count, BATCH) / BATCH;
  functions = filled(model.functions, FUNCTIONS);
  const Member &body = model.members[0];
  lay_layer(near_layer, body.near, model.near_deviation);
  lay_layer(far_layer, body.far, model.far_deviation);
  const int moments = model.elements() * functions, channels = body.near.channels;
  for (int z = 0; z < model.elements(); z++) {
    Singles table(size_t(DEGREES) * channels * moments);
    const double *from = body.near.mixing_back[z];
    for (int row = 0; row < DEGREES * channels; row++)
      for (int kind = 0; kind < model.elements(); kind++)
        for (int f = 0; f < model.functions; f++)
          table[row * moments + kind * functions + f] =
              float(from[row * model.moments + kind * model.function_padding + f]);
    mixing.push_back(table);
  }
  for (int v = 0; v < model.couplings.invariants(); v++) add_invariant(v);
  const int most = std::max(near_layer.padding, far_layer.padding);
  nodes.fit(size_t(model.couplings.nodes() + 1) * BLOCK);
  slopes.fit(size_t(model.couplings.products.size() + rows) * BLOCK);
  by_channel.fit(size_t(batches) * COMPONENTS * most * BATCH);
  by_moment.fit(size_t(moments) * COMPONENTS * BATCH);
  if (far_layer.channels) {
    const int invariants = model.couplings.invariants();
    charge_share.fit(size_t(channels) * invariants);
    charge_back.fit(size_t(far_layer.channels) * channels);
    for (int k = 0; k < channels; k++) {
      for (int v = 0; v < invariants; v++)
        charge_share[k * invariants + v] = float(body.charge_share[v * body.near.padding + k]);
      for (int m = 0; m < far_layer.channels; m++)
        charge_back[m * channels + k] = float(body.charge_back[m * body.near.padding + k]);
    }
  }
  for (int k = 0; k < BLOCK; k++) nodes[model.couplings.nodes() * BLOCK + k] = 1.0f;
}

double Heads::bytes() const
{
  double total = 0;
  for (const Singles *one : {&nodes, &slopes, &charged, &by_channel, &by_moment, &values,
                             &steepness, &strengths})
    total += double(one->bytes());
  return total;
}

void Heads::lay_layer(Layer &layer, const LayerWeights &weights,
                      const std::vector<std::vector<Buffer>> &deviation)
{
  const int invariants = model.couplings.invariants(), count = static_cast<int>(deviation.size());
  layer.channels = weights.channels;
  layer.padding = filled(weights.channels, BLOCK);
  for (int z = 0; z < model.elements(); z++) {
    Singles table(size_t(batches) * layer.padding * invariants * BATCH);
    for (int h = 0; h < count; h++)
      for (int k = 0; k < layer.channels; k++)
        for (int v = 0; v < invariants; v++) {
          const int row = (h / BATCH * layer.padding + k) * invariants + v;
          table[row * BATCH + h % BATCH] = float(deviation[h][z][v * weights.padding + k]);
        }
    layer.deviation.push_back(table);
  }
}

// Slopes by products are forgotten with each invariant, those by components are kept.
void Heads::add_invariant(int invariant)
{
  const Couplings &lists = model.couplings;
  const int products = static_cast<int>(lists.products.size()), one = lists.nodes();
  std::map<int, std::map<int, double>> direct;
  for (int t = lists.first[invariant]; t < lists.first[invariant + 1]; t++) {
    const auto &[left, right, coefficient] = lists.terms[t];
    direct[left][right < 0 ? one : right] += coefficient;
    if (right >= 0) direct[right][left] += coefficient;
  }
  std::map<int, std::vector<Chain>> chains;
  std::vector<bool> seen(DEGREES, false);
  std::vector<int> place(COMPONENTS, -1);
  for (int n = lists.nodes() - 1; n >= 0; n--) {
    if (!direct.count(n) && !chains.count(n)) continue;
    if (n < COMPONENTS && place[n] < 0) {
      const int degree = static_cast<int>(std::sqrt(n + 0.5));
      supports[degree].push_back({invariant, products + rows});
      for (int c = 0; c < width(degree); c++) place[degree * degree + c] = products + rows++;
    }
    sums.push_back({n < COMPONENTS ? place[n] : n - COMPONENTS, static_cast<int>(direct[n].size()),
                    static_cast<int>(chains[n].size())});
    for (const auto &[node, coefficient] : direct[n])
      sum_nodes.push_back({node, float(coefficient)});
    for (const Chain &chain : chains[n]) sum_chains.push_back(chain);
    if (n < COMPONENTS) continue;
    const auto &[left, right] = lists.products[n - COMPONENTS];
    chains[left].push_back({n - COMPONENTS, right});
    chains[right].push_back({n - COMPONENTS, left});
  }
}

// Components of a block of channels in single precision, and their products.
void Heads::lay_nodes(const double *channels, int row, int first, int count)
{
  for (int c = 0; c < COMPONENTS; c++)
    for (int k = 0; k < BLOCK; k++)
      nodes[c * BLOCK + k] = k < count ? float(channels[c * row + first + k]) : 0.0f;
  float *next = nodes + COMPONENTS * BLOCK;
  for (const auto &[left, right] : model.couplings.products) {
    for (int k = 0; k < BLOCK; k += SINGLES)
      at(next + k) = at(nodes + left * BLOCK + k) * at(nodes + right * BLOCK + k);
    next += BLOCK;
  }
}

void Heads::fill_slopes()
{
  const Node *node = sum_nodes.data();
  const Chain *chain = sum_chains.data();
  const float *given = nodes;
  float *found = slopes;
  constexpr int WIDTH = BLOCK / SINGLES;
  for (const Sum &sum : sums) {
    singles total[WIDTH] = {};
    for (int i = 0; i < sum.nodes; i++, node++)
      for (int w = 0; w < WIDTH; w++)
        total[w] += node->coefficient * at(given + node->node * BLOCK + w * SINGLES);
    for (int i = 0; i < sum.chains; i++, chain++)
      for (int w = 0; w < WIDTH; w++)
        total[w] += at(found + chain->slope * BLOCK + w * SINGLES) *
            at(given + chain->node * BLOCK + w * SINGLES);
    for (int w = 0; w < WIDTH; w++) at(found + sum.place * BLOCK + w * SINGLES) = total[w];
  }
}

// Slopes by the channels of an atom for all heads.
void Heads::pull(const Layer &layer, int element, const double *channels, int row,
                 const float *by_charge)
{
  const int invariants = model.couplings.invariants(), wide = layer.padding;
  for (int first = 0; first < layer.channels; first += BLOCK) {
    const int count = std::min(BLOCK, layer.channels - first);
    lay_nodes(channels, row, first, count);
    fill_slopes();
    for (int b = 0; b < batches; b++) {
      const float *deviation =
          layer.deviation[element] + (size_t(b) * wide + first) * invariants * BATCH;
      if (by_charge) deviation = with_charges(deviation, by_charge + b * BATCH, first, count);
      float *found = by_channel + size_t(b) * COMPONENTS * wide * BATCH;
      for (int k = 0; k < count; k++, deviation += invariants * BATCH) {
        const int channel = first + k;
        pull_degree<0>(supports[0], deviation, slopes + k, found + channel * BATCH);
        pull_degree<1>(supports[1], deviation, slopes + k, found + (wide + channel * 3) * BATCH);
        pull_degree<2>(supports[2], deviation, slopes + k, found + (4 * wide + channel * 5) * BATCH);
        pull_degree<3>(supports[3], deviation, slopes + k, found + (9 * wide + channel * 7) * BATCH);
      }
    }
  }
}

void Heads::fill_moments(int element, int number)
{
  const int moments = model.elements() * functions, channels = near_layer.channels;
  const int wide = near_layer.padding;
  const float *table = mixing[element];
  const float *from = by_channel + size_t(number) * COMPONENTS * wide * BATCH;
  float *found = by_moment;
  const int degree = channels * moments;
  fold<0>(table, moments, from, channels, found);
  fold<1>(table + degree, moments, from + wide * BATCH, channels, found + BATCH);
  fold<2>(table + 2 * degree, moments, from + 4 * wide * BATCH, channels, found + 4 * BATCH);
  fold<3>(table + 3 * degree, moments, from + 9 * wide * BATCH, channels, found + 9 * BATCH);
}

void Heads::near(const Kernel &kernel, int atom, int element, const float *by_charge, float *forces)
{
  const Neighbourhood here = kernel.neighbourhood();
  values.fit(size_t(here.row) * functions);
  steepness.fit(size_t(here.row) * functions);
  for (int f = 0; f < model.functions; f++)
    for (int p = 0; p < kernel.places(); p++) {
      values[p * functions + f] = float(here.values[f * here.row + p]);
      steepness[p * functions + f] = float(here.steepness[f * here.row + p]);
    }
  pull(near_layer, element, here.channels, model.members[0].near.padding, by_charge);
  for (int b = 0; b < batches; b++) {
    fill_moments(element, b);
    add_forces(kernel, atom, b, forces);
  }
}

// Deviations of the weights and what the slopes by charges add to them, for a block of channels.
const float *Heads::with_charges(const float *deviation, const float *by_charge, int first,
                                 int count)
{
  const int invariants = model.couplings.invariants(), wide = near_layer.channels;
  charged.fit(size_t(BLOCK) * invariants * BATCH);
  for (int k = 0; k < count; k++) {
    batch by_sum = {};
    for (int m = 0; m < far_layer.channels; m++)
      by_sum += charge_back[m * wide + first + k] * heads_at(by_charge + m * padding());
    const float *share = charge_share + (first + k) * invariants;
    for (int v = 0; v < invariants; v++) {
      const int place = (k * invariants + v) * BATCH;
      heads_at(charged + place) = heads_at(deviation + place) + share[v] * by_sum;
    }
  }
  return charged;
}

void Heads::far(const Kernel &kernel, int atom, int element, const double *charges, int stride,
                float *by_charges, float *forces)
{
  const Neighbourhood here = kernel.neighbourhood();
  const int messages = far_layer.channels, row = model.members[0].far.padding, all = padding();
  pull(far_layer, element, here.far_channels, row, nullptr);
  strengths.fit(3 * size_t(DEGREES) * messages);
  float *strength = strengths, *radial = strength + DEGREES * messages,
        *change = radial + DEGREES * messages;
  for (int p = 0; p < kernel.places(); p++) {
    const int other = kernel.number(p);
    if (other < 0) continue;
    for (int l = 0; l < DEGREES; l++)
      for (int m = 0; m < messages; m++) {
        const size_t from = (size_t(p) * DEGREES + l) * row + m;
        const double charge = charges[size_t(other) * stride + m];
        strength[l * messages + m] = float(charge * here.radial[from]);
        radial[l * messages + m] = float(here.radial[from]);
        change[l * messages + m] = float(charge * here.radial_slopes[from]);
      }
    float harmonics[COMPONENTS];
    for (int c = 0; c < COMPONENTS; c++) harmonics[c] = float(here.harmonics[c * here.row + p]);
    for (int b = 0; b < batches; b++) {
      batch level[COMPONENTS], along = {};
      const float *by = by_channel + size_t(b) * COMPONENTS * far_layer.padding * BATCH;
      float *by_charge = by_charges + size_t(other) * messages * all + b * BATCH;
      weigh<0>(by, far_layer.padding, strength, messages, harmonics, level, along, by_charge, all);
      weigh<1>(by, far_layer.padding, strength, messages, harmonics, level, along, by_charge, all);
      weigh<2>(by, far_layer.padding, strength, messages, harmonics, level, along, by_charge, all);
      weigh<3>(by, far_layer.padding, strength, messages, harmonics, level, along, by_charge, all);
      batch slope[3];
      turn(here, p, level, along, slope);
      for (int d = 0; d < 3; d++) {
        heads_at(forces + (size_t(atom) * 3 + d) * all + b * BATCH) += slope[d];
        heads_at(forces + (size_t(other) * 3 + d) * all + b * BATCH) -= slope[d];
      }
    }
  }
}

void Heads::add_forces(const Kernel &kernel, int atom, int number, float *forces)
{
  constexpr int PLACES = REGISTERS >= 32 ? 2 : 1;
  const Neighbourhood here = kernel.neighbourhood();
  const int wide = padding();
  batch on[3] = {};
  for (int kind = 0; kind < model.elements(); kind++)
    for (int p = here.starts[kind]; p < here.starts[kind + 1] && kernel.number(p) >= 0;
         p += PLACES) {
      float harmonics[PLACES][COMPONENTS];
      batch level[PLACES][COMPONENTS], along[PLACES];
      for (int k = 0; k < PLACES; k++)
        for (int c = 0; c < COMPONENTS; c++)
          harmonics[k][c] = float(here.harmonics[c * here.row + p + k]);
      spread_out<PLACES>(by_moment + kind * functions * COMPONENTS * BATCH, values + p * functions,
                         steepness + p * functions, functions, harmonics, level, along);
      for (int k = 0; k < PLACES; k++) {
        const int other = kernel.number(p + k);
        if (other < 0) break;
        batch slope[3];
        turn(here, p + k, level[k], along[k], slope);
        float *there = forces + size_t(other) * 3 * wide + number * BATCH;
        for (int d = 0; d < 3; d++) {
          on[d] += slope[d];
          heads_at(there + d * wide) -= slope[d];
        }
      }
    }
  for (int d = 0; d < 3; d++)
    heads_at(forces + (size_t(atom) * 3 + d) * wide + number * BATCH) += on[d];
}

}    // namespace sciml
