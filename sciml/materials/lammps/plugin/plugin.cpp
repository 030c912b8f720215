// SPDX-License-Identifier: GPL-2.0-or-later
// What LAMMPS calls when it loads the plugin.

#include "pair_sciml.h"
#include "pair_sciml_py.h"

#include "error.h"
#include "lammps.h"
#include "library.h"

#include <string>

using namespace LAMMPS_NS;

#ifndef SCIML_LAMMPS_VERSION
#error "define SCIML_LAMMPS_VERSION as the version of LAMMPS that this is compiled for, as in 20250722"
#endif

namespace {

// LAMMPS' own declaration of these is not among the headers that its wheel has.
struct Plugin {
  const char *version, *style, *name, *info, *author;
  void *(*creator)(LAMMPS *);
  void *handle;
};
using Register = void (*)(Plugin *, void *);

void *new_sciml(LAMMPS *lmp)
{
  return new PairSciml(lmp);
}

void *new_sciml_py(LAMMPS *lmp)
{
  return new PairScimlPy(lmp);
}

}    // namespace

extern "C" __attribute__((visibility("default"))) void lammpsplugin_init(void *engine, void *handle,
                                                                         void *give)
{
  auto *lmp = static_cast<LAMMPS *>(engine);
  const int running = lammps_version(engine);
  if (running != SCIML_LAMMPS_VERSION) {
    lmp->error->warning(FLERR, "sciml: this plugin is for LAMMPS " +
                        std::to_string(SCIML_LAMMPS_VERSION) + ", but " + std::to_string(running) +
                        " runs; it is not loaded. Run `sciml lammps build`, for a LAMMPS of your own "
                        "with LAMMPS_INC naming the `src` folder of the LAMMPS that runs.");
    return;
  }
  Plugin plugin{lmp->version, "pair", "sciml", "potentials of sciml", "The sciml developers",
                new_sciml, handle};
  reinterpret_cast<Register>(give)(&plugin, engine);
  plugin.name = "sciml/py";
  plugin.info = "models in Python";
  plugin.creator = new_sciml_py;
  reinterpret_cast<Register>(give)(&plugin, engine);
}
