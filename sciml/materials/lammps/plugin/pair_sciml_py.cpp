// SPDX-License-Identifier: GPL-2.0-or-later

#include "pair_sciml_py.h"

#include "masses.h"

#include "atom.h"
#include "error.h"
#include "force.h"
#include "memory.h"
#include "neigh_list.h"
#include "neighbor.h"
#include "update.h"

#include <cstring>
#include <stdexcept>
#include <string>

using namespace LAMMPS_NS;

PairScimlPy::PairScimlPy(LAMMPS *lmp) : Pair(lmp)
{
  single_enable = 0;
  restartinfo = 0;
  one_coeff = 1;
  manybody_flag = 1;
  centroidstressflag = CENTROID_NOTAVAIL;
}

PairScimlPy::~PairScimlPy()
{
  if (python && model >= 0) {
    try {
      python->close(model);
    } catch (const std::runtime_error &) {
      // Python has ended before LAMMPS.
    }
  }
  if (allocated) {
    memory->destroy(setflag);
    memory->destroy(cutsq);
  }
}

void PairScimlPy::settings(int narg, char **)
{
  if (narg) error->all(FLERR, "sciml/py: takes no words; the model is named by pair_coeff");
}

// pair_coeff * * MODULE:FUNCTION WORD ... with as many words as there are atom types at the end
void PairScimlPy::coeff(int narg, char **arg)
{
  const int types = atom->ntypes;
  if (narg < 3 + types)
    error->all(FLERR, "sciml/py: expected `pair_coeff * * MODULE:FUNCTION`, what the function takes, "
               "and an element for each of {} atom types", types);
  if (!allocated) {
    allocated = 1;
    memory->create(setflag, types + 1, types + 1, "pair:setflag");
    memory->create(cutsq, types + 1, types + 1, "pair:cutsq");
    map = new int[types + 1];
  }
  map_element2type(types, arg + narg - types);
  for (int type = 1; type <= types; type++) {
    if (map[type] < 0) error->all(FLERR, "sciml/py: every atom type needs an element");
    sciml::set_mass_if_none(atom, type, elements[map[type]]);
  }
  std::vector<std::string> words{std::to_string(types)};
  for (int i = 3; i < narg; i++) words.emplace_back(arg[i]);
  try {
    if (!python) python = std::make_unique<sciml::Python>();
    if (model >= 0) python->close(model);
    model = python->open(arg[2], words, cutoff);
  } catch (const std::runtime_error &wrong) {
    error->all(FLERR, "sciml/py: {}", std::string(wrong.what()));
  }
}

void PairScimlPy::init_style()
{
  if (model < 0) error->all(FLERR, "sciml/py: pair_coeff has not named a model");
  if (force->newton_pair == 0)
    error->all(FLERR, "sciml/py: needs forces on ghost atoms; set `newton on`");
  if (strcmp(update->unit_style, "metal"))
    error->all(FLERR, "sciml/py: energies are in eV and lengths in Å; set `units metal`, not {}",
               std::string(update->unit_style));
  neighbor->add_request(this, NeighConst::REQ_FULL);
}

double PairScimlPy::init_one(int i, int j)
{
  if (setflag[i][j] == 0) error->all(FLERR, "sciml/py: types {} and {} have no pair_coeff", i, j);
  return cutoff;
}

void PairScimlPy::compute(int eflag, int vflag)
{
  ev_init(eflag, vflag);
  gather();
  const long all = atom->nlocal + atom->nghost;
  try {
    python->evaluate({model, list->inum, all, first.back(), kinds.data(),
                      first.data(), other.data(), vectors.data(), energies.data(), slopes.data()});
  } catch (const std::runtime_error &wrong) {
    error->one(FLERR, "sciml/py: {}", std::string(wrong.what()));
  }
  scatter();
  if (vflag_fdotr) virial_fdotr_compute();
}

// The pairs nearer than the cutoff; centres are atoms of this rank, in the order of their numbers.
void PairScimlPy::gather()
{
  double **x = atom->x;
  const int all = atom->nlocal + atom->nghost, *type = atom->type;
  const double longest = cutoff * cutoff;
  kinds.resize(all);
  for (int i = 0; i < all; i++) kinds[i] = type[i] - 1;
  centres.assign(list->ilist, list->ilist + list->inum);
  first.assign(1, 0);
  energies.resize(centres.size());
  reserve();
  long pairs = 0;
  for (const int i : centres) {
    const int *neighbours = list->firstneigh[i], count = list->numneigh[i];
    const double xi = x[i][0], yi = x[i][1], zi = x[i][2];
    for (int jj = 0; jj < count; jj++) {
      const int j = neighbours[jj] & NEIGHMASK;
      double *vector = vectors.data() + 3 * pairs;
      vector[0] = x[j][0] - xi;
      vector[1] = x[j][1] - yi;
      vector[2] = x[j][2] - zi;
      other[pairs] = j;
      // A pair that is too far is written over by the next: a branch here costs more.
      const double square = vector[0] * vector[0] + vector[1] * vector[1] + vector[2] * vector[2];
      pairs += square < longest;
    }
    first.push_back(pairs);
  }
}

// Room for all pairs of the list and the one that is written last and may be too far.
void PairScimlPy::reserve()
{
  size_t most = 1;
  for (const int i : centres) most += list->numneigh[i];
  if (most <= other.size()) return;
  other.resize(most);
  vectors.resize(3 * most);
  slopes.resize(3 * most);
}

void PairScimlPy::scatter()
{
  double **f = atom->f;
  for (size_t c = 0; c < centres.size(); c++) {
    const int i = centres[c];
    if (eflag_global) eng_vdwl += energies[c];
    if (eflag_atom) eatom[i] += energies[c];
    double total[3] = {0.0, 0.0, 0.0};
    for (long p = first[c]; p < first[c + 1]; p++) {
      const int j = other[p];
      const double *slope = slopes.data() + 3 * p, *along = vectors.data() + 3 * p;
      for (int d = 0; d < 3; d++) {
        total[d] += slope[d];
        f[j][d] -= slope[d];
      }
      if (vflag_either)
        ev_tally_xyz(i, j, atom->nlocal, 1, 0.0, 0.0, slope[0], slope[1], slope[2], -along[0],
                     -along[1], -along[2]);
    }
    for (int d = 0; d < 3; d++) f[i][d] += total[d];
  }
}

double PairScimlPy::memory_usage()
{
  return Pair::memory_usage() + double(kinds.capacity() + other.capacity()) * sizeof(int) +
      double(vectors.capacity() + slopes.capacity()) * sizeof(double);
}
