// Consistent hashing with bounded load: each node owns many points on a circle of 32 bits, work
// goes to the first point at or after its own hash whose node is not full. Full means more than a
// quarter above the average, so a hot arc spills over to its neighbours instead of drowning one
// node, and a node that comes or goes moves only its own share.

import { xxHash32 } from '@ndts/protocol';

export interface Holder {
  readonly nodeId: string;
  readonly held: number;
}

const pointsPerNode = 128;
const headroom = 1.25;
const encoder = new TextEncoder();

interface Point {
  readonly hash: number;
  readonly holder: Holder;
}

function hashOf(text: string): number {
  return xxHash32(encoder.encode(text));
}

/** The most a node may hold once one more piece is placed. */
export function capacityOf(holders: readonly Holder[]): number {
  const total = holders.reduce((sum, holder) => sum + holder.held, 0);
  return Math.ceil((headroom * (total + 1)) / holders.length);
}

/** Needs at least one holder; there is always one with room, since capacity exceeds the average. */
export function chooseOnCircle(holders: readonly Holder[], key: string): string {
  const points = pointsOf(holders);
  const capacity = capacityOf(holders);
  const start = firstAtOrAfter(points, hashOf(key));
  for (let step = 0; step < points.length; step += 1) {
    const point = points[(start + step) % points.length];
    if (point !== undefined && point.holder.held < capacity) return point.holder.nodeId;
  }
  return points[start % points.length]?.holder.nodeId ?? '';
}

function pointsOf(holders: readonly Holder[]): Point[] {
  const points: Point[] = [];
  for (const holder of holders)
    for (let index = 0; index < pointsPerNode; index += 1)
      points.push({ hash: hashOf(`${holder.nodeId}#${index}`), holder });
  // Equal hashes go by node id: the circle is the same whatever the order of the list.
  return points.sort((a, b) => a.hash - b.hash || (a.holder.nodeId < b.holder.nodeId ? -1 : 1));
}

function firstAtOrAfter(points: readonly Point[], hash: number): number {
  let low = 0;
  let high = points.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((points[middle]?.hash ?? 0) < hash) low = middle + 1;
    else high = middle;
  }
  return low;
}
