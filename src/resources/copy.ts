import { fileAtDest } from './parts/file-at-dest.ts';
import { SOURCE, text } from './parts/schema.ts';

export const copy = fileAtDest(
  'copy',
  'A file copied byte for byte from the controller, or with the content given.',
  [
    {
      title: 'A file that lies beside the playbook',
      yaml: `- name: What greets whoever logs in
  copy: { src: motd, dest: /etc/motd, owner: root, group: root, mode: "0644" }
`,
    },
  ],
  { src: text('The file on the controller.'), source: SOURCE },
);
