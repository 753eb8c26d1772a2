import { type Diagnostic, InputError, mistake, type Position } from '../core/diagnostic.ts';
import { Envelopes } from '../language/envelopes.ts';
import type { Args } from './args.ts';
import { readNamed } from './named-file.ts';
import { loadProject, type Project } from './project.ts';
import type { Settings } from './settings.ts';

/** Loads a project, opens what is encrypted in its files with the age identity of the settings, and loads it again. */
export async function openProject(args: Args): Promise<Project> {
  return openWith((envelopes) => loadProject(args, envelopes));
}

/** Loads, opens what was sealed, and loads again. */
export async function openWith<T extends Pick<Project, 'settings'>>(
  load: (envelopes: Envelopes) => T,
): Promise<T> {
  const envelopes = new Envelopes();
  const sealed = load(envelopes);
  if (envelopes.sealed.size === 0) return sealed;
  await openAll(envelopes, sealed.settings);
  return load(envelopes);
}

/** Opens every envelope that was met. Throws an InputError that names each one that cannot be opened. */
export async function openAll(envelopes: Envelopes, settings: Settings): Promise<void> {
  const identities = await readIdentities(settings, envelopes.sealed);
  const { decryptWith } = await import('../escrow/age.ts');
  const mistakes: Diagnostic[] = [];
  for (const [envelope, position] of envelopes.sealed)
    try {
      const { text } = await decryptWith(identities, placeText(position), Buffer.from(envelope));
      envelopes.opened(envelope, text);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      mistakes.push(...error.diagnostics.map((diagnostic) => ({ ...diagnostic, position })));
    }
  if (mistakes.length > 0) throw new InputError(mistakes);
}

/** The identities of the settings. `sealed` is what they are wanted for. Throws an InputError. */
export async function readIdentities(
  { ageIdentity }: Settings,
  sealed: ReadonlyMap<string, Position>,
): Promise<readonly string[]> {
  const { identitiesIn } = await import('../escrow/age.ts');
  if (ageIdentity !== undefined) return identitiesIn(ageIdentity, readNamed(ageIdentity, 'an age identity'));
  const [position] = sealed.values();
  throw mistake('values are encrypted with age here, and no identity was given to open them', {
    ...(position && { position }),
    hint: 'write --age-identity FILE, set FANOPS_AGE_IDENTITY, or put `age_identity: FILE` into fanops.yml',
  });
}

function placeText({ file, line }: Position): string {
  return `the value at ${file}:${line}`;
}
