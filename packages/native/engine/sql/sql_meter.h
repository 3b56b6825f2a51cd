// What one embedded DuckDB holds in memory, counted where the library asks for it, and a limit it
// cannot pass. Why: its own limit knows what joins, sorts and groups keep, not what an expression
// builds over a vector of rows, nor the states of some aggregates; and it looks at a cancel only
// between vectors. Its allocators and `operator new` go through here, on the threads of a meter;
// what is refused there ends as an error of the query.
//
// Threads: any. A thread counts for the meter of its innermost scope; threads that the library
// starts count for the meter of the thread that starts them. Lifetime: kept by those threads.
// Invariant: used() is exact but for 64 KiB of each thread and what std::string holds; blocks that
// other threads give back stay counted.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>

#include "base/status.h"

namespace ndts {

class SqlMeter {
 public:
  // `on_full`: called once for each begin(), by any thread of it, when small pieces pass the limit.
  explicit SqlMeter(std::function<void()> on_full) : on_full_(std::move(on_full)) {}
  SqlMeter(const SqlMeter&) = delete;
  SqlMeter& operator=(const SqlMeter&) = delete;

  // Lays the doors of the library; once, before it is used. UNAVAILABLE: it is not the library we
  // know. Where has_library_doors() says no, nothing is counted.
  [[nodiscard]] static Status install(void* library);

  // From now on `bytes` more may be asked for, and a margin: a quarter, 64 MiB at least. A piece
  // of 64 KiB beyond that is refused; smaller ones, which those who tidy up need, too, call
  // on_full() and are refused beyond twice as much.
  void begin(std::uint64_t bytes);
  // No limit any more.
  void lift();
  // No piece of 64 KiB from now on, until lift().
  void cut() { is_cut_.store(true, std::memory_order_relaxed); }

  [[nodiscard]] std::int64_t used() const { return used_.load(std::memory_order_relaxed); }
  // Since begin(): something was.
  [[nodiscard]] bool refused() const { return refused_.load(std::memory_order_relaxed); }

 private:
  friend struct SqlTally;
  static constexpr std::int64_t kNone = std::numeric_limits<std::int64_t>::max() / 2;

  [[nodiscard]] std::int64_t spare() const;  // below 0: it is full
  void interrupt();

  const std::function<void()> on_full_;
  // Nothing is ordered by them: each is looked at alone.
  alignas(64) std::atomic<std::int64_t> used_{0};  // threads add what they took and gave back
  alignas(64) std::atomic<std::int64_t> base_{0};  // set by begin(), read by threads
  std::atomic<std::int64_t> limit_{kNone};         // as base_
  std::atomic<bool> is_cut_{false};                // set by cut(), read by threads
  std::atomic<bool> refused_{false};               // set by threads, read by the query
  std::atomic<bool> interrupted_{false};           // exchanged by threads: the first one calls
};

// While it stands this thread counts for the meter; null: for none.
class SqlMeterScope {
 public:
  explicit SqlMeterScope(std::shared_ptr<SqlMeter> meter);
  ~SqlMeterScope();
  SqlMeterScope(const SqlMeterScope&) = delete;
  SqlMeterScope& operator=(const SqlMeterScope&) = delete;

 private:
  const std::shared_ptr<SqlMeter> meter_;
  SqlMeter* const before_;
  const std::shared_ptr<SqlMeter>* const before_owner_;
};

}  // namespace ndts
