import type { FactKind, FactRequest } from '../core/fact.ts';
import { Secret } from '../core/secret.ts';
import { lines, sh } from '../core/shell.ts';
import { found } from './frames.ts';
import { ASK_PSQL, psqlAnswers } from './psql.ts';
import { sqlText } from './sql.ts';
import { PROLOGUE } from './stat.ts';

export type RoleSubject = { readonly port: number; readonly name: string };

export interface Role {
  readonly login: boolean;
  readonly superuser: boolean;
  readonly replication: boolean;
  readonly createdb: boolean;
  readonly createrole: boolean;
  /** How the password is kept (SCRAM, MD5); absent where the role has none. Needs a superuser to see. */
  readonly verifier?: Secret;
  readonly memberOf: readonly string[];
}

/** A role on one PostgreSQL: `role` is absent where there is none of that name. */
export interface RoleView {
  readonly inRecovery: boolean;
  readonly role?: Role;
}

type Row = Omit<Role, 'verifier'> & { readonly verifier: string | null };

/** Asked over the local socket; absent where no PostgreSQL listens there. */
export const postgresRole: FactKind<RoleSubject, RoleView> = {
  name: 'postgres_role',
  scope: 'host',
  timeoutMs: 20_000,
  mayHang: true,

  look: (subjects) => ({
    kind: 'shell',
    script: lines(
      PROLOGUE,
      ASK_PSQL,
      ...subjects.map((s) => sh`ask ${keyOf(s)} ${s.port} ${question(s.name)}`),
    ).text,
  }),

  parse(answer, subjects) {
    const answers = psqlAnswers(answer);
    return subjects.map((subject) => {
      const looked = answers(keyOf(subject), subject.port);
      if (looked.state !== 'value') return looked;
      const { inRecovery, role } = JSON.parse(looked.value) as { inRecovery: boolean; role: Row | null };
      if (!role) return found({ inRecovery });
      const { verifier, ...rest } = role;
      return found({
        inRecovery,
        role: { ...rest, ...(verifier === null ? {} : { verifier: Secret.open(verifier) }) },
      });
    });
  },

  dependsOn: ({ name }) => [
    { on: 'cluster', name: 'patroni' },
    { on: 'cluster', name: `postgres role ${name}` },
    { on: 'unit', name: 'patroni.service' },
    { on: 'unit', name: 'postgresql.service' },
  ],
};

export function postgresRoleFact(name: string, port = 5432): FactRequest<RoleView> {
  return { kind: 'postgres_role', subject: { port, name } };
}

function keyOf({ port, name }: RoleSubject): string {
  return `${port} ${name}`;
}

function question(name: string): string {
  return `SELECT json_build_object('inRecovery', pg_is_in_recovery(), 'role', (
    SELECT json_build_object('login', rolcanlogin, 'superuser', rolsuper, 'replication', rolreplication,
      'createdb', rolcreatedb, 'createrole', rolcreaterole, 'verifier', rolpassword,
      'memberOf', (SELECT coalesce(json_agg(g.rolname ORDER BY g.rolname), '[]') FROM pg_auth_members m
        JOIN pg_roles g ON g.oid = m.roleid WHERE m.member = r.oid))
    FROM pg_authid r WHERE rolname = ${sqlText(name)}))`;
}
