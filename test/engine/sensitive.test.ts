import * as assert from 'node:assert/strict';
import { test } from 'uvu';
import { plainPaint } from '../../src/report/paint.ts';
import { plainReporter } from '../../src/report/plain-reporter.ts';
import { planJson } from '../../src/report/plan-json.ts';
import { planMarkdown } from '../../src/report/plan-markdown.ts';
import { planText } from '../../src/report/plan-text.ts';
import { applied, withHosts } from '../support/applied.ts';

test('what a sensitive command runs is shown neither in the plan nor while it runs nor when it fails', () =>
  withHosts(1, async (hosts) => {
    const { plan, events } = await applied(
      hosts,
      '[{hosts: h1, tasks: [{name: quiet, sensitive: true, command: {argv: [sh, -c, "echo hush; exit 3"]}}]}]',
    );
    const shown = [planJson(plan), planMarkdown(plan), planText(plan, { paint: plainPaint, verbose: true })];
    const ticker = { now: () => 0, every: () => () => {} };
    const reporter = plainReporter({ paint: plainPaint, ticker, verbose: true, write: (t) => shown.push(t) });
    for (const event of events) reporter.emit(event);
    await reporter.close();
    assert.match(shown.join(''), /FAILED/);
    assert.doesNotMatch(shown.join(''), /hush/);
  }));

test.run();
