// A ring between two processes, one JSON line per figure, as `npm run bench -- --json` prints them.
//
//   ring_bench latency     --rate ROWS_PER_SECOND
//   ring_bench throughput  --batch ROWS [--kind ticks|trades|books]
//   ring_bench write       as the publisher alone, for a reader that is started elsewhere
//   all:                   --dir FOLDER [--seconds S] [--pin 1]
//
// latency: rows carry the time of their publication; the reader spins and looks at the clock once a
// poll. throughput: the publisher does not pause, so a reader that is slower is lapped; rows read
// are the figure. --pin 1 puts the publisher on processor 0 and the reader on 1. `write` prints the
// path of its ring and begins when it reads a line. `answer` says whether every row was right.
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "base/spin.h"
#include "ring/row_batch_memory.h"
#include "ring/row_rings.h"

namespace ndts {
namespace {

constexpr std::uint32_t kSlots = 1u << 16;
constexpr std::size_t kPollRows = 256;

struct Options {
  std::string bench;
  std::string dir = "/dev/shm";
  std::string kind = "ticks";
  double rate = 0;
  double seconds = 1;
  std::size_t batch = 1;
  bool pins = false;
};

SystemClock clock_;
std::unique_ptr<FileSystem> files_ = make_posix_file_system();

void check(const Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "ring_bench: %s\n", status.text().c_str());
  std::_Exit(1);
}

void pin(const Options& options, int processor) {
  if (!options.pins) return;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(processor, &set);
  if (sched_setaffinity(0, sizeof set, &set) != 0)
    std::fprintf(stderr, "ring_bench: not pinned to processor %d\n", processor);
}

void print(const Options& options, const char* metric, double value, const char* unit,
           bool right) {
  const std::string load = options.bench == "latency"
                               ? "\"rate\":" + std::to_string(std::int64_t(options.rate))
                               : "\"kind\":\"" + options.kind +
                                     "\",\"batch\":" + std::to_string(options.batch);
  std::printf(
      "{\"bench\":\"ring_%s\",\"params\":{\"reader\":\"native\",%s,\"pinned\":%s},"
      "\"metric\":\"%s\",\"value\":%.6g,\"unit\":\"%s\",\"answer\":\"%s\"}\n",
      options.bench.c_str(), load.c_str(), options.pins ? "true" : "false", metric, value, unit,
      right ? "right" : "WRONG");
}

double number_of(std::uint64_t sequence) { return static_cast<double>(sequence % 4096) + 0.25; }

template <typename Record>
std::unique_ptr<RowRingsWriter<Record>> make_writer(const Options& options) {
  std::unique_ptr<RowRingsWriter<Record>> writer;
  check(RowRingsWriter<Record>::create(files_.get(), options.dir, kSlots, {1}, {0}, &writer));
  return writer;
}

// Rows [0, count) of the batch become those from `sequence` on, published at time_ns.
template <typename Record>
void fill(const typename Record::Columns& t, std::size_t count, std::uint64_t sequence,
          std::int64_t time_ns) {
  for (std::size_t i = 0; i < count; ++i) {
    t.day[i] = static_cast<double>(time_ns / kNsPerDay);
    t.ns_of_day[i] = static_cast<double>(time_ns % kNsPerDay);
    t.sequence[i] = static_cast<double>(sequence + i);
    t.symbol[i] = static_cast<std::uint32_t>(sequence + i);
    t.epoch[i] = 1;
    Record::each_number(
        t, [=](double* column, std::size_t) { column[i] = number_of(sequence + i); });
  }
}

// With a rate: rows when they are due. Without one: as fast as it goes, until it is killed.
template <typename Record>
void publish(const Options& options, RowRingsWriter<Record>* writer) {
  const RowBatchMemory<typename Record::Columns> batch(std::max<std::size_t>(options.batch, 4096));
  const auto& t = batch.columns();
  const auto rows = static_cast<std::uint64_t>(options.rate * options.seconds);
  const std::int64_t start_ns = clock_.monotonic_ns();
  for (std::uint64_t sent = 0; options.rate <= 0 || sent < rows;) {
    std::size_t count = options.batch;
    if (options.rate > 0) {
      const double elapsed = static_cast<double>(clock_.monotonic_ns() - start_ns) / 1e9;
      const auto due = std::min(rows, static_cast<std::uint64_t>(elapsed * options.rate));
      if (due <= sent) {
        spin_pause();
        continue;
      }
      count = std::min<std::size_t>(due - sent, 4096);
      fill<Record>(t, count, sent, clock_.monotonic_ns());
    } else {
      fill<Record>(t, count, sent, 0);
    }
    check(writer->publish(t, count));
    sent += count;
  }
}

template <typename Record>
bool is_right(const typename Record::Columns& t, std::size_t row) {
  const auto sequence = static_cast<std::uint64_t>(t.sequence[row]);
  bool right = t.symbol[row] == static_cast<std::uint32_t>(sequence);
  Record::each_number(t, [&](const double* column, std::size_t) {
    right = right && column[row] == number_of(sequence);
  });
  return right;
}

// The publisher, in a process of its own; begins when begin() is called.
template <typename Record>
class Publisher {
 public:
  explicit Publisher(const Options& options) {
    int ready[2];
    int go[2];
    if (pipe(ready) != 0 || pipe(go) != 0) std::_Exit(1);
    child_ = fork();
    if (child_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      pin(options, 0);
      const auto writer = make_writer<Record>(options);
      char byte = 1;
      if (write(ready[1], &byte, 1) != 1 || read(go[0], &byte, 1) != 1) std::_Exit(1);
      publish<Record>(options, writer.get());
      for (;;) pause();
    }
    char byte = 0;
    if (read(ready[0], &byte, 1) != 1) std::_Exit(1);
    begin_ = go[1];
    close(ready[0]);
    close(ready[1]);
    close(go[0]);
    const std::string path = options.dir + "/" + row_ring_name(Record::kRing, 0, 1);
    check(RowRingsReader<Record>::open(*files_, {path}, RingStart{}, {}, &reader));
  }
  ~Publisher() {
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
  }
  void begin() {
    const char byte = 1;
    if (write(begin_, &byte, 1) != 1) std::_Exit(1);
  }
  std::unique_ptr<RowRingsReader<Record>> reader;

 private:
  pid_t child_;
  int begin_;
};

void run_latency(const Options& options) {
  Publisher<TickRecord> publisher(options);
  pin(options, 1);
  const TickBatchMemory batch(kPollRows);
  const TickColumns& t = batch.columns();
  const auto rows = static_cast<std::uint64_t>(options.rate * options.seconds);
  std::vector<double> ages;
  ages.reserve(rows);
  bool right = true;
  publisher.begin();
  constexpr RingPatience kSpin{.spin_ns = 1'000'000'000, .yield_ns = 0, .sleep_ns = 0};
  while (ages.size() + publisher.reader->lapped() < rows) {
    const std::size_t count = publisher.reader->wait_poll(t, kPollRows, kSpin, &clock_);
    const auto now_ns = static_cast<double>(clock_.monotonic_ns());
    for (std::size_t i = 0; i < count; ++i) {
      ages.push_back(now_ns - (t.day[i] * kNsPerDay + t.ns_of_day[i]));
      right = right && is_right<TickRecord>(t, i);
    }
  }
  std::sort(ages.begin(), ages.end());
  const auto at = [&ages](double part) {
    const auto index = static_cast<std::size_t>(part * static_cast<double>(ages.size()));
    return ages.empty() ? 0 : ages[std::min(index, ages.size() - 1)] / 1000;
  };
  print(options, "p50", at(0.5), "us", right);
  print(options, "p99", at(0.99), "us", right);
  print(options, "p99.9", at(0.999), "us", right);
  print(options, "lapped", static_cast<double>(publisher.reader->lapped()), "rows", right);
}

template <typename Record>
void run_throughput(const Options& options) {
  Publisher<Record> publisher(options);
  pin(options, 1);
  const RowBatchMemory<typename Record::Columns> batch(kPollRows);
  bool right = true;
  std::uint64_t rows = 0;
  publisher.begin();
  while (publisher.reader->poll(batch.columns(), kPollRows) == 0) spin_pause();
  const std::uint64_t first = publisher.reader->ring(0)->next();
  const std::int64_t start_ns = clock_.monotonic_ns();
  const std::int64_t until_ns = start_ns + static_cast<std::int64_t>(options.seconds * 1e9);
  std::int64_t now_ns = start_ns;
  for (std::uint64_t turn = 0; now_ns < until_ns; ++turn) {
    const std::size_t count = publisher.reader->poll(batch.columns(), kPollRows);
    rows += count;
    // One row of each poll: looking at all of them would be the figure.
    if (count > 0) right = right && is_right<Record>(batch.columns(), turn % count);
    if (turn % 64 == 0) now_ns = clock_.monotonic_ns();
  }
  const double seconds = static_cast<double>(now_ns - start_ns) / 1e9;
  const auto passed = static_cast<double>(publisher.reader->ring(0)->next() - first);
  print(options, "read", static_cast<double>(rows) / seconds, "rows/s", right);
  print(options, "published", passed / seconds, "rows/s", right);
}

template <typename Record>
void run_write(const Options& options) {
  pin(options, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const auto writer = make_writer<Record>(options);
  std::printf("%s\n", writer->rings().front().path().c_str());
  std::fflush(stdout);
  if (std::getchar() == EOF) return;
  publish<Record>(options, writer.get());
  while (std::getchar() != EOF) {
  }
}

template <typename Record>
void run(const Options& options) {
  if (options.bench == "write")
    run_write<Record>(options);
  else
    run_throughput<Record>(options);
}

Options parse(int count, char** arguments) {
  Options options;
  if (count > 1) options.bench = arguments[1];
  for (int i = 2; i + 1 < count; i += 2) {
    const std::string name = arguments[i];
    const char* value = arguments[i + 1];
    if (name == "--dir") options.dir = value;
    if (name == "--kind") options.kind = value;
    if (name == "--rate") options.rate = std::atof(value);
    if (name == "--seconds") options.seconds = std::atof(value);
    if (name == "--batch") options.batch = static_cast<std::size_t>(std::atoi(value));
    if (name == "--pin") options.pins = std::atoi(value) != 0;
  }
  return options;
}

}  // namespace
}  // namespace ndts

int main(int count, char** arguments) {
  const ndts::Options options = ndts::parse(count, arguments);
  const bool knows = options.bench == "latency" || options.bench == "throughput" ||
                     options.bench == "write";
  if (!knows || options.batch < 1 || options.batch > 4096 ||
      (options.bench == "latency" && !(options.rate > 0))) {
    std::fprintf(stderr, "ring_bench latency|throughput|write --dir FOLDER ...\n");
    return 2;
  }
  if (options.bench == "latency")
    ndts::run_latency(options);
  else if (options.kind == "trades")
    ndts::run<ndts::TradeRecord>(options);
  else if (options.kind == "books")
    ndts::run<ndts::BookRecord>(options);
  else
    ndts::run<ndts::TickRecord>(options);
  return 0;
}
