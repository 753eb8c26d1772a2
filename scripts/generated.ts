import { COMMANDS } from '../src/cli/commands.ts';
import { commandHelp } from '../src/cli/help.ts';
import {
  inventorySchema,
  playbookSchema,
  runbookSchema,
  tasksSchema,
} from '../src/language/editor-schema.ts';
import { referenceIndex, referencePage } from '../src/report/reference-page.ts';
import { resources } from '../src/resources/registry.ts';

/** Every file that follows from the code, and its text. */
export function generated(): ReadonlyMap<string, string> {
  return new Map([
    ['schema/playbook.schema.json', json(playbookSchema())],
    ['schema/runbook.schema.json', json(runbookSchema())],
    ['schema/tasks.schema.json', json(tasksSchema(resources))],
    ['schema/inventory.schema.json', json(inventorySchema())],
    ['docs/reference/commands.md', commandsPage()],
    ['docs/reference/README.md', referenceIndex(resources)],
    ...resources.map((resource): [string, string] => [
      `docs/reference/${resource.name}.md`,
      referencePage(resource),
    ]),
  ]);
}

function commandsPage(): string {
  const sections = COMMANDS.map(
    ({ spec }) => `## fanops ${spec.name}\n\n\`\`\`text\n${commandHelp(spec)}\`\`\`\n`,
  );
  return `# Commands\n\nWhat \`fanops COMMAND --help\` prints. \`fanops lab\`: [the lab](../lab.md).\n\n${sections.join('\n')}`;
}

function json(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
