// An awscli for the scripts' PATH that keeps its objects in a directory: the few calls that restores and uploads make, and a log of them.
// No ETag is an MD5, as where a key of KMS encrypts the bucket.
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BackupHost, Settings } from './backup-host.ts';

export class DirectoryS3 {
  readonly dir: string;
  readonly settings: Settings = { S3_BUCKET: 'bucket' };
  readonly #host: BackupHost;
  readonly #log: string;

  constructor(host: BackupHost) {
    this.#host = host;
    this.dir = join(host.dir, 's3');
    this.#log = join(host.dir, 'aws.log');
    mkdirSync(join(this.dir, 'bucket'), { recursive: true });
    writeFileSync(this.#log, '', { mode: 0o666 });
    host.stub('aws', AWS.replaceAll('@DIR@', this.dir).replaceAll('@LOG@', this.#log));
  }

  /** The host's archive goes to S3 as the format has it, and away from the host. */
  takeArchive(): void {
    const bucket = join(this.dir, 'bucket');
    cpSync(join(this.#host.archive, 'CLUSTER.json'), join(bucket, 'CLUSTER.json'));
    for (const kind of ['full', 'wal']) {
      const to = join(bucket, 'postgresql', kind);
      mkdirSync(to, { recursive: true });
      for (const name of this.#host.stored(kind))
        cpSync(join(this.#host.archive, kind, name), join(to, name.replace(/\.gz(?=$|\.json)/, '.gz.enc')));
      rmSync(join(this.#host.archive, kind), { recursive: true });
      mkdirSync(join(this.#host.archive, kind));
    }
    rmSync(join(this.#host.archive, 'CLUSTER.json'));
    this.#host.own();
  }

  /** What the archive holds of one kind beside PostgreSQL goes to S3 as of this node. */
  takeBeside(kind: 'blockchain' | 'config', node: string, isKept = false): void {
    const to = join(this.dir, 'bucket', kind, node);
    mkdirSync(to, { recursive: true });
    for (const name of this.#host.stored(kind)) {
      const from = join(this.#host.archive, kind, name);
      cpSync(from, join(to, name.replace(/\.gz(?=$|\.json)/, '.gz.enc')));
      if (!isKept) rmSync(from);
    }
    this.#host.own();
  }

  /** From now on S3 answers with this error only; an empty text mends it. */
  break(error: string): void {
    const file = join(this.dir, 'broken');
    if (error) writeFileSync(file, `${error}\n`);
    else if (existsSync(file)) rmSync(file);
  }

  calls(): string[] {
    return readFileSync(this.#log, 'utf8').split('\n').filter(Boolean);
  }
}

const AWS = `
set -euo pipefail
shopt -s nullglob
printf '%s\\n' "$*" >>@LOG@
if [ -e @DIR@/broken ]; then cat @DIR@/broken >&2; exit 255; fi
while [[ $1 == --* ]]; do case $1 in --endpoint-url | --cli-*) shift 2 ;; *) shift ;; esac; done
operation="$1 $2"; shift 2
places=() includes=() recursive=no
while [ $# -gt 0 ]; do
  case $1 in
  --recursive) recursive=yes ;;
  --only-show-errors) ;;
  --include) includes+=("$2"); shift ;;
  --*) places+=("$1=$2"); shift ;;
  *) places+=("$1") ;;
  esac
  shift
done
case $operation in
's3 cp')
  from=@DIR@/\${places[0]#s3://} to=\${places[1]}
  if [ $recursive = yes ] && [[ $to == s3://* ]]; then
    cp -rL "\${places[0]}/." "@DIR@/\${to#s3://}"
  elif [ $recursive = yes ]; then
    for include in "\${includes[@]}"; do for file in "$from"/$include; do [ ! -e "$file" ] || cp "$file" "$to/"; done; done
  elif [ ! -e "$from" ]; then
    echo 'fatal error: An error occurred (404) when calling the HeadObject operation: Key does not exist' >&2; exit 1
  elif [ "$to" = - ]; then cat "$from"; else cp "$from" "$to"; fi ;;
's3api list-objects-v2')
  for place in "\${places[@]}"; do case $place in --bucket=*) bucket=\${place#*=} ;; --prefix=*) prefix=\${place#*=} ;; esac; done
  [[ "\${places[*]}" != *Size* ]] || sized=yes
  while IFS= read -r file; do
    echo "\${file#@DIR@/$bucket/}\${sized:+ $(stat -c %s "$file") etag}"
  done < <(find @DIR@/$bucket -type f -path "@DIR@/$bucket/$prefix*" | sort) ;;
's3api head-object' | 's3api put-object')
  for place in "\${places[@]}"; do case $place in
  --bucket=*) bucket=\${place#*=} ;; --key=*) key=\${place#*=} ;; --body=*) body=\${place#*=} ;; --query=*) query=\${place#*=} ;;
  esac; done
  file=@DIR@/$bucket/$key
  if [ "$operation" = 's3api put-object' ]; then
    mkdir -p "\${file%/*}"; cp "$body" "$file"
  elif [ ! -e "$file" ]; then
    echo 'An error occurred (404) when calling the HeadObject operation: Not Found' >&2; exit 254
  elif [ "$query" = LastModified ]; then date -u -r "$file" +%FT%TZ
  else echo "$(stat -c %s "$file") etag None"; fi ;;
*) echo "not expected: $operation" >&2; exit 252 ;;
esac`;
