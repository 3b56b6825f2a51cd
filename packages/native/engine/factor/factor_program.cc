#include "factor/factor_program.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "base/crc32c.h"

namespace ndts {

namespace {

Status wrong(std::size_t node, const std::string& what) {
  return Status(Code::kInvalidArgument, "factor kernel " + std::to_string(node) + ": " + what);
}

// Null for what is no FactorColumn.
const double* batch_column(const TickColumns& batch, std::uint32_t index) {
  const double* const columns[] = {batch.day, batch.ns_of_day, batch.sequence,
                                   batch.price, batch.volume, batch.bid,
                                   batch.ask, batch.bid_volume, batch.ask_volume};
  return index < kFactorColumns ? columns[index] : nullptr;
}

using Reach = std::vector<double>;

// Whoever goes back from an earlier row is never later: step by step the farther one covers both.
void widen(Reach* reach, const Reach& other) {
  if (reach->size() < other.size()) reach->resize(other.size(), 1);
  for (std::size_t at = 0; at < other.size(); ++at)
    (*reach)[at] = std::max((*reach)[at], other[at]);
}

// Of a kernel whose inputs reach so far.
Reach reach_of(const KernelShape& shape, Reach inputs) {
  inputs[0] += shape.warm_up - 1;
  if (shape.span_ns > 0) inputs.insert(inputs.begin(), {1, shape.span_ns});
  return inputs;
}

template <typename T>
void mix(std::uint64_t* signature, const T& value) {
  const auto low = crc32c(static_cast<std::uint32_t>(*signature), bytes_of(value));
  const auto high = crc32c(static_cast<std::uint32_t>(*signature >> 32) ^ low, bytes_of(value));
  *signature = static_cast<std::uint64_t>(high) << 32 | low;
}

}  // namespace

Status FactorProgram::make(const std::vector<FactorNode>& nodes,
                           const std::vector<FactorPort>& wanted,
                           std::unique_ptr<FactorProgram>* program) {
  std::unique_ptr<FactorProgram> made(new FactorProgram());
  std::vector<std::uint32_t> ready;  // rows until a node has its first value
  std::vector<Reach> reach;
  for (const FactorNode& node : nodes) {
    NDTS_TRY(made->add(node));
    const KernelShape& shape = made->steps_.back().kernel->shape();
    std::uint32_t before = 1;
    Reach inputs{1};
    for (const FactorInput& input : node.inputs) {
      if (input.source != FactorSource::kKernel) continue;
      before = std::max(before, ready[input.index]);
      widen(&inputs, reach[input.index]);
    }
    ready.push_back(before + shape.warm_up - 1);
    reach.push_back(reach_of(shape, std::move(inputs)));
  }
  for (const FactorPort& port : wanted) {
    if (port.node >= nodes.size() || port.port >= made->steps_[port.node].kernel->shape().outputs)
      return wrong(port.node, "has no output " + std::to_string(port.port));
    made->warm_up_.push_back(ready[port.node]);
    made->reach_.push_back(reach[port.node]);
  }
  made->wanted_ = wanted;
  made->rows_ = std::make_unique<SymbolRows>(std::max<std::size_t>(made->state_bytes_, 8));
  *program = std::move(made);
  return {};
}

Status FactorProgram::add(const FactorNode& node) {
  const std::size_t at = steps_.size();
  Step step;
  const Status made = make_kernel(node.kind, node.parameters, &step.kernel);
  if (!made.ok()) return wrong(at, made.message());
  const KernelShape& shape = step.kernel->shape();
  if (node.inputs.size() != shape.inputs)
    return wrong(at, "expected " + std::to_string(shape.inputs) + " inputs, found " +
                         std::to_string(node.inputs.size()));
  mix(&signature_, node.kind);
  mix(&signature_, node.parameters);
  for (const FactorInput& input : node.inputs) {
    FactorInput kept = input;
    const bool known =
        input.source == FactorSource::kNumber ||
        (input.source == FactorSource::kColumn && input.index < kFactorColumns) ||
        (input.source == FactorSource::kKernel && input.index < at &&
         input.port < steps_[input.index].kernel->shape().outputs);
    if (!known) return wrong(at, "an input is nothing that comes before it");
    if (input.source == FactorSource::kNumber) {
      kept.index = static_cast<std::uint32_t>(numbers_.size());
      numbers_.push_back(input.number);
    }
    mix(&signature_, kept.source);
    mix(&signature_, kept.index);
    mix(&signature_, kept.port);
    if (input.source == FactorSource::kNumber) mix(&signature_, input.number);
    step.inputs.push_back(kept);
  }
  step.offset = state_bytes_;
  step.first_column = columns_;
  columns_ += shape.outputs;
  state_bytes_ += (shape.state_bytes + 7) / 8 * 8;
  steps_.push_back(std::move(step));
  return {};
}

// Outputs of kernels first, then numbers.
void FactorProgram::make_room(std::size_t count) {
  if (count <= capacity_) return;
  capacity_ = (count + 7) / 8 * 8;
  scratch_.assign(capacity_ * (columns_ + numbers_.size()), 0);
  for (std::size_t at = 0; at < numbers_.size(); ++at)
    std::fill_n(scratch_.begin() + static_cast<std::ptrdiff_t>(capacity_ * (columns_ + at)),
                capacity_, numbers_[at]);
}

const double* FactorProgram::column(const FactorInput& input, const TickColumns& batch) const {
  switch (input.source) {
    case FactorSource::kColumn:
      return batch_column(batch, input.index);
    case FactorSource::kKernel:
      return scratch_.data() + capacity_ * (steps_[input.index].first_column + input.port);
    case FactorSource::kNumber:
      break;
  }
  return scratch_.data() + capacity_ * (columns_ + input.index);
}

bool FactorProgram::run(const TickColumns& batch, std::size_t count, double* const* out) {
  if (!rows_->grow(symbols_needed(batch.symbol, count))) return false;
  make_room(count);
  for (const Step& step : steps_) {
    KernelRun run{batch.symbol, count, {}, {}};
    for (std::size_t at = 0; at < step.inputs.size(); ++at)
      run.in[at] = column(step.inputs[at], batch);
    for (std::size_t port = 0; port < step.kernel->shape().outputs; ++port)
      run.out[port] = scratch_.data() + capacity_ * (step.first_column + port);
    step.kernel->run(run, rows_.get(), step.offset);
  }
  for (std::size_t at = 0; at < wanted_.size(); ++at) {
    const std::size_t place = steps_[wanted_[at].node].first_column + wanted_[at].port;
    std::memcpy(out[at], scratch_.data() + capacity_ * place, count * sizeof(double));
  }
  return true;
}

bool FactorProgram::save(std::uint32_t symbol, MutableBytes to) {
  if (to.size() != state_bytes_ || symbol == UINT32_MAX || !rows_->grow(symbol + 1)) return false;
  std::memcpy(to.data(), rows_->at<std::byte>(symbol), state_bytes_);
  return true;
}

bool FactorProgram::load(std::uint32_t symbol, Bytes from) {
  if (from.size() != state_bytes_ || symbol == UINT32_MAX || !rows_->grow(symbol + 1))
    return false;
  std::memcpy(rows_->at<std::byte>(symbol), from.data(), state_bytes_);
  return true;
}

}  // namespace ndts
