// Fuzz target of the log: a good log file and what a process left in staging memory, some bytes of
// them changed, or any bytes as a file. An open reads it or names what is wrong; what it hands out
// are entries that were appended, in their order, none left out in the middle.
#include <cstdlib>

#include "base/sim_file.h"
#include "wal/wal.h"

namespace ndts {
namespace {

constexpr std::uint64_t kBytes = 64u << 10;
constexpr int kEntries = 12;

void check(bool holds) {
  if (!holds) std::abort();
}

WalOptions options_for(FileSystem& files, Clock& clock) {
  WalOptions options;
  options.files = &files;
  options.clock = &clock;
  options.dir = "f/wal";
  options.staging_path = "f/staging";
  options.staging_bytes = kBytes;
  options.file_bytes = kBytes;
  return options;
}

// What entry `index` says: its number, then a few times the same.
std::string payload_of(int index) {
  std::string text(1, static_cast<char>('a' + index));
  return text + std::string(static_cast<std::size_t>(index * 7 % 30), 'x');
}

// The first half is durable, the rest stands in staging memory only.
void write_log(SimFileSystem& files, Clock& clock) {
  std::unique_ptr<Wal> wal;
  check(Wal::open(options_for(files, clock), [](const WalRecord&) { return Status(); }, &wal).ok());
  for (int index = 0; index < kEntries; index += 1) {
    const std::string payload = payload_of(index);
    const Bytes parts[] = {bytes_of_text(payload)};
    std::uint64_t position = 0;
    check(wal->append(1, 0, parts, &position).ok());
    if (index == kEntries / 2) check(wal->wait_durable(position).ok());
  }
  wal->abandon();
}

// Four bytes a change: which file, where, and what.
void change(SimFileSystem& files, Bytes changes) {
  std::vector<std::string> names;
  check(files.list("f/wal", &names).ok());
  for (; changes.size() >= 4; changes = changes.subspan(4)) {
    const auto which = static_cast<std::size_t>(changes[0]) % (names.size() + 1);
    const std::string path = which == names.size() ? "f/staging" : "f/wal/" + names[which];
    std::unique_ptr<File> file;
    check(files.open(path, OpenMode::kReadWrite, &file).ok());
    std::uint64_t offset = load<std::uint16_t>(changes.data() + 1);
    // Headers and entries are what counts: half of the changes go there.
    offset = offset % 2 == 0 ? offset % 128 : 4096 + offset % 1024;
    check(file->write(offset, changes.subspan(3, 1)).ok());
    check(file->sync().ok());
  }
}

}  // namespace
}  // namespace ndts

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ndts;
  if (size == 0) return 0;
  const Bytes input(reinterpret_cast<const std::byte*>(data) + 1, size - 1);
  SimFileSystem files(1);
  ManualClock clock(1'700'000'000'000'000'000);
  check(files.make_directory("f/wal").ok());
  const bool any_bytes = data[0] % 4 == 0;
  if (any_bytes) {
    check(files.replace("f/wal/wal_00000000000000000001.log", input).ok());
  } else {
    write_log(files, clock);
    change(files, input);
  }
  int next = 0;
  std::unique_ptr<Wal> wal;
  static_cast<void>(Wal::open(options_for(files, clock),
                              [&](const WalRecord& record) {
                                if (!any_bytes) {
                                  check(next < kEntries);
                                  check(text_of(record.payload) == payload_of(next));
                                }
                                next += 1;
                                return Status();
                              },
                              &wal));
  return 0;
}
