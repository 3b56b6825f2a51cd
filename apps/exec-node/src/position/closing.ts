// How much persons have closed of what strategies hold. Their executions are in a book of their
// own, so that the books of strategies do not show it. What always holds: it follows from the
// executions in their order; it is never more than strategies hold; what persons had before they
// closed anything, on either side, is none of it.

export interface Closing {
  /** Of persons, signed, with the execution. */
  readonly quantity: bigint;
  /** What of it closes, signed: below 0 what strategies hold long. */
  closing: bigint;
}

/** Persons executed this. What is theirs on the other side goes first, then what they had closed
 * there is open again, then it closes; what is left opens. `held`: by strategies on the other
 * side. */
export function closeByPersons(
  persons: Closing,
  side: number,
  quantity: bigint,
  held: bigint,
): void {
  const direction = BigInt(side);
  const closing = persons.closing * direction;
  const own = persons.quantity * direction - quantity - closing;
  const rest = quantity - least(quantity, -own);
  if (closing < 0n) {
    const again = least(rest, -closing);
    persons.closing += again * direction;
    if (again < rest) closeMore(persons, direction, rest - again, held);
  } else closeMore(persons, direction, rest, held - closing);
}

function closeMore(persons: Closing, direction: bigint, rest: bigint, room: bigint): void {
  persons.closing += least(rest, room) * direction;
}

/** So much was no execution of theirs. */
export function takeFromPersons(persons: Closing, side: number, quantity: bigint): void {
  const direction = BigInt(side);
  persons.closing -= least(quantity, persons.closing * direction) * direction;
}

/** Strategies hold only so much any more, long and short. */
export function boundClosing(persons: Closing, long: bigint, short: bigint): void {
  if (persons.closing < -long) persons.closing = -long;
  else if (persons.closing > short) persons.closing = short;
}

/** Not below 0. */
export function least(a: bigint, b: bigint): bigint {
  const less = a < b ? a : b;
  return less > 0n ? less : 0n;
}
