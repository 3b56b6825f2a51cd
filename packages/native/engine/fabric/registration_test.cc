// Registration for every combination of what a provider may demand; then over libfabric with a
// provider that is made to demand it.
#include "fabric/registration.h"

#include <gtest/gtest.h>

#include <sys/mman.h>

#include "fabric/fabric_test_kit.h"
#include "fabric/libfabric.h"

namespace ndts {
namespace {

constexpr std::uint64_t kDrawn = 0x0123'4567'89ab'cdef;

TEST(Registration, EveryCombinationOfDemands) {
  const std::array<std::byte, 16> memory{};
  const auto address = reinterpret_cast<std::uintptr_t>(memory.data());
  for (std::uint64_t mode = 0; mode < 2048; ++mode) {
    Registration registration;
    const Status status = Registration::of(mode, 8, &registration);
    const bool basic = (mode & kMrBasic) != 0;
    EXPECT_EQ(status.ok(), (mode & ~(kMrBasic | kMrScalable | kMrTaken)) == 0) << mode;
    if (!status.ok()) {
      EXPECT_EQ(status.code(), Code::kUnavailable);
      continue;
    }
    const bool by_address = basic || (mode & kMrVirtAddr) != 0;
    const bool own_keys = basic || (mode & kMrProvKey) != 0;
    EXPECT_EQ(registration.registers_local(), basic || (mode & kMrLocal) != 0) << mode;
    EXPECT_EQ(registration.has_hello(), !by_address && !own_keys) << mode;
    EXPECT_EQ(registration.base(memory), by_address ? address : 0) << mode;
    EXPECT_EQ(registration.key(kDrawn), own_keys ? 0 : kDrawn) << mode;
  }
}

TEST(Registration, KeysThatAreNoGrants) {
  Registration registration;
  for (const std::size_t bytes : {0u, 4u, 7u})
    EXPECT_EQ(Registration::of(0, bytes, &registration).code(), Code::kUnavailable) << bytes;
  EXPECT_TRUE(Registration::of(0, 16, &registration).ok());
  EXPECT_TRUE(Registration::of(kMrProvKey, 4, &registration).ok());
  EXPECT_EQ(Registration::of(kMrProvKey, 16, &registration).code(), Code::kUnavailable);
}

TEST(Registration, PagesArePresentWhereThatIsDemanded) {
  constexpr std::size_t kPages = 8;
  constexpr std::size_t kPageBytes = 4096;
  for (const std::uint64_t mode : {std::uint64_t{0}, kMrAllocated}) {
    void* memory = mmap(nullptr, kPages * kPageBytes, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(memory, MAP_FAILED);
    Registration registration;
    ASSERT_TRUE(Registration::of(mode, 8, &registration).ok());
    registration.prepare(Bytes(static_cast<const std::byte*>(memory), kPages * kPageBytes));
    std::array<unsigned char, kPages> present{};
    ASSERT_EQ(mincore(memory, kPages * kPageBytes, present.data()), 0);
    for (const unsigned char page : present) EXPECT_EQ(page & 1, mode == 0 ? 0 : 1);
    munmap(memory, kPages * kPageBytes);
  }
}

class LibfabricRegistration : public FabricFolderTest,
                              public testing::WithParamInterface<std::uint64_t> {};

// libfabric's tcp demands nothing of what it may. Asked for kMrBasic it does as verbs would: its
// own keys, remote addresses, and this side registers what it reads into.
TEST_P(LibfabricRegistration, ReadsAndRefusals) {
  const std::uint64_t mode = GetParam();
  std::unique_ptr<MemoryServer> server;
  Status status = make_libfabric_server("tcp;ofi_rxm", mode, &clock_, &random_, &server);
  if (status.ok()) status = server->start("127.0.0.1", 0);
  if (status.code() == Code::kUnavailable) GTEST_SKIP() << status.text();
  ASSERT_TRUE(status.ok()) << status.text();
  const TestMemory memory(files_.get(), at("memory"), 1u << 20);
  Grant grant{};
  Grant other{};
  ASSERT_TRUE(server->expose(memory.exposure(), &grant).ok());
  ASSERT_TRUE(server->expose(memory.exposure(), &other).ok());
  EXPECT_NE(grant.key, other.key);
  const bool basic = (mode & kMrBasic) != 0;
  EXPECT_EQ(grant.base,
            basic ? reinterpret_cast<std::uintptr_t>(memory.bytes().data()) : std::uintptr_t{0});
  if (basic) {
    EXPECT_LT(grant.key, 1000u) << "a key of the provider's counts up";
  }

  std::vector<std::byte> into(256 * 1024);
  std::unique_ptr<MemoryReader> reader;
  ASSERT_TRUE(make_libfabric_reader(grant, mode, &clock_, &reader).ok());
  reader->use(into);
  const auto read = [&](const Grant& with, std::uint64_t offset, std::int64_t timeout_ns) {
    if (!reader->connected()) NDTS_TRY(reader->connect(kTestPatienceNs));
    NDTS_TRY(reader->post(with, offset, into, 1, timeout_ns));
    Completion done;
    if (reader->wait(std::span(&done, 1), kTestPatienceNs) != 1)
      return Status(Code::kInternal, "a read neither completed nor failed");
    return done.status;
  };
  for (const std::uint64_t offset : {0u, 77u, (1u << 20) - (256u << 10)}) {
    status = read(grant, offset, kTestPatienceNs);
    ASSERT_TRUE(status.ok()) << status.text();
    EXPECT_TRUE(holds_place(into, offset)) << offset;
  }
  std::fill(into.begin(), into.end(), std::byte{0});
  Grant wrong = grant;
  wrong.key = grant.key ^ 1u << 20;
  EXPECT_FALSE(read(wrong, 0, 150 * kTestMs).ok());
  EXPECT_TRUE(server->revoke(grant.key).ok());
  EXPECT_FALSE(read(grant, 0, 150 * kTestMs).ok());
  EXPECT_EQ(into.front(), std::byte{0});
  EXPECT_TRUE(read(other, 5, kTestPatienceNs).ok());
  EXPECT_TRUE(holds_place(into, 5));
  reader->close();
}

INSTANTIATE_TEST_SUITE_P(Modes, LibfabricRegistration,
                         testing::Values(std::uint64_t{0}, kMrTaken, kMrBasic),
                         [](const testing::TestParamInfo<std::uint64_t>& info) {
                           return "mode" + std::to_string(info.param);
                         });

}  // namespace
}  // namespace ndts
