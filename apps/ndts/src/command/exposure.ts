// What whoever starts a node must know about where it listens: beyond this machine everything it
// sends and takes is readable on the way.

import { isLoopback } from '@ndts/storage';

/** '' when only this machine can connect. */
export function exposureNote(host: string): string {
  if (isLoopback(host)) return '';
  const risk = `node.host ${host}: tokens and data travel as plain HTTP`;
  return `${risk}; use a trusted network or a TLS proxy`;
}
