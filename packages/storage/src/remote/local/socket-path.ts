// Where the socket of an open folder is. A path longer than an address of a socket can be is
// reached through the descriptor of its folder, which has a short name.

import { closeSync, constants, openSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

export const socketName = 'client.sock';

/** sun_path, with the zero at its end. */
const addressBytes = 108;

/** Calls `use` with a path that fits; it must be done with it when it resolves. */
export async function withSocketPath<T>(
  path: string,
  use: (path: string) => Promise<T>,
): Promise<T> {
  if (Buffer.byteLength(path) < addressBytes) return use(path);
  const folder = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    return await use(join(`/proc/self/fd/${folder}`, basename(path)));
  } finally {
    closeSync(folder);
  }
}
