// See tcp_socket.h.
#include "fabric/tcp_socket.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <system_error>

namespace ndts {
namespace {

constexpr int kBacklog = 64;
constexpr int kKeepAliveSeconds = 5;
constexpr int kKeepAliveTries = 3;
constexpr unsigned kUnacknowledgedMs = 15'000;

struct FreeAddresses {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

std::string system_text(int error) { return std::generic_category().message(error); }

template <typename T>
void set_option(int descriptor, int level, int name, T value) {
  // Whatever is refused here costs speed or notice, not truth.
  static_cast<void>(setsockopt(descriptor, level, name, &value, sizeof value));
}

void tune(int descriptor) {
  set_option(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, kKeepAliveSeconds);
  set_option(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, kKeepAliveSeconds);
  set_option(descriptor, IPPROTO_TCP, TCP_KEEPCNT, kKeepAliveTries);
  set_option(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT, kUnacknowledgedMs);
}

Status resolve(const std::string& host, const std::string& port, int flags, Addresses* found) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* list = nullptr;
  const int code = getaddrinfo(host.c_str(), port.c_str(), &hints, &list);
  if (code == 0) {
    found->reset(list);
    return Status::success();
  }
  const bool misnamed = code == EAI_NONAME || code == EAI_SERVICE;
  return Status(misnamed ? Code::kInvalidArgument : Code::kUnavailable,
                "expected a host and a port, found " + host + " and " + port + ": " +
                    gai_strerror(code));
}

Moved received(ssize_t got, std::size_t* bytes) {
  if (got > 0) {
    *bytes = static_cast<std::size_t>(got);
    return Moved::kSome;
  }
  const bool again = got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
  return again ? Moved::kAgain : Moved::kOver;
}

Socket open_socket(const addrinfo& address) {
  return Socket(
      socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, address.ai_protocol));
}

}  // namespace

void Socket::close() {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
}

Status split_address(const std::string& address, std::string* host, std::string* port) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == address.size())
    return Status(Code::kInvalidArgument, "expected host:port, found " + address);
  *port = address.substr(colon + 1);
  *host = address.substr(0, colon);
  if (host->front() == '[' && host->back() == ']') *host = host->substr(1, host->size() - 2);
  return Status::success();
}

Status listen_on(const std::string& host, std::uint16_t port, Socket* socket) {
  Addresses found;
  NDTS_TRY(resolve(host, std::to_string(port), AI_PASSIVE, &found));
  Socket made = open_socket(*found);
  if (!made.is_open()) return Status(Code::kUnavailable, "no socket: " + system_text(errno));
  set_option(made.descriptor(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (bind(made.descriptor(), found->ai_addr, found->ai_addrlen) != 0 ||
      listen(made.descriptor(), kBacklog) != 0) {
    const int error = errno;
    return Status(error == EADDRINUSE ? Code::kPortInUse : Code::kUnavailable,
                  "cannot listen on " + host + ":" + std::to_string(port) + ": " +
                      system_text(error));
  }
  *socket = std::move(made);
  return Status::success();
}

Status address_of(const Socket& socket, std::string* address) {
  sockaddr_storage storage{};
  socklen_t bytes = sizeof storage;
  std::array<char, NI_MAXHOST> host{};
  std::array<char, NI_MAXSERV> port{};
  if (getsockname(socket.descriptor(), reinterpret_cast<sockaddr*>(&storage), &bytes) != 0 ||
      getnameinfo(reinterpret_cast<sockaddr*>(&storage), bytes, host.data(), host.size(),
                  port.data(), port.size(), NI_NUMERICHOST | NI_NUMERICSERV) != 0)
    return Status(Code::kUnavailable, "the address of a socket cannot be read");
  const std::string name = host.data();
  *address = (storage.ss_family == AF_INET6 ? "[" + name + "]" : name) + ":" + port.data();
  return Status::success();
}

bool accept_on(const Socket& listener, Socket* socket) {
  const int descriptor =
      accept4(listener.descriptor(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (descriptor < 0) return false;
  tune(descriptor);
  *socket = Socket(descriptor);
  return true;
}

Status connect_to(const std::string& address, std::int64_t deadline_ns, Clock* clock,
                  Socket* socket) {
  std::string host;
  std::string port;
  NDTS_TRY(split_address(address, &host, &port));
  Addresses found;
  NDTS_TRY(resolve(host, port, 0, &found));
  Status status(Code::kUnavailable, "no address of " + address);
  for (const addrinfo* at = found.get(); at != nullptr; at = at->ai_next) {
    Socket made = open_socket(*at);
    if (!made.is_open()) return Status(Code::kUnavailable, "no socket: " + system_text(errno));
    tune(made.descriptor());
    int error = connect(made.descriptor(), at->ai_addr, at->ai_addrlen) == 0 ? 0 : errno;
    if (error == EINPROGRESS) {
      await_socket(made, true, deadline_ns - clock->monotonic_ns());
      if (clock->monotonic_ns() >= deadline_ns)
        return Status(Code::kTimeout, "no connection to " + address + " in time");
      socklen_t bytes = sizeof error;
      if (getsockopt(made.descriptor(), SOL_SOCKET, SO_ERROR, &error, &bytes) != 0) error = errno;
    }
    if (error == 0) {
      *socket = std::move(made);
      return Status::success();
    }
    status = Status(Code::kUnavailable, "cannot connect to " + address + ": " + system_text(error));
  }
  return status;
}

Moved receive_some(const Socket& socket, MutableBytes into, std::size_t* bytes) {
  return received(recv(socket.descriptor(), into.data(), into.size(), 0), bytes);
}

Moved receive_both(const Socket& socket, MutableBytes into, MutableBytes behind,
                   std::size_t* bytes) {
  const std::array<iovec, 2> pieces = {iovec{into.data(), into.size()},
                                       iovec{behind.data(), behind.size()}};
  return received(readv(socket.descriptor(), pieces.data(), pieces.size()), bytes);
}

Moved send_some(const Socket& socket, Bytes from, std::size_t* bytes) {
  const ssize_t sent = send(socket.descriptor(), from.data(), from.size(), MSG_NOSIGNAL);
  if (sent >= 0) {
    *bytes = static_cast<std::size_t>(sent);
    return Moved::kSome;
  }
  const bool again = errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
  return again ? Moved::kAgain : Moved::kOver;
}

void await_socket(const Socket& socket, bool to_write, std::int64_t ns) {
  if (ns <= 0) return;
  pollfd one{socket.descriptor(), static_cast<short>(to_write ? POLLIN | POLLOUT : POLLIN), 0};
  const timespec time{ns / 1'000'000'000, ns % 1'000'000'000};
  static_cast<void>(ppoll(&one, 1, &time, nullptr));
}

}  // namespace ndts
