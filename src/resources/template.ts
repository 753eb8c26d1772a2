import { fileAtDest } from './parts/file-at-dest.ts';
import { text } from './parts/schema.ts';

export const template = fileAtDest(
  'template',
  'A file rendered from a template on the controller.',
  [
    {
      title: 'Settings that differ from host to host',
      yaml: `- name: Where reports go
  template: { src: report.ini.hbs, dest: /etc/report.ini, owner: root, group: root, mode: "0644" }
`,
    },
  ],
  { src: text('The template on the controller; rendered by fanops into `content`.') },
);
