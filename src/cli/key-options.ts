import type { Option } from './args.ts';
import { CONNECTION, HELP, NO_COLOUR, PROJECT } from './options.ts';

/** Where install.yml keeps the backup key on every member. */
export const KEY_FILE = '/etc/fanatico/backup.key';

/** Where it is noted on every member that a copy off the hosts was decrypted and is the key. */
export const MARKER = '/var/lib/fanatico/key-escrowed.json';

/** What the commands about the key share. */
export const KEY_OPTIONS: readonly Option[] = [
  ...PROJECT.filter(({ name }) => name === 'inventory'),
  { name: 'group', value: 'GROUP', help: 'the hosts that hold the key (db)' },
  { name: 'key', value: 'PATH', help: `where they hold it (${KEY_FILE})` },
  ...CONNECTION.filter(({ name }) => name !== 'forks'),
  NO_COLOUR,
  HELP,
];
