// Whether this machine has libfabric, and the addon was built with its headers: optional, so what
// needs it is left out where it is not there.

import { createPullServer } from '@ndts/native/fabric';
import { NdtsError } from '@ndts/protocol';

/** false, or why not. */
export function libfabricAbsent(): false | string {
  try {
    createPullServer({ provider: 'libfabric', address: '127.0.0.1', port: 0 }).close();
    return false;
  } catch (error) {
    if (error instanceof NdtsError && error.code === 'UNAVAILABLE') return error.message;
    throw error;
  }
}
