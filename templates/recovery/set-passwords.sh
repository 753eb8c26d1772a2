#!/bin/bash
# usage: set-passwords.sh PATRONI_CONFIG; on the leader: the roles that Patroni uses get the passwords that this host's settings have. A backup
# brings along those of the machines that it was made on, and with them nobody could clone on new ones.
set -euo pipefail
cd /
python3 - "$1" <<'END' | psql -XAtq -v ON_ERROR_STOP=1 -d postgres
import sys, yaml

def quoted(mark, text):
    return mark + str(text).replace(mark, mark * 2) + mark

roles = yaml.safe_load(open(sys.argv[1]))["postgresql"]["authentication"].values()
# No password reaches a log.
print("set log_statement = none; set log_min_duration_statement = -1; set log_min_error_statement = panic;")
print("set standard_conforming_strings = on; set password_encryption = 'scram-sha-256'; begin;")
for role in roles:
    if role.get("password"):
        print(f"alter role {quoted(chr(34), role['username'])} password {quoted(chr(39), role['password'])};")
print("commit;")
END
printf 'the roles of %s have its passwords\n' "$1"
