// Reads on the same host: the reader maps the file that the memory is and copies from it. The
// grant is a small file of mode 0600 in a folder of the server (PullLease, then the path), which
// the reader looks at before and after each copy; the file system says who may read at all.
//
// What differs from the adapters for other hosts: nothing of the server runs, so reads go on after
// its death until the lease ends.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/file.h"
#include "fabric/memory_regions.h"
#include "fabric/remote_memory.h"

namespace ndts {

class MappedServer final : public MemoryServer {
 public:
  MappedServer(FileSystem* files, Clock* clock, RandomSource* random)
      : files_(files), clock_(clock), random_(random) {}
  ~MappedServer() override { stop(); }
  // `folder` exists, mode 0700; nobody else puts leases there.
  [[nodiscard]] Status start(const std::string& folder, std::uint16_t port) override;
  [[nodiscard]] Status expose(const Exposure& exposure, Grant* grant) override;
  [[nodiscard]] Status renew(std::uint64_t key, std::int64_t lease_ms) override;
  [[nodiscard]] Status revoke(std::uint64_t key) override;
  [[nodiscard]] MemoryServerCounters counters() const override { return {}; }
  void stop() override;

 private:
  struct Lease {
    std::string path;
    std::unique_ptr<Mapping> mapping;
  };

  void shut(const Lease& lease);

  FileSystem* const files_;
  Clock* const clock_;
  RandomSource* const random_;
  MemoryRegions regions_;
  Mutex mutex_;
  std::string folder_;                     // under the mutex, as the rest
  std::map<std::uint64_t, Lease> leases_;  // by key
};

class MappedReader final : public MemoryReader {
 public:
  MappedReader(FileSystem* files, Clock* clock) : MemoryReader(clock), files_(files) {}
  ~MappedReader() override { close(); }

 private:
  struct Opened {
    std::unique_ptr<Mapping> lease;
    std::unique_ptr<Mapping> memory;
  };

  Status attach(std::int64_t timeout_ns, std::span<const MutableBytes> arenas) override;
  void drop() override { opened_.clear(); }
  void issue(std::uint32_t slot) override;
  void pump() override {}
  void nap(std::int64_t) override {}

  [[nodiscard]] Status open(const Grant& grant, const Opened** opened);
  [[nodiscard]] Status read(const Pending& read);

  FileSystem* const files_;
  std::map<std::string, Opened> opened_;  // by path of the lease
};

}  // namespace ndts
