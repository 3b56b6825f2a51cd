// What whoever starts a node must know about where it listens: beyond this machine everything it
// sends and takes is readable on the way.

/** '' when only this machine can connect. */
export function exposureNote(host: string): string {
  if (host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)) return '';
  const risk = `node.host ${host}: tokens and data travel as plain HTTP`;
  return `${risk}; use a trusted network or a TLS proxy`;
}
