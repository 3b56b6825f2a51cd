// The load score of a node: what selection compares. Always within 0 and 1; a measurement that is
// not a number counts as full, so that a broken node is never chosen for being idle.

/** What one assignment adds until the node's next report. */
export const assignmentLoad = 0.1;

const memoryWeight = 0.4;
const queueWeight = 0.6;

function fraction(value: number): number {
  if (Number.isNaN(value)) return 1;
  return Math.min(1, Math.max(0, value));
}

/** Both inputs are fractions of what the node can hold. */
export function loadScore(memory: number, queue: number): number {
  return memoryWeight * fraction(memory) + queueWeight * fraction(queue);
}
