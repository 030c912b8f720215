// SPDX-License-Identifier: GPL-2.0-or-later
// SHA-256 by FIPS 180-4.

#ifndef SCIML_SHA256_H
#define SCIML_SHA256_H

#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>

namespace sciml {

class Sha256 {
 public:
  Sha256()
  {
    // The constants are the first bits of the fractions of roots of primes, as the standard has it.
    int found = 0;
    for (int n = 2; found < 64; n++) {
      bool prime = true;
      for (int d = 2; d * d <= n; d++) prime = prime && n % d != 0;
      if (!prime) continue;
      constants[found] = fraction(std::cbrt(static_cast<long double>(n)));
      if (found < 8) state[found] = fraction(std::sqrt(static_cast<long double>(n)));
      found++;
    }
  }

  void add(const void *bytes, size_t count)
  {
    const auto *next = static_cast<const unsigned char *>(bytes);
    length += count;
    for (size_t i = 0; i < count; i++) {
      block[filled++] = next[i];
      if (filled == 64) digest_block();
    }
  }

  void add(const std::string &text) { add(text.data(), text.size()); }

  std::string hex()
  {
    const uint64_t bits = 8 * length;
    const unsigned char one = 0x80, nought = 0;
    add(&one, 1);
    while (filled != 56) add(&nought, 1);
    unsigned char tail[8];
    for (int i = 0; i < 8; i++) tail[i] = static_cast<unsigned char>(bits >> (56 - 8 * i));
    add(tail, 8);
    std::string text;
    char part[9];
    for (const uint32_t word : state) {
      std::snprintf(part, sizeof part, "%08x", word);
      text += part;
    }
    return text;
  }

 private:
  std::array<uint32_t, 64> constants;
  std::array<uint32_t, 8> state;
  std::array<unsigned char, 64> block;
  size_t filled = 0;
  uint64_t length = 0;

  static uint32_t fraction(long double root)
  {
    return static_cast<uint32_t>((root - std::floor(root)) * 4294967296.0L);
  }
  static uint32_t turn(uint32_t x, int bits) { return x >> bits | x << (32 - bits); }

  void digest_block()
  {
    uint32_t w[64];
    for (int i = 0; i < 16; i++)
      w[i] = uint32_t(block[4 * i]) << 24 | uint32_t(block[4 * i + 1]) << 16 |
          uint32_t(block[4 * i + 2]) << 8 | uint32_t(block[4 * i + 3]);
    for (int i = 16; i < 64; i++) {
      const uint32_t low = turn(w[i - 15], 7) ^ turn(w[i - 15], 18) ^ w[i - 15] >> 3;
      const uint32_t high = turn(w[i - 2], 17) ^ turn(w[i - 2], 19) ^ w[i - 2] >> 10;
      w[i] = w[i - 16] + low + w[i - 7] + high;
    }
    std::array<uint32_t, 8> s = state;
    for (int i = 0; i < 64; i++) {
      const uint32_t e = turn(s[4], 6) ^ turn(s[4], 11) ^ turn(s[4], 25);
      const uint32_t choice = (s[4] & s[5]) ^ (~s[4] & s[6]);
      const uint32_t up = s[7] + e + choice + constants[i] + w[i];
      const uint32_t a = turn(s[0], 2) ^ turn(s[0], 13) ^ turn(s[0], 22);
      const uint32_t most = (s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]);
      s = {up + a + most, s[0], s[1], s[2], s[3] + up, s[4], s[5], s[6]};
    }
    for (int i = 0; i < 8; i++) state[i] += s[i];
    filled = 0;
  }
};

}    // namespace sciml

#endif
