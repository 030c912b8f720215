// SPDX-License-Identifier: GPL-2.0-or-later
// The energy of one atom and its slopes by the vectors to its neighbours.
//
// First `begin`, `add` for each neighbour, and `arrange`; then the layers forward and backward.

#ifndef SCIML_KERNEL_H
#define SCIML_KERNEL_H

#include "model.h"

#include <vector>

namespace sciml {

// What else is evaluated for the same atom builds upon, after the layers; rows are `row` apart.
struct Neighbourhood {
  const int *starts;    // of kinds among the places
  int row;
  const double *x, *y, *z, *distance;    // unit vectors, and Å
  const double *harmonics;               // [component][place]
  const double *values, *steepness;      // radial functions, [function][place]
  const double *channels, *far_channels;    // [component][channel], filled up
  const double *radial, *radial_slopes;     // of messages, [place][degree][message]
};

class Kernel {
 public:
  explicit Kernel(const Model &model);

  void begin();
  // A neighbour by its kind and number, at (x, y, z) from the atom and nearer than the cutoff, Å.
  void add(int kind, int number, double x, double y, double z, double distance);
  // Radial functions and harmonics; returns half of the repulsion of nuclei, eV.
  double arrange(int element);

  // Neighbours by place; places that only fill up vectors have number -1 and no slopes.
  int places() const { return static_cast<int>(numbers.size()); }
  int number(int place) const { return numbers[place]; }
  Neighbourhood neighbourhood() const;
  // Vector to a neighbour, Å.
  void vector(int place, double *found) const;
  // Slopes of the energy by that vector, eV/Å, of all backward calls since `clear_slopes`.
  void slope(int place, double *found) const;
  void clear_slopes();
  void add_repulsion(int element);    // its slopes

  // The near layer: returns what is linear in its features, eV; sums are what hidden layers see.
  double near(const Member &member, int element, double *sums);
  // Charges for the neighbours, after `near`, (message).
  void charges(const Member &member, int element, double *found);
  // Slopes from those by the sums and by the atom's charges (null without messages).
  void near_slopes(const Member &member, int element, const double *by_sum,
                   const double *by_charge);

  // The far layer, from the charges of neighbours by number; as `near`.
  double far(const Member &member, int element, const double *charges, int stride, double *sums);
  // Adds slopes by the neighbours' charges, by number, too.
  void far_slopes(const Member &member, int element, const double *by_sum, const double *charges,
                  int stride, double *by_charges);

  // The hidden layers: returns their energy, eV, and its slopes by the sums.
  double hidden(const Member &member, int element, const double *sums, double *by_sum);
  double grade(const Member &member, int element, const double *sums) const;

  // Room for sums: of both layers, each filled up.
  int sum_size() const;
  double bytes() const;

 private:
  struct Pair {
    int kind, number;
    double x, y, z, distance;
  };
  const Model &model;
  std::vector<Pair> pairs;
  std::vector<int> numbers, starts;    // starts of kinds among the places
  int capacity = 0;                    // of places in the arrays below
  Buffer x, y, z, distance;            // of unit vectors; Å
  Buffer harmonics;                    // [component][place]
  Buffer values, steepness;            // radial functions and their slopes, [function][place]
  Buffer by_place;                     // values, [place][function]
  Buffer moments, channels;            // [component][moment], [component][channel]
  Buffer far_channels;                 // [component][message]
  Buffer slopes_x, slopes_y, slopes_z;
  Buffer nodes, by_node, by_moment, by_channel, level, steep, scratch;
  Buffer charge_sums, charge_slopes;
  Buffer radial, radial_slopes;        // of messages, [place][degree][message]

  void reserve(int places);
  void fill_radial(int total);
  void add_moments();
  double forward(const LayerWeights &weights, int element, const double *given, const Buffer *charge,
                 double *sums);
  void backward(const LayerWeights &weights, const Buffer &linear, const double *given,
                const double *by_sum, const Buffer *charge, const double *by_charge_sum);
  template <int DEGREES> void spread_out();
  template <int DEGREES> void turn(int place, vec along);
  template <int DEGREES> void gather(int wide, const double *given, int stride);
  template <int DEGREES>
  void hand_back(int wide, const double *given, int stride, double *by_charges);
  double nuclear_repulsion(int element, int kind, double distance, double &slope) const;
  template <int WIDTH> void lay_nodes(const double *given, int row);
  template <int WIDTH>
  void forward_block(const LayerWeights &, const Buffer &, const double *, const Buffer *, double *,
                     int, vec &);
  template <int WIDTH>
  void backward_block(const LayerWeights &, const Buffer &, const double *, const double *,
                      const Buffer *, const double *, int);
};

}    // namespace sciml

#endif
