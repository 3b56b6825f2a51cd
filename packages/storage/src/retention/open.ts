// Retention of the ticks engine of a data folder, as its configuration says.

import { join } from 'node:path';
import type { Database } from '@ndts/native/db';
import type { Clock, ConfigValues } from '@ndts/protocol';
import { FolderObjects } from '@ndts/runtime';
import type { DataFolder } from '../folder/data-folder.js';
import { Archive } from './archive.js';
import { ArchivedDays } from './archived-days.js';
import { parsePolicies } from './policy.js';
import { Retention } from './retention.js';

/** Throws CONFIG_INVALID_VALUE for a policy that is none. */
export function openRetention(
  database: Database,
  folder: DataFolder,
  values: ConfigValues,
  clock: Clock,
  archived?: ArchivedDays,
): Retention {
  const archive = openObjects(folder.root, values);
  const policies = parsePolicies(values.storage.retention);
  const told = archived === undefined ? {} : { archived };
  return new Retention({ database, dir: folder.ticks, archive, clock, policies, ...told });
}

/** Of the data folder that this process has open: what its readers are told of. */
export function openArchivedDays(database: Database, values: ConfigValues): ArchivedDays {
  const archive = new Archive(openObjects(values.dataDir, values));
  return new ArchivedDays(database, () => archive.days());
}

function openObjects(root: string, { storage }: ConfigValues): FolderObjects {
  return new FolderObjects({
    dir: storage.archiveDir === '' ? join(root, 'cold') : storage.archiveDir,
  });
}
