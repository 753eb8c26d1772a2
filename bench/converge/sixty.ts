/** Sixty resources of the usual kinds, and the same sixty for each of the three. Packages and services are there already. */
type Resource =
  | { readonly directory: { readonly path: string; readonly mode: string } }
  | { readonly file: { readonly path: string; readonly content: string; readonly mode: string } }
  | { readonly link: { readonly path: string; readonly target: string } }
  | { readonly package: { readonly name: string } }
  | { readonly service: { readonly name: string } }
  | { readonly group: { readonly name: string } }
  | { readonly user: { readonly name: string; readonly group: string } };

const ROOT = '/srv/converge';

const SIXTY: readonly Resource[] = [
  { directory: { path: ROOT, mode: '0755' } },
  ...times(14, (n) => ({ directory: { path: `${ROOT}/d${n}`, mode: '0750' } })),
  ...times(25, (n) => ({
    file: { path: `${ROOT}/f${n}`, content: `file ${n}\n`.repeat(n + 1), mode: '0640' },
  })),
  ...times(8, (n) => ({ link: { path: `${ROOT}/l${n}`, target: `f${n}` } })),
  ...['openssh-server', 'cron', 'sudo', 'procps'].map((name) => ({ package: { name } })),
  ...['ssh', 'cron'].map((name) => ({ service: { name } })),
  ...times(3, (n) => ({ group: { name: `converge${n}` } })),
  ...times(3, (n) => ({ user: { name: `converge${n}`, group: `converge${n}` } })),
];

/** How many of them a first run has to change: all but packages and services. */
export const TO_CHANGE = SIXTY.filter((r) => !('package' in r || 'service' in r)).length;

/** Takes away what they made. */
export const RESET = `rm -rf ${ROOT}
for n in 0 1 2; do userdel converge$n; groupdel converge$n; done 2>/dev/null; true`;

/** Tells states apart, whoever made them. */
export const DIGEST = `{ cd ${ROOT} && find . -printf '%p %y %m %u %g %l\\n' | sort && cat f*
for n in 0 1 2; do id -nG converge$n; done; } | sha256sum`;

export function fanopsPlaybook(): string {
  const tasks = SIXTY.map((resource) => {
    if ('service' in resource) return { service: { ...resource.service, state: 'started', enabled: true } };
    if ('file' in resource) return { file: { ...resource.file, owner: 'root' } };
    if ('user' in resource) return { user: { ...resource.user, system: true } };
    return resource;
  });
  return JSON.stringify([{ hosts: 'db', tasks }]);
}

export function ansiblePlaybook(): string {
  return JSON.stringify([{ hosts: 'db', gather_facts: false, tasks: SIXTY.map(ansibleTask) }]);
}

function ansibleTask(resource: Resource): object {
  if ('directory' in resource) return { file: { ...resource.directory, state: 'directory' } };
  if ('file' in resource) {
    const { path, ...rest } = resource.file;
    return { copy: { dest: path, ...rest, owner: 'root' } };
  }
  if ('link' in resource)
    return { file: { dest: resource.link.path, src: resource.link.target, state: 'link' } };
  if ('package' in resource) return { apt: resource.package };
  if ('service' in resource) return { systemd: { ...resource.service, state: 'started', enabled: true } };
  if ('group' in resource) return { group: resource.group };
  return { user: { ...resource.user, system: true, create_home: false } };
}

/** What somebody who knows the shell writes by hand: each looks first, and changes only what differs. */
export function shellScript(): string {
  return `set -eu
changed=0
made() { changed=$((changed + 1)); }
directory() {
  [ "$(stat -c '%F %a' "$1" 2>/dev/null)" = "directory $2" ] && return
  mkdir -p "$1"; chmod "$2" "$1"; made
}
file() {
  printf '%s' "$3" | cmp -s - "$1" && [ "$(stat -c '%a %U' "$1")" = "$2 root" ] && return
  printf '%s' "$3" >"$1.new"; chmod "$2" "$1.new"; chown root "$1.new"; mv -f "$1.new" "$1"; made
}
link() { [ "$(readlink "$1")" = "$2" ] && return; ln -sfn "$2" "$1"; made; }
package() {
  [ "$(dpkg-query -W -f '\${db:Status-Status}' "$1" 2>/dev/null)" = installed ] && return
  DEBIAN_FRONTEND=noninteractive apt-get install -qy "$1"; made
}
service() {
  systemctl -q is-active "$1" && systemctl -q is-enabled "$1" && return
  systemctl enable --now "$1"; made
}
group() { getent group "$1" >/dev/null && return; groupadd "$1"; made; }
user() {
  [ "$(id -gn "$1" 2>/dev/null)" = "$2" ] && return
  useradd --system -g "$2" "$1"; made
}
${SIXTY.map(shellLine).join('\n')}
echo "changed=$changed"
`;
}

function shellLine(resource: Resource): string {
  if ('directory' in resource) return `directory ${resource.directory.path} ${bare(resource.directory.mode)}`;
  if ('file' in resource)
    return `file ${resource.file.path} ${bare(resource.file.mode)} '${resource.file.content}'`;
  if ('link' in resource) return `link ${resource.link.path} ${resource.link.target}`;
  if ('package' in resource) return `package ${resource.package.name}`;
  if ('service' in resource) return `service ${resource.service.name}`;
  if ('group' in resource) return `group ${resource.group.name}`;
  return `user ${resource.user.name} ${resource.user.group}`;
}

/** As \`stat\` prints it. */
function bare(mode: string): string {
  return mode.replace(/^0/, '');
}

function times<T>(count: number, make: (n: number) => T): T[] {
  return Array.from({ length: count }, (_, n) => make(n));
}
