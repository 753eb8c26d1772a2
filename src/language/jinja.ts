/** Something of Jinja in a text, and what to write instead. */
export interface JinjaFound {
  readonly offset: number;
  readonly length: number;
  readonly message: string;
  readonly hint: string;
}

const STATEMENT =
  /\{%-?\s*(if|for|set|else|elif|endif|endfor|include|import|extends|block|macro|raw)\b[^%]*%?\}?/;

const STATEMENTS: { readonly [word: string]: string } = {
  if: '{{#if x}} … {{else}} … {{/if}}',
  elif: '{{else if x}}',
  else: '{{else}}',
  endif: '{{/if}}',
  for: '{{#each xs}} … {{this}} … {{/each}}',
  endfor: '{{/each}}',
  set: 'a variable under `vars:`',
};

const FILTERS: { readonly [name: string]: (subject: string, argument: string) => string } = {
  default: (x, a) => `{{optional "${x}" ${quoted(a || "''")}}}`,
  d: (x, a) => `{{optional "${x}" ${quoted(a || "''")}}}`,
  join: (x, a) => `{{join ${x} ${quoted(a || "','")}}}`,
  to_json: (x) => `{{json ${x}}}`,
  tojson: (x) => `{{json ${x}}}`,
  to_nice_json: (x) => `{{json ${x}}}`,
  b64encode: (x) => `{{base64 ${x}}}`,
  quote: (x) => `{{quote ${x}}}`,
  upper: (x) => `{{upper ${x}}}`,
  lower: (x) => `{{lower ${x}}}`,
  indent: (x, a) => `{{indent ${x} ${a || '4'}}}`,
};

/** Finds the first piece of Jinja: `{% … %}`, filters, brackets and operators inside `{{ … }}`. */
export function findJinja(text: string): JinjaFound | undefined {
  const statement = STATEMENT.exec(text);
  const expression = findExpression(text);
  if (statement && (!expression || statement.index < expression.offset)) {
    const word = statement[1] ?? '';
    return {
      offset: statement.index,
      length: statement[0].length,
      message: `\`${statement[0]}\` is Jinja; templates are Handlebars`,
      hint: `write ${STATEMENTS[word] ?? 'it with Handlebars: {{#if}}, {{#each}}'}`,
    };
  }
  return expression;
}

function findExpression(text: string): JinjaFound | undefined {
  for (const match of text.matchAll(/(?<!\\)\{\{-?((?:(?!\}\})[\s\S])*)\}\}/g)) {
    const inner = (match[1] ?? '').trim();
    const rewrite = rewriteExpression(inner);
    if (rewrite === undefined) continue;
    return {
      offset: match.index,
      length: match[0].length,
      message: `\`${match[0]}\` is Jinja; templates are Handlebars`,
      hint: rewrite,
    };
  }
  return undefined;
}

/** What to write for an expression of Jinja; undefined for what is none. */
function rewriteExpression(inner: string): string | undefined {
  const bare = inner.replace(/"[^"]*"|'[^']*'/g, '""');
  if (/^([#/!>&^]|else\b)/.test(inner) || / as \|/.test(bare)) return undefined;
  if (/^lookup\(/.test(inner)) return 'lookups are not supported: pass the value with -e name=value';
  const filter = /^([\w.[\]'"]+)\s*\|\s*(\w+)\s*(?:\(([\s\S]*)\))?\s*(\|[\s\S]*)?$/.exec(inner);
  if (filter) {
    const rewritten = FILTERS[filter[2] ?? '']?.(dotted(filter[1] ?? ''), filter[3] ?? '');
    if (rewritten && !filter[4]) return `write ${rewritten}`;
    return `the filter \`${filter[2]}\` does not exist: compute the value in a variable, or see docs/language.md`;
  }
  if (bare.includes('|')) return 'filters do not exist: functions come first, as in {{upper x}}';
  if (/^[\w.]+(\[[^\]]*\]|\.\w+)+$/.test(inner) && bare.includes('[') && !/\.\[/.test(inner))
    return `write {{ ${dotted(inner)} }}`;
  if (/^\w[\w.]*\[/.test(bare) && !/\.\[/.test(inner))
    return 'write {{lookup mapping key}} where the key is in a variable: {{lookup (lookup hostvars host) "port"}}';
  if (/[\w"\])]\s*(==|!=|<=|>=|<|>|~|\+|\*|%)\s*["\w(]/.test(bare))
    return 'templates do not calculate: compare with {{#if (eq a b)}}, or put the expression into `when`';
  if (
    /\b(if|is|and|or|not|in)\s/.test(bare) &&
    !/^(and|or|not)\s/.test(bare) &&
    !/\((and|or|not)\s/.test(bare)
  )
    return 'write {{#if x}}a{{else}}b{{/if}}';
  return undefined;
}

/** `a['b'].c[0]` as Handlebars has it: `a.b.c.[0]`. */
function dotted(path: string): string {
  return path.replace(/\[\s*(?:'([^']*)'|"([^"]*)"|(\w+))\s*\]/g, (_, single, double, bare) => {
    const key = single ?? double ?? bare ?? '';
    return /^[A-Za-z_][\w-]*$/.test(key) ? `.${key}` : `.[${key}]`;
  });
}

function quoted(argument: string): string {
  const text = /^\s*(?:'([^']*)'|"([^"]*)")/.exec(argument);
  if (text) return `"${text[1] ?? text[2]}"`;
  return argument.split(',')[0]?.trim() ?? '""';
}
