// What the memory of this process is made of.

import { readFileSync } from 'node:fs';

/** Of a line of /proc/self/status, in megabytes: RssAnon, RssFile, RssShmem, VmHWM. */
export function statusMB(name: string): number {
  const text = readFileSync('/proc/self/status', 'utf8');
  return Number(new RegExp(`${name}:\\s+(\\d+)`).exec(text)?.[1] ?? 0) / 1000;
}
