import { mkdirSync } from 'node:fs';
import { run } from './program.ts';
import type { Recipe } from './recipe.ts';

/**
 * Makes the full layer in `upper` by installing its packages over the bare root. All of it happens in a mount
 * and process namespace of its own: whatever interrupts it, no mount and no process stays behind.
 */
export async function buildFull(
  recipe: Recipe,
  bare: string,
  upper: string,
  work: string,
  proxy: string,
): Promise<void> {
  const merged = `${work}/merged`;
  const overlay = `${work}/overlay`;
  for (const folder of [upper, merged, overlay]) mkdirSync(folder, { recursive: true });
  await run(
    'unshare',
    ['--mount', '--pid', '--fork', '--kill-child', 'sh', '-eu', '-s', bare, upper, overlay, merged],
    { input: installScript(recipe, proxy) },
  );
}

function installScript(recipe: Recipe, proxy: string): string {
  return `
bare=$1 upper=$2 overlay=$3 merged=$4
mount -t overlay overlay -o "lowerdir=$bare,upperdir=$upper,workdir=$overlay,index=off,metacopy=off" "$merged"
mount -t proc proc "$merged/proc"
# Device nodes of our own: nothing inside can reach those of the outer machine.
mount -t tmpfs -o mode=755 tmpfs "$merged/dev"
mknod -m 666 "$merged/dev/null" c 1 3
mknod -m 666 "$merged/dev/zero" c 1 5
mknod -m 666 "$merged/dev/full" c 1 7
mknod -m 666 "$merged/dev/random" c 1 8
mknod -m 666 "$merged/dev/urandom" c 1 9
mknod -m 666 "$merged/dev/tty" c 5 0
mkdir "$merged/dev/shm" "$merged/dev/pts"
ln -s /proc/self/fd "$merged/dev/fd"
mount -t tmpfs tmpfs "$merged/run"
mount -t tmpfs tmpfs "$merged/tmp"
printf '#!/bin/sh\\nexit 101\\n' > "$merged/usr/sbin/policy-rc.d"
chmod 755 "$merged/usr/sbin/policy-rc.d"
exec chroot "$merged" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \\
  DEBIAN_FRONTEND=noninteractive sh -eu <<'INSIDE'
${recipe.before}
apt-get -q -o Acquire::http::Proxy=${proxy} update </dev/null
apt-get -qy -o Acquire::http::Proxy=${proxy} --no-install-recommends install ${recipe.packages.join(' ')} </dev/null
${recipe.after}
apt-get clean
rm -f /usr/sbin/policy-rc.d /var/log/dpkg.log /var/log/alternatives.log /var/log/apt/*
INSIDE
`;
}
