// The sum of doubles as if no bit were ever lost, rounded once, to the nearest double, when it is
// asked for. So it is the same whatever the order of its parts, and however they were summed.
//
// NaN, or infinities of both signs, make it NaN; an infinity makes it that infinity; a sum beyond
// the greatest double is infinite; a sum of zero is +0. A sum that passes the greatest double on
// its way and comes back is what it is.
//
// As long as the sum fits into two doubles it is kept in them (24 bytes); else in an integer of
// 2200 bits.
//
// Threads: plain memory.
#pragma once

#include <cstdint>
#include <memory>

namespace ndts {

// An integer of 2200 bits, of which bit 0 is 2^-1074.
class WideSum {
 public:
  // Finite.
  void add(double value);
  void add(const WideSum& other);
  [[nodiscard]] double value() const;

 private:
  static constexpr std::size_t kWords = 70;
  void carry();

  // 32 bits a word, and room for carries that wait; negative words are borrowed from the next.
  std::int64_t words_[kWords] = {};
  std::uint32_t waiting_ = 0;  // additions since the last carry()
};

class ExactSum {
 public:
  void add(double value);
  void add(const ExactSum& other);
  // A double and its rounding error, as kernels give them; both may be anything.
  void add(double high, double low) {
    add(high);
    if (low != 0) add(low);
  }
  [[nodiscard]] double value() const;
  // What value() leaves out, as a double: value() and rest() have about 106 bits of the sum.
  [[nodiscard]] double rest() const;

 private:
  void add_wide(double value);
  [[nodiscard]] static bool add_narrow(double value, double* high, double* low);

  double high_ = 0;  // high_ is high_ + low_ rounded
  double low_ = 0;
  std::unique_ptr<WideSum> wide_;
  double special_ = 0;  // the sum of what is not finite
};

}  // namespace ndts
