// The heap as `ndts up` has it. Imported before all else: what is loaded makes it grow.

import { growYoungGenerationAtOnce } from '@ndts/runtime/loop';

growYoungGenerationAtOnce();
