// See file.h: what every file system shares.
#include "base/file.h"

namespace ndts {

Status File::read_exactly(std::uint64_t offset, MutableBytes into) {
  std::size_t count = 0;
  NDTS_TRY(read(offset, into, &count));
  if (count == into.size()) return Status::success();
  return Status(Code::kCorrupt,
                "expected " + std::to_string(into.size()) + " bytes, found " +
                    std::to_string(count),
                path(), offset);
}

Status FileSystem::replace(const std::string& path, Bytes content) {
  const std::string temporary = path + ".tmp";
  if (exists(temporary)) NDTS_TRY(remove(temporary));
  {
    std::unique_ptr<File> file;
    NDTS_TRY(open(temporary, OpenMode::kCreate, &file));
    NDTS_TRY(file->write(0, content));
    NDTS_TRY(file->sync());
  }
  NDTS_TRY(rename(temporary, path));
  return sync_directory(parent_folder(path));
}

Status FileSystem::read_file(const std::string& path, std::vector<std::byte>* content) {
  std::unique_ptr<File> file;
  NDTS_TRY(open(path, OpenMode::kRead, &file));
  std::uint64_t bytes = 0;
  NDTS_TRY(file->size(&bytes));
  content->resize(static_cast<std::size_t>(bytes));
  return file->read_exactly(0, *content);
}

Status Mapping::unreadable(const std::string& path) const {
  return Status(Code::kIoError, "cannot read what is mapped", path, first_fault_->load());
}

std::string parent_folder(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace ndts
