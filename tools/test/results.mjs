// What a suite answers, and how the reports of test runners are read into it. Counts come from the
// runners' own reports, never from exit codes alone: a runner that dies without its report is a
// failure of one.

/** @typedef {{ passed: number, failed: number, skipped: number, detail: string,
 *   reasons?: string[] }} SuiteResult detail: what a person needs to see when something failed;
 *   reasons: why something was skipped */

/** @returns {SuiteResult} */
export function passedOne() {
  return { passed: 1, failed: 0, skipped: 0, detail: '' };
}

/** @returns {SuiteResult} */
export function failedOne(detail) {
  return { passed: 0, failed: 1, skipped: 0, detail };
}

/** @returns {SuiteResult} */
export function skippedOne(reason) {
  return { passed: 0, failed: 0, skipped: 1, detail: '', reasons: [reason] };
}

/** @param {readonly SuiteResult[]} results @returns {SuiteResult} */
export function addResults(results) {
  const sum = { passed: 0, failed: 0, skipped: 0, detail: '', reasons: [] };
  for (const one of results) {
    sum.passed += one.passed;
    sum.failed += one.failed;
    sum.skipped += one.skipped;
    if (one.detail !== '') sum.detail += `${sum.detail === '' ? '' : '\n'}${one.detail}`;
    sum.reasons.push(...(one.reasons ?? []));
  }
  return sum;
}

/** The result of a command that is one check: its exit code. */
export function resultOfCommand(name, run) {
  if (run.code === 0) return passedOne();
  const how = run.timedOut ? 'was stopped at its time limit' : `ended with code ${run.code}`;
  return failedOne(`${name} ${how}\n${lastLines(run.output, 120)}`);
}

export function lastLines(text, count) {
  return text.trimEnd().split('\n').slice(-count).join('\n');
}

/**
 * Reads the end of a TAP report of node --test.
 * @returns {SuiteResult | undefined} undefined when the report has no end
 */
export function readTap(text) {
  const count = (name) => {
    const match = new RegExp(`^# ${name} (\\d+)$`, 'm').exec(text);
    return match === null ? undefined : Number(match[1]);
  };
  const [passed, failed, skipped] = [count('pass'), count('fail'), count('skipped')];
  if (passed === undefined || failed === undefined || skipped === undefined) return undefined;
  const reasons = [...text.matchAll(/^\s*ok \d+ - (.*?) # SKIP ?(.*)$/gm)].map((match) =>
    match[2] === '' ? match[1] : `${match[1]}: ${match[2]}`,
  );
  return {
    passed,
    failed: failed + (count('cancelled') ?? 0),
    skipped: skipped + (count('todo') ?? 0),
    detail: '',
    reasons,
  };
}

/** Reads GoogleTest's JSON report. @returns {SuiteResult} */
export function readGoogleTest(text) {
  const result = { passed: 0, failed: 0, skipped: 0, detail: '', reasons: [] };
  for (const suite of JSON.parse(text).testsuites)
    for (const test of suite.testsuite) {
      const name = `${suite.name}.${test.name}`;
      if (test.status === 'NOTRUN') continue;
      if ((test.failures ?? []).length > 0) {
        result.failed += 1;
        const failures = test.failures.map((one) => one.failure).join('\n');
        result.detail += `${name}\n${failures}\n`;
      } else if (test.result === 'SKIPPED') {
        result.skipped += 1;
        result.reasons.push(`${name}: skipped by itself`);
      } else result.passed += 1;
    }
  return result;
}

/** Reads the JSON lines of the bench runner: each bench that printed sound results, and did not say
 * that it failed, has passed. */
export function readBenchLines(text) {
  const seen = new Map();
  for (const line of text.split('\n')) {
    if (!line.startsWith('{')) continue;
    let record;
    try {
      record = JSON.parse(line);
    } catch {
      return failedOne(`not JSON: ${line}`);
    }
    const name = String(record.bench);
    const problem = problemOfBenchLine(record, line);
    seen.set(name, [...(seen.get(name) ?? []), ...(problem === '' ? [] : [problem])]);
  }
  if (seen.size === 0) return failedOne('the bench runner printed no result');
  return addResults(
    [...seen].map(([name, problems]) =>
      problems.length === 0 ? passedOne() : failedOne(`${name}: ${problems.join('\n')}`),
    ),
  );
}

function problemOfBenchLine(record, line) {
  if (typeof record.failed === 'string') return record.failed;
  const sound =
    typeof record.bench === 'string' &&
    typeof record.metric === 'string' &&
    typeof record.unit === 'string' &&
    Number.isFinite(record.value);
  return sound ? '' : `not a bench result: ${line}`;
}

/** The last line of a run. */
export function summaryLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
