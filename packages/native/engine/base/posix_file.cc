// The disk behind the FileSystem seam: POSIX calls, restarted when interrupted, errors translated
// to the codes of the table with path and offset.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/file.h"

namespace ndts {

namespace {

Status from_errno(int error, const char* action, const std::string& path,
                  std::uint64_t offset = 0) {
  Code code = Code::kIoError;
  switch (error) {
    case ENOENT:
      code = Code::kNotFound;
      break;
    case EEXIST:
      code = Code::kAlreadyExists;
      break;
    case ENOSPC:
    case EDQUOT:
      code = Code::kDiskFull;
      break;
    case EROFS:
    case EACCES:
    case EPERM:
      code = Code::kReadOnly;
      break;
    case EWOULDBLOCK:
      code = Code::kLocked;
      break;
    default:
      break;
  }
  char text[128];
  const char* reason = strerror_r(error, text, sizeof(text));
  return Status(code, std::string(action) + ": " + reason, path, offset);
}

// Repeats a system call while a signal interrupts it.
template <typename Call>
auto restarted(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

// MADV_POPULATE_WRITE of Linux 5.14; older kernels refuse it, and pages come with the first store.
constexpr int kPopulateWrite = 23;

class PosixMapping final : public Mapping {
 public:
  PosixMapping(void* data, std::size_t bytes, bool shared) {
    data_ = static_cast<std::byte*>(data);
    size_ = bytes;
    shared_ = shared;
    // Stores are not guarded: what was accepted must not go to a page that is nobody's.
    if (shared || bytes == 0) return;
    guard_.emplace(data, bytes);
    first_fault_ = &guard_->first_fault();
  }
  ~PosixMapping() override {
    guard_.reset();
    if (size_ > 0) ::munmap(data_, size_);
  }
  PosixMapping(const PosixMapping&) = delete;
  PosixMapping& operator=(const PosixMapping&) = delete;

  void fault_in(std::size_t offset, std::size_t bytes) const override {
    static_cast<void>(::madvise(data_ + offset, std::min(bytes, size_ - offset), kPopulateWrite));
  }

 private:
  std::optional<MappingGuard> guard_;
};

class PosixFile final : public File {
 public:
  PosixFile(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {}
  ~PosixFile() override { ::close(descriptor_); }
  PosixFile(const PosixFile&) = delete;
  PosixFile& operator=(const PosixFile&) = delete;

  const std::string& path() const override { return path_; }

  Status read(std::uint64_t offset, MutableBytes into, std::size_t* count) override {
    std::size_t done = 0;
    while (done < into.size()) {
      const ssize_t got = restarted([&] {
        return ::pread(descriptor_, into.data() + done, into.size() - done,
                       static_cast<off_t>(offset + done));
      });
      if (got < 0) return from_errno(errno, "cannot read", path_, offset + done);
      if (got == 0) break;
      done += static_cast<std::size_t>(got);
    }
    *count = done;
    return Status::success();
  }

  Status write(std::uint64_t offset, Bytes from) override {
    std::size_t done = 0;
    while (done < from.size()) {
      const ssize_t put = restarted([&] {
        return ::pwrite(descriptor_, from.data() + done, from.size() - done,
                        static_cast<off_t>(offset + done));
      });
      if (put < 0) return from_errno(errno, "cannot write", path_, offset + done);
      done += static_cast<std::size_t>(put);
    }
    return Status::success();
  }

  Status sync() override {
    if (restarted([&] { return ::fdatasync(descriptor_); }) < 0)
      return from_errno(errno, "cannot sync", path_);
    return Status::success();
  }

  Status size(std::uint64_t* bytes) override {
    struct stat about {};
    if (::fstat(descriptor_, &about) < 0) return from_errno(errno, "cannot stat", path_);
    *bytes = static_cast<std::uint64_t>(about.st_size);
    return Status::success();
  }

  Status truncate(std::uint64_t bytes) override {
    if (restarted([&] { return ::ftruncate(descriptor_, static_cast<off_t>(bytes)); }) < 0)
      return from_errno(errno, "cannot truncate", path_, bytes);
    return Status::success();
  }

  Status allocate(std::uint64_t bytes) override {
    int error = EINTR;
    while (error == EINTR) error = ::posix_fallocate(descriptor_, 0, static_cast<off_t>(bytes));
    if (error != 0) return from_errno(error, "cannot allocate", path_, bytes);
    return Status::success();
  }

  Status map(std::unique_ptr<Mapping>* mapping) override {
    return map_with(PROT_READ, MAP_SHARED, false, mapping);
  }

  Status map_shared(std::unique_ptr<Mapping>* mapping) override {
    return map_with(PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, true, mapping);
  }

  Status map_shared_later(std::unique_ptr<Mapping>* mapping) override {
    return map_with(PROT_READ | PROT_WRITE, MAP_SHARED, true, mapping);
  }

  void will_read(std::uint64_t offset, std::uint64_t bytes) override {
    static_cast<void>(::posix_fadvise(descriptor_, static_cast<off_t>(offset),
                                      static_cast<off_t>(bytes), POSIX_FADV_WILLNEED));
  }

 private:
  Status map_with(int protection, int flags, bool shared, std::unique_ptr<Mapping>* mapping) {
    std::uint64_t bytes = 0;
    NDTS_TRY(size(&bytes));
    const auto length = static_cast<std::size_t>(bytes);
    void* data = nullptr;
    if (length > 0) data = ::mmap(nullptr, length, protection, flags, descriptor_, 0);
    if (data == MAP_FAILED) return from_errno(errno, "cannot map", path_);
    *mapping = std::make_unique<PosixMapping>(data, length, shared);
    return Status::success();
  }

  const int descriptor_;
  const std::string path_;
};

// The file and its folder: a file that somebody removed by hand can be made and locked again, but
// its folder stays the same.
class PosixLock final : public FileLock {
 public:
  PosixLock(int file, int folder) : file_(file), folder_(folder) {}
  ~PosixLock() override {
    if (folder_ >= 0) ::close(folder_);
    ::close(file_);
  }
  PosixLock(const PosixLock&) = delete;
  PosixLock& operator=(const PosixLock&) = delete;

  // LOCKED when somebody else has one of the two. A file system that can't lock folders locks the
  // file alone.
  [[nodiscard]] Status take(const std::string& path) const {
    for (const int descriptor : {file_, folder_}) {
      if (restarted([&] { return ::flock(descriptor, LOCK_EX | LOCK_NB); }) == 0) continue;
      if (errno == EWOULDBLOCK)
        return Status(Code::kLocked, "this process or another has it open", path);
      if (descriptor == file_) return from_errno(errno, "cannot lock", path);
    }
    return Status::success();
  }

 private:
  const int file_;
  const int folder_;  // -1: it cannot be opened
};

int open_flags(OpenMode mode) {
  switch (mode) {
    case OpenMode::kRead:
      return O_RDONLY | O_CLOEXEC;
    case OpenMode::kReadWrite:
      return O_RDWR | O_CLOEXEC;
    case OpenMode::kCreate:
      return O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC;
    case OpenMode::kOpenOrCreate:
      return O_RDWR | O_CREAT | O_CLOEXEC;
  }
  return O_RDONLY | O_CLOEXEC;
}

class PosixFileSystem final : public FileSystem {
 public:
  Status open(const std::string& path, OpenMode mode, std::unique_ptr<File>* file) override {
    const int descriptor = restarted([&] { return ::open(path.c_str(), open_flags(mode), 0600); });
    if (descriptor < 0) return from_errno(errno, "cannot open", path);
    *file = std::make_unique<PosixFile>(descriptor, path);
    return Status::success();
  }

  Status rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) < 0) return from_errno(errno, "cannot rename", from);
    return Status::success();
  }

  Status remove(const std::string& path) override {
    if (::unlink(path.c_str()) < 0) return from_errno(errno, "cannot remove", path);
    return Status::success();
  }

  Status hard_link(const std::string& from, const std::string& to) override {
    if (::link(from.c_str(), to.c_str()) < 0) return from_errno(errno, "cannot link", to);
    return Status::success();
  }

  Status list(const std::string& folder, std::vector<std::string>* names) override {
    names->clear();
    DIR* directory = ::opendir(folder.c_str());
    if (directory == nullptr) return from_errno(errno, "cannot list", folder);
    errno = 0;
    for (const dirent* entry = ::readdir(directory); entry != nullptr;
         entry = ::readdir(directory)) {
      const std::string name = entry->d_name;
      if (name != "." && name != "..") names->push_back(name);
    }
    const int error = errno;
    ::closedir(directory);
    if (error != 0) return from_errno(error, "cannot list", folder);
    std::sort(names->begin(), names->end());
    return Status::success();
  }

  Status make_directory(const std::string& folder) override {
    if (::mkdir(folder.c_str(), 0700) == 0) return sync_directory(parent_folder(folder));
    if (errno == EEXIST) return check_folder(folder);
    const std::string parent = parent_folder(folder);
    if (errno != ENOENT || parent == folder)
      return from_errno(errno, "cannot make folder", folder);
    NDTS_TRY(make_directory(parent));
    if (::mkdir(folder.c_str(), 0700) < 0 && errno != EEXIST)
      return from_errno(errno, "cannot make folder", folder);
    return sync_directory(parent);
  }

  Status remove_directory(const std::string& folder) override {
    if (::rmdir(folder.c_str()) < 0) return from_errno(errno, "cannot remove folder", folder);
    return Status::success();
  }

  Status sync_directory(const std::string& folder) override {
    const int descriptor = restarted(
        [&] { return ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
    if (descriptor < 0) return from_errno(errno, "cannot open folder", folder);
    const int result = restarted([&] { return ::fsync(descriptor); });
    const int error = errno;
    ::close(descriptor);
    if (result < 0) return from_errno(error, "cannot sync folder", folder);
    return Status::success();
  }

  bool exists(const std::string& path) override { return ::access(path.c_str(), F_OK) == 0; }

  Status lock(const std::string& path, std::unique_ptr<FileLock>* lock) override {
    const int descriptor = restarted(
        [&] { return ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600); });
    if (descriptor < 0) return from_errno(errno, "cannot open", path);
    const std::string parent = parent_folder(path);
    const int folder = restarted(
        [&] { return ::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
    auto held = std::make_unique<PosixLock>(descriptor, folder);
    NDTS_TRY(held->take(path));
    *lock = std::move(held);
    return Status::success();
  }

  std::string boot_id() override {
    std::unique_ptr<File> file;
    char text[36] = {};
    std::size_t count = 0;
    const std::string path = "/proc/sys/kernel/random/boot_id";
    if (!open(path, OpenMode::kRead, &file).ok()) return "unknown";
    const MutableBytes into = std::as_writable_bytes(std::span(text));
    if (!file->read(0, into, &count).ok() || count == 0) return "unknown";
    return std::string(text, count);
  }

 private:
  static Status check_folder(const std::string& folder) {
    struct stat about {};
    if (::stat(folder.c_str(), &about) < 0) return from_errno(errno, "cannot stat", folder);
    if (S_ISDIR(about.st_mode)) return Status::success();
    return Status(Code::kInvalidArgument, "expected a folder, found a file", folder);
  }
};

}  // namespace

std::unique_ptr<FileSystem> make_posix_file_system() {
  return std::make_unique<PosixFileSystem>();
}

}  // namespace ndts
