// Times of executions as the venue writes them: `20260105  14:30:01`, with a zone's name behind in
// newer versions, or `20260105-14:30:01` for UTC. Without a zone it is that of the venue's
// settings.

import { type Time, timeFromMs } from '@ndts/protocol';
import { formatOf, shownBy } from '../../position/wall-time.js';

const shape = /^(\d{4})(\d\d)(\d\d)(-| +)(\d\d):(\d\d):(\d\d)(?: +(\S+))?$/;

/** undefined: not such a time, or a zone nobody knows. */
export function venueTime(text: string, zone: string): Time | undefined {
  const found = shape.exec(text.trim());
  if (found === null) return undefined;
  const [year, month, day, hour, minute, second] = [1, 2, 3, 5, 6, 7].map((at) =>
    Number(found[at]),
  );
  const asUtc = Date.UTC(year ?? 0, (month ?? 1) - 1, day, hour, minute, second);
  const named = found[8] ?? (found[4] === '-' ? 'UTC' : zone);
  const offsetMs = offsetOf(named, asUtc);
  return offsetMs === undefined ? undefined : timeFromMs(asUtc - offsetMs);
}

/** How far the zone's clocks are ahead of UTC when they show `localMs`. */
function offsetOf(zone: string, localMs: number): number | undefined {
  if (zone === 'UTC' || zone === 'GMT') return 0;
  const format = formatOf(zone);
  if (format === undefined) return undefined;
  // The offset a day's change of clocks apart may differ: the second look is at the right moment.
  const first = shownBy(format, localMs) - localMs;
  return shownBy(format, localMs - first) - (localMs - first);
}
