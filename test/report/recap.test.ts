import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { recapText } from '../../src/report/recap.ts';
import { statsText } from '../../src/report/stats.ts';

const recap = { ok: 20, changed: 3, unreachable: 0, failed: 0, skipped: 1, rescued: 0, ignored: 0 };

test("the recap is Ansible's, aligned, and names handlers that are still to run", () => {
  assert.equal(
    recapText({
      type: 'finished',
      outcome: 'failed',
      recap: { db1: recap, 'db10.example': { ...recap, ok: 5, failed: 1 } },
      pendingHandlers: { db1: ['restart patroni'], 'db10.example': [] },
    }),
    `PLAY RECAP
db1          : ok=20  changed=3   unreachable=0   failed=0   skipped=1   rescued=0   ignored=0
db10.example : ok=5   changed=3   unreachable=0   failed=1   skipped=1   rescued=0   ignored=0
pending handlers on db1: restart patroni (the next apply runs them)`,
  );
});

test('the stats are a table of waits and bytes', () => {
  const rows = [
    { host: 'db22', waits: 12, bytesSent: 3_145_728, bytesReceived: 0 },
    { host: 'db1', waits: 9, bytesSent: 512, bytesReceived: 20_480 },
  ];
  assert.equal(
    statsText(rows, 65_000),
    `host  waits     sent  received
db1       9    512 B  20.0 KiB
db22     12  3.0 MiB       0 B
total: 1 min 05 s`,
  );
});

test.run();
