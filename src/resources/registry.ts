import type { AnyResource } from '../core/resource.ts';
import { assert } from './assert.ts';
import { command } from './command.ts';
import { copy } from './copy.ts';
import { directory } from './directory.ts';
import { file } from './file.ts';
import { link } from './link.ts';
import { packageResource } from './package.ts';
import { service } from './service.ts';
import { template } from './template.ts';

/** Every resource and action that a playbook can name. */
export const resources: readonly AnyResource[] = [
  assert,
  command,
  copy,
  directory,
  file,
  link,
  packageResource,
  service,
  template,
];
