// SPDX-License-Identifier: GPL-2.0-or-later
// How far the heads of a committee part: forces of each head less those of their mean.
//
// Heads differ in their linear weights only. Slopes of the invariants by an atom's channels are
// laid out once for all of them; what follows is linear and runs for a batch of heads at a time, in
// single precision, for a deviation needs no more.

#ifndef SCIML_HEADS_H
#define SCIML_HEADS_H

#include "kernel.h"

#include <vector>

namespace sciml {

class Heads {
 public:
  explicit Heads(const Model &model);

  // Heads filled up to whole batches.
  int padding() const { return batches * BATCH; }
  // Add forces on an atom and its neighbours, [atom][3][head], after the kernel's own slopes of
  // the near layer; `by_charge`, [message][head], is null without messages.
  void near(const Kernel &kernel, int atom, int element, const float *by_charge, float *forces);
  // The same for the far layer, and slopes by charges, [atom][message][head].
  void far(const Kernel &kernel, int atom, int element, const double *charges, int stride,
           float *by_charges, float *forces);
  double bytes() const;

 private:
  // A slope of an invariant: a sum of nodes, and of slopes by products times the other factor.
  struct Sum {
    int place;
    int nodes, chains;    // how many of each
  };
  struct Node {
    int node;
    float coefficient;
  };
  struct Chain {
    int slope, node;
  };
  struct Support {    // of an invariant among the components of a degree
    int invariant, row;
  };
  struct Layer {
    int channels = 0, padding = 0;     // and channels filled up to whole blocks
    std::vector<Singles> deviation;    // (element), [batch][channel][invariant][head]
  };

  const Model &model;
  int batches = 0, functions = 0;    // functions filled up
  Layer near_layer, far_layer;
  std::vector<Singles> mixing;         // (element), [degree][channel][kind][function]
  Singles charge_share, charge_back;   // [channel][invariant], [message][channel]
  std::vector<Sum> sums;
  std::vector<Node> sum_nodes;
  std::vector<Chain> sum_chains;
  std::vector<Support> supports[MOST_DEGREES];    // by degree
  int rows = 0;

  Singles nodes, slopes;               // of a block of channels, [node][channel], [row][channel]
  Singles charged;                     // a block of deviations with slopes by charges in them
  Singles by_channel;                  // [batch][degree][channel][component][head]
  Singles by_moment;                   // [kind][function][component][head]
  Singles values, steepness;           // [place][function]
  Singles strengths;                   // of a neighbour, [3][degree][message]

  void add_invariant(int invariant);
  void lay_layer(Layer &layer, const LayerWeights &weights,
                 const std::vector<std::vector<Buffer>> &deviation);
  void lay_nodes(const double *channels, int row, int first, int count);
  void fill_slopes();
  const float *with_charges(const float *deviation, const float *by_charge, int first, int count);
  void pull(const Layer &layer, int element, const double *channels, int row,
            const float *by_charge);
  void fill_moments(int element, int number);
  template <int DEGREES>
  void add_forces(const Kernel &kernel, int atom, int number, float *forces);
  template <int DEGREES>
  void hand_back(const Kernel &kernel, int atom, const double *charges, int stride,
                 float *by_charges, float *forces);
};

}    // namespace sciml

#endif
