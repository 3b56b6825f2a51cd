// How long days of a table are kept, as it stands in the configuration: `tick:90d`, or
// `bar:5y:archive` where old days go to the archive instead of going for good.

import { NdtsError } from '@ndts/protocol';

export interface RetentionPolicy {
  readonly table: string;
  /** A day is old when so many whole days lie between its end and now. */
  readonly days: number;
  readonly archive: boolean;
}

const unitDays = { d: 1, w: 7, y: 365 } as const;
const pattern = /^(?<table>[^:]+):(?<count>\d{1,5})(?<unit>[dwy])(?<archive>:archive)?$/;

/** Throws CONFIG_INVALID_VALUE for what is no policy, and for two of one table. */
export function parsePolicies(texts: readonly string[]): RetentionPolicy[] {
  const policies: RetentionPolicy[] = [];
  for (const text of texts) {
    const found = pattern.exec(text)?.groups;
    const count = Number(found?.['count'] ?? 0);
    const table = found?.['table'] ?? '';
    if (found === undefined || count < 1)
      throw new NdtsError(
        'CONFIG_INVALID_VALUE',
        `storage.retention: expected TABLE:AGE or TABLE:AGE:archive with an age such as 90d, 12w ` +
          `or 5y, found '${text}'`,
      );
    if (policies.some((policy) => policy.table === table))
      throw new NdtsError('CONFIG_INVALID_VALUE', `storage.retention: ${table} is given twice`);
    const days = count * unitDays[found['unit'] as keyof typeof unitDays];
    policies.push({ table, days, archive: found['archive'] !== undefined });
  }
  return policies;
}
