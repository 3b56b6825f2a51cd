// Time without BigInt: a day and the nanoseconds of that day, both exact in a float64. On disk and
// on the wire it is one int64 of nanoseconds since 1970; the two helpers at the end convert.

export interface Time {
  /** Whole days since 1970-01-01 UTC. */
  readonly day: number;
  /** Nanoseconds since the start of that day. */
  readonly nsOfDay: number;
}

export const nsPerMs = 1e6;
export const nsPerSecond = 1e9;
export const nsPerDay = 86_400e9;
export const msPerDay = 86_400_000;

const two32 = 4_294_967_296;

export function timeFromMs(ms: number): Time {
  const day = Math.floor(ms / msPerDay);
  return { day, nsOfDay: Math.round((ms - day * msPerDay) * nsPerMs) };
}

export function timeToMs(time: Time): number {
  return time.day * msPerDay + time.nsOfDay / nsPerMs;
}

/** The next whole multiple of an interval: what is done every so often is done at the same moments
 * by all, so that a node that rests is woken once for all of it. */
export function nextBeatNs(nowNs: number, everyNs: number): number {
  return (Math.floor(nowNs / everyNs) + 1) * everyNs;
}

/** a - b in nanoseconds; exact while the two are within 104 days. */
export function nsBetween(a: Time, b: Time): number {
  return (a.day - b.day) * nsPerDay + (a.nsOfDay - b.nsOfDay);
}

export function addNs(time: Time, ns: number): Time {
  let day = time.day;
  let nsOfDay = time.nsOfDay + ns;
  const over = Math.floor(nsOfDay / nsPerDay);
  day += over;
  nsOfDay -= over * nsPerDay;
  return { day, nsOfDay };
}

/** ISO text with nanoseconds, for people. */
export function timeText(time: Time): string {
  const ms = Math.floor(time.nsOfDay / nsPerMs);
  const rest = time.nsOfDay - ms * nsPerMs;
  const iso = new Date(time.day * msPerDay + ms).toISOString();
  return `${iso.slice(0, -1)}${String(rest).padStart(6, '0')}Z`;
}

/** Writes int64 nanoseconds, little-endian. nsPerDay has 16 trailing zero bits: day * nsPerDay is
 * exact, and so is every step below. */
export function writeTime(view: DataView, offset: number, day: number, nsOfDay: number): void {
  const base = day * nsPerDay;
  const baseHigh = Math.floor(base / two32);
  const low = base - baseHigh * two32 + (nsOfDay % two32);
  const carry = low >= two32 ? 1 : 0;
  view.setUint32(offset, low - carry * two32, true);
  view.setInt32(offset + 4, baseHigh + Math.floor(nsOfDay / two32) + carry, true);
}

export function readTime(view: DataView, offset: number): Time {
  const low = view.getUint32(offset, true);
  const high = view.getInt32(offset + 4, true);
  // In units of 65536 ns everything is exact; the low 16 bits are added last.
  const units = high * 65_536 + Math.floor(low / 65_536);
  const unitsPerDay = nsPerDay / 65_536;
  const day = Math.floor(units / unitsPerDay);
  return { day, nsOfDay: (units - day * unitsPerDay) * 65_536 + (low % 65_536) };
}
