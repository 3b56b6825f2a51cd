#include "factor/window_math.h"

#include "factor/window_math_loop.h"

namespace ndts {

namespace {

struct PlainLanes {
  double lane[4];

  template <typename Each>
  static PlainLanes make(Each each) {
    return {{each(0), each(1), each(2), each(3)}};
  }
  static PlainLanes all(double x) { return {{x, x, x, x}}; }
  static PlainLanes load(const double* p) { return {{p[0], p[1], p[2], p[3]}}; }
  static PlainLanes first(const double* p, std::size_t count) {
    return make([=](std::size_t j) { return j < count ? p[j] : 0; });
  }
  static PlainLanes keep(const PlainLanes& a, std::size_t count) { return first(a.lane, count); }
  static PlainLanes add(const PlainLanes& a, const PlainLanes& b) {
    return make([&](std::size_t j) { return a.lane[j] + b.lane[j]; });
  }
  static PlainLanes subtract(const PlainLanes& a, const PlainLanes& b) {
    return make([&](std::size_t j) { return a.lane[j] - b.lane[j]; });
  }
  static PlainLanes multiply(const PlainLanes& a, const PlainLanes& b) {
    return make([&](std::size_t j) { return a.lane[j] * b.lane[j]; });
  }
  static PlainLanes absolute(const PlainLanes& a) {
    return make([&](std::size_t j) { return std::fabs(a.lane[j]); });
  }
  static PlainLanes least(const PlainLanes& a, const PlainLanes& b) {
    return make([&](std::size_t j) { return a.lane[j] < b.lane[j] ? a.lane[j] : b.lane[j]; });
  }
  static PlainLanes greatest(const PlainLanes& a, const PlainLanes& b) {
    return make([&](std::size_t j) { return a.lane[j] > b.lane[j] ? a.lane[j] : b.lane[j]; });
  }
  static PlainLanes places(std::size_t i) {
    return make([=](std::size_t j) { return static_cast<double>(i + j + 1); });
  }
  static double total(const PlainLanes& a) {
    return (a.lane[0] + a.lane[2]) + (a.lane[1] + a.lane[3]);
  }
  static double lowest(const PlainLanes& a) {
    double found = a.lane[0];
    for (const double x : a.lane) found = x < found ? x : found;
    return found;
  }
  static double highest(const PlainLanes& a) {
    double found = a.lane[0];
    for (const double x : a.lane) found = x > found ? x : found;
    return found;
  }
};

}  // namespace

const WindowMath& window_math_scalar() { return Over<PlainLanes>::kMath; }

}  // namespace ndts
