// hot: no allocation after init
// Sums of float64 that keep what rounding takes from them (Neumaier). Always: a sum has two places,
// and is what both are together.

/** To the sum at a place and the one behind it. */
export function addTerm(state: Float64Array, at: number, term: number): void {
  const sum = state[at]!;
  const next = sum + term;
  state[at + 1]! += Math.abs(sum) >= Math.abs(term) ? sum - next + term : term - next + sum;
  state[at] = next;
}
