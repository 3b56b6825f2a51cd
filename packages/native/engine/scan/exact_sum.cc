// See exact_sum.h.
#include "scan/exact_sum.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace ndts {

namespace {

// a + b is sum + error, exactly, unless the sum overflows.
void two_sum(double a, double b, double* sum, double* error) {
  const double total = a + b;
  const double part = total - a;
  *error = (a - (total - part)) + (b - part);
  *sum = total;
}

constexpr int kMantissaBits = 52;
constexpr std::uint64_t kMantissa = (std::uint64_t{1} << kMantissaBits) - 1;
constexpr std::int64_t kWord = std::int64_t{1} << 32;
constexpr std::uint32_t kWaitingMax = 1u << 29;

}  // namespace

void WideSum::add(double value) {
  const auto bits = std::bit_cast<std::uint64_t>(value);
  const auto exponent = static_cast<unsigned>(bits >> kMantissaBits & 0x7ff);
  std::uint64_t mantissa = bits & kMantissa;
  if (exponent != 0) mantissa |= kMantissa + 1;
  const unsigned place = exponent == 0 ? 0 : exponent - 1;
  const unsigned shift = place % 32;
  const std::uint64_t low = (mantissa & 0xffff'ffff) << shift;
  const std::uint64_t high = (mantissa >> 32) << shift;
  const std::int64_t sign = (bits >> 63) != 0 ? -1 : 1;
  std::int64_t* word = words_ + place / 32;
  word[0] += sign * static_cast<std::int64_t>(low & 0xffff'ffff);
  word[1] += sign * static_cast<std::int64_t>((low >> 32) + (high & 0xffff'ffff));
  word[2] += sign * static_cast<std::int64_t>(high >> 32);
  if (++waiting_ >= kWaitingMax) carry();
}

void WideSum::add(const WideSum& other) {
  WideSum tidy = other;
  tidy.carry();
  carry();
  for (std::size_t at = 0; at < kWords; at += 1) words_[at] += tidy.words_[at];
  waiting_ = 2;
}

// Words become 0 to 2^32 - 1, but for the last, which has the sign.
void WideSum::carry() {
  for (std::size_t at = 0; at + 1 < kWords; at += 1) {
    const std::int64_t over = words_[at] >> 32;
    words_[at] -= over * kWord;
    words_[at + 1] += over;
  }
  waiting_ = 0;
}

double WideSum::value() const {
  WideSum tidy = *this;
  tidy.carry();
  const bool negative = tidy.words_[kWords - 1] < 0;
  if (negative) {
    for (std::int64_t& word : tidy.words_) word = -word;
    tidy.carry();
  }
  std::size_t top = kWords;
  while (top > 0 && tidy.words_[top - 1] == 0) top -= 1;
  if (top == 0) return 0;
  const auto bit = [&tidy](std::size_t at) {
    return static_cast<std::uint64_t>(tidy.words_[at / 32]) >> at % 32 & 1;
  };
  const auto word = static_cast<std::uint64_t>(tidy.words_[top - 1]);
  const std::size_t highest = 32 * (top - 1) + static_cast<std::size_t>(std::bit_width(word)) - 1;
  const std::size_t lowest = highest > kMantissaBits ? highest - kMantissaBits : 0;
  std::uint64_t mantissa = 0;
  for (std::size_t at = highest + 1; at > lowest; at -= 1) mantissa = mantissa << 1 | bit(at - 1);
  if (lowest > 0 && bit(lowest - 1) != 0) {
    bool more = (mantissa & 1) != 0;
    for (std::size_t at = 0; at + 1 < lowest && !more; at += 1) more = bit(at) != 0;
    mantissa += more ? 1 : 0;
  }
  const double size = std::ldexp(static_cast<double>(mantissa), static_cast<int>(lowest) - 1074);
  return negative ? -size : size;
}

// Adds to two doubles; false, and nothing is changed, when the sum does not fit.
bool ExactSum::add_narrow(double value, double* high, double* low) {
  double sum = 0;
  double error = 0;
  two_sum(*high, value, &sum, &error);
  double rest = 0;
  double lost = 0;
  two_sum(*low, error, &rest, &lost);
  if (lost != 0 || !std::isfinite(sum)) return false;
  double new_high = 0;
  double new_low = 0;
  two_sum(sum, rest, &new_high, &new_low);
  if (!std::isfinite(new_high)) return false;
  *high = new_high;
  *low = new_low;
  return true;
}

void ExactSum::add(double value) {
  if (!std::isfinite(value)) {
    special_ += value;
    return;
  }
  if (wide_ != nullptr) {
    wide_->add(value);
  } else if (!add_narrow(value, &high_, &low_)) {
    add_wide(value);
  }
}

void ExactSum::add_wide(double value) {
  wide_ = std::make_unique<WideSum>();
  wide_->add(high_);
  wide_->add(low_);
  wide_->add(value);
  high_ = low_ = 0;
}

void ExactSum::add(const ExactSum& other) {
  special_ += other.special_;
  if (other.wide_ == nullptr) {
    add(other.high_);
    add(other.low_);
    return;
  }
  if (wide_ == nullptr) add_wide(0);
  wide_->add(*other.wide_);
}

double ExactSum::value() const {
  if (special_ != 0) return special_;  // NaN is not 0, either
  // -0 becomes +0.
  return wide_ != nullptr ? wide_->value() : high_ + 0.0;
}

double ExactSum::rest() const {
  const double whole = value();
  if (!std::isfinite(whole)) return 0;
  if (wide_ == nullptr) return low_;
  WideSum left = *wide_;
  left.add(-whole);
  return left.value();
}

}  // namespace ndts
