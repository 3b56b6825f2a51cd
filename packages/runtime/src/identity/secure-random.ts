// Unpredictable bytes for tokens, as they are handed in; tests hand in their own.

import { randomBytes } from 'node:crypto';

export interface SecureRandom {
  bytes(count: number): Uint8Array;
}

export const systemSecureRandom: SecureRandom = {
  // ambient: this is the seam that hands secrets in
  bytes: (count) => randomBytes(count),
};
