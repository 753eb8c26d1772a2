/**
 * Statements as a script for psql that reads none of them: each goes to the server as it is, so that backslashes and
 * colons in it mean nothing to psql, and no argument shows it.
 */
export function psqlStatement(sql: string): string {
  return `\\set fanops_statement ${psqlWord(sql)}\nSELECT :'fanops_statement' \\gexec\n`;
}

/** An argument of a command of psql, which ends at the end of its line. */
function psqlWord(text: string): string {
  const escaped = text
    .replaceAll('\\', '\\\\')
    .replaceAll("'", "\\'")
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r');
  return `'${escaped}'`;
}
