// See libfabric.h: the side that reads.
#include "fabric/libfabric.h"

#if __has_include(<rdma/fabric.h>)

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/spin.h"
#include "base/thread.h"
#include "fabric/libfabric_endpoint.h"
#include "fabric/pull_frames.h"
#include "fabric/tcp_socket.h"

namespace ndts {
namespace {

void leave_endpoint(std::unique_ptr<LibfabricEndpoint> endpoint) {
  static Mutex mutex;
  // Never destroyed, at the end of the process neither.
  static auto* left = new std::vector<std::unique_ptr<LibfabricEndpoint>>;
  const MutexLock lock(mutex);
  left->push_back(std::move(endpoint));
}

class LibfabricReader final : public MemoryReader {
 public:
  LibfabricReader(const LibfabricApi* api, const Grant& grant, std::uint64_t mr_mode,
                  Clock* clock)
      : MemoryReader(clock), api_(api), choice_{grant.provider, mr_mode},
        address_(grant.address) {}
  ~LibfabricReader() override { close(); }

 private:
  Status attach(std::int64_t timeout_ns, std::span<const MutableBytes> arenas) override;
  void drop() override;
  void drain();
  void issue(std::uint32_t slot) override;
  void pump() override;
  void nap(std::int64_t ns) override { static_cast<void>(endpoint_->wait(ns)); }

  static constexpr std::int64_t kDrainNs = 100'000'000;

  [[nodiscard]] Status open(std::span<const MutableBytes> arenas);
  // Reads what every server of ours exposes: that it is there, and speaks this version.
  [[nodiscard]] Status greet(std::int64_t deadline_ns);
  // False: the provider takes no more just now.
  [[nodiscard]] bool try_issue(std::uint32_t slot);
  [[nodiscard]] void* described(std::size_t arena) const {
    return arena < memory_.size() ? fi_mr_desc(memory_[arena]) : nullptr;
  }

  const LibfabricApi* const api_;
  const LibfabricChoice choice_;
  const std::string address_;
  std::unique_ptr<LibfabricEndpoint> endpoint_;
  fi_addr_t peer_ = 0;
  std::vector<fid_mr*> memory_;  // where the provider wants it: by arena, the hello last
  std::array<fi_context2, kPullInFlightMax + 1> contexts_{};  // by slot, the hello last
  std::size_t issued_ = 0;              // reads the provider has
  std::vector<std::uint32_t> waiting_;  // slots the provider did not take yet
  PullHello hello_{};
  Status issue_error_;
};

Status LibfabricReader::open(std::span<const MutableBytes> arenas) {
  std::string host;
  std::string port;
  NDTS_TRY(split_address(address_, &host, &port));
  endpoint_ = std::make_unique<LibfabricEndpoint>();
  NDTS_TRY(endpoint_->open_reader(*api_, choice_, host, port, &peer_));
  if (!endpoint_->registration().registers_local()) return Status::success();
  const auto add = [this](Bytes bytes) {
    fid_mr* region = nullptr;
    NDTS_TRY(endpoint_->register_memory(bytes, FI_READ, memory_.size() + 1, &region));
    memory_.push_back(region);
    return Status::success();
  };
  for (const MutableBytes arena : arenas) NDTS_TRY(add(arena));
  return add(bytes_of(hello_));
}

Status LibfabricReader::attach(std::int64_t timeout_ns, std::span<const MutableBytes> arenas) {
  Status status = open(arenas);
  // Not of the peer's time: the first time the library looks at all its providers.
  const std::int64_t deadline_ns = clock()->monotonic_ns() + timeout_ns;
  if (status.ok() && endpoint_->registration().has_hello()) status = greet(deadline_ns);
  if (!status.ok()) drop();
  return status;
}

Status LibfabricReader::greet(std::int64_t deadline_ns) {
  bool posted = false;
  for (;;) {
    if (!posted) {
      const ssize_t code =
          fi_read(endpoint_->endpoint(), &hello_, sizeof hello_, described(memory_.size() - 1),
                  peer_, 0, kPullHelloKey, &contexts_.back());
      if (code != 0 && code != -FI_EAGAIN)
        return Status(Code::kUnavailable, "no connection to " + address_ + ": " +
                                              api_->strerror(static_cast<int>(-code)));
      posted = code == 0;
      if (posted) issued_ = 1;
    }
    fi_cq_entry entry{};
    const ssize_t got = fi_cq_read(endpoint_->queue(), &entry, 1);
    if (got == 1) {
      issued_ = 0;
      break;
    }
    if (got != -FI_EAGAIN) {
      const Status why = endpoint_->take_error();
      issued_ = 0;
      return Status(Code::kUnavailable, "no connection to " + address_ + ": " + why.message());
    }
    const std::int64_t now_ns = clock()->monotonic_ns();
    if (now_ns >= deadline_ns)
      return Status(Code::kTimeout, "no connection to " + address_ + " in time");
    // Not longer: a provider that connects does not always say when it has.
    constexpr std::int64_t kNapNs = 1'000'000;
    static_cast<void>(endpoint_->wait(std::min(kNapNs, deadline_ns - now_ns)));
  }
  if (!frame_holds(hello_) || hello_.magic != kPullMagic)
    return Status(Code::kUnavailable, "no pull server at " + address_);
  if (hello_.version == kPullVersion) return Status::success();
  return Status(Code::kVersionTooNew, address_ + " does not speak version 1 of pulls");
}

// Reads that are under way are waited for a little: libfabric 1.17 crashes when an endpoint over
// TCP is closed with some. An endpoint whose reads do not end is left as it is, for ever: nobody
// moves it along, so it writes nowhere. Hardware would, so others are closed whatever that does.
void LibfabricReader::drain() {
  const std::int64_t until_ns = clock()->monotonic_ns() + kDrainNs;
  while (issued_ > 0 && clock()->monotonic_ns() < until_ns) {
    std::array<fi_cq_entry, 32> entries;
    const ssize_t got = fi_cq_read(endpoint_->queue(), entries.data(), entries.size());
    if (got > 0) issued_ -= std::min(issued_, static_cast<std::size_t>(got));
    if (got == -FI_EAVAIL) {
      static_cast<void>(endpoint_->take_error());
      --issued_;
    } else if (got < 0 && got != -FI_EAGAIN) {
      break;
    }
    spin_pause();
  }
}

void LibfabricReader::drop() {
  waiting_.clear();
  issue_error_ = {};
  if (endpoint_ == nullptr) return;
  if (endpoint_->is_open()) drain();
  if (issued_ > 0 && choice_.provider.starts_with("tcp")) {
    leave_endpoint(std::move(endpoint_));
  } else {
    for (fid_mr* region : memory_) fi_close(&region->fid);
    endpoint_.reset();
  }
  issued_ = 0;
  memory_.clear();
}

bool LibfabricReader::try_issue(std::uint32_t slot) {
  const Pending& read = pending(slot);
  const ssize_t code = fi_read(endpoint_->endpoint(), read.into.data(), read.into.size(),
                               described(read.arena), peer_, read.base + read.offset, read.key,
                               &contexts_[slot]);
  if (code == -FI_EAGAIN) return false;
  if (code == 0) {
    ++issued_;
  } else {
    issue_error_ = Status(Code::kUnavailable, std::string("a read cannot be posted: ") +
                                                  api_->strerror(static_cast<int>(-code)));
  }
  return true;
}

void LibfabricReader::issue(std::uint32_t slot) {
  if (!waiting_.empty() || !try_issue(slot)) waiting_.push_back(slot);
}

void LibfabricReader::pump() {
  while (issue_error_.ok()) {
    std::array<fi_cq_entry, 32> entries;
    const ssize_t got = fi_cq_read(endpoint_->queue(), entries.data(), entries.size());
    for (ssize_t i = 0; i < got; ++i) {
      const auto* context =
          static_cast<const fi_context2*>(entries[static_cast<std::size_t>(i)].op_context);
      finish(static_cast<std::uint32_t>(context - contexts_.data()), Status::success());
      --issued_;
    }
    if (got == -FI_EAVAIL) {
      const Status why = endpoint_->take_error();
      --issued_;
      return fail(why);
    }
    if (got < 0 && got != -FI_EAGAIN)
      return fail(Status(Code::kUnavailable, "the queue of a reader failed"));
    std::size_t issued = 0;
    while (issued < waiting_.size() && try_issue(waiting_[issued])) ++issued;
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(issued));
    if (got <= 0) break;
  }
  if (!issue_error_.ok()) fail(Status(issue_error_));
}

}  // namespace

Status make_libfabric_reader(const Grant& grant, std::uint64_t mr_mode, Clock* clock,
                             std::unique_ptr<MemoryReader>* reader) {
  if (grant.provider.find("shm") != std::string::npos)
    return Status(Code::kInvalidArgument, "the provider shm checks no keys");
  const LibfabricApi* api = nullptr;
  NDTS_TRY(load_libfabric(&api));
  *reader = std::make_unique<LibfabricReader>(api, grant, mr_mode, clock);
  return Status::success();
}

}  // namespace ndts

#endif
