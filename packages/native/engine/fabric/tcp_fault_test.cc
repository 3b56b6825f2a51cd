// Pulls over TCP when the network or the other side is at fault: no wrong byte is taken for a right
// one, every read ends, and whoever sends nonsense or reads nothing harms himself only.
#include <gtest/gtest.h>

#include <random>

#include "base/crc32c.h"
#include "base/thread.h"
#include "fabric/fabric_test_kit.h"
#include "fabric/fault_proxy_test_kit.h"
#include "fabric/pull_frames.h"
#include "fabric/tcp_server.h"

namespace ndts {
namespace {

constexpr std::size_t kFaultMemoryBytes = 1u << 20;
constexpr std::size_t kReadBytes = 100'000;

class TcpFault : public FabricFolderTest {
 protected:
  void SetUp() override {
    FabricFolderTest::SetUp();
    ASSERT_TRUE(server_.start("127.0.0.1", 0).ok());
    memory_ = std::make_unique<TestMemory>(files_.get(), at("memory"), kFaultMemoryBytes);
    ASSERT_TRUE(server_.expose(memory_->exposure(), &grant_).ok());
  }
  // Reads through a proxy; whatever comes back as right is right.
  Status read_through(const Faults& faults, std::int64_t timeout_ns) {
    FaultProxy proxy(grant_.address, faults);
    Grant grant = grant_;
    grant.address = proxy.address();
    TestReader reader(grant, parts_);
    Status status = reader->connect(timeout_ns);
    for (std::uint64_t i = 0; i < 3 && status.ok(); ++i) {
      status = reader.read(grant, i * kReadBytes, kReadBytes, timeout_ns);
      if (status.ok()) {
        EXPECT_TRUE(holds_place(reader.memory().first(kReadBytes), i * kReadBytes));
      }
    }
    EXPECT_EQ(reader->connected(), status.ok());
    // The way around the proxy is open.
    TestReader direct(grant_, parts_);
    EXPECT_TRUE(direct.read(grant_, 0, 64).ok());
    return status;
  }
  Socket connect_raw() {
    Socket socket;
    EXPECT_TRUE(connect_to(grant_.address, clock_.monotonic_ns() + kTestPatienceNs, &clock_,
                           &socket)
                    .ok());
    return socket;
  }
  static void send_raw(const Socket& socket, Bytes bytes) {
    std::size_t sent = 0;
    static_cast<void>(send_some(socket, bytes, &sent));
  }
  // Receives until the server closes; false when it does not.
  bool is_cut_off(const Socket& socket) {
    const std::int64_t until_ns = clock_.monotonic_ns() + kTestPatienceNs;
    std::array<std::byte, 4096> buffer;
    while (clock_.monotonic_ns() < until_ns) {
      std::size_t bytes = 0;
      const Moved moved = receive_some(socket, buffer, &bytes);
      if (moved == Moved::kOver) return true;
      if (moved == Moved::kAgain) await_socket(socket, false, 10 * kTestMs);
    }
    return false;
  }

  Grant grant_{};
  std::unique_ptr<TestMemory> memory_;
  TcpServer server_{&clock_, &random_};
};

TEST_F(TcpFault, SlowNetworksAreWaitedFor) {
  EXPECT_TRUE(read_through({.delay_ns = 200'000, .piece_bytes = 9'973}, kTestPatienceNs).ok());
}

TEST_F(TcpFault, ThrottledBeyondTheDeadline) {
  const Status status =
      read_through({.delay_ns = 20 * kTestMs, .piece_bytes = 1'000}, 150 * kTestMs);
  EXPECT_EQ(status.code(), Code::kTimeout) << status.text();
}

TEST_F(TcpFault, StallsEndByTheDeadline) {
  for (const std::uint64_t at : {0u, 32u, 33u, 56u, 50'000u, 100'056u, 150'000u})
    EXPECT_EQ(read_through({.stall_at = at, .piece_bytes = 997}, 100 * kTestMs).code(),
              Code::kTimeout)
        << at;
}

TEST_F(TcpFault, CutAndResetConnections) {
  for (const std::uint64_t at : {1u, 32u, 33u, 56u, 57u, 50'000u, 100'060u, 200'000u}) {
    EXPECT_EQ(read_through({.cut_at = at}, kTestPatienceNs).code(), Code::kUnavailable) << at;
    EXPECT_EQ(read_through({.reset_at = at}, kTestPatienceNs).code(), Code::kUnavailable) << at;
  }
}

TEST_F(TcpFault, AFlippedBitIsNeverTakenForData) {
  const std::uint64_t seed = pull_test_seed(5);
  std::mt19937_64 random(seed);
  std::vector<std::uint64_t> places;
  for (std::uint64_t at = 0; at < 64; at += 3) places.push_back(at);
  for (int i = 0; i < 20; ++i) places.push_back(random() % 300'000);
  for (const std::uint64_t at : {100'056u, 100'063u, 100'064u}) places.push_back(at);
  for (const std::uint64_t at : places) {
    const Code code = read_through({.flip_at = at}, kTestPatienceNs).code();
    EXPECT_TRUE(code == Code::kUnavailable || code == Code::kVersionTooNew) << at << " " << seed;
  }
}

// Frames hold all the same; the bytes come as they are, for their reader to check.
TEST_F(TcpFault, WhatProvesItselfIsNotSummedUpOnTheWay) {
  ASSERT_TRUE(server_.expose(memory_->proven(), &grant_).ok());
  for (const std::size_t bytes : {std::size_t{1'000}, kReadBytes}) {
    for (const std::uint64_t place : {std::uint64_t{0}, std::uint64_t{bytes - 1}}) {
      constexpr std::uint64_t kHeads = sizeof(PullHello) + sizeof(PullReply);
      FaultProxy proxy(grant_.address, {.flip_at = kHeads + place});
      Grant grant = grant_;
      grant.address = proxy.address();
      TestReader reader(grant, parts_);
      ASSERT_TRUE(reader.read(grant, 0, bytes).ok());
      const MutableBytes got = reader.memory().first(bytes);
      EXPECT_NE(got[place], byte_at(place));
      got[place] = byte_at(place);
      EXPECT_TRUE(holds_place(got, 0));
    }
  }
  for (const std::uint64_t at : {32u, 36u, 40u, 48u, 52u, 100'056u, 100'063u, 100'064u})
    EXPECT_EQ(read_through({.flip_at = at}, kTestPatienceNs).code(), Code::kUnavailable) << at;
}

TEST_F(TcpFault, NonsenseIsCutOff) {
  const std::uint64_t seed = pull_test_seed(6);
  std::mt19937_64 random(seed);
  for (int i = 0; i < 20; ++i) {
    const Socket socket = connect_raw();
    if (i % 2 == 1) send_raw(socket, bytes_of(make_hello(Code::kOk, 0)));
    std::vector<std::byte> nonsense(100 + random() % 5000);
    for (std::byte& byte : nonsense) byte = static_cast<std::byte>(random());
    send_raw(socket, nonsense);
    EXPECT_TRUE(is_cut_off(socket)) << seed;
  }
  TestReader reader(grant_, parts_);
  EXPECT_TRUE(reader.read(grant_, 0, 64).ok());
}

TEST_F(TcpFault, AnotherVersionIsToldSo) {
  const Socket socket = connect_raw();
  PullHello hello = make_hello(Code::kOk, 0);
  hello.version = 2;
  hello.check = frame_check(bytes_of(hello));
  send_raw(socket, bytes_of(hello));
  await_socket(socket, false, kTestPatienceNs);
  PullHello answer{};
  std::size_t bytes = 0;
  ASSERT_EQ(receive_some(socket, std::as_writable_bytes(std::span(&answer, 1)), &bytes),
            Moved::kSome);
  ASSERT_EQ(bytes, sizeof answer);
  EXPECT_TRUE(frame_holds(answer));
  EXPECT_EQ(answer.code, static_cast<std::uint32_t>(Code::kVersionTooNew));
  EXPECT_TRUE(is_cut_off(socket));
}

TEST_F(TcpFault, RequestsOfAClientThatChecksNothing) {
  const auto answer_of = [this](const PullRequest& request) {
    const Socket socket = connect_raw();
    send_raw(socket, bytes_of(make_hello(Code::kOk, 0)));
    send_raw(socket, bytes_of(request));
    std::array<std::byte, sizeof(PullHello) + sizeof(PullReply)> answer;
    for (std::size_t have = 0; have < answer.size();) {
      std::size_t bytes = 0;
      const Moved moved = receive_some(socket, MutableBytes(answer).subspan(have), &bytes);
      if (moved == Moved::kOver) return std::uint32_t{999};
      if (moved == Moved::kSome) have += bytes;
      if (moved == Moved::kAgain) await_socket(socket, false, 10 * kTestMs);
    }
    const auto reply = load<PullReply>(answer.data() + sizeof(PullHello));
    EXPECT_TRUE(frame_holds(reply));
    EXPECT_EQ(reply.id, request.id);
    return reply.code;
  };
  const auto code = [](Code one) { return static_cast<std::uint32_t>(one); };
  const auto ask = [&](std::uint32_t region, std::uint64_t offset, std::uint32_t length) {
    return answer_of(make_request(region, grant_.key, 7, offset, length));
  };
  EXPECT_EQ(ask(grant_.region, 0, 1), code(Code::kOk));
  EXPECT_EQ(ask(grant_.region + 1, 0, 1), code(Code::kLeaseLost));
  EXPECT_EQ(ask(UINT32_MAX, 0, 1), code(Code::kLeaseLost));
  EXPECT_EQ(ask(grant_.region, kFaultMemoryBytes, 1), code(Code::kInvalidArgument));
  EXPECT_EQ(ask(grant_.region, UINT64_MAX, 1), code(Code::kInvalidArgument));
  EXPECT_EQ(ask(grant_.region, 0, UINT32_MAX), code(Code::kInvalidArgument));
  EXPECT_EQ(ask(grant_.region, 0, 0), 999u);  // no frame: cut off
}

TEST_F(TcpFault, AsManyReadersAsItTakes) {
  std::vector<Socket> sockets;
  for (std::size_t i = 0; i < TcpServer::kConnectionsMax; ++i) sockets.push_back(connect_raw());
  TestReader reader(grant_, parts_);
  EXPECT_EQ(reader.connect().code(), Code::kRateLimited);
  sockets.clear();
  Status status;
  for (int tries = 0; tries < 100; ++tries) {
    status = reader.read(grant_, 0, 64);
    if (status.ok()) break;
    await_socket(Socket(), false, 10 * kTestMs);
  }
  EXPECT_TRUE(status.ok()) << status.text();
  EXPECT_GT(server_.counters().refused, 0u);
}

TEST_F(TcpFault, APeerThatReadsNothingStopsItselfOnly) {
  const Socket lazy = connect_raw();
  send_raw(lazy, bytes_of(make_hello(Code::kOk, 0)));
  for (std::uint64_t i = 0; i < 200; ++i)
    send_raw(lazy, bytes_of(make_request(grant_.region, grant_.key, i, 0, kFaultMemoryBytes)));
  TestReader reader(grant_, parts_);
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(reader.read(grant_, 0, kFaultMemoryBytes).ok());
  // Not even revoking waits for it, and it is given nothing more.
  EXPECT_TRUE(server_.revoke(grant_.key).ok());
  EXPECT_TRUE(is_cut_off(lazy));
}

TEST_F(TcpFault, StoppingWithAReaderThatWaits) {
  TestReader reader(grant_, parts_);
  ASSERT_TRUE(reader.connect().ok());
  server_.stop();
  EXPECT_FALSE(reader.read(grant_, 0, 64).ok());
  TcpServer other(&clock_, &random_);
  ASSERT_TRUE(other.start("127.0.0.1", 0).ok());
  EXPECT_EQ(other.start("127.0.0.1", 0).code(), Code::kInvalidArgument);
}

TEST_F(TcpFault, AddressesThatAreNone) {
  for (const char* address : {"", "nowhere", ":1", "host:", "127.0.0.1:x", "127.0.0.1:1"}) {
    Grant grant = grant_;
    grant.address = address;
    TestReader reader(grant, parts_);
    const Code code = reader.connect().code();
    EXPECT_TRUE(code == Code::kInvalidArgument || code == Code::kUnavailable) << address;
  }
  TcpServer server(&clock_, &random_);
  const std::string port = grant_.address.substr(grant_.address.rfind(':') + 1);
  EXPECT_EQ(server.start("127.0.0.1", static_cast<std::uint16_t>(std::stoul(port))).code(),
            Code::kPortInUse);
}

// The example of docs/protocol/pull.md, byte for byte.
TEST(PullFrames, WorkedExample) {
  const auto words = [](Bytes bytes) {
    std::vector<std::uint32_t> found;
    for (std::size_t at = 0; at < bytes.size(); at += 4)
      found.push_back(load<std::uint32_t>(bytes.data() + at));
    return found;
  };
  using Words = std::vector<std::uint32_t>;
  const PullRequest request = make_request(2, 0x0123'4567'89ab'cdef, 9, 640, 4);
  const PullReply reply = make_reply(Code::kOk, 9, 4);
  EXPECT_EQ(words(bytes_of(make_hello(Code::kOk, 0))),
            (Words{0xa0345b0f, 1, 0x5354444e, 0x4c4c5550, 0, 0, 0, 0}));
  EXPECT_EQ(words(bytes_of(request)),
            (Words{0x90f260bf, 2, 9, 0, 0x89abcdef, 0x01234567, 640, 0, 4, 0}));
  EXPECT_EQ(words(bytes_of(reply)), (Words{0xe631f68a, 0, 9, 0, 4, 0}));
  const std::uint32_t bytes = 0x0403'0201;
  EXPECT_EQ(crc32c(reply.check, bytes_of(bytes)), 0xa8db47b9u);
  EXPECT_EQ(words(bytes_of(make_reply(Code::kOk, 9, 4, kPullProven))),
            (Words{0x3b745c32, 0, 9, 0, 4, 1}));
}

}  // namespace
}  // namespace ndts
