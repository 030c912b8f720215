// SPDX-License-Identifier: GPL-2.0-or-later
// pair_style sciml/py: models in Python, whose energy is a sum over atoms of what each sees.

#ifndef LMP_PAIR_SCIML_PY_H
#define LMP_PAIR_SCIML_PY_H

#include "pair.h"
#include "python.h"

#include <memory>
#include <vector>

namespace LAMMPS_NS {

class PairScimlPy : public Pair {
 public:
  explicit PairScimlPy(class LAMMPS *);
  ~PairScimlPy() override;
  void settings(int, char **) override;
  void coeff(int, char **) override;
  void init_style() override;
  double init_one(int, int) override;
  void compute(int, int) override;
  double memory_usage() override;

 private:
  std::unique_ptr<sciml::Python> python;
  long model = -1;
  double cutoff = 0.0;
  std::vector<int> kinds, other, centres;
  std::vector<long> first;
  std::vector<double> vectors, energies, slopes;

  void gather();
  void reserve();
  void scatter();
};

}    // namespace LAMMPS_NS

#endif
