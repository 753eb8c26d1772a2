import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { MOST_CHARACTERS, planMarkdown } from '../../src/report/plan-markdown.ts';
import { change, plan, step, task } from './samples.ts';

const update = change({
  action: 'update',
  risk: 'restarts',
  fields: [{ field: 'content', text: true, before: 'a\n```\n', after: 'b\n```\n' }],
});

test('a plan for a pull request has its summary first, a table, and details folded', () => {
  const steps = ['db1', 'db2', 'db3'].map((host) =>
    step({ host, address: 'file /etc/<x>|y', change: update }),
  );
  assert.equal(
    planMarkdown(plan(steps, { warnings: ['task 1 blinds @all'] })),
    `### fanops plan: site.yml

**Plan: 0 to add, 3 to change, 0 to destroy, 0 to run, 0 unknown, 0 blocked.**

- **warning** task 1 blinds \\@all

| | What | Hosts | Task |
|---|---|---|---|
| \`~\` | file /etc/&lt;x&gt;\\|y **! restarts** | db1–db3 | 1. A file |

<details><summary>\\~ file /etc/&lt;x&gt;\\|y [db1–db3]</summary>

\`\`\`\`diff
content:
  @@ -1,2 +1,2 @@
  -a
  +b
   \`\`\`
\`\`\`\`

</details>
`.replace('[db1–db3]</summary>', '\\[db1–db3\\]</summary>'),
  );
});

test('a plan without changes is a headline', () => {
  assert.is(planMarkdown(plan([])), '### fanops plan: site.yml\n\n**No changes.**\n');
});

test('however large the plan, a comment stays within bounds and says what it leaves out', () => {
  const steps = Array.from({ length: 3000 }, (_, i) =>
    step({ host: 'db1', task: task(i + 1, 'x'.repeat(300)), address: `file /etc/${i}`, change: update }),
  );
  const large = plan(steps, {
    unreachable: Array.from({ length: 500 }, (_, i) => ({ host: `lost${i}`, reason: 'r'.repeat(5000) })),
    warnings: Array.from({ length: 500 }, () => 'w'.repeat(5000)),
  });
  const text = planMarkdown(large);
  assert.ok(text.length <= MOST_CHARACTERS, `${text.length} characters`);
  assert.match(text, '3000 to change');
  assert.match(text, /… \d+ more changes not shown/);
  assert.match(text, /… 480 more warnings/);
  assert.match(text, /… 450 more unreachable hosts/);
  assert.is(planMarkdown(large), text);
});

test.run();
