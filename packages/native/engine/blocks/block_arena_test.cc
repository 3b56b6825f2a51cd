// Spaces of an arena: never over each other, as they were until nobody can be reading them, and
// what a reader on another host makes of it when the peer dies.
#include "blocks/block_arena.h"

#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <random>

#include "base/thread.h"
#include "blocks/block_puller.h"
#include "db/db_test_kit.h"
#include "fabric/fabric_test_kit.h"
#include "fabric/pull_frames.h"
#include "fabric/tcp_socket.h"

namespace ndts {
namespace {

constexpr std::int64_t kMs = 1'000'000;
constexpr std::int64_t kLeaseMs = 1'000;
constexpr std::int64_t kKeptMs = kLeaseMs + kArenaReadMs + kArenaMarginMs;

class BlockArenaTest : public FabricFolderTest {
 protected:
  void SetUp() override {
    FabricFolderTest::SetUp();
    const Status status =
        BlockArena::open(files_.get(), &manual_, at("arena"), 2u << 20, &arena_);
    ASSERT_TRUE(status.ok()) << status.text();
  }
  Bytes memory() const { return arena_->exposure(1).bytes; }
  Status place(std::uint64_t owner, const std::vector<std::byte>& bytes, ArenaSpace* space) {
    const Bytes blocks[] = {Bytes(bytes).first(bytes.size() / 16 * 8),
                            Bytes(bytes).subspan(bytes.size() / 16 * 8)};
    return arena_->place(owner, blocks, kLeaseMs, space, &retry_ms_);
  }
  bool holds(const ArenaSpace& space, std::byte value) const {
    const Bytes found = memory().subspan(space.offset, space.bytes);
    // Each byte is the one before it.
    return found[0] == value &&
           std::memcmp(found.data(), found.data() + 1, found.size() - 1) == 0;
  }

  ManualClock manual_;
  std::unique_ptr<BlockArena> arena_;
  std::int64_t retry_ms_ = 0;
};

struct Placed {
  ArenaSpace space;
  std::uint64_t owner;
  std::int64_t until_ns;
  std::byte value;
};

TEST_F(BlockArenaTest, SpacesStayAsTheyAreWhileTheyMayBeRead) {
  const std::uint64_t seed = test_seed(7101);
  SCOPED_TRACE("NDTS_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  std::map<std::uint64_t, Placed> live;
  int refused = 0;
  int expired = 0;
  for (int round = 0; round < 1500; round += 1) {
    manual_.advance(static_cast<std::int64_t>(random() % 100) * kMs);
    for (auto at = live.begin(); at != live.end();) {
      const bool over = manual_.monotonic_ns() >= at->second.until_ns;
      expired += over ? 1 : 0;
      at = over ? live.erase(at) : std::next(at);
    }
    const std::uint64_t owner = 1 + random() % 3;
    if (random() % 4 == 0 && !live.empty()) {
      const auto chosen = std::next(live.begin(), static_cast<long>(random() % live.size()));
      arena_->release(owner, chosen->first);
      if (chosen->second.owner == owner) live.erase(chosen);
    } else if (random() % 40 == 0) {
      arena_->release_all(owner);
      std::erase_if(live, [owner](const auto& one) { return one.second.owner == owner; });
    } else {
      const auto value = static_cast<std::byte>(round);
      const std::vector<std::byte> bytes(16 + 8 * (random() % 20'000), value);
      ArenaSpace space;
      const Status status = place(owner, bytes, &space);
      if (!status.ok()) {
        ASSERT_EQ(status.code(), Code::kRateLimited) << status.text();
        ASSERT_GT(retry_ms_, 0);
        ASSERT_LE(retry_ms_, kKeptMs);
        refused += 1;
        continue;
      }
      ASSERT_EQ(space.bytes, bytes.size());
      live[space.id] = {space, owner, manual_.monotonic_ns() + kKeptMs * kMs, value};
    }
    std::uint64_t owned = 0;
    for (const auto& [id, one] : live) {
      ASSERT_TRUE(holds(one.space, one.value)) << "space " << id << ", round " << round;
      if (one.owner == owner) owned += one.space.bytes;
    }
    ASSERT_LE(owned, arena_->bytes() / 2);
    ASSERT_GE(arena_->counters().spaces, live.size());
  }
  EXPECT_GT(refused, 10);
  EXPECT_GT(expired, 10);
}

TEST_F(BlockArenaTest, ASpaceIsUsedAgainAfterLeaseReadAndMargin) {
  const std::vector<std::byte> half(1u << 20, std::byte{1});
  ArenaSpace first;
  ArenaSpace second;
  ASSERT_TRUE(place(1, half, &first).ok());
  ASSERT_TRUE(place(2, half, &second).ok());
  EXPECT_EQ(place(3, half, &second).code(), Code::kRateLimited);
  manual_.advance((kKeptMs - 1) * kMs);
  EXPECT_EQ(place(3, half, &second).code(), Code::kRateLimited);
  EXPECT_EQ(retry_ms_, 1);
  manual_.advance(kMs);
  EXPECT_TRUE(place(3, half, &second).ok());
}

TEST_F(BlockArenaTest, WhatIsWrong) {
  ArenaSpace space;
  EXPECT_EQ(place(1, {}, &space).code(), Code::kInvalidArgument);
  EXPECT_EQ(place(1, std::vector<std::byte>(20), &space).code(), Code::kInvalidArgument);
  EXPECT_EQ(place(1, std::vector<std::byte>((1u << 20) + 8), &space).code(),
            Code::kInvalidArgument);
  arena_->release(1, 99);
  arena_->release_all(1);
}

class ArenaPull : public FabricFolderTest, public testing::WithParamInterface<const char*> {
 protected:
  Status pull(BlockPuller& puller, const ArenaSpace& space, std::int64_t timeout_ns = 5'000 * kMs) {
    pieces_ = {800, 400'000, 8, space.bytes - 400'808};
    bytes_.clear();
    return puller.pull(space.offset, pieces_, timeout_ns, [this](std::size_t at, Bytes bytes) {
      EXPECT_EQ(bytes.size(), pieces_[at]);
      bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    });
  }

  std::vector<std::uint64_t> pieces_;
  std::vector<std::byte> bytes_;
};

TEST_P(ArenaPull, PiecesComeInOrderUntilTheGrantIsRevoked) {
  std::unique_ptr<BlockArena> arena;
  ASSERT_TRUE(BlockArena::open(files_.get(), &clock_, at("arena"), 32u << 20, &arena).ok());
  std::unique_ptr<MemoryServer> server;
  const Status started = make_test_server(GetParam(), parts_, folder_, &server);
  if (started.code() == Code::kUnavailable) return;  // no libfabric here
  ASSERT_TRUE(started.ok()) << started.text();
  Grant grant{};
  ASSERT_TRUE(server->expose(arena->exposure(60'000), &grant).ok());
  std::unique_ptr<BlockPuller> puller;
  ASSERT_TRUE(BlockPuller::open(parts_, grant, &puller).ok());
  ArenaSpace space;
  for (std::uint64_t round = 0; round < 3; round += 1) {
    std::vector<std::byte> wanted((3u << 20) - 8 * round);
    std::memcpy(wanted.data(), bytes_from(round, wanted.size()).data(), wanted.size());
    const Bytes block(wanted);
    std::int64_t retry_ms = 0;
    ASSERT_TRUE(arena->place(1, std::span(&block, 1), 1000, &space, &retry_ms).ok());
    const Status status = pull(*puller, space);
    ASSERT_TRUE(status.ok()) << status.text();
    EXPECT_TRUE(bytes_ == wanted);
    // Its room is not used again here: ThreadSanitizer notes what a server reads to send it only
    // after it was sent, when its reader may have gone on.
  }
  ASSERT_TRUE(server->revoke(grant.key).ok());
  const Status status = pull(*puller, space, 2'000 * kMs);
  EXPECT_FALSE(status.ok());
  EXPECT_TRUE(bytes_.empty());
  puller->close();
  puller->close();
  EXPECT_EQ(pull(*puller, space).code(), Code::kClosed);
}

// Stopped in the middle, then dead: neither keeps the reader longer than its deadline.
TEST_P(ArenaPull, APeerThatDiesDoesNotKeepTheReader) {
  if (std::string(GetParam()) == "mapped") return;  // nobody is asked
  const TestMemory memory(files_.get(), at("memory"), 3u << 20);
  ServerProcess server(GetParam(), parts_, folder_, memory.exposure(true));
  if (server.grant.provider.empty()) return;  // no libfabric here
  std::unique_ptr<BlockPuller> puller;
  ASSERT_TRUE(BlockPuller::open(parts_, server.grant, &puller).ok());
  const ArenaSpace space{1, 0, 3u << 20};
  const Status first = pull(*puller, space);
  ASSERT_TRUE(first.ok()) << first.text();
  EXPECT_TRUE(holds_place(bytes_, 0));
  // Its threads stop a little later.
  server.send(SIGSTOP);
  while (pull(*puller, space, 100 * kMs).ok()) {
  }
  server.end(SIGKILL);
  EXPECT_FALSE(pull(*puller, space, 100 * kMs).ok());
}

// Greets when nearly all the time for it has passed, and answers one request a little later.
class LatePeer {
 public:
  LatePeer(ManualClock* clock, std::int64_t late_ns) : clock_(clock), late_ns_(late_ns) {
    EXPECT_TRUE(listen_on("127.0.0.1", 0, &listener_).ok());
    EXPECT_TRUE(address_of(listener_, &grant.address).ok());
    grant.provider = "tcp";
    grant.length = sizeof bytes_;
    thread_ = std::make_unique<Thread>("late peer", [this] { run(); });
  }
  ~LatePeer() { thread_->join(); }

  Grant grant{};

 private:
  void run() {
    Socket socket;
    while (!accept_on(listener_, &socket)) await_socket(listener_, false, kTestPatienceNs);
    PullHello hello{};
    take(socket, &hello);
    clock_->advance(late_ns_);
    give(socket, make_hello(Code::kOk, kPullReadBytesMax));
    PullRequest request{};
    take(socket, &request);
    clock_->advance(late_ns_);
    // Long enough for a reader that sees itself late to leave.
    await_socket(socket, false, 20 * kMs);
    const PullReply reply = make_reply(Code::kOk, request.id, sizeof bytes_, kPullProven);
    give(socket, reply);
    give(socket, bytes_);
    give(socket, PullTrailer{reply.check, 0});
    await_socket(socket, false, kTestPatienceNs);
  }
  template <typename Frame>
  static void take(const Socket& socket, Frame* frame) {
    const MutableBytes into(reinterpret_cast<std::byte*>(frame), sizeof *frame);
    for (std::size_t have = 0; have < into.size();) {
      std::size_t some = 0;
      const Moved moved = receive_some(socket, into.subspan(have), &some);
      if (moved == Moved::kOver) return;
      if (moved == Moved::kSome) have += some;
      if (moved == Moved::kAgain) await_socket(socket, false, kTestPatienceNs);
    }
  }
  template <typename Frame>
  static void give(const Socket& socket, const Frame& frame) {
    std::size_t sent = 0;
    static_cast<void>(send_some(socket, bytes_of(frame), &sent));
  }

  ManualClock* const clock_;
  const std::int64_t late_ns_;
  const std::uint64_t bytes_ = 7;
  Socket listener_;
  std::unique_ptr<Thread> thread_;
};

// A machine that is busy, a library to load: what connecting took is no time of the reads.
TEST_F(BlockArenaTest, ReadsHaveTheirTimeHoweverLongConnectingTook) {
  constexpr std::int64_t kTimeoutNs = 100 * kMs;
  LatePeer peer(&manual_, kTimeoutNs - 1);
  std::unique_ptr<BlockPuller> puller;
  parts_.clock = &manual_;
  ASSERT_TRUE(BlockPuller::open(parts_, peer.grant, &puller).ok());
  const std::uint64_t pieces[] = {peer.grant.length};
  std::size_t taken = 0;
  const Status status = puller->pull(0, pieces, kTimeoutNs, [&](std::size_t, Bytes) { ++taken; });
  puller->close();
  EXPECT_TRUE(status.ok()) << status.text();
  EXPECT_EQ(taken, 1u);
}

INSTANTIATE_TEST_SUITE_P(Adapters, ArenaPull, testing::Values("mapped", "tcp", "tcp;ofi_rxm"));

}  // namespace
}  // namespace ndts
