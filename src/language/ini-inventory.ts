import type { Problems } from './problems.ts';

/**
 * Refuses an inventory in the INI shape that Ansible also reads, and shows the same in YAML: INI has no types,
 * so that `port=5432` there is whatever the reader takes it for. Says whether it was one.
 */
export function refuseIni(file: string, text: string, problems: Problems): boolean {
  const lines = text.split(/\r?\n/);
  const header = lines.findIndex((line) => /^\[[\w.-]+(:\w+)?\]\s*$/.test(line));
  const first = lines.findIndex((line) => /^\s*[^\s#;]/.test(line));
  const isBareHosts = first >= 0 && /^[\w.-]+(\s+\w+=\S+)+\s*$/.test(lines[first] ?? '');
  if (header < 0 && !isBareHosts) return false;
  problems.addSource(file, text);
  problems.error(
    'this inventory is in INI, which has no types; inventories are YAML',
    { file, line: (header >= 0 && header < first ? header : first) + 1, column: 1 },
    `write it as\n${yamlOf(lines)}`,
  );
  return true;
}

type Sections = Map<string, { hosts: string[]; children: string[]; vars: string[] }>;

/** The same inventory in YAML, flat below `all:`; values are quoted where YAML would take them for something else. */
function yamlOf(lines: readonly string[]): string {
  const sections: Sections = new Map();
  let [group, part] = ['ungrouped', 'hosts'] as [string, 'hosts' | 'children' | 'vars'];
  for (const raw of lines) {
    const line = raw.replace(/^\s*[#;].*$|\s#.*$/, '').trim();
    const header = /^\[([\w.-]+)(?::(children|vars))?\]$/.exec(line);
    if (header) [group, part] = [header[1] ?? '', (header[2] as 'children' | undefined) ?? 'hosts'];
    const section = sections.get(group) ?? { hosts: [], children: [], vars: [] };
    sections.set(group, section);
    if (line === '' || header) continue;
    section[part].push(part === 'hosts' ? hostLine(line) : part === 'vars' ? variable(line) : `${line}:`);
  }
  const all = sections.get('all');
  const groups = [...sections].filter(([name, s]) => name !== 'all' && Object.values(s).flat().length > 0);
  return [
    'all:',
    ...block('vars', all?.vars ?? [], 2),
    '  children:',
    ...groups.flatMap(([name, { hosts, children, vars }]) => [
      `    ${name}:`,
      ...block('hosts', hosts, 6),
      ...block('children', children, 6),
      ...block('vars', vars, 6),
    ]),
  ].join('\n');
}

function block(key: string, lines: readonly string[], indent: number): string[] {
  const margin = ' '.repeat(indent);
  return lines.length === 0 ? [] : [`${margin}${key}:`, ...lines.map((line) => `${margin}  ${line}`)];
}

function hostLine(line: string): string {
  const [name = '', ...pairs] = line.match(/(?:[^\s"']|"[^"]*"|'[^']*')+/g) ?? [];
  return pairs.length === 0 ? `${name}:` : `${name}: { ${pairs.map(variable).join(', ')} }`;
}

function variable(pair: string): string {
  const [, name = pair, value = ''] = /^\s*([\w.-]+)\s*=\s*(.*?)\s*$/.exec(pair) ?? [];
  if (/^(yes|true|on)$/i.test(value)) return `${name}: true`;
  if (/^(no|false|off)$/i.test(value)) return `${name}: false`;
  const isSafe = /^(?:[\w./-]+|"[^"]*"|'[^']*')$/.test(value) && !/^0\d/.test(value);
  return `${name}: ${isSafe ? value : JSON.stringify(value)}`;
}
