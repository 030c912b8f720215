// SPDX-License-Identifier: GPL-2.0-or-later

#include "heads.h"

#include "harmonics.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace sciml {

namespace {

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

// Components filled up to what is spread out at a time.
constexpr int MANY_COMPONENTS = 4;
constexpr int room_for(int components)
{
  return (components + MANY_COMPONENTS - 1) / MANY_COMPONENTS * MANY_COMPONENTS;
}

// As many functions at a time as leave room for what they are multiplied with.
constexpr int at_once(int degree)
{
  const int most = (REGISTERS - 2) / width(degree);
  return most >= 4 ? 4 : most >= 2 ? 2 : 1;
}

// A product of matrices whose right side has all components of a degree for each head:
// found[f][c] = sum over k of left[k][f] right[k][c].
template <int DEGREE>
inline void fold(const float *left, int left_row, const float *right, int steps, float *found,
                 int found_row)
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
        heads_at(found + ((f + m) * found_row + c) * BATCH) = sums[m][c];
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
template <int PLACES, int ROOM>
inline void spread_out(const float *by_moment, const float *values, const float *steepness,
                       int functions, const float (*harmonics)[ROOM], batch (*level)[ROOM],
                       batch *along)
{
  constexpr int MANY = MANY_COMPONENTS;
  for (int p = 0; p < PLACES; p++) along[p] = batch{};
  for (int start = 0; start < ROOM; start += MANY) {
    batch flat[PLACES][MANY] = {}, steep[PLACES][MANY] = {};
    for (int f = 0; f < functions; f++) {
      const float *row = by_moment + (f * ROOM + start) * BATCH;
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
template <int DEGREE, int DEGREES>
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
template <int DEGREES>
inline void turn(const Neighbourhood &neighbours, int place, const batch *slopes,
                 const batch &along, batch *found)
{
  const float x = float(neighbours.x[place]), y = float(neighbours.y[place]),
              z = float(neighbours.z[place]), inverse = float(1.0 / neighbours.distance[place]);
  batch g[3];
  turn_harmonics<DEGREES, float>(x, y, z, slopes, g);
  const batch outward = along - inverse * (g[0] * x + g[1] * y + g[2] * z);
  found[0] = inverse * g[0] + x * outward;
  found[1] = inverse * g[1] + y * outward;
  found[2] = inverse * g[2] + z * outward;
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
    Singles table(size_t(model.degrees) * channels * moments);
    const double *from = body.near.mixing_back[z];
    for (int row = 0; row < model.degrees * channels; row++)
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
  by_channel.fit(size_t(batches) * model.components() * most * BATCH);
  by_moment.fit(size_t(moments) * room_for(model.components()) * BATCH);
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
  const int components = lists.components;
  std::map<int, std::map<int, double>> direct;
  for (int t = lists.first[invariant]; t < lists.first[invariant + 1]; t++) {
    const auto &[left, right, coefficient] = lists.terms[t];
    direct[left][right < 0 ? one : right] += coefficient;
    if (right >= 0) direct[right][left] += coefficient;
  }
  std::map<int, std::vector<Chain>> chains;
  std::vector<int> place(components, -1);
  for (int n = lists.nodes() - 1; n >= 0; n--) {
    if (!direct.count(n) && !chains.count(n)) continue;
    if (n < components && place[n] < 0) {
      const int degree = static_cast<int>(std::sqrt(n + 0.5));
      supports[degree].push_back({invariant, products + rows});
      for (int c = 0; c < width(degree); c++) place[degree * degree + c] = products + rows++;
    }
    sums.push_back({n < components ? place[n] : n - components, static_cast<int>(direct[n].size()),
                    static_cast<int>(chains[n].size())});
    for (const auto &[node, coefficient] : direct[n])
      sum_nodes.push_back({node, float(coefficient)});
    for (const Chain &chain : chains[n]) sum_chains.push_back(chain);
    if (n < components) continue;
    const auto &[left, right] = lists.products[n - components];
    chains[left].push_back({n - components, right});
    chains[right].push_back({n - components, left});
  }
}

// Components of a block of channels in single precision, and their products.
void Heads::lay_nodes(const double *channels, int row, int first, int count)
{
  const int components = model.couplings.components;
  for (int c = 0; c < components; c++)
    for (int k = 0; k < BLOCK; k++)
      nodes[c * BLOCK + k] = k < count ? float(channels[c * row + first + k]) : 0.0f;
  float *next = nodes + components * BLOCK;
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
      float *found = by_channel + size_t(b) * model.components() * wide * BATCH;
      with_degrees(model.degrees, [&](auto degrees) {
        for (int k = 0; k < count; k++, deviation += invariants * BATCH)
          each_degree<degrees>([&](auto degree) {
            const int place = degree * degree * wide + (first + k) * width(degree);
            pull_degree<degree>(supports[degree], deviation, slopes + k, found + place * BATCH);
          });
      });
    }
  }
}

void Heads::fill_moments(int element, int number)
{
  const int moments = model.elements() * functions, channels = near_layer.channels;
  const int wide = near_layer.padding;
  const float *table = mixing[element];
  const float *from = by_channel + size_t(number) * model.components() * wide * BATCH;
  float *found = by_moment;
  with_degrees(model.degrees, [&](auto degrees) {
    each_degree<degrees>([&](auto degree) {
      constexpr int FIRST = degree * degree;
      fold<degree>(table + degree * channels * moments, moments, from + FIRST * wide * BATCH,
                   channels, found + FIRST * BATCH, room_for(components_of(degrees)));
    });
  });
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
    with_degrees(model.degrees,
                 [&](auto degrees) { add_forces<degrees>(kernel, atom, b, forces); });
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
  const int row = model.members[0].far.padding;
  pull(far_layer, element, kernel.neighbourhood().far_channels, row, nullptr);
  with_degrees(model.degrees, [&](auto degrees) {
    hand_back<degrees>(kernel, atom, charges, stride, by_charges, forces);
  });
}

// Forces and slopes by charges of the neighbours from those by the far layer's channels.
template <int DEGREES>
void Heads::hand_back(const Kernel &kernel, int atom, const double *charges, int stride,
                      float *by_charges, float *forces)
{
  constexpr int COMPONENTS = components_of(DEGREES);
  const Neighbourhood here = kernel.neighbourhood();
  const int messages = far_layer.channels, row = model.members[0].far.padding, all = padding();
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
      each_degree<DEGREES>([&](auto degree) {
        weigh<degree, DEGREES>(by, far_layer.padding, strength, messages, harmonics, level, along,
                               by_charge, all);
      });
      batch slope[3];
      turn<DEGREES>(here, p, level, along, slope);
      for (int d = 0; d < 3; d++) {
        heads_at(forces + (size_t(atom) * 3 + d) * all + b * BATCH) += slope[d];
        heads_at(forces + (size_t(other) * 3 + d) * all + b * BATCH) -= slope[d];
      }
    }
  }
}

template <int DEGREES>
void Heads::add_forces(const Kernel &kernel, int atom, int number, float *forces)
{
  constexpr int COMPONENTS = components_of(DEGREES), ROOM = room_for(COMPONENTS);
  constexpr int PLACES = REGISTERS >= 32 ? 2 : 1;
  const Neighbourhood here = kernel.neighbourhood();
  const int wide = padding();
  batch on[3] = {};
  for (int kind = 0; kind < model.elements(); kind++)
    for (int p = here.starts[kind]; p < here.starts[kind + 1] && kernel.number(p) >= 0;
         p += PLACES) {
      float harmonics[PLACES][ROOM] = {};
      batch level[PLACES][ROOM], along[PLACES];
      for (int k = 0; k < PLACES; k++)
        for (int c = 0; c < COMPONENTS; c++)
          harmonics[k][c] = float(here.harmonics[c * here.row + p + k]);
      spread_out<PLACES, ROOM>(by_moment + kind * functions * ROOM * BATCH, values + p * functions,
                               steepness + p * functions, functions, harmonics, level, along);
      for (int k = 0; k < PLACES; k++) {
        const int other = kernel.number(p + k);
        if (other < 0) break;
        batch slope[3];
        turn<DEGREES>(here, p + k, level[k], along[k], slope);
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
