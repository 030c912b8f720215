// SPDX-License-Identifier: GPL-2.0-or-later
// Python in this process: the one that runs already, or one that is started here.
//
// Its functions are looked up while running, so that the plugin needs no Python to be loaded.

#ifndef SCIML_PYTHON_H
#define SCIML_PYTHON_H

#include <string>
#include <vector>

namespace sciml {

// A function of the module that serves models; throws std::runtime_error with what Python says.
class Python {
 public:
  Python();
  // What `open_model` says: a number for the model, and its cutoff, Å.
  long open(const std::string &source, const std::vector<std::string> &words, double &cutoff);
  void close(long model);

  struct Call {    // arrays are described in bridge.py
    long model;
    long atoms, all, pairs;
    const int *kinds;
    const long *first;
    const int *other;
    const double *vectors;
    double *energies, *slopes;
  };
  void evaluate(const Call &call);

 private:
  using Object = struct Opaque *;
  Object module = nullptr;

  Object called(const char *name, Object arguments);
  std::string text(Object object) const;
  void *address(const char *name) const;
  void *library = nullptr;
};

}    // namespace sciml

#endif
