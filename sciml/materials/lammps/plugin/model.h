// SPDX-License-Identifier: GPL-2.0-or-later
// A potential as its file has it, its arrays laid out for vectors.

#ifndef SCIML_MODEL_H
#define SCIML_MODEL_H

#include "degrees.h"
#include "simd.h"

#include <string>
#include <vector>

namespace sciml {

// Products and sums of one channel: see `energy` in the header of a file.
struct Couplings {
  struct Product {
    int left, right;
  };
  struct Term {
    int left, right;    // right < 0: the node `left` itself, else a product that nothing else needs
    double coefficient;
  };
  int components = 0;               // of the moments: the first nodes
  std::vector<Product> products;    // the nodes after them
  std::vector<Term> terms;          // those of an invariant side by side
  std::vector<int> first;           // of each invariant, and the end
  int invariants() const { return static_cast<int>(first.size()) - 1; }
  int nodes() const { return components + static_cast<int>(products.size()); }
};

// What a layer's invariants are multiplied by; scale and shift of the features are worked in.
struct LayerWeights {
  int channels = 0, padding = 0;        // and channels filled up to whole vectors
  std::vector<Buffer> mixing;           // (element), [degree][moment][channel]
  std::vector<Buffer> mixing_back;      // (element), [degree][channel][moment]
  std::vector<Buffer> linear;           // (element), [invariant][channel], eV
  Buffer share;                         // [invariant][channel]
  Buffer share_offset;                  // [channel]
};

struct Member {
  LayerWeights near, far;               // the far layer has no channels in a local potential
  std::vector<double> energy;           // of elements, linear offsets worked in, eV
  Buffer charge_share, charge_offset;   // [invariant][channel], [channel]
  Buffer charge, charge_back;           // [channel][message], [message][channel]
  std::vector<Buffer> charge_bias;      // (element), [message]
  std::vector<Buffer> message;          // (element pair), [function][degree][message]
  std::vector<Buffer> message_back;     // (element pair), [degree][message][function]
  Buffer first, first_back;             // [sum][hidden], [hidden][sum]
  std::vector<Buffer> first_bias;       // (element), [hidden]
  Buffer second, second_back;           // [hidden][hidden]
  Buffer second_bias, last;             // [hidden]
  std::vector<std::vector<double>> grade_centre;       // (element), [sum]
  std::vector<std::vector<double>> grade_whitening;    // (element), [sum][sum]
};

struct Core {    // the repulsion of nuclei
  bool present = false;
  double coulomb = 0, length = 0, power = 0;
  std::vector<double> shares, rates;
  std::vector<double> inner, outer;    // Å, [element][element]
  double reach = 0;                    // the longest of outer, Å
};

struct Model {
  std::string file;
  std::vector<std::string> symbols;
  std::vector<int> numbers;
  double cutoff = 0, crowding = 0;
  int degrees = 0;                     // of the moments, l = 0 .. degrees - 1
  int functions = 0, moments = 0;      // moments: of all elements, each filled up to whole vectors
  int function_padding = 0, hidden = 0, hidden_padding = 0;
  bool graded = false;
  Couplings couplings;
  Core core;
  std::vector<Member> members;
  // Heads share the body of the first member; these are their deviations from its linear weights.
  bool heads = false;
  std::vector<std::vector<Buffer>> near_deviation, far_deviation;    // (head, element)

  int elements() const { return static_cast<int>(symbols.size()); }
  int components() const { return components_of(degrees); }
};

// Read a file; throws std::runtime_error with what is wrong and what to do.
Model read_model(const std::string &path);

}    // namespace sciml

#endif
