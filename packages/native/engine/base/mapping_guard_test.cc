// A file that shrinks under its mapping is an error of the reader, not the end of the process; a
// bus error of anybody else still goes where it went before.
#include <signal.h>
#include <sys/mman.h>

#include <atomic>
#include <cstdlib>
#include <thread>

#include "base/disk_test_kit.h"

namespace ndts {
namespace {

constexpr std::size_t kPage = 4096;

std::unique_ptr<Mapping> map_pages(const DiskFolder& folder, const std::string& name,
                                   std::size_t pages) {
  std::unique_ptr<File> file;
  std::unique_ptr<Mapping> mapping;
  EXPECT_TRUE(folder.files().open(folder.at(name), OpenMode::kCreate, &file).ok());
  EXPECT_TRUE(file->write(0, std::vector<std::byte>(pages * kPage, std::byte{7})).ok());
  EXPECT_TRUE(file->map(&mapping).ok());
  return mapping;
}

std::byte byte_at(const Mapping& mapping, std::size_t at) {
  return *static_cast<const volatile std::byte*>(&mapping.bytes()[at]);
}

TEST(MappingGuard, NamesTheFileAndTheFirstOffsetThatCannotBeRead) {
  const DiskFolder folder;
  const auto mapping = map_pages(folder, "a", 8);
  const auto other = map_pages(folder, "b", 8);
  ASSERT_EQ(byte_at(*mapping, 7 * kPage), std::byte{7});
  EXPECT_TRUE(mapping->outcome({}, "a").ok());
  DiskFolder::cut(folder.at("a"), 2 * kPage);
  EXPECT_EQ(byte_at(*mapping, kPage), std::byte{7});
  EXPECT_FALSE(mapping->failed());
  EXPECT_EQ(byte_at(*mapping, 5 * kPage + 10), std::byte{0});
  EXPECT_TRUE(mapping->failed());
  EXPECT_EQ(byte_at(*mapping, 3 * kPage), std::byte{0});
  EXPECT_EQ(byte_at(*mapping, kPage), std::byte{7});
  const Status status = mapping->outcome(Status(Code::kCorrupt, "checksum", "a", 1), "a");
  EXPECT_EQ(status.code(), Code::kIoError);
  EXPECT_EQ(status.file(), "a");
  EXPECT_EQ(status.offset(), 5 * kPage + 10);
  EXPECT_FALSE(other->failed());
}

TEST(MappingGuard, ASlotIsUsedAgainWithoutTheFaultOfTheOneBefore) {
  const DiskFolder folder;
  for (int round = 0; round < 3; round += 1) {
    const std::string name = std::to_string(round);
    const auto mapping = map_pages(folder, name, 4);
    EXPECT_FALSE(mapping->failed());
    DiskFolder::cut(folder.at(name), 0);
    EXPECT_EQ(byte_at(*mapping, 0), std::byte{0});
    EXPECT_TRUE(mapping->failed());
  }
}

// Threads that map and unmap all the time do not hide a range from the handler.
TEST(MappingGuard, FindsARangeWhileOthersComeAndGo) {
  const DiskFolder folder;
  std::atomic<bool> stop{false};
  std::thread busy([&] {
    map_pages(folder, "busy", 1);
    std::unique_ptr<File> file;
    ASSERT_TRUE(folder.files().open(folder.at("busy"), OpenMode::kRead, &file).ok());
    while (!stop) {
      std::unique_ptr<Mapping> one;
      std::unique_ptr<Mapping> two;
      ASSERT_TRUE(file->map(&one).ok());
      ASSERT_TRUE(file->map(&two).ok());
    }
  });
  for (int round = 0; round < 50; round += 1) {
    const std::string name = std::to_string(round);
    const auto mapping = map_pages(folder, name, 16);
    DiskFolder::cut(folder.at(name), 0);
    for (std::size_t page = 0; page < 16; page += 1)
      EXPECT_EQ(byte_at(*mapping, page * kPage), std::byte{0});
    EXPECT_TRUE(mapping->failed());
  }
  stop = true;
  busy.join();
}

// A mapping of our own, of which the guard knows nothing.
void read_unguarded_hole(const DiskFolder& folder) {
  std::unique_ptr<File> file;
  std::unique_ptr<Mapping> shared;
  if (!folder.files().open(folder.at("hole"), OpenMode::kCreate, &file).ok() ||
      !file->allocate(4 * kPage).ok() || !file->map_shared(&shared).ok())
    _exit(3);
  DiskFolder::cut(folder.at("hole"), 0);
  static_cast<void>(byte_at(*shared, kPage));
}

void handle_bus_errors(void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  ::sigaction(SIGBUS, &action, nullptr);
}

void handle_bus_errors_with_address() {
  struct sigaction action {};
  action.sa_flags = SA_SIGINFO;
  action.sa_sigaction = [](int, siginfo_t* about, void*) {
    _exit(about->si_code > 0 && about->si_addr != nullptr ? 43 : 44);
  };
  ::sigaction(SIGBUS, &action, nullptr);
}

// In a process of its own, in which no guard was made yet; it runs the test from its beginning, and
// nothing at its end.
class MappingGuardDeathTest : public testing::Test {
 protected:
  MappingGuardDeathTest() : folder_(lend()) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    ::setenv(kLent, folder_.path().c_str(), 1);
  }
  ~MappingGuardDeathTest() override { ::unsetenv(kLent); }
  // Our handler stands before the other's, and works.
  void guard() {
    const auto mapping = map_pages(folder_, "guarded", 1);
    DiskFolder::cut(folder_.at("guarded"), 0);
    static_cast<void>(byte_at(*mapping, 0));
    if (!mapping->failed()) _exit(4);
  }
  DiskFolder folder_;

 private:
  static constexpr const char* kLent = "NDTS_DEATH_TEST_FOLDER";
  static DiskFolder lend() {
    const char* lent = std::getenv(kLent);  // ambient: from the process that started this one
    if (lent == nullptr) return {};
    for (const char* name : {"/guarded", "/hole"}) ::unlink((std::string(lent) + name).c_str());
    return DiskFolder(lent);
  }
};

TEST_F(MappingGuardDeathTest, PassesOthersOnToTheHandlerBefore) {
  EXPECT_EXIT((handle_bus_errors([](int) { _exit(42); }), guard(), read_unguarded_hole(folder_)),
              testing::ExitedWithCode(42), "");
}

TEST_F(MappingGuardDeathTest, PassesTheAddressOn) {
  EXPECT_EXIT((handle_bus_errors_with_address(), guard(), read_unguarded_hole(folder_)),
              testing::ExitedWithCode(43), "");
}

TEST_F(MappingGuardDeathTest, PassesOnWhatWasSent) {
  EXPECT_EXIT((handle_bus_errors_with_address(), guard(), ::raise(SIGBUS)),
              testing::ExitedWithCode(44), "");
}

TEST_F(MappingGuardDeathTest, EndsTheProcessWhereNobodyHandledIt) {
  EXPECT_EXIT((handle_bus_errors(SIG_DFL), guard(), read_unguarded_hole(folder_)),
              testing::KilledBySignal(SIGBUS), "");
  EXPECT_EXIT((handle_bus_errors(SIG_DFL), guard(), ::raise(SIGBUS)),
              testing::KilledBySignal(SIGBUS), "");
  EXPECT_EXIT((handle_bus_errors(SIG_IGN), guard(), read_unguarded_hole(folder_)),
              testing::KilledBySignal(SIGBUS), "");
  EXPECT_EXIT((handle_bus_errors(SIG_IGN), guard(), ::raise(SIGBUS), _exit(5)),
              testing::ExitedWithCode(5), "");
}

}  // namespace
}  // namespace ndts
