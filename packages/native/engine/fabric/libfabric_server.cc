// See libfabric.h: the side that exposes. Software providers move nothing by themselves, so a
// thread does: it spins while bytes arrive and for a while after, and sleeps on the queue's
// descriptor otherwise. It also ends leases.
#include "fabric/libfabric.h"

#if __has_include(<rdma/fabric.h>)

#include <algorithm>
#include <array>
#include <atomic>
#include <vector>

#include "base/spin.h"
#include "base/thread.h"
#include "fabric/libfabric_endpoint.h"
#include "fabric/memory_regions.h"
#include "fabric/pull_frames.h"
#include "fabric/tcp_socket.h"

namespace ndts {
namespace {

constexpr std::int64_t kSpinNs = 50'000;
constexpr std::int64_t kSleepNs = 10'000'000;  // how late a lease may end
// How long the provider may still be sending from memory whose key is gone.
constexpr std::int64_t kGraceNs = 30'000'000'000;

class LibfabricServer final : public MemoryServer {
 public:
  LibfabricServer(const LibfabricApi* api, LibfabricChoice choice, Clock* clock,
                  RandomSource* random)
      : api_(api), choice_(std::move(choice)), clock_(clock), random_(random) {}
  ~LibfabricServer() override { stop(); }

  Status start(const std::string& host, std::uint16_t port) override;
  Status expose(const Exposure& exposure, Grant* grant) override;
  Status renew(std::uint64_t key, std::int64_t lease_ms) override;
  Status revoke(std::uint64_t key) override;
  MemoryServerCounters counters() const override { return {}; }
  void stop() override;

 private:
  struct Exposed {
    fid_mr* memory;
    std::uint64_t key;
    std::int64_t expires_at_ms;
    std::shared_ptr<const void> owner;
  };
  struct Ended {
    std::int64_t ended_ns;
    std::shared_ptr<const void> owner;
  };

  void run();
  void end_leases();
  void shut(const Exposed& exposed);
  [[nodiscard]] std::vector<Exposed>::iterator find(std::uint64_t key) {
    return std::find_if(exposed_.begin(), exposed_.end(),
                        [key](const Exposed& one) { return one.key == key; });
  }

  const LibfabricApi* const api_;
  const LibfabricChoice choice_;
  Clock* const clock_;
  RandomSource* const random_;
  const PullHello hello_ = make_hello(Code::kOk, kPullReadBytesMax);
  LibfabricEndpoint endpoint_;
  std::string address_;
  fid_mr* hello_memory_ = nullptr;
  Mutex mutex_;
  std::vector<Exposed> exposed_;  // under the mutex, as the rest
  std::vector<Ended> ended_;
  bool running_ = false;
  std::atomic<bool> stopping_{false};  // set by stop(), read by run()
  std::unique_ptr<Thread> thread_;
};

Status LibfabricServer::start(const std::string& host, std::uint16_t port) {
  const MutexLock lock(mutex_);
  if (thread_ != nullptr) return Status(Code::kInvalidArgument, "the server was started before");
  NDTS_TRY(endpoint_.open_server(*api_, choice_, host, std::to_string(port)));
  NDTS_TRY(endpoint_.address(&address_));
  if (endpoint_.registration().has_hello())
    NDTS_TRY(endpoint_.register_memory(bytes_of(hello_), FI_REMOTE_READ, kPullHelloKey,
                                       &hello_memory_));
  running_ = true;
  thread_ = std::make_unique<Thread>("ndts fabric", [this] { run(); });
  return Status::success();
}

Status LibfabricServer::expose(const Exposure& exposure, Grant* grant) {
  if (exposure.bytes.empty() || exposure.lease_ms <= 0)
    return Status(Code::kInvalidArgument, "expected memory to expose, and a lease above 0 ms");
  const MutexLock lock(mutex_);
  if (!running_) return Status(Code::kUnavailable, "the server is not running");
  if (exposed_.size() == kPullRegionsMax)
    return Status(Code::kRateLimited, "expected at most " + std::to_string(kPullRegionsMax) +
                                          " regions at once");
  Exposed made{nullptr, random_->next(), wall_ms(clock_) + exposure.lease_ms, exposure.owner};
  NDTS_TRY(endpoint_.register_memory(exposure.bytes, FI_REMOTE_READ, made.key, &made.memory));
  made.key = fi_mr_key(made.memory);
  *grant = {.provider = endpoint_.provider(),
            .address = address_,
            .key = made.key,
            .region = 0,
            .base = endpoint_.registration().base(exposure.bytes),
            .length = exposure.bytes.size(),
            .expires_at_ms = made.expires_at_ms};
  exposed_.push_back(std::move(made));
  return Status::success();
}

Status LibfabricServer::renew(std::uint64_t key, std::int64_t lease_ms) {
  if (lease_ms <= 0) return Status(Code::kInvalidArgument, "expected a lease above 0 ms");
  const MutexLock lock(mutex_);
  const auto found = find(key);
  const std::int64_t now_ms = wall_ms(clock_);
  if (found == exposed_.end() || found->expires_at_ms <= now_ms)
    return Status(Code::kNotFound, "no memory is exposed under this key");
  found->expires_at_ms = now_ms + lease_ms;
  return Status::success();
}

void LibfabricServer::shut(const Exposed& exposed) {
  fi_close(&exposed.memory->fid);
  ended_.push_back({clock_->monotonic_ns(), exposed.owner});
}

Status LibfabricServer::revoke(std::uint64_t key) {
  const MutexLock lock(mutex_);
  const auto found = find(key);
  if (found == exposed_.end())
    return Status(Code::kNotFound, "no memory is exposed under this key");
  shut(*found);
  exposed_.erase(found);
  return Status::success();
}

void LibfabricServer::end_leases() {
  const MutexLock lock(mutex_);
  const std::int64_t now_ms = wall_ms(clock_);
  std::erase_if(exposed_, [this, now_ms](const Exposed& one) {
    if (now_ms < one.expires_at_ms) return false;
    shut(one);
    return true;
  });
  const std::int64_t now_ns = clock_->monotonic_ns();
  std::erase_if(ended_, [now_ns](const Ended& one) { return now_ns - one.ended_ns > kGraceNs; });
}

void LibfabricServer::run() {
  std::array<fi_cq_entry, 16> entries;
  std::int64_t spin_until_ns = 0;
  std::int64_t next_check_ns = 0;
  for (std::uint64_t turn = 0; !stopping_.load(std::memory_order_acquire); ++turn) {
    const ssize_t got = fi_cq_read(endpoint_.queue(), entries.data(), entries.size());
    if (got == -FI_EAVAIL) static_cast<void>(endpoint_.take_error());  // a reader that went away
    const std::int64_t now_ns = clock_->monotonic_ns();
    if (now_ns >= next_check_ns) {
      end_leases();
      next_check_ns = now_ns + kSleepNs;
    }
    const bool spins = now_ns < spin_until_ns;
    if (spins && turn % 16 != 0) {
      spin_yield();
      continue;
    }
    if (endpoint_.wait(spins ? 0 : kSleepNs)) spin_until_ns = clock_->monotonic_ns() + kSpinNs;
  }
}

void LibfabricServer::stop() {
  stopping_.store(true, std::memory_order_release);
  std::unique_ptr<Thread> thread;
  {
    const MutexLock lock(mutex_);
    running_ = false;
    thread = std::move(thread_);
  }
  if (thread != nullptr) thread->join();
  const MutexLock lock(mutex_);
  for (const Exposed& one : exposed_) shut(one);
  exposed_.clear();
  if (hello_memory_ != nullptr) fi_close(&hello_memory_->fid);
  hello_memory_ = nullptr;
  endpoint_.close();
  ended_.clear();
}

// The provider of libfabric that suits this machine.
std::string best_provider(const LibfabricApi& api) {
  LibfabricEndpoint probe;
  fi_addr_t peer = 0;
  // A device is there when its provider can be found for any address of this host.
  const LibfabricChoice verbs{"verbs;ofi_rxm", kMrTaken};
  const bool has = probe.open_reader(api, verbs, "127.0.0.1", "1", &peer).ok();
  return has ? verbs.provider : "tcp;ofi_rxm";
}

}  // namespace

Status make_libfabric_server(const std::string& provider, std::uint64_t mr_mode, Clock* clock,
                             RandomSource* random, std::unique_ptr<MemoryServer>* server) {
  if (provider.find("shm") != std::string::npos)
    return Status(Code::kInvalidArgument, "the provider shm checks no keys");
  const LibfabricApi* api = nullptr;
  NDTS_TRY(load_libfabric(&api));
  const LibfabricChoice choice{provider == "libfabric" ? best_provider(*api) : provider, mr_mode};
  *server = std::make_unique<LibfabricServer>(api, choice, clock, random);
  return Status::success();
}

}  // namespace ndts

#else

namespace ndts {

Status make_libfabric_server(const std::string&, std::uint64_t, Clock*, RandomSource*,
                             std::unique_ptr<MemoryServer>*) {
  return Status(Code::kUnavailable, "built without the headers of libfabric");
}

Status make_libfabric_reader(const Grant&, std::uint64_t, Clock*,
                             std::unique_ptr<MemoryReader>*) {
  return Status(Code::kUnavailable, "built without the headers of libfabric");
}

}  // namespace ndts

#endif
