// How a file is known again, whatever it is called: by a checksum of its size and content. By all
// of it, or when a person says so, of a large file only its head and tail.

import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { NdtsError } from '@ndts/protocol';
import { fileError } from '@ndts/runtime';

export type IdentityBy = 'content' | 'ends';

const blockBytes = 1 << 20;

export interface FileIdentity {
  readonly identity: string;
  readonly bytes: number;
}

export async function fileIdentity(path: string, by: IdentityBy): Promise<FileIdentity> {
  const file = await open(path, 'r').catch((error: unknown) => {
    throw fileError(path, error);
  });
  try {
    const status = await file.stat();
    if (!status.isFile())
      throw new NdtsError('INVALID_ARGUMENT', `expected ${path} to be a file with an end`);
    const hash = createHash('sha256').update(`${by} ${status.size}\n`);
    const two = [Buffer.allocUnsafe(blockBytes), Buffer.allocUnsafe(blockBytes)] as const;
    const places = blocksOf(status.size, by);
    // The next block is read while this one is hashed.
    let coming = file.read(two[0], 0, blockBytes, places[0] ?? 0);
    for (let index = 0; index < places.length; index += 1) {
      const { bytesRead, buffer } = await coming;
      const next = places[index + 1];
      if (next !== undefined) coming = file.read(two[(index + 1) % 2]!, 0, blockBytes, next);
      hash.update(buffer.subarray(0, bytesRead));
    }
    return { identity: hash.digest('hex').slice(0, 32), bytes: status.size };
  } finally {
    await file.close();
  }
}

/** Where the blocks begin that are hashed. */
function blocksOf(size: number, by: IdentityBy): number[] {
  if (by === 'ends' && size > 2 * blockBytes) return [0, size - blockBytes];
  return Array.from({ length: Math.ceil(size / blockBytes) }, (_, index) => index * blockBytes);
}
