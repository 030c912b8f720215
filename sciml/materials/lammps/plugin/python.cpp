// SPDX-License-Identifier: GPL-2.0-or-later

#include "python.h"

#include <dlfcn.h>

#include <clocale>
#include <stdexcept>

#ifndef SCIML_PYTHON_LIBRARY
#define SCIML_PYTHON_LIBRARY ""
#endif
#ifndef SCIML_PYTHON_PROGRAM
#define SCIML_PYTHON_PROGRAM ""
#endif

namespace sciml {

namespace {

constexpr char BRIDGE[] = "sciml.materials.lammps.bridge";

// Holds the lock of the interpreter.
class Locked {
 public:
  explicit Locked(void *ensure, void *release)
      : release(reinterpret_cast<void (*)(int)>(release)),
        state(reinterpret_cast<int (*)()>(ensure)())
  {
  }
  ~Locked() { release(state); }
  Locked(const Locked &) = delete;
  Locked &operator=(const Locked &) = delete;

 private:
  void (*release)(int);
  int state;
};

}    // namespace

void *Python::address(const char *name) const
{
  void *found = dlsym(library, name);
  if (!found) throw std::runtime_error(std::string("this Python has no ") + name);
  return found;
}

#define PYTHON(result, name, ...) reinterpret_cast<result (*)(__VA_ARGS__)>(address(#name))
#define LOCKED Locked locked(address("PyGILState_Ensure"), address("PyGILState_Release"))

Python::Python()
{
  library = RTLD_DEFAULT;
  const bool here = dlsym(RTLD_DEFAULT, "Py_IsInitialized") != nullptr;
  if (!here) {
    library = dlopen(SCIML_PYTHON_LIBRARY, RTLD_NOW | RTLD_GLOBAL);
    if (!library)
      throw std::runtime_error(
          "no shared library of Python was found when the plugin was built; start LAMMPS from "
          "Python, or build the plugin with a Python that has one");
  }
  if (!PYTHON(int, Py_IsInitialized)()) {
    // Its packages are found beside the program that the plugin was built with.
    static std::wstring program;
    const std::string narrow = SCIML_PYTHON_PROGRAM;
    program.assign(narrow.begin(), narrow.end());
    PYTHON(void, Py_SetProgramName, const wchar_t *)(program.c_str());
    PYTHON(void, Py_InitializeEx, int)(0);
    PYTHON(void *, PyEval_SaveThread)();
  }
  LOCKED;
  module = PYTHON(Object, PyImport_ImportModule, const char *)(BRIDGE);
  if (!module) {
    PYTHON(void, PyErr_Print)();
    throw std::runtime_error(std::string(BRIDGE) + " cannot be imported; see above");
  }
}

std::string Python::text(Object object) const
{
  const char *found = PYTHON(const char *, PyUnicode_AsUTF8, Object)(object);
  return found ? found : "";
}

// The first item of what a function returns is what went wrong, or an empty text.
Python::Object Python::called(const char *name, Object arguments)
{
  const auto release = PYTHON(void, Py_DecRef, Object);
  const Object function = PYTHON(Object, PyObject_GetAttrString, Object, const char *)(module, name);
  const Object found =
      arguments ? PYTHON(Object, PyObject_CallObject, Object, Object)(function, arguments) : nullptr;
  if (arguments) release(arguments);
  if (function) release(function);
  if (!found) {
    PYTHON(void, PyErr_Print)();
    throw std::runtime_error("Python failed; see above");
  }
  const std::string wrong = text(PYTHON(Object, PyTuple_GetItem, Object, long)(found, 0));
  if (!wrong.empty()) {
    release(found);
    throw std::runtime_error(wrong);
  }
  return found;
}

long Python::open(const std::string &source, const std::vector<std::string> &words, double &cutoff)
{
  LOCKED;
  std::string joined;
  for (const auto &word : words) joined += (joined.empty() ? "" : "\n") + word;
  const Object given = PYTHON(Object, Py_BuildValue, const char *, ...)(
      "(ss)", source.c_str(), joined.c_str());
  const Object found = called("open_model", given);
  const auto item = PYTHON(Object, PyTuple_GetItem, Object, long);
  const long model = PYTHON(long, PyLong_AsLong, Object)(item(found, 1));
  cutoff = PYTHON(double, PyFloat_AsDouble, Object)(item(found, 2));
  PYTHON(void, Py_DecRef, Object)(found);
  return model;
}

void Python::close(long model)
{
  LOCKED;
  const Object given = PYTHON(Object, Py_BuildValue, const char *, ...)("(l)", model);
  PYTHON(void, Py_DecRef, Object)(called("close_model", given));
}

void Python::evaluate(const Call &call)
{
  LOCKED;
  const Object given = PYTHON(Object, Py_BuildValue, const char *, ...)(
      "(llllllllll)", call.model, call.atoms, call.all, call.pairs,
      reinterpret_cast<long>(call.kinds), reinterpret_cast<long>(call.first),
      reinterpret_cast<long>(call.other), reinterpret_cast<long>(call.vectors),
      reinterpret_cast<long>(call.energies), reinterpret_cast<long>(call.slopes));
  PYTHON(void, Py_DecRef, Object)(called("evaluate", given));
}

}    // namespace sciml
