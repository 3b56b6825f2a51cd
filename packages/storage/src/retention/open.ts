// Retention of the ticks engine of a data folder, as its configuration says.

import { join } from 'node:path';
import type { Database } from '@ndts/native/db';
import type { Clock, ConfigValues } from '@ndts/protocol';
import { FolderObjects } from '@ndts/runtime';
import type { DataFolder } from '../folder/data-folder.js';
import { parsePolicies } from './policy.js';
import { Retention } from './retention.js';

/** Throws CONFIG_INVALID_VALUE for a policy that is none. */
export function openRetention(
  database: Database,
  folder: DataFolder,
  values: ConfigValues,
  clock: Clock,
): Retention {
  const { archiveDir, retention } = values.storage;
  const dir = archiveDir === '' ? join(folder.root, 'cold') : archiveDir;
  const archive = new FolderObjects({ dir });
  const policies = parsePolicies(retention);
  return new Retention({ database, dir: folder.ticks, archive, clock, policies });
}
