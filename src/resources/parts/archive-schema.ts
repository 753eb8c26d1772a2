// What is told of a backup archive on a host.
import { object, text } from './schema.ts';

export const TEXTS = { type: 'array', items: { type: 'string' } } as const;

export const FULL = {
  name: text('Its file.'),
  size: { type: 'integer', description: 'Bytes, as stored.' },
  complete: { type: 'boolean', description: 'Its sidecar is there, which is written last.' },
  key_id: text('The key that it needs; empty where it is not encrypted or not known.'),
  system_identifier: text("PostgreSQL's; empty where it is not known."),
  ended_at: text('When it ended, as its sidecar says; empty where it is not known.'),
} as const;

export const IDENTITY = {
  ...object(
    {
      schema: text('The version of the format.'),
      cluster: text("The cluster's name."),
      system_identifier: text("PostgreSQL's."),
      key_id: text('The key of its backups; empty where they are not encrypted.'),
    },
    ['schema', 'cluster', 'system_identifier', 'key_id'],
  ),
  type: ['object', 'null'],
} as const;

export const MEMBER = object(
  {
    fulls: { type: 'array', items: object(FULL, Object.keys(FULL)), description: 'Oldest first.' },
    wal: {
      ...object(
        {
          count: { type: 'integer', description: 'How many segments.' },
          oldest: text('Name of the first one; empty where there is none.'),
          newest: text('Name of the last one; empty where there is none.'),
          newest_at: text('When one was last archived (ISO 8601); empty where there is none.'),
        },
        ['count', 'oldest', 'newest', 'newest_at'],
      ),
      description: 'Archived WAL.',
    },
    cluster_json: { ...IDENTITY, description: 'Whose archive it is; null where nothing was written yet.' },
    key_id: text('The key that this host holds; empty where it holds none or it could not be read.'),
    kept_keys: { ...TEXTS, description: 'Keys that it only reads with, beside it in `….d`.' },
    free_bytes: { type: 'integer', description: 'Bytes that are free where the archive is.' },
  },
  ['fulls', 'wal', 'cluster_json', 'key_id', 'kept_keys', 'free_bytes'],
);
