// SPDX-License-Identifier: GPL-2.0-or-later

#include "pair_sciml.h"

#include "masses.h"

#include "atom.h"
#include "comm.h"
#include "error.h"
#include "force.h"
#include "memory.h"
#include "neigh_list.h"
#include "neighbor.h"
#include "update.h"
#include "utils.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <stdexcept>

using namespace LAMMPS_NS;
using sciml::Buffer;
using sciml::Member;

PairSciml::PairSciml(LAMMPS *lmp) : Pair(lmp)
{
  single_enable = 0;
  restartinfo = 0;
  one_coeff = 1;
  manybody_flag = 1;
  centroidstressflag = CENTROID_NOTAVAIL;
  nextra = 2;    // largest grade and largest spread
  pvector = new double[nextra]();
}

PairSciml::~PairSciml()
{
  delete[] pvector;
  if (allocated) {
    memory->destroy(setflag);
    memory->destroy(cutsq);
  }
}

void PairSciml::allocate()
{
  allocated = 1;
  const int types = atom->ntypes + 1;
  memory->create(setflag, types, types, "pair:setflag");
  memory->create(cutsq, types, types, "pair:cutsq");
  for (int i = 0; i < types; i++)
    for (int j = 0; j < types; j++) setflag[i][j] = 0;
  map = new int[types];
}

// pair_style sciml [grade N] [spread N] [halt G]
void PairSciml::settings(int narg, char **arg)
{
  grade_every = spread_every = 0;
  halt = 0.0;
  for (int i = 0; i < narg; i += 2) {
    if (i + 1 == narg) error->all(FLERR, "sciml: {} is not followed by a number", arg[i]);
    if (!strcmp(arg[i], "grade"))
      grade_every = utils::inumeric(FLERR, arg[i + 1], false, lmp);
    else if (!strcmp(arg[i], "spread"))
      spread_every = utils::inumeric(FLERR, arg[i + 1], false, lmp);
    else if (!strcmp(arg[i], "halt"))
      halt = utils::numeric(FLERR, arg[i + 1], false, lmp);
    else
      error->all(FLERR, "sciml: unknown keyword {}; there are grade, spread and halt", arg[i]);
  }
  if (grade_every < 0 || spread_every < 0 || halt < 0)
    error->all(FLERR, "sciml: grade, spread and halt are followed by positive numbers");
  if (halt > 0 && grade_every == 0) grade_every = 1;
}

// pair_coeff * * FILE ELEMENT ...
void PairSciml::coeff(int narg, char **arg)
{
  if (!allocated) allocate();
  if (narg < 4)
    error->all(FLERR, "sciml: expected `pair_coeff * * FILE` and an element for each atom type");
  try {
    model = std::make_unique<sciml::Model>(sciml::read_model(arg[2]));
  } catch (const std::runtime_error &wrong) {
    error->all(FLERR, "sciml: {}", std::string(wrong.what()));
  }
  map_element2type(narg - 3, arg + 3);
  std::string known;
  for (const auto &symbol : model->symbols) known += (known.empty() ? "" : " ") + symbol;
  kinds.assign(atom->ntypes + 1, -1);
  for (int type = 1; type <= atom->ntypes; type++) {
    if (map[type] < 0) continue;
    const std::string symbol = elements[map[type]];
    const auto place = std::find(model->symbols.begin(), model->symbols.end(), symbol);
    if (place == model->symbols.end())
      error->all(FLERR, "sciml: {} knows {}, but atom type {} is {}; use a potential for it",
                 arg[2], known, type, symbol);
    kinds[type] = static_cast<int>(place - model->symbols.begin());
    sciml::set_mass_if_none(atom, type, symbol);
  }
  kernel = std::make_unique<sciml::Kernel>(*model);
  heads = model->heads ? std::make_unique<sciml::Heads>(*model) : nullptr;
  grades.resize(1);
  spreads.resize(1);
  const auto &far = model->members[0].far;
  comm_forward = far.padding;
  comm_reverse = std::max(far.padding, model->members.size() > 1 ? 3 : 0);
  if (heads) comm_reverse = std::max(comm_reverse, std::max(3, far.channels) * heads->padding() / 2);
}

void PairSciml::init_style()
{
  if (!model) error->all(FLERR, "sciml: pair_coeff has not named a potential's file");
  if (force->newton_pair == 0)
    error->all(FLERR, "sciml: needs forces on ghost atoms; set `newton on`");
  if (strcmp(update->unit_style, "metal"))
    error->all(FLERR, "sciml: energies are in eV and lengths in Å; set `units metal`, not {}",
               std::string(update->unit_style));
  if (grade_every && !model->graded)
    error->all(FLERR, "sciml: {} has no grade; train it with one, or leave `grade` out",
               model->file);
  if (spread_every && !model->heads && model->members.size() == 1)
    error->all(FLERR, "sciml: {} is a single potential; only a committee has a spread",
               model->file);
  neighbor->add_request(this, NeighConst::REQ_FULL);
}

double PairSciml::init_one(int i, int j)
{
  if (setflag[i][j] == 0) error->all(FLERR, "sciml: types {} and {} have no pair_coeff", i, j);
  return model->cutoff;
}

void PairSciml::make_room()
{
  const int all = atom->nlocal + atom->nghost;
  const auto &first = model->members[0];
  if (all > room) {
    room = std::max(all, atom->nmax);
    charges.fit(size_t(room) * first.far.padding);
    by_charge.fit(size_t(room) * first.far.padding);
  }
  if (first.far.channels) {
    near_sums.fit(size_t(atom->nlocal) * first.near.padding);
    layer_energy.resize(atom->nlocal);
  }
  if (spread && heads) {
    deviations.fit(size_t(room) * 3 * heads->padding());
    deviations.zero();
    deviations_by_charge.fit(size_t(room) * first.far.channels * heads->padding());
    deviations_by_charge.zero();
  }
  if (graded) grades.assign(room, 0.0);
  if (spread) spreads.assign(room, 0.0);
}

void PairSciml::compute(int eflag, int vflag)
{
  ev_init(eflag, vflag);
  const bigint step = update->ntimestep;
  graded = model->graded && (grade_flag || (grade_every && step % grade_every == 0));
  spread = spread_flag || (spread_every && step % spread_every == 0);
  const int count = static_cast<int>(model->members.size());
  spread = spread && (heads || count > 1);
  make_room();
  if (count == 1)
    evaluate(model->members[0], atom->f[0], 1.0);
  else
    committee(count);
  sciml::leave_vectors();
  if (vflag_fdotr) virial_fdotr_compute();
  if (graded || spread) tell();
}

// One potential, with its heads if their spread is asked for.
void PairSciml::evaluate(const Member &member, double *force, double share)
{
  const int wide = member.far.padding;
  if (member.far.channels == 0) {
    local(member, force, share);
  } else {
    first_layer(member);
    exchange = {charges, nullptr, wide, wide};
    sciml::leave_vectors();
    comm->forward_comm(this, exchange.width);
    by_charge.zero();
    far_layer(member, force, share);
    send_back(by_charge, wide, wide);
    if (spread && heads)
      send_back(deviations_by_charge, member.far.channels * heads->padding());
    near_layer(member, force, share);
  }
  if (spread && heads) add_spread_of_heads();
}

// Members that share nothing: each by itself, and their mean.
void PairSciml::committee(int count)
{
  const size_t size = 3 * size_t(atom->nlocal + atom->nghost);
  parts.assign(count * size, 0.0);
  std::vector<double *> places;
  for (int k = 0; k < count; k++) {
    places.push_back(parts.data() + k * size);
    evaluate(model->members[k], places[k], 1.0 / count);
  }
  double *force = atom->f[0];
  for (const double *one : places)
    for (size_t i = 0; i < size; i++) force[i] += one[i] / count;
  if (spread) add_spread(places);
}

// The neighbours of an atom; returns half of the repulsion of their nuclei, eV.
double PairSciml::gather(int i)
{
  double **x = atom->x;
  const int *type = atom->type;
  const double longest = model->cutoff * model->cutoff;
  kernel->begin();
  const int *neighbours = list->firstneigh[i];
  for (int jj = 0; jj < list->numneigh[i]; jj++) {
    const int j = neighbours[jj] & NEIGHMASK;
    const double dx = x[j][0] - x[i][0], dy = x[j][1] - x[i][1], dz = x[j][2] - x[i][2];
    const double square = dx * dx + dy * dy + dz * dz;
    if (square >= longest || kinds[type[j]] < 0) continue;
    kernel->add(kinds[type[j]], j, dx, dy, dz, std::sqrt(square));
  }
  return kernel->arrange(kinds[type[i]]);
}

// Slopes of the kernel as forces; of the potential itself also as stress.
void PairSciml::scatter(int i, double *force, double share)
{
  double on[3] = {0.0, 0.0, 0.0};
  for (int p = 0; p < kernel->places(); p++) {
    const int j = kernel->number(p);
    if (j < 0) continue;
    double slope[3], along[3];
    kernel->slope(p, slope);
    for (int d = 0; d < 3; d++) {
      on[d] += slope[d];
      force[3 * j + d] -= slope[d];
    }
    if (share > 0 && vflag_either) {
      kernel->vector(p, along);
      ev_tally_xyz(i, j, atom->nlocal, 1, 0.0, 0.0, share * slope[0], share * slope[1],
                   share * slope[2], -along[0], -along[1], -along[2]);
    }
  }
  for (int d = 0; d < 3; d++) force[3 * i + d] += on[d];
}

void PairSciml::add_energy(int i, double energy, double share)
{
  if (eflag_global) eng_vdwl += share * energy;
  if (eflag_atom) eatom[i] += share * energy;
}

void PairSciml::grade_atom(const Member &member, int i, const double *sums)
{
  if (graded) grades[i] = std::max(grades[i], kernel->grade(member, kinds[atom->type[i]], sums));
}

// Strictly local potentials need one pass.
void PairSciml::local(const Member &member, double *force, double share)
{
  Buffer sums(kernel->sum_size()), by_sum(kernel->sum_size());
  for (int ii = 0; ii < list->inum; ii++) {
    const int i = list->ilist[ii], element = kinds[atom->type[i]];
    if (element < 0) continue;
    double energy = member.energy[element] + gather(i);
    energy += kernel->near(member, element, sums);
    energy += kernel->hidden(member, element, sums, by_sum);
    add_energy(i, energy, share);
    grade_atom(member, i, sums);
    kernel->clear_slopes();
    kernel->near_slopes(member, element, by_sum, nullptr);
    kernel->add_repulsion(element);
    scatter(i, force, share);
    if (spread && heads) heads->near(*kernel, i, element, nullptr, deviations);
  }
}

// Charges of all atoms here, and what the readout needs later.
void PairSciml::first_layer(const Member &member)
{
  const int wide = member.far.padding, near = member.near.padding;
  Buffer sums(kernel->sum_size());
  for (int ii = 0; ii < list->inum; ii++) {
    const int i = list->ilist[ii], element = kinds[atom->type[i]];
    if (element < 0) continue;
    const double repulsion = gather(i);
    layer_energy[i] = repulsion + member.energy[element] + kernel->near(member, element, sums);
    kernel->charges(member, element, charges + size_t(i) * wide);
    for (int k = 0; k < near; k++) near_sums[size_t(i) * near + k] = sums[k];
  }
}

// The second layer: its energy and slopes, and those by the charges of neighbours.
void PairSciml::far_layer(const Member &member, double *force, double share)
{
  const int wide = member.far.padding, near = member.near.padding;
  Buffer sums(kernel->sum_size()), by_sum(kernel->sum_size());
  for (int ii = 0; ii < list->inum; ii++) {
    const int i = list->ilist[ii], element = kinds[atom->type[i]];
    if (element < 0) continue;
    gather(i);
    double *here = near_sums + size_t(i) * near;
    for (int k = 0; k < near; k++) sums[k] = here[k];
    double energy = layer_energy[i] + kernel->far(member, element, charges, wide, sums);
    energy += kernel->hidden(member, element, sums, by_sum);
    add_energy(i, energy, share);
    grade_atom(member, i, sums);
    kernel->clear_slopes();
    kernel->far_slopes(member, element, by_sum, charges, wide, by_charge);
    scatter(i, force, share);
    if (spread && heads)
      heads->far(*kernel, i, element, charges, wide, deviations_by_charge, deviations);
    // From here on what sums were asked for is known: their slopes take their place.
    for (int k = 0; k < near; k++) here[k] = by_sum[k];
  }
}

// The first layer again, now that the slopes by sums and charges are known.
void PairSciml::near_layer(const Member &member, double *force, double share)
{
  const int wide = member.far.padding, near = member.near.padding;
  Buffer sums(kernel->sum_size());
  for (int ii = 0; ii < list->inum; ii++) {
    const int i = list->ilist[ii], element = kinds[atom->type[i]];
    if (element < 0) continue;
    gather(i);
    kernel->near(member, element, sums);
    kernel->clear_slopes();
    kernel->near_slopes(member, element, near_sums + size_t(i) * near, by_charge + size_t(i) * wide);
    kernel->add_repulsion(element);
    scatter(i, force, share);
    if (spread && heads) {
      const size_t row = size_t(member.far.channels) * heads->padding();
      heads->near(*kernel, i, element, deviations_by_charge + i * row, deviations);
    }
  }
}

// Add what ghosts have to their owners.
void PairSciml::send_back(double *numbers, int width, int stride)
{
  exchange = {numbers, nullptr, width, stride};
  sciml::leave_vectors();
  comm->reverse_comm(this, width);
}

void PairSciml::send_back(float *singles, int width)
{
  exchange = {nullptr, singles, width / 2, width / 2};
  sciml::leave_vectors();
  comm->reverse_comm(this, exchange.width);
}

// The deviation of the members' forces from their mean.
void PairSciml::add_spread(const std::vector<double *> &places)
{
  const double count = double(places.size());
  for (double *one : places) send_back(one, 3, 3);
  for (int i = 0; i < atom->nlocal; i++) {
    double total = 0.0;
    for (int d = 0; d < 3; d++) {
      double mean = 0.0;
      for (const double *one : places) mean += one[3 * i + d] / count;
      for (const double *one : places) {
        const double gap = one[3 * i + d] - mean;
        total += gap * gap / count;
      }
    }
    spreads[i] = std::sqrt(total);
  }
}

// Heads' forces are deviations already.
void PairSciml::add_spread_of_heads()
{
  const int width = 3 * heads->padding();
  send_back(deviations, width);
  for (int i = 0; i < atom->nlocal; i++) {
    double total = 0.0;
    for (int k = 0; k < width; k++) {
      const double gap = deviations[size_t(i) * width + k];
      total += gap * gap;
    }
    spreads[i] = std::sqrt(total / double(model->near_deviation.size()));
  }
}

// Largest grade and spread for `compute pair`, and the end if a grade is too large.
void PairSciml::tell()
{
  double mine[2] = {0.0, 0.0};
  for (int i = 0; i < atom->nlocal; i++) {
    if (graded) mine[0] = std::max(mine[0], grades[i]);
    if (spread) mine[1] = std::max(mine[1], spreads[i]);
  }
  double largest[2];
  MPI_Allreduce(mine, largest, 2, MPI_DOUBLE, MPI_MAX, world);
  if (graded) pvector[0] = largest[0];
  if (spread) pvector[1] = largest[1];
  if (graded && halt > 0 && largest[0] > halt)
    error->all(FLERR, "sciml: a grade of {:.3g} at step {} is above {:g}: an atom is outside of what "
               "the potential was trained on", largest[0], update->ntimestep, halt);
}

int PairSciml::pack_forward_comm(int n, int *atoms, double *buffer, int, int *)
{
  int m = 0;
  for (int k = 0; k < n; k++) {
    const double *from = exchange.numbers + size_t(atoms[k]) * exchange.stride;
    for (int c = 0; c < exchange.width; c++) buffer[m++] = from[c];
  }
  return m;
}

void PairSciml::unpack_forward_comm(int n, int first, double *buffer)
{
  int m = 0;
  for (int i = first; i < first + n; i++)
    for (int c = 0; c < exchange.width; c++)
      exchange.numbers[size_t(i) * exchange.stride + c] = buffer[m++];
}

int PairSciml::pack_reverse_comm(int n, int first, double *buffer)
{
  int m = 0;
  if (exchange.singles) {
    const size_t width = 2 * size_t(exchange.width);
    std::memcpy(buffer, exchange.singles + first * width, n * width * sizeof(float));
    return n * exchange.width;
  }
  for (int i = first; i < first + n; i++)
    for (int c = 0; c < exchange.width; c++)
      buffer[m++] = exchange.numbers[size_t(i) * exchange.stride + c];
  return m;
}

void PairSciml::unpack_reverse_comm(int n, int *atoms, double *buffer)
{
  if (exchange.singles) {
    const size_t width = 2 * size_t(exchange.width);
    std::vector<float> given(width);
    for (int k = 0; k < n; k++) {
      std::memcpy(given.data(), buffer + size_t(k) * exchange.width, width * sizeof(float));
      float *found = exchange.singles + atoms[k] * width;
      for (size_t c = 0; c < width; c++) found[c] += given[c];
    }
    return;
  }
  int m = 0;
  for (int k = 0; k < n; k++)
    for (int c = 0; c < exchange.width; c++)
      exchange.numbers[size_t(atoms[k]) * exchange.stride + c] += buffer[m++];
}

// `fix pair` sets these where it wants grades or spreads.
void *PairSciml::extract(const char *name, int &dimension)
{
  dimension = 0;
  if (!strcmp(name, "grade_flag")) return &grade_flag;
  if (!strcmp(name, "spread_flag")) return &spread_flag;
  return nullptr;
}

void *PairSciml::extract_peratom(const char *name, int &columns)
{
  columns = 0;
  if (!model) return nullptr;
  const bool several = heads || model->members.size() > 1;
  if (!strcmp(name, "grade") && model->graded) return grades.data();
  if (!strcmp(name, "spread") && several) return spreads.data();
  return nullptr;
}

double PairSciml::memory_usage()
{
  const double vectors = double(grades.capacity() + spreads.capacity() + parts.capacity() +
                                layer_energy.capacity()) * sizeof(double);
  return Pair::memory_usage() + vectors + double(charges.bytes() + by_charge.bytes()) +
      double(near_sums.bytes()) + (kernel ? kernel->bytes() : 0.0) +
      double(deviations.bytes() + deviations_by_charge.bytes()) + (heads ? heads->bytes() : 0.0);
}
