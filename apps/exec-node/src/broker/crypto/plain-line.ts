// What ccxt says of an error, for logs, the journal and people. Its texts quote requests, and so
// keys and signatures, which are nobody's business there.

import { errorLine } from '@ndts/protocol';
import type { CcxtParams } from './ccxt-trading.js';

/** Shorter ones are words that stand in every text. */
const secretMin = 4;

/** Without what `settings` hold, nor what stands behind the path of an address. */
export function plainLine(error: unknown, settings: CcxtParams): string {
  const line = errorLine(error)
    .replace(/(https?:\/\/[^\s?]+)\?\S*/g, '$1')
    .replace(/(wss?:\/\/[^\s/?]+)\S*/g, '$1');
  return Object.values(settings)
    .filter((one) => typeof one === 'string' && one.length >= secretMin)
    .reduce((text: string, secret) => text.replaceAll(String(secret), '***'), line);
}
