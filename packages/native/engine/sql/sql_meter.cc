// See sql_meter.h.
#include "sql/sql_meter.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>
#include <thread>

#include "sql/library_doors.h"

// Of the standard library that DuckDB's Linux builds are linked with.
#if defined(__linux__) && defined(__GLIBCXX__)
#define NDTS_SQL_METER 1
#include <dlfcn.h>
#include <malloc.h>
#endif

namespace ndts {

namespace {

// Less is a small piece, which a thread counts by itself for a while.
constexpr std::int64_t kSmall = 64 * 1024;
// A thread that took more of them than it gave back builds something.
constexpr std::int64_t kBuilt = 32 * 1024 * 1024;
constexpr std::uint64_t kMarginLeast = 64 * 1024 * 1024;

}  // namespace

// Of this thread. Without a destructor: the library may ask for memory at the end of a thread.
struct SqlTally {
  SqlMeter* meter = nullptr;
  const std::shared_ptr<SqlMeter>* owner = nullptr;  // of the meter
  std::int64_t open = 0;   // counted, not yet told to the meter
  std::int64_t built = 0;  // of small pieces

  void settle() {
    if (meter != nullptr) meter->used_.fetch_add(open, std::memory_order_relaxed);
    open = 0;
  }

  // False: it is refused, and not counted.
  bool take(std::int64_t bytes) {
    open += bytes;
    if (bytes < kSmall) {
      built += bytes;
      return open < kSmall || take_small(bytes);
    }
    settle();
    if (!meter->is_cut_.load(std::memory_order_relaxed) && meter->spare() >= 0) return true;
    return refuse(bytes);
  }

  void give(std::int64_t bytes) {
    open -= bytes;
    if (bytes < kSmall) built -= bytes;
    if (open <= -kSmall) settle();
  }

 private:
  // Whoever lets things go or tells an error asks for a little, too, and often may not fail: only
  // a thread that goes on building when the interrupt did not end it is refused.
  bool take_small(std::int64_t bytes) {
    settle();
    const std::int64_t spare = meter->spare();
    if (spare >= 0) return true;
    meter->interrupt();
    if (built < kBuilt || spare >= -meter->limit_.load(std::memory_order_relaxed)) return true;
    built = 0;
    return refuse(bytes);
  }

  bool refuse(std::int64_t bytes) {
    open -= bytes;
    meter->refused_.store(true, std::memory_order_relaxed);
    return false;
  }
};

namespace {

thread_local SqlTally tally;

}  // namespace

void SqlMeter::begin(std::uint64_t bytes) {
  const std::uint64_t wanted = std::min(bytes, static_cast<std::uint64_t>(kNone / 8));
  const std::uint64_t limit = wanted + std::max(wanted / 4, kMarginLeast);
  base_.store(used(), std::memory_order_relaxed);
  is_cut_.store(false, std::memory_order_relaxed);
  refused_.store(false, std::memory_order_relaxed);
  interrupted_.store(false, std::memory_order_relaxed);
  limit_.store(static_cast<std::int64_t>(limit), std::memory_order_relaxed);
}

void SqlMeter::lift() {
  limit_.store(kNone, std::memory_order_relaxed);
  is_cut_.store(false, std::memory_order_relaxed);
}

std::int64_t SqlMeter::spare() const {
  const std::int64_t limit = limit_.load(std::memory_order_relaxed);
  return limit - (used() - base_.load(std::memory_order_relaxed));
}

void SqlMeter::interrupt() {
  if (interrupted_.exchange(true, std::memory_order_relaxed)) return;
  refused_.store(true, std::memory_order_relaxed);
  if (on_full_) on_full_();
}

SqlMeterScope::SqlMeterScope(std::shared_ptr<SqlMeter> meter)
    : meter_(std::move(meter)), before_(tally.meter), before_owner_(tally.owner) {
  tally.settle();
  tally.meter = meter_.get();
  tally.owner = &meter_;
}

SqlMeterScope::~SqlMeterScope() {
  tally.settle();
  tally.meter = before_;
  tally.owner = before_owner_;
}

#ifdef NDTS_SQL_METER

namespace {

// DuckDB's own allocators, behind which is an allocator it brings along. Sizes come with both ways.
constexpr const char* kAllocate =
    "_ZN6duckdb9Allocator15DefaultAllocateEPNS_20PrivateAllocatorDataEm";
constexpr const char* kFree =
    "_ZN6duckdb9Allocator11DefaultFreeEPNS_20PrivateAllocatorDataEPhm";
constexpr const char* kReallocate =
    "_ZN6duckdb9Allocator17DefaultReallocateEPNS_20PrivateAllocatorDataEPhmm";
constexpr const char* kStartThread =
    "_ZNSt6thread15_M_start_threadESt10unique_ptrINS_6_StateESt14default_deleteIS1_EEPFvvE";

using State = std::thread::_State;  // ambient: what the library starts is only named
using Allocate = std::uint8_t* (*)(void* allocator, std::uint64_t bytes);
using Free = void (*)(void* allocator, std::uint8_t* block, std::uint64_t bytes);
using Reallocate = std::uint8_t* (*)(void* allocator, std::uint8_t* block, std::uint64_t before,
                                     std::uint64_t bytes);
using StartThread = void (*)(void* thread, std::unique_ptr<State>* state, void (*depend)());

// Set before the doors are laid.
Allocate library_allocate = nullptr;
Free library_free = nullptr;
Reallocate library_reallocate = nullptr;
StartThread start_thread = nullptr;

std::uint8_t* counted_allocate(void* allocator, std::uint64_t bytes) {
  if (tally.meter == nullptr) return library_allocate(allocator, bytes);
  const auto size = static_cast<std::int64_t>(bytes);
  if (!tally.take(size)) return nullptr;
  std::uint8_t* const block = library_allocate(allocator, bytes);
  if (block == nullptr) tally.give(size);
  return block;
}

void counted_free(void* allocator, std::uint8_t* block, std::uint64_t bytes) {
  if (tally.meter != nullptr && block != nullptr) tally.give(static_cast<std::int64_t>(bytes));
  library_free(allocator, block, bytes);
}

std::uint8_t* counted_reallocate(void* allocator, std::uint8_t* block, std::uint64_t before,
                                 std::uint64_t bytes) {
  if (tally.meter == nullptr) return library_reallocate(allocator, block, before, bytes);
  // Both are there while one is copied into the other.
  const auto size = static_cast<std::int64_t>(bytes);
  if (!tally.take(size)) return nullptr;
  std::uint8_t* const moved = library_reallocate(allocator, block, before, bytes);
  tally.give(moved == nullptr ? size : static_cast<std::int64_t>(before));
  return moved;
}

constexpr std::size_t kBytesMost = std::size_t{1} << 62;

// Blocks of `operator new` and malloc() that were counted end with a word that says so: who gives
// one back does not say its size, and blocks go to and fro between the library and the standard
// library, whose calls are its own.
constexpr std::uint64_t kMark = 0x9d3c'5a17'e0f4'862b;

std::uint64_t* mark_of(void* block, std::size_t usable) {
  const std::size_t at = (usable - sizeof(std::uint64_t)) & ~(sizeof(std::uint64_t) - 1);
  return reinterpret_cast<std::uint64_t*>(static_cast<std::uint8_t*>(block) + at);
}

std::uint64_t mark_for(const void* block) {
  return kMark ^ reinterpret_cast<std::uintptr_t>(block);
}

std::size_t with_mark(std::size_t bytes) {
  constexpr std::size_t kWord = sizeof(std::uint64_t);
  return (bytes + kWord - 1) / kWord * kWord + kWord;
}

// The block is as large as with_mark() says, or larger.
void mark(void* block, std::size_t usable) { *mark_of(block, usable) = mark_for(block); }

// Takes the mark off; 0: it was not counted.
std::size_t unmark(void* block) {
  const std::size_t usable = malloc_usable_size(block);
  if (usable < sizeof(std::uint64_t)) return 0;
  std::uint64_t* const found = mark_of(block, usable);
  if (*found != mark_for(block)) return 0;
  *found = 0;
  return usable;
}

// Null: there is none, or it is refused.
void* counted_block(std::size_t bytes) {
  if (bytes > kBytesMost || !tally.take(static_cast<std::int64_t>(bytes))) return nullptr;
  void* const block = ::operator new(with_mark(bytes), std::nothrow);
  if (block == nullptr) {
    tally.give(static_cast<std::int64_t>(bytes));
    return nullptr;
  }
  const std::size_t usable = malloc_usable_size(block);
  tally.open += static_cast<std::int64_t>(usable - bytes);
  mark(block, usable);
  return block;
}

void* counted_new(std::size_t bytes) {
  if (tally.meter == nullptr) return ::operator new(bytes);
  void* const block = counted_block(bytes);
  if (block == nullptr) std::__throw_bad_alloc();  // of the library's own kind: it catches it
  return block;
}

void* counted_new_or_null(std::size_t bytes, const std::nothrow_t& nothrow) {
  return tally.meter == nullptr ? ::operator new(bytes, nothrow) : counted_block(bytes);
}

void uncount(void* block) {
  if (tally.meter == nullptr || block == nullptr) return;
  if (const std::size_t usable = unmark(block); usable > 0)
    tally.give(static_cast<std::int64_t>(usable));
}

void counted_delete(void* block) {
  uncount(block);
  ::operator delete(block);
}

// The library's C asks for little, but states of some aggregates are held this way: only what is
// large is counted.
bool is_counted(std::size_t bytes) {
  return tally.meter != nullptr && bytes >= static_cast<std::size_t>(kSmall);
}

void* counted_realloc(void* block, std::size_t bytes) {
  const std::int64_t before =
      tally.meter == nullptr || block == nullptr ? 0 : static_cast<std::int64_t>(unmark(block));
  if (!is_counted(bytes)) {
    void* const moved = std::realloc(block, bytes);
    if (before > 0) tally.give(before);
    return moved;
  }
  const bool is_taken =
      bytes <= kBytesMost && tally.take(static_cast<std::int64_t>(with_mark(bytes)));
  void* const moved = is_taken ? std::realloc(block, with_mark(bytes)) : nullptr;
  if (moved == nullptr) {
    if (is_taken) tally.give(static_cast<std::int64_t>(with_mark(bytes)));
    if (before > 0) mark(block, malloc_usable_size(block));
    return nullptr;
  }
  const std::size_t usable = malloc_usable_size(moved);
  tally.open += static_cast<std::int64_t>(usable - with_mark(bytes));
  mark(moved, usable);
  if (before > 0) tally.give(before);
  return moved;
}

void* counted_malloc(std::size_t bytes) {
  return is_counted(bytes) ? counted_realloc(nullptr, bytes) : std::malloc(bytes);
}

void* counted_calloc(std::size_t count, std::size_t bytes) {
  if (bytes != 0 && count > kBytesMost / bytes) return nullptr;
  if (!is_counted(count * bytes)) return std::calloc(count, bytes);
  void* const block = counted_realloc(nullptr, count * bytes);
  if (block != nullptr) std::memset(block, 0, count * bytes);
  return block;
}

void counted_release(void* block) {
  uncount(block);
  std::free(block);
}

// A thread of the library, which counts for who started it.
struct CountedState final : State {
  CountedState(std::unique_ptr<State> state, std::shared_ptr<SqlMeter> meter)
      : state_(std::move(state)), meter_(std::move(meter)) {}
  void _M_run() override {
    const SqlMeterScope scope(meter_);
    state_->_M_run();
    state_.reset();
  }

  std::unique_ptr<State> state_;
  const std::shared_ptr<SqlMeter> meter_;
};

void counted_start(void* thread, std::unique_ptr<State>* state, void (*depend)()) {
  if (tally.owner != nullptr && *tally.owner != nullptr)
    *state = std::make_unique<CountedState>(std::move(*state), *tally.owner);
  start_thread(thread, state, depend);
}

template <typename Pointer>
void* pointer_of(Pointer function) {
  return reinterpret_cast<void*>(function);
}

template <typename Pointer>
bool find_in(void* library, const char* name, Pointer* function) {
  *function = reinterpret_cast<Pointer>(dlsym(library, name));
  return *function != nullptr;
}

}  // namespace

Status SqlMeter::install(void* library) {
  if (!has_library_doors()) return {};
  if (!find_in(library, kAllocate, &library_allocate) ||
      !find_in(library, kFree, &library_free) ||
      !find_in(library, kReallocate, &library_reallocate) ||
      !find_in(library, kStartThread, &start_thread))
    return Status(Code::kUnavailable,
                  "the SQL library has other allocators: its memory cannot be counted");
  const LibraryDoor doors[] = {
      {kAllocate, pointer_of(counted_allocate)},
      {kFree, pointer_of(counted_free)},
      {kReallocate, pointer_of(counted_reallocate)},
      {kStartThread, pointer_of(counted_start)},
      {"_Znwm", pointer_of(counted_new)},
      {"_Znam", pointer_of(counted_new)},
      {"_ZnwmRKSt9nothrow_t", pointer_of(counted_new_or_null), false},
      {"_ZnamRKSt9nothrow_t", pointer_of(counted_new_or_null), false},
      {"_ZdlPv", pointer_of(counted_delete)},
      {"_ZdaPv", pointer_of(counted_delete)},
      {"malloc", pointer_of(counted_malloc), false},
      {"calloc", pointer_of(counted_calloc), false},
      {"realloc", pointer_of(counted_realloc), false},
      {"free", pointer_of(counted_release), false},
      {"_ZdlPvm", pointer_of(counted_delete), false},
      {"_ZdaPvm", pointer_of(counted_delete), false},
  };
  return replace_doors(library, doors);
}

#else

Status SqlMeter::install(void*) { return {}; }

#endif

}  // namespace ndts
