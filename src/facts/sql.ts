/** A literal of SQL. Throws on NUL, which PostgreSQL's texts cannot hold. */
export function sqlText(text: string): string {
  if (text.includes('\0')) throw new Error('a text of PostgreSQL cannot hold a NUL byte');
  const quoted = `'${text.replaceAll("'", "''")}'`;
  // E'' is read the same whatever standard_conforming_strings says.
  return text.includes('\\') ? ` E${quoted.replaceAll('\\', '\\\\')}` : quoted;
}

/** A quoted name of SQL: case and odd characters are kept. */
export function sqlName(name: string): string {
  if (name.includes('\0')) throw new Error('a name of PostgreSQL cannot hold a NUL byte');
  return `"${name.replaceAll('"', '""')}"`;
}
