// SPDX-License-Identifier: GPL-2.0-or-later

#include "model.h"
#include "sha256.h"

#include "json.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <map>
#include <stdexcept>

using LAMMPS_NS::json;

namespace sciml {

namespace {

constexpr int OLDEST = 2, VERSION = 3;    // that are read; in the oldest, moments end at l = 3
const char *const OWN[] = {"linear", "element_energy"};    // what heads do not share

struct Array {
  std::vector<size_t> shape;
  std::vector<double> numbers;

  size_t size(size_t axis) const { return shape.at(axis); }
};

using Arrays = std::map<std::string, Array>;

[[noreturn]] void refuse(const std::string &path, const std::string &why)
{
  throw std::runtime_error(path + ": " + why);
}

// The arrays of a file by name, and the text that describes them.
class File {
 public:
  explicit File(const std::string &path) : path(path)
  {
    std::ifstream stream(path, std::ios::binary);
    if (!stream) refuse(path, "no such file; train a potential or name another one.");
    bytes.assign(std::istreambuf_iterator<char>(stream), {});
    uint64_t length = 0;
    if (bytes.size() >= 8) std::memcpy(&length, bytes.data(), 8);
    if (bytes.size() < 8 || length > bytes.size() - 8) cut();
    try {
      const json listed = json::parse(bytes.begin() + 8, bytes.begin() + 8 + length);
      const size_t start = 8 + length;
      for (const auto &[name, entry] : listed.items())
        if (name != "__metadata__") arrays[name] = array(entry, start);
      text = listed.value("__metadata__", json::object()).value("sciml-ace", std::string());
    } catch (const json::exception &) {
      refuse(path, "not a whole safetensors file; copy it again.");
    }
    if (text.empty()) refuse(path, "is not a potential of sciml; name another file.");
    check();
  }

  Arrays arrays;
  json header;

 private:
  std::string path, bytes, text;

  [[noreturn]] void cut() const { refuse(path, "is cut short; copy it again."); }

  Array array(const json &entry, size_t start) const
  {
    Array found;
    size_t count = 1;
    for (const auto &length : entry.at("shape")) {
      found.shape.push_back(length.get<size_t>());
      count *= found.shape.back();
    }
    const auto type = entry.at("dtype").get<std::string>();
    const size_t size = type == "F64" ? 8 : type == "I32" ? 4 : 0;
    const auto from = entry.at("data_offsets").at(0).get<size_t>();
    const auto until = entry.at("data_offsets").at(1).get<size_t>();
    if (!size || until - from != size * count) refuse(path, "has arrays of an unknown kind.");
    if (start + until > bytes.size()) cut();
    found.numbers.resize(count);
    const char *data = bytes.data() + start + from;
    for (size_t i = 0; i < count; i++) {
      int32_t whole;
      if (size == 8) {
        std::memcpy(&found.numbers[i], data + 8 * i, 8);
      } else {
        std::memcpy(&whole, data + 4 * i, 4);
        found.numbers[i] = whole;
      }
    }
    return found;
  }

  // Format, version and numbers are those that were written.
  void check()
  {
    try {
      header = json::parse(text);
      const int version = header.at("version").get<int>();
      if (version < OLDEST || version > VERSION)
        refuse(path, "is of format version " + std::to_string(version) + ", this plugin reads " +
                   std::to_string(OLDEST) + " to " + std::to_string(VERSION) + "; " +
                   (version > VERSION ? "update sciml." : "train the potential again."));
      if (digest(header.at("sha256").get<std::string>()) != header["sha256"].get<std::string>())
        refuse(path, "its numbers do not have the sha256 of its header; copy it again.");
    } catch (const json::exception &error) {
      refuse(path, std::string("its header is not whole (") + error.what() + "); copy it again.");
    }
  }

  std::string digest(const std::string &told) const
  {
    Sha256 sum;
    for (const auto &[name, array] : arrays) {
      std::string shape;
      for (const size_t length : array.shape) shape += std::to_string(length) + ", ";
      if (!shape.empty()) shape.erase(shape.size() - (array.shape.size() == 1 ? 1 : 2));
      sum.add(name + " (" + shape + ") ");
      sum.add(array.numbers.data(), 8 * array.numbers.size());
    }
    std::string rest = text;
    const size_t place = rest.find(told);
    if (!told.empty() && place != std::string::npos) rest.erase(place, told.size());
    sum.add(rest);
    return sum.hex();
  }
};

// The arrays of one member of a committee.
Arrays member_arrays(const Arrays &all, size_t members, size_t member)
{
  Arrays found;
  for (const auto &[name, array] : all) {
    if (members == 1 || name.rfind("coupling_", 0) == 0 || name.rfind("radial_", 0) == 0) {
      found[name] = array;
      continue;
    }
    const size_t count = array.numbers.size() / members;
    found[name].shape.assign(array.shape.begin() + 1, array.shape.end());
    const auto start = array.numbers.begin() + member * count;
    found[name].numbers.assign(start, start + count);
  }
  return found;
}

Couplings couplings_of(const Arrays &arrays, int components)
{
  const auto &left = arrays.at("coupling_left").numbers, &right = arrays.at("coupling_right").numbers;
  const auto &node = arrays.at("coupling_node").numbers;
  const auto &invariant = arrays.at("coupling_invariant").numbers;
  const auto &coefficient = arrays.at("coupling_coefficient").numbers;
  const size_t count = left.size();
  std::vector<bool> needed(components + count, false);
  for (size_t p = 0; p < count; p++)
    needed.at(static_cast<size_t>(left[p])) = needed.at(static_cast<size_t>(right[p])) = true;
  Couplings found;
  found.components = components;
  std::vector<int> place(components + count, -1);
  for (int c = 0; c < components; c++) place[c] = c;
  for (size_t p = 0; p < count; p++) {
    if (!needed[components + p]) continue;
    place[components + p] = found.nodes();
    found.products.push_back({place[static_cast<size_t>(left[p])], place[static_cast<size_t>(right[p])]});
  }
  std::vector<size_t> order(node.size());
  for (size_t t = 0; t < order.size(); t++) order[t] = t;
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return invariant[a] < invariant[b]; });
  for (const size_t t : order) {
    while (found.first.size() <= static_cast<size_t>(invariant[t]))
      found.first.push_back(static_cast<int>(found.terms.size()));
    const auto n = static_cast<size_t>(node[t]);
    if (place.at(n) >= 0) {
      found.terms.push_back({place[n], -1, coefficient[t]});
    } else {
      const size_t p = n - components;
      found.terms.push_back({place[static_cast<size_t>(left[p])],
                             place[static_cast<size_t>(right[p])], coefficient[t]});
    }
  }
  found.first.push_back(static_cast<int>(found.terms.size()));
  return found;
}

struct Sizes {
  size_t degrees, elements, functions, hidden;
  size_t function_padding, moments, hidden_padding;
};

// (rows, columns) with columns filled up.
Buffer matrix(const double *numbers, size_t rows, size_t columns, bool turned = false)
{
  const size_t wide = padded(static_cast<int>(turned ? rows : columns));
  Buffer found((turned ? columns : rows) * wide);
  for (size_t r = 0; r < rows; r++)
    for (size_t c = 0; c < columns; c++)
      found[turned ? c * wide + r : r * wide + c] = numbers[r * columns + c];
  return found;
}

// One layer: features from `start` on, weights of the mixing by name.
LayerWeights layer_of(const Arrays &a, const Sizes &n, const std::string &mixing, size_t start,
                      size_t invariants, std::vector<double> &energy)
{
  LayerWeights found;
  const Array &table = a.at(mixing);
  const size_t channels = table.size(3), wide = padded(static_cast<int>(channels));
  found.channels = static_cast<int>(channels);
  found.padding = static_cast<int>(wide);
  const double *shift = a.at("shift").numbers.data() + start;
  const double *scale = a.at("scale").numbers.data() + start;
  const double *share = a.at("share").numbers.data() + start;
  const size_t features = a.at("linear").size(1);
  found.share.fit(invariants * wide);
  found.share_offset.fit(wide);
  for (size_t v = 0; v < invariants; v++)
    for (size_t k = 0; k < channels; k++) {
      const size_t f = v * channels + k;
      found.share[v * wide + k] = share[f] * scale[f];
      found.share_offset[k] -= share[f] * scale[f] * shift[f];
    }
  for (size_t z = 0; z < n.elements; z++) {
    const double *linear = a.at("linear").numbers.data() + z * features + start;
    Buffer by(invariants * wide);
    for (size_t v = 0; v < invariants; v++)
      for (size_t k = 0; k < channels; k++) {
        const size_t f = v * channels + k;
        by[v * wide + k] = linear[f] * scale[f];
        energy[z] -= linear[f] * scale[f] * shift[f];
      }
    found.linear.push_back(by);
    if (mixing != "mixing") continue;
    Buffer forth(n.degrees * n.moments * wide), back(n.degrees * channels * n.moments);
    for (size_t l = 0; l < n.degrees; l++)
      for (size_t q = 0; q < n.elements * n.functions; q++)
        for (size_t k = 0; k < channels; k++) {
          const size_t moment = q / n.functions * n.function_padding + q % n.functions;
          const double number =
              table.numbers[((z * n.degrees + l) * n.elements * n.functions + q) * channels + k];
          forth[(l * n.moments + moment) * wide + k] = number;
          back[(l * channels + k) * n.moments + moment] = number;
        }
    found.mixing.push_back(forth);
    found.mixing_back.push_back(back);
  }
  return found;
}

// Charges and messages of the second layer.
void add_messages(const Arrays &a, const Sizes &n, size_t invariants, Member &found)
{
  const size_t channels = found.near.channels, near_wide = found.near.padding;
  const size_t messages = found.far.channels, wide = found.far.padding;
  const double *share = a.at("charge_share").numbers.data();
  const double *shift = a.at("shift").numbers.data(), *scale = a.at("scale").numbers.data();
  found.charge_share.fit(invariants * near_wide);
  found.charge_offset.fit(near_wide);
  for (size_t f = 0; f < invariants * channels; f++) {
    found.charge_share[f / channels * near_wide + f % channels] = share[f] * scale[f];
    found.charge_offset[f % channels] -= share[f] * scale[f] * shift[f];
  }
  found.charge = matrix(a.at("charge").numbers.data(), channels, messages);
  found.charge_back = matrix(a.at("charge").numbers.data(), channels, messages, true);
  const double *table = a.at("message").numbers.data();
  for (size_t z = 0; z < n.elements; z++) {
    found.charge_bias.push_back(
        matrix(a.at("charge_bias").numbers.data() + z * messages, 1, messages));
    for (size_t other = 0; other < n.elements; other++) {
      Buffer forth(n.functions * n.degrees * wide),
          back(n.degrees * messages * n.function_padding);
      for (size_t l = 0; l < n.degrees; l++)
        for (size_t f = 0; f < n.functions; f++)
          for (size_t m = 0; m < messages; m++) {
            const size_t q = other * n.functions + f;
            const double number =
                table[((z * n.degrees + l) * n.elements * n.functions + q) * messages + m];
            forth[(f * n.degrees + l) * wide + m] = number;
            back[(l * messages + m) * n.function_padding + f] = number;
          }
      found.message.push_back(forth);
      found.message_back.push_back(back);
    }
  }
}

Member member_of(const Arrays &a, const Sizes &n, size_t invariants)
{
  Member found;
  found.energy = a.at("element_energy").numbers;
  const size_t channels = a.at("mixing").size(3), messages = a.at("message").size(3);
  found.near = layer_of(a, n, "mixing", 0, invariants, found.energy);
  found.far = layer_of(a, n, "message", invariants * channels, invariants, found.energy);
  if (messages) add_messages(a, n, invariants, found);
  // Sums of the far layer follow those of the near one, each filled up to whole vectors.
  const size_t rows = channels + messages, hidden = n.hidden, wide = n.hidden_padding;
  const size_t near_wide = found.near.padding, sums = near_wide + found.far.padding;
  const double *first = a.at("first").numbers.data();
  found.first.fit(sums * wide);
  found.first_back.fit(hidden * sums);
  for (size_t k = 0; k < rows; k++)
    for (size_t h = 0; h < hidden; h++) {
      const size_t place = k < channels ? k : near_wide + k - channels;
      found.first[place * wide + h] = first[k * hidden + h];
      found.first_back[h * sums + place] = first[k * hidden + h];
    }
  for (size_t z = 0; z < n.elements; z++)
    found.first_bias.push_back(matrix(a.at("first_bias").numbers.data() + z * hidden, 1, hidden));
  found.second = matrix(a.at("second").numbers.data(), hidden, hidden);
  found.second_back = matrix(a.at("second").numbers.data(), hidden, hidden, true);
  found.second_bias = matrix(a.at("second_bias").numbers.data(), 1, hidden);
  found.last = matrix(a.at("last").numbers.data(), 1, hidden);
  if (a.count("grade_centre"))
    for (size_t z = 0; z < n.elements; z++) {
      const auto centre = a.at("grade_centre").numbers.begin() + z * rows;
      const auto whitening = a.at("grade_whitening").numbers.begin() + z * rows * rows;
      found.grade_centre.emplace_back(centre, centre + rows);
      found.grade_whitening.emplace_back(whitening, whitening + rows * rows);
    }
  return found;
}

bool share_a_body(const std::vector<Arrays> &members)
{
  for (const auto &one : members)
    for (const auto &[name, array] : one)
      if (std::find(std::begin(OWN), std::end(OWN), name) == std::end(OWN) &&
          array.numbers != members[0].at(name).numbers)
        return false;
  return members.size() > 1;
}

// The mean of the heads' own arrays.
Arrays mean_of(const std::vector<Arrays> &members)
{
  Arrays found = members[0];
  for (const char *name : OWN) {
    auto &numbers = found[name].numbers;
    for (size_t i = 0; i < numbers.size(); i++) {
      double total = 0.0;
      for (const auto &one : members) total += one.at(name).numbers[i];
      numbers[i] = total / static_cast<double>(members.size());
    }
  }
  return found;
}

void add_heads(const std::vector<Arrays> &members, const Arrays &mean, const Sizes &n,
               size_t invariants, Model &model)
{
  model.heads = true;
  const size_t near = mean.at("mixing").size(3);
  for (const auto &one : members) {
    Arrays own = mean;
    for (size_t i = 0; i < own["linear"].numbers.size(); i++)
      own["linear"].numbers[i] = one.at("linear").numbers[i] - mean.at("linear").numbers[i];
    std::vector<double> unused(n.elements, 0.0);
    model.near_deviation.push_back(layer_of(own, n, "mixing", 0, invariants, unused).linear);
    model.far_deviation.push_back(
        layer_of(own, n, "message", near * invariants, invariants, unused).linear);
  }
}

Core core_of(const json &told)
{
  Core found;
  if (told.is_null()) return found;
  found.present = true;
  found.coulomb = told.at("coulomb").get<double>();
  found.length = told.at("length").get<double>();
  found.power = told.at("power").get<double>();
  found.shares = told.at("shares").get<std::vector<double>>();
  found.rates = told.at("rates").get<std::vector<double>>();
  for (const auto &row : told.at("inner"))
    for (const auto &number : row) found.inner.push_back(number.get<double>());
  for (const auto &row : told.at("outer"))
    for (const auto &number : row) found.outer.push_back(number.get<double>());
  found.reach = *std::max_element(found.outer.begin(), found.outer.end());
  return found;
}

}    // namespace

Model read_model(const std::string &path)
{
  const File file(path);
  Model model;
  try {
    const json &header = file.header, &settings = header.at("settings");
    model.file = path;
    model.symbols = header.at("symbols").get<std::vector<std::string>>();
    model.numbers = header.at("elements").get<std::vector<int>>();
    model.cutoff = header.at("cutoff").get<double>();
    model.crowding = settings.at("radial").at("crowding").get<double>();
    model.functions = settings.at("radial").at("functions").get<int>();
    model.hidden = settings.at("hidden").get<int>();
    model.core = core_of(header.at("core"));
    model.function_padding = padded(model.functions);
    model.hidden_padding = padded(model.hidden);
    model.moments = model.elements() * model.function_padding;
    const auto count = header.at("members").get<size_t>();
    std::vector<Arrays> members;
    for (size_t k = 0; k < count; k++) members.push_back(member_arrays(file.arrays, count, k));
    model.degrees = static_cast<int>(members.at(0).at("mixing").size(1));
    if (model.degrees < 1 || model.degrees > MOST_DEGREES)
      refuse(path, "has moments of degree " + std::to_string(model.degrees - 1) +
                 ", this plugin's end at " + std::to_string(MOST_DEGREES - 1) + "; update sciml.");
    model.couplings = couplings_of(members.at(0), model.components());
    model.graded = members[0].count("grade_centre") > 0;
    const Sizes n{static_cast<size_t>(model.degrees),   static_cast<size_t>(model.elements()),
                  static_cast<size_t>(model.functions), static_cast<size_t>(model.hidden),
                  static_cast<size_t>(model.function_padding), static_cast<size_t>(model.moments),
                  static_cast<size_t>(model.hidden_padding)};
    const auto invariants = static_cast<size_t>(model.couplings.invariants());
    if (share_a_body(members)) {
      const Arrays mean = mean_of(members);
      model.members.push_back(member_of(mean, n, invariants));
      add_heads(members, mean, n, invariants, model);
    } else {
      for (const auto &one : members) model.members.push_back(member_of(one, n, invariants));
    }
  } catch (const std::runtime_error &) {
    throw;
  } catch (const std::exception &error) {
    refuse(path, std::string("its arrays do not fit its settings (") + error.what() +
               "); train it again.");
  }
  return model;
}

}    // namespace sciml
