// SPDX-License-Identifier: GPL-2.0-or-later
// pair_style sciml: potentials of sciml, evaluated natively.

#ifndef LMP_PAIR_SCIML_H
#define LMP_PAIR_SCIML_H

#include "heads.h"
#include "pair.h"

#include <memory>
#include <vector>

namespace LAMMPS_NS {

class PairSciml : public Pair {
 public:
  explicit PairSciml(class LAMMPS *);
  ~PairSciml() override;
  void settings(int, char **) override;
  void coeff(int, char **) override;
  void init_style() override;
  double init_one(int, int) override;
  void compute(int, int) override;
  int pack_forward_comm(int, int *, double *, int, int *) override;
  void unpack_forward_comm(int, int, double *) override;
  int pack_reverse_comm(int, int, double *) override;
  void unpack_reverse_comm(int, int *, double *) override;
  void *extract(const char *, int &) override;
  void *extract_peratom(const char *, int &) override;
  double memory_usage() override;

 private:
  struct Exchange {    // what is sent between ranks next: numbers, or pairs of singles
    double *numbers;
    float *singles;
    int width, stride;    // in numbers
  };

  std::unique_ptr<sciml::Model> model;
  std::unique_ptr<sciml::Kernel> kernel;
  std::unique_ptr<sciml::Heads> heads;    // null if the potential has none
  std::vector<int> kinds;    // of types; -1 for those that are left out
  int grade_every = 0, spread_every = 0;
  double halt = 0.0;    // grade; 0 for never
  int grade_flag = 0, spread_flag = 0;    // set by `fix pair`
  bool graded = false, spread = false, tallied = true;
  int room = 0;    // atoms and ghosts that arrays have room for
  std::vector<double> grades, spreads, parts;
  sciml::Buffer charges, by_charge, near_sums;
  sciml::Singles deviations, deviations_by_charge;    // of heads
  std::vector<double> layer_energy;
  Exchange exchange{nullptr, nullptr, 0, 0};

  void allocate();
  void make_room();
  double gather(int);
  void scatter(int, double *, double);
  void add_energy(int, double, double);
  void evaluate(const sciml::Member &, double *, double);
  void local(const sciml::Member &, double *, double);
  void first_layer(const sciml::Member &);
  void far_layer(const sciml::Member &, double *, double);
  void near_layer(const sciml::Member &, double *, double);
  void grade_atom(const sciml::Member &, int, const double *);
  void committee(int);
  void send_back(double *, int, int);
  void send_back(float *, int);
  void add_spread(const std::vector<double *> &);
  void add_spread_of_heads();
  void tell();
};

}    // namespace LAMMPS_NS

#endif
