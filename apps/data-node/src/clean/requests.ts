// What others ask about the cleaning rules: those in force, to read the file again, whether rules
// in words are right.

import {
  type Bus,
  type CleanCheckRequest,
  type CleanReloadRequest,
  type CleanRulesRequest,
  type CleanRulesView,
  type Clock,
  type ConfigValues,
  errorLine,
  NdtsError,
  subjects,
} from '@ndts/protocol';
import { type DaySpan, parseTextDocument } from '@ndts/runtime';
import { calendarSpan, rulesView, type RulesKeeper } from './keeper.js';
import { type CompiledRules, compileRules } from './rules.js';

export function answerRules(
  bus: Bus,
  keeper: RulesKeeper,
  { config, clock }: { readonly config: ConfigValues; readonly clock: Clock },
): (() => void)[] {
  return [
    bus.respond(subjects.cleanRules, (request) =>
      keeper.view((request as CleanRulesRequest | undefined)?.symbol),
    ),
    bus.respond(subjects.cleanReload, (request) => keeper.reload(request as CleanReloadRequest)),
    bus.respond(subjects.cleanCheck, (request): CleanRulesView => {
      const rules = proposedRules(request as CleanCheckRequest, config, calendarSpan(clock));
      return rulesView(rules, { file: '', loadedMs: clock.nowMs(), problem: '' });
    }),
  ];
}

/** Throws INVALID_ARGUMENT with what is wrong with them. */
export function proposedRules(
  { text, format }: CleanCheckRequest,
  config: ConfigValues,
  span: DaySpan,
): CompiledRules {
  try {
    return compileRules(parseTextDocument(text, format, 'rules'), config, span);
  } catch (error) {
    throw new NdtsError('INVALID_ARGUMENT', errorLine(error), { cause: error });
  }
}
