// What tests of pulls share: memory with content that tells its place, a reader that reads in one
// call, a server in a process of its own that can be stopped and killed.
#pragma once

#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "fabric/memory_adapters.h"

namespace ndts {

inline constexpr std::int64_t kTestMs = 1'000'000;
inline constexpr std::int64_t kTestPatienceNs = 10'000 * kTestMs;

// NDTS_SEED, or a fixed one; every random test prints it when it fails.
inline std::uint64_t pull_test_seed(std::uint64_t fallback) {
  const char* given = std::getenv("NDTS_SEED");  // ambient: lets a person repeat a failed run
  return given == nullptr ? fallback : std::strtoull(given, nullptr, 10);
}

// Tests of libfabric are skipped where it is not.
inline Status make_test_server(const std::string& provider, const MemoryParts& parts,
                               const std::string& folder,
                               std::unique_ptr<MemoryServer>* server) {
  NDTS_TRY(make_memory_server(provider, parts, server));
  return (*server)->start(provider == "mapped" ? folder : "127.0.0.1", 0);
}

inline std::byte byte_at(std::uint64_t place) {
  return static_cast<std::byte>((place * 0x9E37'79B9'7F4A'7C15) >> 56);
}

// Of byte_at. Made once: under a sanitizer a byte is many instructions, and there are megabytes.
inline Bytes bytes_from(std::uint64_t place, std::size_t count) {
  static const std::vector<std::byte> made = [] {
    std::vector<std::byte> bytes(8u << 20);
    for (std::size_t at = 0; at < bytes.size(); ++at) bytes[at] = byte_at(at);
    return bytes;
  }();
  EXPECT_LE(place + count, made.size());
  return Bytes(made).subspan(place, count);
}

// A file of shared memory whose every byte follows from its place.
class TestMemory {
 public:
  TestMemory(FileSystem* files, const std::string& path, std::size_t bytes) : path_(path) {
    std::unique_ptr<File> file;
    EXPECT_TRUE(files->open(path, OpenMode::kCreate, &file).ok());
    EXPECT_TRUE(file->allocate(bytes).ok());
    std::unique_ptr<Mapping> mapping;
    EXPECT_TRUE(file->map_shared(&mapping).ok());
    mapping_ = std::move(mapping);
    std::memcpy(mapping_->writable().data(), bytes_from(0, bytes).data(), bytes);
  }
  MutableBytes bytes() const { return mapping_->writable(); }
  Exposure exposure(bool changes = false, std::int64_t lease_ms = 60'000) const {
    return {.bytes = mapping_->bytes(),
            .changes = changes,
            .lease_ms = lease_ms,
            .path = path_,
            .owner = mapping_};
  }
  // Whose readers check what they read.
  Exposure proven() const {
    Exposure exposure = this->exposure(true);
    exposure.proves_itself = true;
    return exposure;
  }
  const std::shared_ptr<Mapping>& mapping() const { return mapping_; }

 private:
  std::string path_;
  std::shared_ptr<Mapping> mapping_;
};

inline bool holds_place(Bytes bytes, std::uint64_t place) {
  return std::memcmp(bytes.data(), bytes_from(place, bytes.size()).data(), bytes.size()) == 0;
}

// A reader with memory of its own.
class TestReader {
 public:
  TestReader(const Grant& grant, const MemoryParts& parts, std::size_t bytes = 8u << 20)
      : memory_(bytes) {
    EXPECT_TRUE(make_memory_reader(grant, parts, &reader_).ok());
    reader_->use(memory_);
  }
  ~TestReader() { reader_->close(); }
  MemoryReader& operator*() { return *reader_; }
  MemoryReader* operator->() { return reader_.get(); }
  MutableBytes memory() { return memory_; }

  Status connect() { return reader_->connect(kTestPatienceNs); }
  // Connects where needed, reads to the front of the memory.
  Status read(const Grant& grant, std::uint64_t offset, std::size_t bytes,
              std::int64_t timeout_ns = kTestPatienceNs) {
    if (!reader_->connected()) NDTS_TRY(connect());
    NDTS_TRY(reader_->post(grant, offset, memory().first(bytes), 1, timeout_ns));
    Completion done;
    for (int tries = 0; tries < 100; ++tries)
      if (reader_->wait(std::span(&done, 1), timeout_ns) == 1) return done.status;
    return Status(Code::kInternal, "a read neither completed nor failed");
  }

 private:
  std::vector<std::byte> memory_;
  std::unique_ptr<MemoryReader> reader_;
};

// A server in another process; its memory is that of a TestMemory, which both have mapped.
class ServerProcess {
 public:
  ServerProcess(const std::string& provider, const MemoryParts& parts, const std::string& folder,
                const Exposure& exposure) {
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    child_ = fork();
    if (child_ == 0) {
      std::unique_ptr<MemoryServer> server;
      Grant grant{};
      Status status = make_test_server(provider, parts, folder, &server);
      if (status.ok()) status = server->expose(exposure, &grant);
      if (!status.ok()) _exit(1);
      const std::string text = grant.provider + "\n" + grant.address + "\n" +
                               std::to_string(grant.key) + "\n" +
                               std::to_string(grant.region) + "\n" + std::to_string(grant.base) +
                               "\n" + std::to_string(grant.length) + "\n";
      if (write(ends[1], text.data(), text.size()) < 0) _exit(1);
      close(ends[1]);
      for (;;) pause();
    }
    close(ends[1]);
    std::string text;
    char c = 0;
    while (::read(ends[0], &c, 1) == 1) text += c;
    close(ends[0]);
    const auto line = [&text] {
      const std::size_t end = text.find('\n');
      std::string found = text.substr(0, end);
      text.erase(0, end + 1);
      return found;
    };
    if (text.empty()) return;
    grant.provider = line();
    grant.address = line();
    grant.key = std::stoull(line());
    grant.region = static_cast<std::uint32_t>(std::stoul(line()));
    grant.base = std::stoull(line());
    grant.length = std::stoull(line());
  }
  ~ServerProcess() { end(SIGKILL); }
  void send(int signal) const { kill(child_, signal); }
  void end(int signal) {
    if (child_ <= 0) return;
    kill(child_, signal);
    waitpid(child_, nullptr, 0);
    child_ = -1;
  }

  Grant grant{};

 private:
  pid_t child_ = -1;
};

class FabricFolderTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string path = std::filesystem::exists("/dev/shm") ? "/dev/shm" : "/tmp";
    path += "/ndts-fabric-test-XXXXXX";
    ASSERT_NE(mkdtemp(path.data()), nullptr);
    folder_ = path;
    files_ = make_posix_file_system();
    parts_ = {files_.get(), &clock_, &random_};
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string at(const std::string& name) const { return folder_ + "/" + name; }

  std::string folder_;
  std::unique_ptr<FileSystem> files_;
  SystemClock clock_;
  SystemRandom random_;
  MemoryParts parts_{};
};

}  // namespace ndts
