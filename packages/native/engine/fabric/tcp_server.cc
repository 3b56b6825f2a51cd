// See tcp_server.h.
#include "fabric/tcp_server.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/spin.h"

namespace ndts {
namespace {

constexpr int kSleepMs = 1000;  // how often stalled peers are looked for
constexpr std::int64_t kCheckNs = 1'000'000'000;

// The tag is what epoll gives back: a connection, or null for listener and wake-up.
bool watch(const Socket& epoll, int operation, int descriptor, bool to_send, void* tag) {
  epoll_event event{};
  event.events = to_send ? EPOLLOUT : EPOLLIN;
  event.data.ptr = tag;
  return epoll_ctl(epoll.descriptor(), operation, descriptor, &event) == 0;
}

}  // namespace

Status TcpServer::start(const std::string& host, std::uint16_t port) {
  if (thread_ != nullptr) return Status(Code::kInvalidArgument, "the server was started before");
  NDTS_TRY(listen_on(host, port, &listener_));
  NDTS_TRY(address_of(listener_, &address_));
  epoll_ = Socket(epoll_create1(EPOLL_CLOEXEC));
  wake_ = Socket(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!epoll_.is_open() || !wake_.is_open() ||
      !watch(epoll_, EPOLL_CTL_ADD, listener_.descriptor(), false, nullptr) ||
      !watch(epoll_, EPOLL_CTL_ADD, wake_.descriptor(), false, nullptr))
    return Status(Code::kUnavailable, "the system gives no more descriptors");
  thread_ = std::make_unique<Thread>("ndts pull", [this] { run(); });
  return Status::success();
}

Status TcpServer::expose(const Exposure& exposure, Grant* grant) {
  if (thread_ == nullptr || stopping_.load(std::memory_order_relaxed))
    return Status(Code::kUnavailable, "the server is not running");
  std::shared_ptr<Region> region;
  NDTS_TRY(regions_.add(exposure, random_->next(), wall_ms(clock_), grant, &region));
  grant->provider = "tcp";
  grant->address = address_;
  return Status::success();
}

Status TcpServer::renew(std::uint64_t key, std::int64_t lease_ms) {
  return regions_.renew(key, wall_ms(clock_), lease_ms);
}

Status TcpServer::revoke(std::uint64_t key) { return regions_.close(key); }

MemoryServerCounters TcpServer::counters() const {
  constexpr auto kRelaxed = std::memory_order_relaxed;
  return {.connections = connection_count_.load(kRelaxed),
          .reads = reads_.load(kRelaxed),
          .bytes = bytes_.load(kRelaxed),
          .refused = refused_.load(kRelaxed)};
}

void TcpServer::stop() {
  if (thread_ == nullptr) return;
  stopping_.store(true, std::memory_order_release);
  const std::uint64_t one = 1;
  static_cast<void>(!write(wake_.descriptor(), &one, sizeof one));  // full: it is awake
  thread_->join();
  connections_.clear();
  listener_.close();
  connection_count_.store(0, std::memory_order_relaxed);
  regions_.close_all();
}

void TcpServer::run() {
  std::int64_t spin_until_ns = 0;
  while (!stopping_.load(std::memory_order_acquire)) {
    if (step()) {
      spin_until_ns = clock_->monotonic_ns() + spin_ns_;
      continue;
    }
    if (clock_->monotonic_ns() < spin_until_ns) {
      spin_yield();
      continue;
    }
    epoll_event event{};
    static_cast<void>(epoll_wait(epoll_.descriptor(), &event, 1, kSleepMs));
    cut_off_stalled();
  }
}

bool TcpServer::step() {
  std::array<epoll_event, 32> events;
  const int count = epoll_wait(epoll_.descriptor(), events.data(), events.size(), 0);
  bool worked = false;
  for (int i = 0; i < count; ++i) {
    auto* connection = static_cast<TcpConnection*>(events[static_cast<std::size_t>(i)].data.ptr);
    if (connection == nullptr) {
      accept_all();
    } else {
      worked = serve(connection) || worked;
    }
  }
  if (worked && clock_->monotonic_ns() >= next_check_ns_) cut_off_stalled();
  return worked;
}

void TcpServer::accept_all() {
  Socket socket;
  while (accept_on(listener_, &socket)) {
    if (connections_.size() >= kConnectionsMax) {
      // The reader learns why; what does not fit into an empty socket is lost.
      std::size_t sent = 0;
      const PullHello hello = make_hello(Code::kRateLimited, 0);
      static_cast<void>(send_some(socket, bytes_of(hello), &sent));
      refused_.fetch_add(1, std::memory_order_relaxed);
      socket.close();
      continue;
    }
    auto made = std::make_unique<TcpConnection>(std::move(socket), &regions_, clock_);
    made->touch(clock_->monotonic_ns());
    if (!watch(epoll_, EPOLL_CTL_ADD, made->descriptor(), false, made.get())) continue;
    connections_.push_back(std::move(made));
    connection_count_.store(connections_.size(), std::memory_order_relaxed);
  }
}

bool TcpServer::serve(TcpConnection* connection) {
  bool worked = false;
  TcpConnection::Counts counts;
  const bool wanted = connection->wants_to_send();
  const bool alive = connection->step(&worked, &counts);
  reads_.fetch_add(counts.reads, std::memory_order_relaxed);
  bytes_.fetch_add(counts.bytes, std::memory_order_relaxed);
  refused_.fetch_add(counts.refused, std::memory_order_relaxed);
  if (!alive || (wanted != connection->wants_to_send() &&
                 !watch(epoll_, EPOLL_CTL_MOD, connection->descriptor(), !wanted, connection)))
    remove(connection);
  return worked;
}

void TcpServer::remove(const TcpConnection* connection) {
  std::erase_if(connections_, [connection](const auto& one) { return one.get() == connection; });
  connection_count_.store(connections_.size(), std::memory_order_relaxed);
}

void TcpServer::cut_off_stalled() {
  const std::int64_t now_ns = clock_->monotonic_ns();
  if (now_ns < next_check_ns_) return;
  next_check_ns_ = now_ns + kCheckNs;
  std::erase_if(connections_, [now_ns](const auto& one) {
    return (one->wants_to_send() || !one->greeted()) && now_ns - one->active_ns() > kStalledNs;
  });
  connection_count_.store(connections_.size(), std::memory_order_relaxed);
}

}  // namespace ndts
