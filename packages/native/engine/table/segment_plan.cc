// See segment_plan.h.
#include "table/segment_plan.h"

#include <algorithm>
#include <tuple>

namespace ndts {

namespace {

using Segments = std::span<const SegmentRecord* const>;

auto place_of(const SegmentRecord& segment) {
  return std::tuple(segment.table, segment.shard, segment.day);
}

std::uint32_t tier_of(std::uint64_t bytes, std::uint32_t fan_in) {
  std::uint32_t tier = 0;
  for (; bytes >= fan_in; bytes /= fan_in) tier += 1;
  return tier;
}

class Planner {
 public:
  explicit Planner(const SegmentPlanOptions& options) : options_(options) {}

  [[nodiscard]] std::uint64_t bytes_max() const { return options_.segment_bytes / options_.fan_in; }

  // All of one table, shard and day, by size, none left alone.
  void enter_day(Segments segments) {
    for (std::size_t at = 0; at < segments.size();) {
      const std::uint32_t tier = tier_of(segments[at]->bytes, options_.fan_in);
      std::size_t end = at;
      while (end < segments.size() && tier_of(segments[end]->bytes, options_.fan_in) == tier)
        end += 1;
      if (end - at >= options_.fan_in) enter(segments.subspan(at, end - at));
      at = end;
    }
    if (segments.size() <= options_.day_segments) return;
    const std::size_t over = segments.size() - options_.day_segments + 1;
    enter(segments.first(std::max<std::size_t>(over, options_.fan_in)));
  }

  [[nodiscard]] std::optional<SegmentPlan> best() const {
    if (best_.empty()) return std::nullopt;
    SegmentPlan plan;
    for (const SegmentRecord* segment : best_) plan.inputs.push_back(segment->number);
    return plan;
  }

 private:
  // The smallest of them, as many as may be.
  void enter(Segments segments) {
    std::uint64_t bytes = 0;
    std::size_t count = 0;
    for (; count < segments.size() && count < options_.fan_in_max; count += 1) {
      if (bytes + segments[count]->bytes > options_.segment_bytes) break;
      bytes += segments[count]->bytes;
    }
    if (count < 2) return;
    const double worth = static_cast<double>(count - 1) / static_cast<double>(bytes + 1);
    if (worth <= best_worth_) return;
    best_worth_ = worth;
    best_ = segments.first(count);
  }

  const SegmentPlanOptions& options_;
  double best_worth_ = 0;
  Segments best_;
};

}  // namespace

std::optional<SegmentPlan> plan_segments(std::span<const SegmentRecord> segments,
                                         const SegmentPlanOptions& options) {
  Planner planner(options);
  std::vector<const SegmentRecord*> sorted;
  for (const SegmentRecord& segment : segments)
    if (segment.bytes <= planner.bytes_max()) sorted.push_back(&segment);
  std::sort(sorted.begin(), sorted.end(), [](const SegmentRecord* a, const SegmentRecord* b) {
    return std::tuple(place_of(*a), a->bytes, a->number) <
           std::tuple(place_of(*b), b->bytes, b->number);
  });
  for (std::size_t at = 0; at < sorted.size();) {
    std::size_t end = at;
    while (end < sorted.size() && place_of(*sorted[end]) == place_of(*sorted[at])) end += 1;
    planner.enter_day(Segments(sorted).subspan(at, end - at));
    at = end;
  }
  return planner.best();
}

}  // namespace ndts
