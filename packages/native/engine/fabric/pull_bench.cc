// Pulls between two processes, one JSON line per figure, as `npm run bench -- --json` prints them.
//
//   pull_bench latency|bandwidth|ring --provider NAME --dir FOLDER [--bytes N] [--seconds S]
//              [--rate RECORDS_PER_SECOND] [--pin 1] [--memory steady|changing|proven]
//
// latency: one read at a time. bandwidth: eight in flight, and the processor time of the server.
// ring: a writer in the other process, a puller and a reader of its mirror in this one; without a
// rate the writer does not pause. FOLDER is in shared memory. --pin 1 puts the other process, with
// the threads of its server, on processor 0 and this one, with its puller, on 1. `answer` is of the
// bytes read last (the same for equal sizes), or for a ring whether every record was right or void.
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "base/crc32c.h"
#include "fabric/ring_puller.h"
#include "ring/row_rings.h"

namespace ndts {
namespace {

constexpr std::size_t kMemoryBytes = 16u << 20;
constexpr std::uint32_t kSlots = 1u << 16;
constexpr std::int64_t kPatienceNs = 5'000'000'000;

struct Options {
  std::string bench;
  std::string provider = "tcp";
  std::string dir = "/dev/shm";
  std::size_t bytes = 4096;
  double seconds = 1;
  double rate = 0;
  bool pins = false;
  std::string memory = "steady";
};

SystemClock clock_;
SystemRandom random_;
std::unique_ptr<FileSystem> files_ = make_posix_file_system();
const MemoryParts parts_{files_.get(), &clock_, &random_};

[[noreturn]] void fail(const Status& status) {
  std::fprintf(stderr, "pull_bench: %s\n", status.text().c_str());
  std::_Exit(1);
}
void check(const Status& status) {
  if (!status.ok()) fail(status);
}

// Threads that are made later are there, too.
void pin(const Options& options, int processor) {
  if (!options.pins) return;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(processor, &set);
  if (sched_setaffinity(0, sizeof set, &set) != 0)
    std::fprintf(stderr, "pull_bench: not pinned to processor %d\n", processor);
}

void print(const Options& options, const std::string& params, const char* metric, double value,
           const char* unit, std::uint32_t answer) {
  std::printf(
      "{\"bench\":\"%s\",\"params\":{\"provider\":\"%s\",\"pinned\":%s%s},\"metric\":\"%s\","
      "\"value\":%.6g,"
      "\"unit\":\"%s\",\"answer\":\"%08x\"}\n",
      options.bench.c_str(), options.provider.c_str(), options.pins ? "true" : "false",
      params.c_str(), metric, value, unit, answer);
}

void print_percentiles(const Options& options, const std::string& params, const char* what,
                       std::vector<std::int64_t>* ns, std::uint32_t answer) {
  if (ns->empty()) return;  // nothing came in that time
  std::sort(ns->begin(), ns->end());
  const auto at = [ns](double part) {
    const auto index = static_cast<std::size_t>(part * static_cast<double>(ns->size()));
    return static_cast<double>((*ns)[std::min(index, ns->size() - 1)]) / 1000;
  };
  const std::string all = params + ",\"samples\":" + std::to_string(ns->size());
  print(options, all, (std::string(what) + "p50").c_str(), at(0.5), "us", answer);
  print(options, all, (std::string(what) + "p99").c_str(), at(0.99), "us", answer);
}

// The other host: a process that exposes memory and goes on with `work`.
class OtherHost {
 public:
  template <typename Prepare, typename Work>
  OtherHost(const Options& options, Prepare prepare, Work work) {
    int ends[2];
    if (pipe(ends) != 0) std::_Exit(1);
    child_ = fork();
    if (child_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      pin(options, 0);
      std::unique_ptr<MemoryServer> server;
      check(make_memory_server(options.provider, parts_, &server));
      check(server->start(options.provider == "mapped" ? options.dir : "127.0.0.1", 0));
      Grant grant{};
      check(server->expose(prepare(), &grant));
      const std::string line = grant.provider + " " + grant.address + " " +
                               std::to_string(grant.key) + " " + std::to_string(grant.region) +
                               " " + std::to_string(grant.base) + " " +
                               std::to_string(grant.length) + "\n";
      if (write(ends[1], line.data(), line.size()) < 0) std::_Exit(1);
      close(ends[1]);
      work();
      for (;;) pause();
    }
    pin(options, 1);
    close(ends[1]);
    char provider[64];
    char address[512];
    FILE* in = fdopen(ends[0], "r");
    unsigned long long key = 0;
    unsigned long long base = 0;
    unsigned long long length = 0;
    unsigned region = 0;
    if (std::fscanf(in, "%63s %511s %llu %u %llu %llu", provider, address, &key, &region, &base,
                    &length) != 6)
      std::_Exit(1);
    std::fclose(in);
    grant = {provider, address, key, region, base, length, 0};
  }
  ~OtherHost() {
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
  }
  // Processor time it has used so far.
  [[nodiscard]] std::int64_t used_ns() const {
    clockid_t of_child{};
    timespec used{};
    const bool known = clock_getcpuclockid(child_, &of_child) == 0 &&
                       clock_gettime(of_child, &used) == 0;
    if (!known) return 0;
    return used.tv_sec * 1'000'000'000 + used.tv_nsec;
  }
  Grant grant;

 private:
  pid_t child_;
};

Exposure some_memory(const Options& options) {
  const std::string path = options.dir + "/memory";
  std::unique_ptr<File> file;
  check(files_->open(path, OpenMode::kOpenOrCreate, &file));
  check(file->allocate(kMemoryBytes));
  std::unique_ptr<Mapping> mapping;
  check(file->map_shared(&mapping));
  for (std::size_t i = 0; i < kMemoryBytes; ++i)
    mapping->writable()[i] = static_cast<std::byte>(i * 7);
  const Bytes bytes = mapping->bytes();
  return {.bytes = bytes,
          .changes = options.memory != "steady",
          .proves_itself = options.memory == "proven",
          .lease_ms = 3'600'000,
          .path = path,
          .owner = std::shared_ptr<const Mapping>(std::move(mapping))};
}

// Keeps `deep` reads in flight; the time of each when there is one.
void run_reads(const Options& options, std::size_t deep) {
  const OtherHost host(options, [&] { return some_memory(options); }, [] {});
  std::vector<std::byte> memory(options.bytes * deep);
  std::unique_ptr<MemoryReader> reader;
  check(make_memory_reader(host.grant, parts_, &reader));
  reader->use(memory);
  reader->set_spin_ns(kPatienceNs);
  check(reader->connect(kPatienceNs));
  const std::size_t places = kMemoryBytes / options.bytes;
  std::size_t place = 0;
  const auto post = [&](std::uint64_t tag) {
    check(reader->post(host.grant, place * options.bytes,
                       MutableBytes(memory).subspan(tag * options.bytes, options.bytes), tag,
                       kPatienceNs));
    place = (place + 1) % places;
  };
  std::vector<std::int64_t> ns;
  std::uint64_t reads = 0;
  std::int64_t begin_ns = clock_.monotonic_ns();
  const std::int64_t warm_ns = begin_ns + static_cast<std::int64_t>(options.seconds * 2e8);
  const std::int64_t end_ns = warm_ns + static_cast<std::int64_t>(options.seconds * 1e9);
  std::int64_t used_ns = 0;
  bool warm = false;
  // From before the post: mapped memory is read in it.
  std::int64_t posted_ns = begin_ns;
  for (std::uint64_t tag = 0; tag < deep; ++tag) post(tag);
  for (;;) {
    Completion done;
    if (reader->wait(std::span(&done, 1), kPatienceNs) != 1)
      fail(Status(Code::kTimeout, "no answer"));
    check(done.status);
    const std::int64_t now_ns = clock_.monotonic_ns();
    if (warm) ++reads;
    if (warm && deep == 1) ns.push_back(now_ns - posted_ns);
    if (!warm && now_ns >= warm_ns) {
      warm = true;
      begin_ns = now_ns;
      used_ns = host.used_ns();
    }
    if (now_ns >= end_ns) break;
    posted_ns = now_ns;
    post(done.tag);
  }
  const double seconds = static_cast<double>(clock_.monotonic_ns() - begin_ns) / 1e9;
  used_ns = host.used_ns() - used_ns;
  reader->close();
  check(reader->connect(kPatienceNs));
  place = 0;
  post(0);
  Completion done;
  if (reader->wait(std::span(&done, 1), kPatienceNs) != 1)
    fail(Status(Code::kTimeout, "no answer"));
  const std::uint32_t answer = crc32c(0, Bytes(memory).first(options.bytes));
  const std::string params =
      ",\"bytes\":" + std::to_string(options.bytes) + ",\"memory\":\"" + options.memory + "\"";
  if (deep == 1) return print_percentiles(options, params, "", &ns, answer);
  const std::string all = params + ",\"inFlight\":" + std::to_string(deep);
  const double gigabytes = static_cast<double>(reads * options.bytes) / 1e9;
  print(options, all, "bytesPerSecond", gigabytes / seconds, "GB/s", answer);
  print(options, all, "processorOfServer", static_cast<double>(used_ns) / 1e6 / gigabytes, "ms/GB",
        answer);
}

TickSlot slot_at(std::uint64_t sequence, std::int64_t time_ns) {
  const auto number = static_cast<double>(sequence);
  return {.time = time_ns,
          .symbol = static_cast<std::uint32_t>(sequence % 1000),
          .flags = 0,
          .price = number,
          .volume = number + 1,
          .bid = number + 2,
          .ask = number + 3,
          .bid_volume = number + 4,
          .ask_volume = number + 5};
}

bool is_right(const TickSlot& slot, std::uint64_t sequence) {
  const TickSlot expected = slot_at(sequence, slot.time);
  return std::memcmp(&slot, &expected, sizeof slot) == 0;
}

// Writes for ever; with a rate in batches of a hundred microseconds' records.
void write_ring(RingWriter* writer, double rate) {
  constexpr std::int64_t kTickNs = 100'000;
  const std::size_t batch =
      rate > 0 ? std::max<std::size_t>(1, static_cast<std::size_t>(rate * kTickNs / 1e9)) : 256;
  std::vector<TickSlot> slots(batch);
  std::int64_t due_ns = clock_.monotonic_ns();
  for (;;) {
    const std::int64_t now_ns = clock_.monotonic_ns();
    if (rate > 0 && now_ns < due_ns) {
      usleep(20);
      continue;
    }
    const std::int64_t time_ns = rate > 0 ? due_ns : now_ns;
    for (std::size_t i = 0; i < batch; ++i) slots[i] = slot_at(writer->next() + i, time_ns);
    writer->publish(reinterpret_cast<const std::byte*>(slots.data()), batch);
    due_ns += static_cast<std::int64_t>(static_cast<double>(batch) / rate * 1e9);
  }
}

void run_ring(const Options& options) {
  RingWriter writer;
  const std::string path = options.dir + "/ring";
  const OtherHost host(
      options,
      [&]() -> Exposure {
        check(RingWriter::create(*files_, path,
                                 {.kind = RecordKind::kTick,
                                  .slot_bytes = sizeof(TickSlot),
                                  .slot_count = kSlots,
                                  .owner = 0,
                                  .epoch = 1,
                                  .first_sequence = 0},
                                 &writer));
        RingShape shape{};
        std::unique_ptr<Mapping> mapping;
        check(open_ring(*files_, path, &shape, &mapping));
        const Bytes bytes = mapping->bytes();
        return {.bytes = bytes,
                .changes = true,
                .lease_ms = 3'600'000,
                .path = path,
                .owner = std::shared_ptr<const Mapping>(std::move(mapping))};
      },
      [&] { write_ring(&writer, options.rate); });
  RingPullerOptions pull;
  pull.dir = options.dir + "/mirror";
  std::unique_ptr<RingPuller> puller;
  check(RingPuller::open(parts_, {host.grant}, pull, &puller));
  RingPullerThread thread(std::move(puller), &clock_, {});
  check(thread.await_mirrors(kPatienceNs));
  RingReader reader;
  check(RingReader::open(*files_, thread.puller().state().rings[0].path, &reader));
  std::vector<TickSlot> slots(4096);
  std::vector<std::int64_t> ages;
  std::uint64_t records = 0;
  std::uint64_t voids = 0;
  std::uint64_t wrong = 0;
  const std::int64_t begin_ns = clock_.monotonic_ns();
  const std::int64_t end_ns = begin_ns + static_cast<std::int64_t>(options.seconds * 1e9);
  std::int64_t now_ns = begin_ns;
  for (; now_ns < end_ns; now_ns = clock_.monotonic_ns()) {
    const std::uint64_t count =
        reader.read(reinterpret_cast<std::byte*>(slots.data()), slots.size());
    const std::int64_t got_ns = clock_.monotonic_ns();
    // The puller has the same processor then.
    if (count == 0 && options.pins) sched_yield();
    for (std::uint64_t i = 0; i < count; ++i) {
      if (slots[i].flags != 0) {
        ++voids;
        continue;
      }
      ++records;
      if (!is_right(slots[i], reader.next() - count + i)) ++wrong;
      if (options.rate > 0) ages.push_back(got_ns - slots[i].time);
    }
  }
  const double seconds = static_cast<double>(now_ns - begin_ns) / 1e9;
  const std::uint64_t missed = voids + reader.lapped();
  const auto share = static_cast<double>(missed) /
                     static_cast<double>(std::max<std::uint64_t>(1, records + missed));
  thread.stop();
  const std::string params = ",\"offered\":" + std::to_string(static_cast<long long>(options.rate));
  const auto answer = static_cast<std::uint32_t>(wrong);
  print(options, params, "recordsPerSecond", static_cast<double>(records) / seconds, "1/s", answer);
  print(options, params, "missed", share * 100, "%", answer);
  if (!ages.empty()) print_percentiles(options, params, "age ", &ages, answer);
}

int run(int count, char** words) {
  Options options;
  if (count < 2) return 2;
  const std::string what = words[1];
  for (int i = 2; i + 1 < count; i += 2) {
    const std::string name = words[i];
    if (name == "--provider") options.provider = words[i + 1];
    if (name == "--memory") options.memory = words[i + 1];
    if (name == "--dir") options.dir = words[i + 1];
    if (name == "--bytes") options.bytes = std::strtoull(words[i + 1], nullptr, 10);
    if (name == "--seconds") options.seconds = std::strtod(words[i + 1], nullptr);
    if (name == "--rate") options.rate = std::strtod(words[i + 1], nullptr);
    if (name == "--pin") options.pins = std::strcmp(words[i + 1], "1") == 0;
  }
  if (options.bytes == 0 || options.bytes > kPullReadBytesMax) return 2;
  constexpr std::size_t kDeep = 8;
  options.bench = what == "ring" ? "remote_ring" : "pull_" + what;
  if (what == "latency") run_reads(options, 1);
  if (what == "bandwidth") run_reads(options, kDeep);
  if (what == "ring") run_ring(options);
  return 0;
}

}  // namespace
}  // namespace ndts

int main(int count, char** words) { return ndts::run(count, words); }
