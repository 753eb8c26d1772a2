// Measures each recovery on the lab, and makes docs/recovery-objectives.md of it: node bench/objectives.ts [FILE.lab.ts...]
// Without files, all tests of recoveries. With files, the page has only their rows: use it to look, not to keep.
import { spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Recovery } from '../test/lab/objectives.ts';

const PAGE = 'docs/recovery-objectives.md';
/** Of the document, "Recovery Objectives". */
const RTO_SECONDS = 3600;
const RPO_SECONDS = 300;

const named = process.argv.slice(2);
const recoveries = measure(
  named.length > 0 ? named : globSync('test/lab/{recover-*,lost-machines}.lab.ts').sort(),
);
writeFileSync(PAGE, page(recoveries));
process.stdout.write(`${PAGE}: ${recoveries.length} recoveries\n`);
process.exitCode = recoveries.every(met) ? 0 : 1;

function measure(tests: readonly string[]): Recovery[] {
  const folder = mkdtempSync(join(tmpdir(), 'fanops-objectives-'));
  const file = join(folder, 'recoveries');
  writeFileSync(file, '');
  const env = { ...process.env, FANOPS_OBJECTIVES: file };
  const run = ['--disable-warning=ExperimentalWarning', 'scripts/test.ts', '--lab', ...tests];
  const { status } = spawnSync(process.execPath, run, { env, stdio: 'inherit' });
  if (status !== 0) throw new Error('a recovery failed: nothing is written');
  const noted = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  rmSync(folder, { recursive: true });
  return noted.map((line) => JSON.parse(line) as Recovery).sort((a, b) => rank(a) - rank(b));
}

/** What the document does not have comes last. */
function rank({ scenario }: Recovery): number {
  return scenario || 9;
}

function met({ serviceSeconds, lost }: Recovery): boolean {
  return serviceSeconds < RTO_SECONDS && lost.seconds < RPO_SECONDS;
}

function page(all: readonly Recovery[]): string {
  const day = new Date().toISOString().slice(0, 10);
  return `# Recovery objectives, measured

Made by \`npm run objectives\`, which runs the tests of all recoveries on the lab, with a client that commits all the time and notes what
was acknowledged. Of ${day}: three hosts on one machine of ${cpus().length} cores, a small database.

${table(all)}

- **RTO**, wanted: less than an hour. From the start of the runbook until a client's commit is acknowledged again, or the rows can be read;
  where the cluster worked on, the longest time between two commits. Nobody had to think or type: add the time that people take.
- **Done**: until the runbook ended, with all replicas streaming, a segment archived, and a new backup verified, where it makes one.
- **RPO**, wanted: less than five minutes. From the newest acknowledged commit that is there to the newest that had been acknowledged. What is
  lost is what had not left the lost disks: with a busy database a segment is archived when it is full, with a quiet one after
  \`archive_timeout\`, 300 s, so that is the worst that is to be expected, as long as archiving works (\`backup-status.sh\` says).

How long a real database takes depends on its size: a restore reads the backup once, at the rates in
[bench/README.md](../bench/README.md#full-backup-restore-wal-benchbackupsh), and then the WAL after it. \`drill.yml\` measures that with your own data.
`;
}

function table(all: readonly Recovery[]): string {
  const head = ['scenario', 'what happened', 'runbook', 'RTO', 'done', 'RPO'];
  const rows = all.map((recovery) => [
    recovery.scenario === 0 ? '' : `${recovery.scenario}`,
    recovery.happened,
    `\`${recovery.runbook}\``,
    `${recovery.serviceSeconds.toFixed(1)} s`,
    `${recovery.doneSeconds.toFixed(0)} s`,
    `${recovery.lost.seconds.toFixed(1)} s (${recovery.lost.commits} commits)`,
  ]);
  const lines = [head, head.map(() => '---'), ...rows];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
