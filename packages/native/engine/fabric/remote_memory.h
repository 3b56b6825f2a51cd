// Memory of one host that others read one-sided: a server exposes it under a grant, a reader that
// holds the grant reads ranges of it, and no code of the owner runs for a read. One contract, three
// adapters (mapped memory, plain TCP, libfabric), one conformance suite
// (fabric_conformance_test.cc). docs/protocol/pull.md is the page one could implement from.
//
// What always holds:
//   - Without the key of a grant that is open and not expired no byte is served. Keys are random.
//   - A read is as long as asked or fails. What was read of memory that changes may be torn
//     anywhere (libfabric over TCP was seen to tear 64-bit words; the other adapters copy them
//     whole). A read posted after another completed sees memory as it was later.
//   - Every read ends by its deadline: the bytes, or an error. After an error of the connection
//     nothing is written into the reader's memory any more, and connect() begins again.
//
// Codes: LEASE_LOST wrong, expired or revoked key; INVALID_ARGUMENT range outside the grant, or
// memory the reader was not given; UNAVAILABLE peer gone or not there; TIMEOUT; RATE_LIMITED too
// much at once; VERSION_TOO_NEW; CLOSED.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/status.h"

namespace ndts {

inline constexpr std::uint32_t kPullReadBytesMax = 4u << 20;
inline constexpr std::uint32_t kPullInFlightMax = 256;
inline constexpr std::uint32_t kPullRegionsMax = 4096;

// The right to read some memory. It travels over a connection that is authenticated and private.
struct Grant {
  std::string provider;  // "mapped", "tcp", or a full name of libfabric, as "tcp;ofi_rxm"
  std::string address;   // host:port; of "mapped" a path
  std::uint64_t key;
  std::uint32_t region;  // where the server finds it
  std::uint64_t base;    // what libfabric calls offset 0
  std::uint64_t length;
  std::int64_t expires_at_ms;  // by the server's wall clock, which alone decides
};

// What a server is to expose.
struct Exposure {
  Bytes bytes;
  // Whether somebody writes it meanwhile; such memory is copied before its checksum is made.
  bool changes;
  // Whether its readers check what they read, as they do blocks: then no checksum is made on the
  // way, and it is sent from where it is even while it changes.
  bool proves_itself = false;
  std::int64_t lease_ms;
  // The file whose bytes these are; needed by "mapped" only.
  std::string path;
  // Keeps the memory mapped; let go when no read can touch it any more, after revoke() or stop().
  std::shared_ptr<const void> owner;
};

struct MemoryServerCounters {
  std::uint64_t connections;  // open now
  std::uint64_t reads;        // where the adapter sees them
  std::uint64_t bytes;
  std::uint64_t refused;  // reads and connections
};

// Threads: any, after start(). Lifetime: its clock and random source outlive it.
class MemoryServer {
 public:
  virtual ~MemoryServer() = default;
  // Listens on `host` (mapped: an existing folder); port 0 is any free one. Once.
  [[nodiscard]] virtual Status start(const std::string& host, std::uint16_t port) = 0;
  [[nodiscard]] virtual Status expose(const Exposure& exposure, Grant* grant) = 0;
  // From now on it ends in lease_ms. NOT_FOUND when it is revoked or has expired.
  [[nodiscard]] virtual Status renew(std::uint64_t key, std::int64_t lease_ms) = 0;
  // When it returns no read begins any more. NOT_FOUND for a key that is none.
  [[nodiscard]] virtual Status revoke(std::uint64_t key) = 0;
  [[nodiscard]] virtual MemoryServerCounters counters() const = 0;
  // Ends all connections. Twice is allowed; a server does not start again.
  virtual void stop() = 0;
};

struct Completion {
  std::uint64_t tag;
  Status status;
};

// One connection to one server. Used by one thread at a time. Completions come in any order.
class MemoryReader {
 public:
  explicit MemoryReader(Clock* clock) : clock_(clock) { free_.reserve(kPullInFlightMax); }
  virtual ~MemoryReader() = default;
  MemoryReader(const MemoryReader&) = delete;
  MemoryReader& operator=(const MemoryReader&) = delete;

  // Memory that reads may land in, for the life of the reader; a few large ones. Before connect().
  void use(MutableBytes memory) { arenas_.push_back(memory); }

  // Also after a failure, or instead of what there is; results not collected yet are kept.
  [[nodiscard]] Status connect(std::int64_t timeout_ns);
  [[nodiscard]] bool connected() const { return connected_; }

  // Begins a read; its completion carries the tag. At most kPullInFlightMax at once, of 1 to
  // kPullReadBytesMax bytes. An error here means that there will be no completion.
  [[nodiscard]] Status post(const Grant& grant, std::uint64_t offset, MutableBytes into,
                            std::uint64_t tag, std::int64_t timeout_ns);
  // Moves things along and takes completions; returns how many. To be called now and then also
  // while nothing is in flight.
  [[nodiscard]] std::size_t poll(std::span<Completion> into);
  // As poll, but waits for one up to timeout_ns: spins first, then sleeps.
  [[nodiscard]] std::size_t wait(std::span<Completion> into, std::int64_t timeout_ns);

  // Posted and not collected.
  [[nodiscard]] std::size_t in_flight() const { return active_ + done_.size(); }
  // Reads in flight are dropped without completions. Twice is allowed; connect() begins again.
  void close();

  // How long wait() spins.
  void set_spin_ns(std::int64_t ns) { spin_ns_ = ns; }

 protected:
  struct Pending {
    std::uint64_t tag;
    MutableBytes into;
    std::uint64_t key;
    std::uint64_t offset;
    std::uint64_t base;
    std::uint32_t region;
    std::uint32_t arena;
    std::int64_t deadline_ns;
    const Grant* grant;  // only while issue() runs
    bool active;
  };

  // What an adapter does. attach() finds no connection; drop() ends the one there is, after which
  // nothing is written to memory of pending reads.
  [[nodiscard]] virtual Status attach(std::int64_t timeout_ns,
                                      std::span<const MutableBytes> arenas) = 0;
  virtual void drop() = 0;
  // Slot is posted, to be answered by finish() now or later, or by fail().
  virtual void issue(std::uint32_t slot) = 0;
  virtual void pump() = 0;
  // Sleeps until something may have happened, up to `ns`.
  virtual void nap(std::int64_t ns) = 0;

  void finish(std::uint32_t slot, Status status);
  // The connection is over: ends every read with `why`.
  void fail(const Status& why);
  [[nodiscard]] Pending& pending(std::uint32_t slot) { return slots_[slot]; }
  [[nodiscard]] Clock* clock() const { return clock_; }

 private:
  void check_deadlines();
  [[nodiscard]] std::size_t take(std::span<Completion> into);

  Clock* const clock_;
  std::vector<MutableBytes> arenas_;
  std::array<Pending, kPullInFlightMax> slots_{};
  std::vector<std::uint32_t> free_;
  std::vector<Completion> done_;
  std::size_t active_ = 0;
  std::int64_t earliest_ns_ = INT64_MAX;  // not later than the first deadline
  std::int64_t spin_ns_ = 50'000;
  bool connected_ = false;
};

}  // namespace ndts
