// See compaction_plan.h.
#include "kv/compaction_plan.h"

#include <algorithm>

namespace ndts {

namespace {

using Tables = std::vector<const SstInfo*>;

std::uint64_t sum(const Tables& tables, std::uint64_t SstInfo::*field) {
  std::uint64_t total = 0;
  for (const SstInfo* table : tables) total += table->*field;
  return total;
}

std::uint64_t limit_of(std::uint32_t level, const CompactionOptions& options) {
  std::uint64_t limit = options.level1_bytes;
  for (; level > 1; level -= 1) limit *= options.level_factor;
  return limit;
}

// Above 1: the level has more than it should.
double fullness(const TableShape& shape, std::uint32_t level, const CompactionOptions& options) {
  if (level == 0)
    return static_cast<double>(shape[0].size()) / static_cast<double>(options.level0_tables);
  return static_cast<double>(sum(shape[level], &SstInfo::bytes)) /
         (static_cast<double>(limit_of(level, options)) + 1);
}

Tables overlapping(const Tables& tables, std::string_view min, std::string_view max) {
  Tables found;
  for (const SstInfo* table : tables)
    if (table->min_key <= max && table->max_key >= min) found.push_back(table);
  return found;
}

bool share_keys(Tables tables) {
  std::sort(tables.begin(), tables.end(),
            [](const SstInfo* a, const SstInfo* b) { return a->min_key < b->min_key; });
  for (std::size_t at = 1; at < tables.size(); at += 1)
    if (tables[at]->min_key <= tables[at - 1]->max_key) return true;
  return false;
}

std::vector<std::uint64_t> numbers_of(const Tables& tables) {
  std::vector<std::uint64_t> numbers;
  for (const SstInfo* table : tables) numbers.push_back(table->number);
  return numbers;
}

CompactionPlan plan_of(const TableShape& shape, std::uint32_t level, const Tables& inputs) {
  std::string_view min = inputs.front()->min_key;
  std::string_view max = inputs.front()->max_key;
  for (const SstInfo* table : inputs) {
    min = std::min<std::string_view>(min, table->min_key);
    max = std::max<std::string_view>(max, table->max_key);
  }
  const Tables below = overlapping(shape[level + 1], min, max);
  for (const SstInfo* table : below) {
    min = std::min<std::string_view>(min, table->min_key);
    max = std::max<std::string_view>(max, table->max_key);
  }
  CompactionPlan plan;
  plan.level = level;
  plan.inputs = numbers_of(inputs);
  plan.overlapping = numbers_of(below);
  plan.drop_deletes = true;
  for (std::uint32_t deeper = level + 2; deeper < kSstLevels; deeper += 1)
    if (!overlapping(shape[deeper], min, max).empty()) plan.drop_deletes = false;
  // A table whose deletes can go is worth rewriting.
  const bool deletes = plan.drop_deletes && sum(inputs, &SstInfo::deletes) > 0;
  plan.move = below.empty() && !deletes && !share_keys(inputs);
  return plan;
}

// The tables in turn, so that each part of the key range has its time.
const SstInfo* next_of(const Tables& tables, const std::string& next_key) {
  const SstInfo* first = nullptr;
  const SstInfo* next = nullptr;
  for (const SstInfo* table : tables) {
    if (first == nullptr || table->min_key < first->min_key) first = table;
    if (table->min_key > next_key && (next == nullptr || table->min_key < next->min_key))
      next = table;
  }
  return next != nullptr ? next : first;
}

const SstInfo* most_hiding(const Tables& tables) {
  return *std::max_element(tables.begin(), tables.end(), [](const SstInfo* a, const SstInfo* b) {
    return a->hidden_bytes < b->hidden_bytes;
  });
}

std::optional<CompactionPlan> plan_for_space(const TableShape& shape,
                                             const CompactionOptions& options) {
  std::uint64_t bytes = 0;
  std::uint64_t hidden = 0;
  std::uint64_t most = 0;
  std::uint32_t level = 0;
  for (std::uint32_t at = 0; at < kSstLevels; at += 1) {
    bytes += sum(shape[at], &SstInfo::bytes);
    const std::uint64_t here = sum(shape[at], &SstInfo::hidden_bytes);
    hidden += here;
    if (at + 1 < options.levels && here > most) {
      most = here;
      level = at;
    }
  }
  const double visible = static_cast<double>(bytes - std::min(bytes, hidden));
  if (most == 0 || static_cast<double>(hidden) <= options.hidden_ratio * visible)
    return std::nullopt;
  if (level == 0) return plan_of(shape, 0, shape[0]);
  return plan_of(shape, level, {most_hiding(shape[level])});
}

}  // namespace

std::optional<CompactionPlan> plan_compaction(
    const TableShape& shape, const CompactionOptions& options,
    const std::array<std::string, kSstLevels>& next_key) {
  double most = 0;
  std::uint32_t level = 0;
  for (std::uint32_t at = 0; at + 1 < options.levels; at += 1) {
    const double here = fullness(shape, at, options);
    if (here <= most) continue;
    most = here;
    level = at;
  }
  if (most < 1) return plan_for_space(shape, options);
  if (level == 0) return plan_of(shape, 0, shape[0]);
  return plan_of(shape, level, {next_of(shape[level], next_key[level])});
}

std::uint64_t pending_bytes(const TableShape& shape, const CompactionOptions& options) {
  std::uint64_t pending =
      shape[0].size() >= options.level0_tables ? sum(shape[0], &SstInfo::bytes) : 0;
  for (std::uint32_t level = 1; level + 1 < options.levels; level += 1) {
    const std::uint64_t bytes = sum(shape[level], &SstInfo::bytes);
    const std::uint64_t limit = limit_of(level, options);
    if (bytes > limit) pending += bytes - limit;
  }
  return pending;
}

}  // namespace ndts
