// Factors of a batch of ticks: kernels that read columns of the batch, numbers, and what kernels
// before them made.
//
// The state of all kernels for a symbol lies in one row, so that it can be copied out and put back;
// it fits the program with the same signature() only. A run goes through the kernels one after the
// other, each over the whole batch.
//
// Threads: one at a time. Allocates when a batch is larger, or a symbol id higher, than any before.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "factor/kernel.h"
#include "ring/row_columns.h"

namespace ndts {

// Columns of doubles of a TickBatch, in its order.
enum class FactorColumn : std::uint32_t {
  kDay = 0,
  kNsOfDay = 1,
  kSequence = 2,
  kPrice = 3,
  kVolume = 4,
  kBid = 5,
  kAsk = 6,
  kBidVolume = 7,
  kAskVolume = 8,
};
inline constexpr std::uint32_t kFactorColumns = 9;

enum class FactorSource : std::uint8_t {
  kNumber = 1,  // `number`
  kColumn = 2,  // of the batch: `index` is a FactorColumn
  kKernel = 3,  // output `port` of kernel `index` of the program, which comes before
};

struct FactorInput {
  FactorSource source;
  std::uint32_t index;
  std::uint32_t port;
  double number;
};

struct FactorNode {
  FactorKernel kind;
  double parameters[kKernelParameters];
  std::vector<FactorInput> inputs;
};

// What a caller wants to have: output `port` of kernel `node`.
struct FactorPort {
  std::uint32_t node;
  std::uint32_t port;
};

class FactorProgram {
 public:
  // INVALID_ARGUMENT with the number of the node.
  [[nodiscard]] static Status make(const std::vector<FactorNode>& nodes,
                                   const std::vector<FactorPort>& wanted,
                                   std::unique_ptr<FactorProgram>* program);

  // Rows of a symbol before wanted output `at` has its first value, when no input is missing.
  [[nodiscard]] std::uint32_t warm_up(std::size_t at) const { return warm_up_[at]; }
  // How far back wanted output `at` looks from its row, itself counted: so many rows, so many
  // nanoseconds before the first of these, so many rows before the first of those, and so on.
  // Windows of rows alone: warm_up() and no more.
  [[nodiscard]] const std::vector<double>& reach(std::size_t at) const { return reach_[at]; }
  [[nodiscard]] std::size_t wanted() const { return wanted_.size(); }
  // Tells programs apart whose states are not for each other.
  [[nodiscard]] std::uint64_t signature() const { return signature_; }
  [[nodiscard]] std::size_t state_bytes() const { return state_bytes_; }

  // out[at] has room for `count` values. False: a symbol id at or above kSymbolLimit, or no memory;
  // nothing was changed.
  [[nodiscard]] bool run(const TickColumns& batch, std::size_t count, double* const* out);

  // The state of a symbol, state_bytes() long; all zero is that of a symbol never seen. False as in
  // run().
  [[nodiscard]] bool save(std::uint32_t symbol, MutableBytes to);
  [[nodiscard]] bool load(std::uint32_t symbol, Bytes from);

 private:
  struct Step {
    std::unique_ptr<Kernel> kernel;
    std::vector<FactorInput> inputs;
    std::size_t offset;       // of its state
    std::size_t first_column; // of its outputs in scratch
  };

  FactorProgram() = default;
  [[nodiscard]] Status add(const FactorNode& node);
  [[nodiscard]] const double* column(const FactorInput& input, const TickColumns& batch) const;
  void make_room(std::size_t count);

  std::vector<Step> steps_;
  std::vector<FactorPort> wanted_;
  std::vector<std::uint32_t> warm_up_;
  std::vector<std::vector<double>> reach_;
  std::vector<double> numbers_;  // each a column of its own in scratch
  std::size_t columns_ = 0;
  std::size_t state_bytes_ = 0;
  std::uint64_t signature_ = 0;
  std::size_t capacity_ = 0;
  std::vector<double> scratch_;
  std::unique_ptr<SymbolRows> rows_;
};

}  // namespace ndts
