// For `node --import`: tests of strategies find the platform wherever they lie.

import { register } from 'node:module';

register(new URL('./plugin-hooks.js', import.meta.url), { data: { compiled: [] } });
