// Sockets, as far as pulls need them: an owned descriptor, listening, connecting with a deadline.
//
// All sockets are non-blocking, send at once (TCP_NODELAY), and notice a dead peer by keep-alive
// and by what it does not acknowledge. Errors: INVALID_ARGUMENT for an address that is none,
// PORT_IN_USE, UNAVAILABLE with what the system said, TIMEOUT.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/status.h"

namespace ndts {

class Socket {
 public:
  Socket() = default;
  explicit Socket(int descriptor) : descriptor_(descriptor) {}
  Socket(Socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    if (this != &other) {
      close();
      descriptor_ = std::exchange(other.descriptor_, -1);
    }
    return *this;
  }
  ~Socket() { close(); }
  [[nodiscard]] int descriptor() const { return descriptor_; }
  [[nodiscard]] bool is_open() const { return descriptor_ >= 0; }
  void close();

 private:
  int descriptor_ = -1;
};

// What one call moved. kAgain: nothing now. kOver: the peer ended it, or an error.
enum class Moved : std::uint8_t { kSome, kAgain, kOver };

[[nodiscard]] Status listen_on(const std::string& host, std::uint16_t port, Socket* socket);
// "10.0.0.1:7000", "[::1]:7000"; with the port that was taken.
[[nodiscard]] Status address_of(const Socket& socket, std::string* address);
// False: nobody is waiting, or the connection ended meanwhile.
[[nodiscard]] bool accept_on(const Socket& listener, Socket* socket);
[[nodiscard]] Status connect_to(const std::string& address, std::int64_t deadline_ns, Clock* clock,
                                Socket* socket);
// Splits "host:port"; INVALID_ARGUMENT.
[[nodiscard]] Status split_address(const std::string& address, std::string* host,
                                   std::string* port);

[[nodiscard]] Moved receive_some(const Socket& socket, MutableBytes into, std::size_t* bytes);
// Fills `into`, then `behind`, with one call to the system.
[[nodiscard]] Moved receive_both(const Socket& socket, MutableBytes into, MutableBytes behind,
                                 std::size_t* bytes);
[[nodiscard]] Moved send_some(const Socket& socket, Bytes from, std::size_t* bytes);
// Until it can be read (or written), or `ns` have passed.
void await_socket(const Socket& socket, bool to_write, std::int64_t ns);

}  // namespace ndts
